"""Tests that talk to an unmodified mlx_lm.server, and the tiny models that it serves."""
