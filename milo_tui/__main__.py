"""`milo`, and `python -m milo_tui`: the same."""

import atexit
import gc
import os
import sys
from contextlib import suppress

from milo_tui.cli import main

_COLLECT_AFTER = 20_000
"""New objects between two collections. By Python's own 700, a hundred of them took a fifteenth of the app's start."""


def console() -> None:
    """Run a command and leave, without taking the interpreter apart first: that lasts as long as a good start."""
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
    try:
        main()
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 0
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    console()
