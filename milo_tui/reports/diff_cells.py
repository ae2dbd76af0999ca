"""What a diff is drawn from: rows of cells, one a side. Every text in them is sanitised and on one line."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from milo_tui.analysis.json_diff import NOTHING, Kind
from milo_tui.reports.diff_marks import Spans
from milo_tui.sanitise import one_line

SHORT = 60
"""Values up to this length stand on one line."""
LONGEST = 4_000
"""Characters of one value that are shown; the copy has all."""
SIGNS = {
    Kind.SAME: " ",
    Kind.VALUE: "~",
    Kind.TYPE: "!",
    Kind.LEFT_ONLY: "-",
    Kind.RIGHT_ONLY: "+",
    Kind.MOVED: ">",
}
"""What stands before a value, so that its meaning needs no colour."""
STRONGEST = "!~-+>= "
"""The signs, the one that says most first."""


class Role(StrEnum):
    """What a row is of."""

    CALL = "call"
    DATA = "data"
    RESULT = "result"
    TITLE = "title"
    FOLD = "fold"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Cell:
    """One side of a row: its text, how far it is indented, its name or key, what differs, and a remark.

    `problem` where it says what is wrong.
    """

    text: str
    indent: int = 0
    key: int = 0
    marks: Spans = ()
    note: str = ""
    problem: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cells side by side, the first side's first; None is a gap. `stop` where a difference begins.

    `signs` say of each further side how it stands to the first. A row of a `block` goes on with what the row
    before began: one below the other, each side's lines stay together. Of the sides in
    `beside` the cell belongs to no line of the others: it is the line of that number of their own, from 0.
    """

    cells: tuple[Cell | None, ...]
    signs: tuple[str, ...]
    role: Role = Role.DATA
    stop: bool = False
    block: bool = False
    beside: tuple[tuple[int, int], ...] = ()

    @property
    def sign(self) -> str:
        """The sign that says most."""
        return min(self.signs, key=STRONGEST.index, default=" ")


def alike(text: str, sides: int, role: Role, indent: int = 0) -> Row:
    """A row that says the same of all sides."""
    return Row((Cell(clean(text), indent),) * sides, (" ",) * (sides - 1), role)


def told(texts: Sequence[str], role: Role) -> Row:
    """A row in which each side has its words: signed where they are not the first side's."""
    signs = tuple("=" if text == texts[0] else "~" for text in texts[1:])
    return Row(tuple(Cell(clean(text)) for text in texts), signs, role, stop="~" in signs)


def spread(
    rows: Iterable[Row], sides: Sequence[int], count: int, beside: Mapping[int, tuple[str, Sequence[Cell]]]
) -> Iterator[Row]:
    """Rows that hold some sides' cells alone, the first side's among them, as rows of all `count` sides.

    `beside` has the others: the sign of each, and its own lines, which go on below where they are more. The sign
    of what is missing stands on every row, another on the first.
    """
    number = 0
    for number, row in enumerate(rows, 1):
        cells, signs = dict(zip(sides, row.cells, strict=True)), dict(zip(sides[1:], row.signs, strict=True))
        for side, (sign, lines) in beside.items():
            cells[side] = lines[number - 1] if number <= len(lines) else None
            signs[side] = sign if number == 1 or sign == "-" else " "
        stop = row.stop or (number == 1 and bool(beside))
        yield replace(
            row,
            cells=tuple(cells[side] for side in range(count)),
            signs=tuple(signs[side] for side in range(1, count)),
            stop=stop,
            beside=(*((sides[side], line) for side, line in row.beside), *_own(beside, number - 1)),
        )
    for place in range(number, max((len(lines) for _, lines in beside.values()), default=0)):
        more = {side: lines[place] for side, (_, lines) in beside.items() if place < len(lines)}
        cells_more = tuple(more.get(side) for side in range(count))
        yield Row(cells_more, (" ",) * (count - 1), beside=_own(beside, place))


def _own(beside: Mapping[int, tuple[str, Sequence[Cell]]], line: int) -> tuple[tuple[int, int], ...]:
    """The sides that have a line of their own of that number."""
    return tuple((side, line) for side, (_, lines) in beside.items() if line < len(lines))


def clean(text: str) -> str:
    """Text from anywhere, fit for a cell."""
    more = len(text) - LONGEST
    return one_line(text if more <= 0 else f"{text[:LONGEST]} … {more:,} more characters")


def dumped(value: Any, indent: int | None = None) -> str:
    """A value as JSON."""
    if value is NOTHING:
        return "(nothing)"
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    except (RecursionError, ValueError, TypeError):
        return "(nested too deeply to be shown)"


def pretty(value: Any, key: str, end: str, depth: int) -> list[Cell]:
    """A value as pretty JSON behind its key, on one line where it is short or no container."""
    name = clean(key)
    flat = dumped(value)
    if len(flat) <= SHORT or not isinstance(value, dict | list):
        return [Cell(name + clean(flat) + end, depth, len(name))]
    first, *lines, last = dumped(value, 2).splitlines()
    inner = [pretty_cell(line, depth) for line in lines]
    return [Cell(name + first, depth, len(name)), *inner, Cell(last + end, depth)]


def pretty_cell(line: str, depth: int) -> Cell:
    """A line of indented JSON: its indentation apart."""
    text = line.lstrip(" ")
    return Cell(clean(text), depth + (len(line) - len(text)) // 2)
