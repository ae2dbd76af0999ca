"""JSON values of two or more sides as rows: member by member, each further side against the first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from milo_tui.analysis.json_diff import BY_PLACE, NOTHING, Kind, align_lists, key_of, kind_between
from milo_tui.analysis.sequences import common_rows
from milo_tui.reports.diff_cells import (
    SHORT,
    SIGNS,
    Cell,
    Role,
    Row,
    alike,
    clean,
    dumped,
    pretty,
    spread,
)
from milo_tui.reports.diff_marks import Effort, Spans, changed

Values = Sequence[Any]
"""A value of each side, NOTHING where it has none."""
Texts = Sequence[str]
"""A text of each side."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of objects or lists: its key, each side's value, and what follows it there.

    `places` has the places of a list's item where it moved; `moved` says of which further sides.
    """

    key: str
    values: tuple[Any, ...]
    ends: tuple[str, ...]
    places: tuple[int | None, ...] = ()
    moved: tuple[bool, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether it is another, or elsewhere, on a further side."""
        return any(self.moved) or any(
            kind_between(self.values[0], value) is not Kind.SAME for value in self.values[1:]
        )


@dataclass(frozen=True, slots=True)
class ValueRows:
    """Makes rows of values. What is equal is folded, unless `everything` is asked for."""

    everything: bool = False
    effort: Effort = field(default_factory=Effort)

    def value(self, values: Values, keys: Texts, ends: Texts, depth: int) -> Iterator[Row]:
        """Values at one place: member by member where they are objects or lists, else against each other.

        `keys` stand before each, `ends` behind.
        """
        first = values[0]
        kinds = [Kind.SAME, *(kind_between(first, value) for value in values[1:])]
        inner = [side for side, value in enumerate(values) if isinstance(value, dict | list)]
        inner = [side for side in inner if isinstance(values[side], type(first))]
        same = all(kinds[side] is Kind.SAME for side in inner)
        short = same and len(dumped(first)) <= SHORT
        if len(inner) < 2 or short or not any(values[side] for side in inner):
            yield from self._against(values, kinds, keys, ends, depth)
            return
        beside = {
            side: (SIGNS[kinds[side]], _lines(value, keys[side], ends[side], depth))
            for side, value in enumerate(values)
            if side not in inner
        }
        nested = self._nested(
            [values[side] for side in inner],
            [keys[side] for side in inner],
            [ends[side] for side in inner],
            depth,
        )
        yield from spread(nested, inner, len(values), beside)

    def _nested(self, values: Values, keys: Texts, ends: Texts, depth: int) -> Iterator[Row]:
        opening, closing = "{}" if isinstance(values[0], dict) else "[]"
        signs = (" ",) * (len(values) - 1)
        names = [clean(key) for key in keys]
        yield Row(tuple(Cell(name + opening, depth, len(name)) for name in names), signs)
        yield from self.inside(values, depth + 1)
        yield Row(tuple(Cell(closing + end, depth) for end in ends), signs)

    def inside(self, values: Values, depth: int) -> Iterator[Row]:
        """The members of objects, or of lists; stretches that are equal are folded to a line."""
        equal: list[Member] = []
        members = _members if isinstance(values[0], dict) else _items
        for member in members(values):
            if member is None:
                yield alike(f"⋯ {BY_PLACE}", len(values), Role.FOLD, depth)
            elif self.everything or member.differs:
                yield from self._fold(equal, depth)
                equal.clear()
                yield from self._member(member, depth)
            else:
                equal.append(member)
        yield from self._fold(equal, depth)

    def _member(self, member: Member, depth: int) -> Iterator[Row]:
        keys = (member.key,) * len(member.values)
        rows = self.value(member.values, keys, member.ends, depth)
        if any(member.moved):
            yield _moved(next(rows), member)
        yield from rows

    def _fold(self, equal: list[Member], depth: int) -> Iterator[Row]:
        """Equal members in one line; one alone that is short stands for itself."""
        if len(equal) == 1 and len(dumped(equal[0].values[0])) <= SHORT:
            yield from self._member(equal[0], depth)
        elif equal:
            yield alike(f"⋯ {len(equal)} equal", len(equal[0].values), Role.FOLD, depth)

    def _against(
        self, values: Values, kinds: Sequence[Kind], keys: Texts, ends: Texts, depth: int
    ) -> Iterator[Row]:
        lines = [_lines(value, key, end, depth) for value, key, end in zip(values, keys, ends, strict=True)]
        self._mark(values, kinds, lines)
        signs = tuple(SIGNS[kind] for kind in kinds[1:])
        differs = any(kind is not Kind.SAME for kind in kinds)
        block = any(kind in (Kind.VALUE, Kind.TYPE) for kind in kinds)
        for number, cells in enumerate(zip_longest(*lines)):
            yield Row(cells, signs, stop=differs and number == 0, block=block)

    def _mark(self, values: Values, kinds: Sequence[Kind], lines: list[list[Cell]]) -> None:
        """Mark what differs in values of a single line; on the first side, what differs from any other."""
        of_first: list[Spans] = []
        for side, kind in enumerate(kinds):
            if kind in (Kind.VALUE, Kind.TYPE) and len(lines[0]) == len(lines[side]) == 1:
                first, here = lines[0][0], lines[side][0]
                marks = self._differing(values[0], values[side], first, here)
                of_first.append(marks[0])
                lines[side] = [_marked(here, marks[1])]
        if of_first:
            lines[0] = [_marked(lines[0][0], united(of_first, len(lines[0][0].text) - lines[0][0].key))]

    def _differing(self, one: Any, other: Any, left: Cell, right: Cell) -> tuple[Spans, Spans]:
        """What differs between two values as they stand in their cells: of strings the characters, else all."""
        texts = left.text[left.key :].rstrip(","), right.text[right.key :].rstrip(",")
        if isinstance(one, str) and isinstance(other, str):
            return changed(*texts, self.effort)
        return ((0, len(texts[0])),), ((0, len(texts[1])),)


def _lines(value: Any, key: str, end: str, depth: int) -> list[Cell]:
    return [] if value is NOTHING else pretty(value, key, end, depth)


def _marked(cell: Cell, spans: Spans) -> Cell:
    """A cell with stretches of its value marked, counted from the value's beginning."""
    return replace(cell, marks=tuple((start + cell.key, end + cell.key) for start, end in spans))


def united(several: Sequence[Spans], length: int) -> Spans:
    """Every place of a text that is in any of the spans, as spans in order that do not overlap.

    Spans of most of the text count only where there are no finer ones: another side has nothing in common.
    """
    finer = [spans for spans in several if 2 * sum(end - start for start, end in spans) < length]
    found: list[tuple[int, int]] = []
    for start, end in sorted(span for spans in finer or several for span in spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def _moved(row: Row, member: Member) -> Row:
    """The first row of an item that stands elsewhere on a further side, with where."""
    signs = tuple(
        SIGNS[Kind.MOVED] if moved and sign == " " else sign
        for sign, moved in zip(row.signs, member.moved, strict=True)
    )
    cells = tuple(
        cell if cell is None or not moved else replace(cell, note=f"moved: item {(place or 0) + 1}")
        for cell, place, moved in zip(row.cells, member.places, (True, *member.moved), strict=True)
    )
    if cells[0] is not None and not all(member.moved):
        cells = (replace(cells[0], note=f"item {(member.places[0] or 0) + 1}"), *cells[1:])
    return replace(row, cells=cells, signs=signs, stop=True)


def _members(values: Values) -> Iterator[Member]:
    """The members of objects, by the first side's keys, then those that further sides add."""
    keys = list(dict.fromkeys(key for value in values for key in value))
    lasts = [next((key for key in reversed(keys) if key in value), None) for value in values]
    for key in keys:
        yield Member(
            f"{dumped(key)}: ",
            tuple(value.get(key, NOTHING) for value in values),
            tuple("" if key == last else "," for last in lasts),
        )


def _items(values: Values) -> Iterator[Member | None]:
    """The items of lists that belong together; None first where they were too many to be told apart."""
    found = [align_lists(values[0], value) for value in values[1:]]
    if any(alignment.by_place for alignment in found):
        yield None
    for places in common_rows(found, [[key_of(item) for item in value] for value in values[1:]]):
        sides = list(zip(values, places, strict=True))
        yield Member(
            "",
            tuple(NOTHING if place is None else value[place] for value, place in sides),
            tuple("" if place is None or place == len(value) - 1 else "," for value, place in sides),
            places,
            tuple(
                place is not None and places[0] in alignment.moved
                for alignment, place in zip(found, places[1:], strict=True)
            ),
        )
