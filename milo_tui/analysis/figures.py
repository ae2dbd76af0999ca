"""The figures of a set of attempts."""

from statistics import fmean


def mean_of(values: list[float | None]) -> float | None:
    """The mean of those values that are there; None where none is."""
    present = [value for value in values if value is not None]
    return fmean(present) if present else None
