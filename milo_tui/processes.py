"""Whether a process that was noted still lives: its pid may belong to another by now, so its start counts."""

_START_SLACK = 2.0
"""Seconds. Linux derives a start from boot time and ticks, which may drift a little when the clock is set."""


def process_started(pid: int) -> float:
    """When the process began, in seconds since the epoch. Raises ProcessLookupError where it is gone or a zombie."""
    # psutil takes 10 ms to import, which `milo runs` needs only where a run goes on.
    import psutil  # noqa: PLC0415

    try:
        process = psutil.Process(pid)
        started, status = process.create_time(), process.status()
    except psutil.Error:
        raise ProcessLookupError(pid) from None
    if status == psutil.STATUS_ZOMBIE:
        raise ProcessLookupError(pid)
    return float(started)


def is_alive(pid: int | None, started: float | None) -> bool:
    """Whether the process `pid` that began at `started` still runs."""
    if not isinstance(pid, int) or not 0 < pid < 2**31 or not isinstance(started, int | float):
        return False
    try:
        return abs(process_started(pid) - started) < _START_SLACK
    except ProcessLookupError:
        return False
