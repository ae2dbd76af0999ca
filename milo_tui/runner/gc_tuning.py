"""A runner's process made calm: Python's own housekeeping must not come between a byte and its stamp."""

import gc
import sys

_SWITCH = 0.0005
"""Seconds for which the database's thread may keep the interpreter from the event loop; Python's default is ten times
that, and showed in one stamp of a hundred."""


_COLLECT_AFTER = 700
"""New objects between two collections: a fraction of a millisecond each."""


def tune_gc() -> None:
    """For a process that does nothing but carry a run out, once all stands that it needs.

    What stands now is left out of full collections, of which each took 25 ms; the others are small and many, not
    large and few.
    """
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
    sys.setswitchinterval(_SWITCH)
