"""The servers that tests talk to, two beside the simulated one (`milo_tui/simulated`) and the real mlx_lm.server.

`fault_server.py`: inside the test, plays bytes, pauses and resets for one request after the other. For the wire.
`fake_mlx.py`: a process that Milo starts, watches and stops in mlx_lm.server's place. For what Milo manages.
"""
