"""Bars and boxes made of characters, each one row of cells on an axis. Pure: figures in, a line out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import quantiles

from textual.content import Content

from milo_tui.tui.content import styled
from milo_tui.tui.widgets.axis import Axis

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


def box(found: Spread, axis: Axis) -> Content:
    """`├──███┃██────┤`: least and greatest, quartiles, median; `•` for each where there are few."""
    cells: list[Cell] = [(" ", "")] * axis.width
    for tick in axis.ticks():
        cells[axis.cell(tick)] = ("┊", "$track")
    if len(found.values) < FEWEST:
        for value in found.values:
            cells[axis.cell(value)] = ("•", "bold $bar")
        return line_of(cells)
    left, right = axis.cell(found.least), axis.cell(found.greatest)
    for place in range(left, right + 1):
        cells[place] = ("─", "$dim")
    cells[left], cells[right] = ("├", "$dim"), ("┤", "$dim")
    for place in range(axis.cell(found.lower), axis.cell(found.upper) + 1):
        cells[place] = ("█", "$bar")
    cells[axis.cell(found.median)] = ("┃", "bold $foreground on $bar")
    return line_of(cells)


def heights(values: Iterable[float | None]) -> str:
    """A sparkline up to the greatest of some values; a blank where there is none."""
    found = list(values)
    most = max((value for value in found if value is not None), default=0.0)
    return "".join(" " if value is None else HEIGHTS[_height(value, most)] for value in found)


def _height(value: float, most: float) -> int:
    return round((len(HEIGHTS) - 1) * value / most) if most > 0 else 0
