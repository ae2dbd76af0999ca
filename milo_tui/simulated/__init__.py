"""The process behind simulated models: HTTP on loopback, both wire formats, the standard library alone.

It imports nothing heavy, so that it listens within a moment: `python -m milo_tui.simulated`.
"""
