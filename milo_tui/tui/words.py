"""Figures and moments as a person reads them."""

from datetime import datetime

from milo_tui.reports.formatting import percent, seconds, speed
from milo_tui.reports.formatting import relative_moment as moment

__all__ = [
    "NOTHING",
    "clock",
    "count",
    "gigabytes",
    "grouped",
    "moment",
    "percent",
    "seconds",
    "span",
    "speed",
]

NOTHING = "–"
"""What stands where there is no figure."""


def span(value: float) -> str:
    """How long something took: "48 s", "12:41", "1:02:09"."""
    whole = max(0, round(value))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock(epoch: float) -> str:
    """The local time of day."""
    return f"{datetime.fromtimestamp(epoch):%H:%M:%S}"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 attempt", "3 attempts"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def grouped(number: int | None) -> str:
    """A number with its thousands apart: "82 173"."""
    return NOTHING if number is None else f"{number:,}".replace(",", " ")


def gigabytes(value: float | None) -> str:
    """Memory: "416 GB"; below ten with one digit."""
    return "" if value is None else f"{value:.0f} GB" if value >= 9.95 else f"{value:.1f} GB"
