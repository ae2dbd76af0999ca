"""Whether a process that a run names still lives: its pid may belong to another by now, so its start counts."""

import psutil


def process_started(pid: int) -> float:
    """When the process began, in seconds since the epoch. Raises ProcessLookupError."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        raise ProcessLookupError(pid) from None


def is_alive(pid: int | None, started: float | None) -> bool:
    """Whether the process `pid` that began at `started` still runs (and is no zombie)."""
    if pid is None or started is None:
        return False
    try:
        process = psutil.Process(pid)
        # Linux derives the start from boot time and ticks, which may drift a little when the clock is set.
        return abs(process.create_time() - started) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
