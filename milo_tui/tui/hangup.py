"""A view ends with its terminal, even where no SIGHUP comes.

The kernel sends one to the session that a terminal controls; a view under `setsid`, or one whose multiplexer was
killed, gets none. Textual then waits for ever to write, and reads end-of-file at half a core.
"""

import os
import sys
import threading
import time

_EVERY = 2.0
"""Seconds between two looks."""

HUNG_UP = 129
"""128 + SIGHUP, as a shell tells of whoever was ended by it."""


def end_with_terminal() -> None:
    """Watch the terminal that Textual draws on, from a thread; where there is none, do nothing.

    When it is gone the process ends at once: a view holds nothing that is not in the database.
    """
    terminal = sys.__stderr__
    if terminal is not None and terminal.isatty():
        threading.Thread(target=_watch, args=(terminal.fileno(),), name="hang-up", daemon=True).start()


def _watch(terminal: int) -> None:
    while os.isatty(terminal):
        time.sleep(_EVERY)
    os._exit(HUNG_UP)
