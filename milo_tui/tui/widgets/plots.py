"""Axes, bars, boxes and braille lines made of characters. Pure: figures in, lines out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, log, log10
from statistics import quantiles

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


HEIGHTS = "▁▂▃▄▅▆▇█"
FEWEST = 5
"""Values from which on a box stands for them; fewer are drawn one by one."""

Cell = tuple[str, str]
"""A character and its style."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How values lie: the least, the quartiles, the greatest, and all of them in order."""

    least: float
    lower: float
    median: float
    upper: float
    greatest: float
    values: Sequence[float]


def spread(values: Iterable[float]) -> Spread | None:
    """The spread of some values, quartiles interpolated between them; None of nothing."""
    found = sorted(values)
    if not found:
        return None
    lower, median, upper = quantiles(found, method="inclusive") if len(found) > 1 else 3 * found
    return Spread(found[0], lower, median, upper, found[-1], found)


def line_of(cells: Iterable[Cell]) -> Content:
    """Cells as a line, neighbours of one style together."""
    runs = groupby(cells, key=lambda cell: cell[1])
    return styled(*(("".join(sign for sign, _ in run), style) for style, run in runs))


def bar(value: float, axis: Axis, style: str = "$bar", rest: str = " ") -> Content:
    """A bar from the axis' beginning, to half a cell; `rest` fills what is left of the axis."""
    halves = round(2 * axis.at(value))
    if value > axis.low:
        halves = max(1, halves)
    text = "━" * (halves // 2) + "╸" * (halves % 2)
    return styled((text, style), (rest * (axis.width - len(text)), "$track"))


def box(found: Spread, axis: Axis, style: str = "$bar") -> Content:
    """`├──███┃██────┤`: least and greatest, quartiles, median; `•` for each where there are few."""
    cells: list[Cell] = [(" ", "")] * axis.width
    for tick in axis.ticks():
        cells[axis.cell(tick)] = ("┊", "$track")
    if len(found.values) < FEWEST:
        for value in found.values:
            cells[axis.cell(value)] = ("•", f"bold {style}")
        return line_of(cells)
    left, right = axis.cell(found.least), axis.cell(found.greatest)
    for place in range(left, right + 1):
        cells[place] = ("─", "$dim")
    cells[left], cells[right] = ("├", "$dim"), ("┤", "$dim")
    for place in range(axis.cell(found.lower), axis.cell(found.upper) + 1):
        cells[place] = ("█", style)
    cells[axis.cell(found.median)] = ("┃", f"bold $foreground on {style}")
    return line_of(cells)


def heights(values: Iterable[float | None]) -> str:
    """A sparkline up to the greatest of some values; a blank where there is none."""
    found = list(values)
    most = max((value for value in found if value is not None), default=0.0)
    return "".join(" " if value is None else HEIGHTS[_height(value, most)] for value in found)


def _height(value: float, most: float) -> int:
    return round((len(HEIGHTS) - 1) * value / most) if most > 0 else 0


_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800


class Braille:
    """A canvas of `width` × `height` cells; dots count from the top left."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = 2 * width, 4 * height
        """In dots."""
        self._cells = [[0] * width for _ in range(height)]

    def dot(self, x: int, y: int) -> None:
        """Set one dot."""
        self._cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]

    def line(self, x: int, y: int, to_x: int, to_y: int) -> None:
        """Set the dots between two, both of them among them."""
        steps = max(abs(to_x - x), abs(to_y - y), 1)
        for step in range(steps + 1):
            self.dot(x + round((to_x - x) * step / steps), y + round((to_y - y) * step / steps))

    def rows(self) -> list[str]:
        """The cells as text; one without a dot is a space."""
        return ["".join(chr(_BLANK + dots) if dots else " " for dots in row) for row in self._cells]
