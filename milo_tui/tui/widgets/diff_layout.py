"""Which line of the screen shows what of a diff's rows: worked out away from the event loop."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len

from milo_tui.reports.diff_cells import Row
from milo_tui.tui.widgets.wrapping import Span, wrap

BETWEEN = 3
"""Cells between two columns; where there are more columns, one more for the sign of the column behind."""
GUTTER = 2
HANGING = 2
"""Cells by which the second and later lines of a text are indented."""
NARROWEST = 8

Sides = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """How rows are laid out: the width in cells, one below the other or side by side, long lines folded or cut."""

    width: int = 80
    stacked: bool = False
    wrapped: bool = True

    def room(self, sides: int) -> int:
        """The cells that each of so many sides has."""
        if self.stacked:
            return max(1, self.width - sides - 1)
        between = BETWEEN + (sides > 2)
        return max(1, (self.width - GUTTER - between * (sides - 1)) // max(1, sides))


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the screen: its row, the sides that share it, and which line of the row it is.

    `whole` where no other line shows another side's part of the row; `gap` where the sides have nothing there.
    """

    row: int
    sides: Sides
    part: int
    whole: bool = True
    gap: bool = False


@dataclass(slots=True)
class Layout:
    """The lines of a diff, and where each row begins. `stops` are the rows in which differences begin."""

    look: Look
    places: list[Place] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    _spans: dict[tuple[int, int], list[Span]] = field(default_factory=dict)

    def spans(self, rows: Sequence[Row], index: int, side: int) -> list[Span]:
        """The stretches of a cell's text that stand on lines of their own."""
        row = rows[index]
        cell = row.cells[side]
        if cell is None:
            return [(0, 0)]
        room = max(NARROWEST, self.look.room(len(row.cells)) - 2 * cell.indent)
        one_line = len(cell.text) <= room and (cell.text.isascii() or cell_len(cell.text) <= room)
        if one_line or not self.look.wrapped:
            return [(0, len(cell.text))]
        if (index, side) not in self._spans:
            self._spans[index, side] = list(wrap(cell.text, max(NARROWEST, room - HANGING)))
        return self._spans[index, side]


def lay_out(rows: Sequence[Row], look: Look) -> Layout:
    """Lay rows out. Pure."""
    found = Layout(look, first=[-1] * len(rows), stops=[i for i, row in enumerate(rows) if row.stop])
    for begin, end in _blocks(rows):
        for side, line in rows[begin].beside if look.stacked else ():
            if line == 0:
                _place_beside(found, rows, begin, side)
        for sides, whole, gap in _groups(rows[begin:end], look.stacked):
            for index in range(begin, end if not gap else begin + 1):
                _place(found, rows, index, sides, whole, gap)
    return found


def _place_beside(found: Layout, rows: Sequence[Row], begin: int, side: int) -> None:
    """Put the lines of a side that belong to no others together, above the others'."""
    for index in range(begin, len(rows)):
        if (side, index - begin) not in rows[index].beside:
            return
        _place(found, rows, index, (side,), whole=False, gap=False)


def _place(found: Layout, rows: Sequence[Row], index: int, sides: Sides, whole: bool, gap: bool) -> None:
    """Put the lines of a row's sides below what stands already."""
    if not gap and all(rows[index].cells[side] is None for side in sides):
        return
    if found.first[index] < 0:
        found.first[index] = len(found.places)
    parts = max(len(found.spans(rows, index, side)) for side in sides)
    found.places += [Place(index, sides, part, whole, gap) for part in range(parts)]


def _blocks(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Rows that stay together where each side's lines do; where they begin and end."""
    begin = 0
    for index in range(1, len(rows) + 1):
        goes_on = index < len(rows) and rows[index].block and not rows[index].stop
        if not (goes_on and rows[begin].block):
            yield begin, index
            begin = index


def _groups(block: Sequence[Row], stacked: bool) -> list[tuple[Sides, bool, bool]]:
    """The sides that share lines: all side by side; one below the other, those that say the same.

    Each with whether there is no other group, and whether it stands for a gap.
    """
    head = block[0]
    count = len(head.cells)
    if not stacked:
        return [(tuple(range(count)), True, False)]
    apart = {side for side, _ in head.beside}
    groups: dict[object, list[int]] = {}
    for side in range(count):
        if side not in apart and any(row.cells[side] is not None for row in block):
            groups.setdefault(_said(block, side), []).append(side)
    absent = [side for side in range(1, count) if head.signs[side - 1] == "-" and head.cells[side] is None]
    whole = len(groups) == 1 and (count == 2 or len(next(iter(groups.values()))) == count)
    found = [(tuple(sides), whole, False) for sides in groups.values()]
    if absent and count > 2 and head.stop:
        found.append((tuple(absent), False, True))
    return found


def _said(block: Sequence[Row], side: int) -> object:
    """What is the same for sides that share lines: whatever is equal to the first side's is told by that."""
    head = block[0]
    first, here = head.cells[0], head.cells[side]
    if side == 0:
        return "first"
    sign = head.signs[side - 1]
    if first is not None and sign in "= ":
        return "first"
    one_text = first is not None and here is not None and first.text == here.text and not head.block
    if one_text and (sign != ">" or len(head.cells) == 2):
        return "first"
    return sign, tuple(row.cells[side] for row in block)
