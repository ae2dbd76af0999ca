"""An mlx_lm.server that Milo starts, watches, measures and stops."""
