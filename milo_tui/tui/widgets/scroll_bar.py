"""The bar at a list's right: which part of it is seen."""

from typing import NamedTuple

PARTS = " ▁▂▃▄▅▆▇"
"""The lower eighths of a cell."""
EIGHTHS = 8


class BarCell(NamedTuple):
    """A cell of the bar: its glyph, and whether thumb and track have changed places in it."""

    glyph: str
    inverted: bool


def bar_cell(y: int, height: int, lines: int, top: int) -> BarCell:
    """The cell in row `y` of a list `height` rows high that shows some of its `lines` from `top` on.

    The thumb is exact to an eighth of a cell. Where it fills one that is a blank, inverted: what a terminal's own
    selection copies has no bar in it.
    """
    if lines <= height:
        return BarCell(" ", False)
    whole = EIGHTHS * height
    size = max(EIGHTHS, round(whole * height / lines))
    start = round((whole - size) * top / (lines - height))
    above, below = start - EIGHTHS * y, EIGHTHS * (y + 1) - (start + size)
    if above >= EIGHTHS or below >= EIGHTHS:
        return BarCell(" ", False)
    if above > 0:
        return BarCell(PARTS[EIGHTHS - above], False)
    return BarCell(PARTS[max(0, below)], True)


def top_at(y: int, height: int, lines: int) -> int:
    """The first line to be seen where the middle of the thumb is pulled to a row."""
    size = max(1.0, height * height / max(1, lines))
    share = (y + 0.5 - size / 2) / max(1.0, height - size)
    return round(min(1.0, max(0.0, share)) * max(0, lines - height))
