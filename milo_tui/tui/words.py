"""Figures and moments as a person reads them."""

from datetime import datetime

from milo_tui.reports.formatting import percent, seconds, speed

__all__ = ["NOTHING", "clock", "count", "gigabytes", "moment", "percent", "seconds", "span", "speed"]

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


def moment(epoch: float, now: datetime | None = None, *, short: bool = False) -> str:
    """When, in local time: "today 14:02", "Nov 21 09:10", the date alone for another year.

    The short form fits six cells: "14:02", "Nov 21", "2025".
    """
    now = now or datetime.now().astimezone()
    then = datetime.fromtimestamp(epoch).astimezone(now.tzinfo)
    if then.date() == now.date():
        return f"{then:%H:%M}" if short else f"today {then:%H:%M}"
    if then.year == now.year:
        day = f"{then:%b} {then.day:>2}"
        return day if short else f"{day} {then:%H:%M}"
    return f"{then:%Y}" if short else f"{then:%Y-%m-%d}"


def clock(epoch: float) -> str:
    """The local time of day."""
    return f"{datetime.fromtimestamp(epoch):%H:%M:%S}"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 attempt", "3 attempts"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def gigabytes(value: float | None) -> str:
    """Memory: "416 GB"; below ten with one digit."""
    return "" if value is None else f"{value:.0f} GB" if value >= 9.95 else f"{value:.1f} GB"
