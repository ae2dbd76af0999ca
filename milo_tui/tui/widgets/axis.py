"""An axis for plots made of characters: where on a row of cells a value lies, and which values are named below."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, log, log10

from textual.content import Content

from milo_tui.tui.content import styled

LABEL = 9
"""Cells that a named value takes at least, the gap before the next one included."""
STRETCHED = 20
"""From this ratio of the largest value to a typical one on, a common axis of times is logarithmic."""


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high` over `width` cells; in equal ratios where it is logarithmic (then `low` is above 0)."""

    low: float
    high: float
    width: int
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """How many cells from the left a value lies, from 0 to `width`."""
        if self.high <= self.low:
            return 0.0
        if self.logarithmic:
            share = log(max(value, self.low) / self.low) / log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.width * min(1.0, max(0.0, share))

    def cell(self, value: float) -> int:
        """The cell that a value lies in, from 0."""
        return min(self.width - 1, floor(self.at(value)))

    def ticks(self) -> list[float]:
        """Round values, as many as can be named."""
        if self.width <= 0:
            return []
        if self.high <= self.low:
            return [self.low]
        return _powers(self) if self.logarithmic else _steps(self)

    def line(self, unit: str = "") -> Content:
        """The ticks' values, each beginning at its place; the first names the unit."""
        text = ""
        for tick in self.ticks():
            place, name = self.cell(tick), f"{tick:g}" if text or not unit else f"{tick:g} {unit}"
            if place + len(name) <= self.width and (not text or place > len(text)):
                text = text.ljust(place) + name
        return styled((text.ljust(self.width), "$dim"))


def _steps(axis: Axis) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    span = axis.high - axis.low
    most = max(1, axis.width // LABEL)
    power = 10.0 ** floor(log10(span / most))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if span / (power * factor) <= most)
    count = floor(span / step + 1e-9)
    return [round(axis.low + i * step, 12) for i in range(count + 1)]


def _powers(axis: Axis) -> list[float]:
    """1, 2 and 5 times powers of ten; powers alone where those are too many."""
    powers = range(floor(log10(axis.low)), floor(log10(axis.high)) + 1)
    for factors in ((1, 2, 5), (1,)):
        found = [float(f"{factor}e{power}") for power in powers for factor in factors]
        found = [tick for tick in found if axis.low <= tick <= axis.high]
        if len(found) <= max(2, axis.width // LABEL):
            break
    return found


def axis_of_times(values: Iterable[float], typical: float, width: int) -> Axis:
    """The common axis of durations in seconds: from 0, or logarithmic where one outlier would flatten the rest."""
    found = [value for value in values if value > 0]
    high = max(found, default=0.0)
    if typical > 0 and high / typical >= STRETCHED:
        return Axis(min(found), high, width, logarithmic=True)
    return Axis(0.0, high, width)
