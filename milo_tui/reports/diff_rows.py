"""A diff of two conversations as aligned rows: pretty JSON on both sides, a gap where one side has nothing.

Every text of a row is sanitised and on one line, so that the marks within it hold wherever it is drawn.
"""

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice, zip_longest
from typing import Any

from milo_tui.bench.diffing import NOTHING, CallPair, ConversationDiff, Kind, Leaf, MadeCall, kind_between
from milo_tui.reports.changed import Spans, changed
from milo_tui.reports.diff_text import SIGNS
from milo_tui.sanitise import one_line
from milo_tui.suite import json_text

SHORT = 60
"""Values up to this length stand on one line."""
LONGEST = 4_000
"""Characters of one value that are shown; the copy has all."""
MOST_ROWS = 2_000
BREAK = "▶"
"""Stands before the character at which JSON breaks."""


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
    """Two cells side by side; None is a gap. `stop` where a difference begins.

    A row of a `block` goes on with what the row before began: one below the other, each side's lines stay together.
    """

    sign: str
    left: Cell | None
    right: Cell | None
    role: Role = Role.DATA
    stop: bool = False
    block: bool = False


def rows(found: ConversationDiff, *, everything: bool = False) -> list[Row]:
    """All rows of a diff: the calls, what differs in them, how it ended, and the answers."""
    made = list(islice(_rows(found, everything), MOST_ROWS + 1))
    if len(made) > MOST_ROWS:
        cell = Cell(f"… more than {MOST_ROWS:,} lines; y copies all of it")
        made[-1] = Row(" ", cell, cell, Role.FOLD)
    return made


def _rows(found: ConversationDiff, everything: bool) -> Iterator[Row]:
    for pair in found.pairs:
        yield from _pair(pair, everything, found.order_matters)
    if any(found.ends):
        left, right = (f"ended: {end}" if end else "ended with its answer" for end in found.ends)
        yield _both("=" if left == right else "~", left, right, Role.PROBLEM, stop=left != right)
    yield from _answer(found, everything)


def _both(sign: str, left: str, right: str, role: Role, indent: int = 0, stop: bool = False) -> Row:
    return Row(sign, Cell(_clean(left), indent), Cell(_clean(right), indent), role, stop)


def _clean(text: str) -> str:
    more = len(text) - LONGEST
    return one_line(text if more <= 0 else f"{text[:LONGEST]} … {more:,} more characters")


def _dumped(value: Any, indent: int | None = None) -> str:
    if value is NOTHING:
        return "(nothing)"
    try:
        return json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    except (RecursionError, ValueError, TypeError):
        return "(nested too deeply to be shown)"


def _pair(pair: CallPair, everything: bool, order_matters: bool) -> Iterator[Row]:
    left, right = pair.left, pair.right
    if left is None or right is None:
        yield from _alone(left, right, everything)
        return
    if left.arguments is None or right.arguments is None:
        yield from _unreadable(pair, left, right)
    elif pair.differs:
        head = _call_row("~", pair, " {")
        yield replace(head, stop=pair.moved and order_matters)
        yield from _inside(left.arguments, right.arguments, everything, 1)
        yield _both(" ", "}", "}", Role.CALL)
    else:
        sign = ">" if pair.moved else "="
        yield from _equal_call(sign, pair, everything, stop=pair.moved and order_matters)
    yield from _results(left, right, everything)


def _call_row(sign: str, pair: CallPair, after: str = "", limit: int = 0) -> Row:
    cells = [
        None if made is None else _call_cell(made, pair.moved, after or _flat(made, limit))
        for made in (pair.left, pair.right)
    ]
    return Row(sign, cells[0], cells[1], Role.CALL)


def _flat(made: MadeCall, limit: int) -> str:
    return " " + json_text.show(made.arguments, limit) if limit and made.arguments else ""


def _call_cell(made: MadeCall, moved: bool, after: str) -> Cell:
    name = f"⚙ {_clean(made.name)}"
    place = f"turn {made.turn + 1}"
    return Cell(
        name + _clean(after),
        key=len(name),
        note=f"moved: {place}, call {made.place_in_turn + 1}" if moved else place,
    )


def _equal_call(sign: str, pair: CallPair, everything: bool, stop: bool) -> Iterator[Row]:
    """A call that both made: on one line, or with all its arguments where everything is asked for."""
    assert pair.left is not None
    assert pair.right is not None
    short = len(_dumped(pair.left.arguments)) <= SHORT
    if short or not everything:
        yield replace(_call_row(sign, pair, limit=SHORT), stop=stop)
        return
    yield replace(_call_row(sign, pair, " {"), stop=stop)
    yield from _inside(pair.left.arguments, pair.right.arguments, everything, 1)
    yield _both(" ", "}", "}", Role.CALL)


def _alone(left: MadeCall | None, right: MadeCall | None, everything: bool) -> Iterator[Row]:
    """A call that one side made, with its arguments, against a gap."""
    made, sign = (left, "-") if left is not None else (right, "+")
    if made is None:
        return
    if made.arguments is None:
        cells = [_call_cell(made, False, ""), *_raw(made)]
    elif len(flat := _dumped(made.arguments)) <= SHORT:
        cells = [_call_cell(made, False, f" {flat}" if made.arguments else "")]
    else:
        pretty = [_pretty_cell(line, 0) for line in _dumped(made.arguments, 2).splitlines()[1:]]
        cells = [_call_cell(made, False, " {"), *pretty]
    if everything:
        cells += _pretty(made.result, _arrow(made), "", 1)
    for number, cell in enumerate(cells):
        role = Role.CALL if number == 0 else Role.DATA
        yield _one_sided(sign, cell, role, stop=number == 0)


def _one_sided(sign: str, cell: Cell, role: Role = Role.DATA, stop: bool = False) -> Row:
    return Row(sign, cell, None, role, stop) if sign == "-" else Row(sign, None, cell, role, stop)


def _unreadable(pair: CallPair, left: MadeCall, right: MadeCall) -> Iterator[Row]:
    """Calls of which one at least has no readable arguments: as they were sent, and where they break."""
    sign = "~" if pair.differs else "="
    yield _call_row(sign, pair)
    for number, (one, other) in enumerate(zip_longest(_raw(left), _raw(right))):
        yield Row(
            sign if pair.differs else " ", one, other, stop=pair.differs and number == 0, block=pair.differs
        )


def _raw(made: MadeCall) -> list[Cell]:
    """Arguments as text: pretty where they are JSON; else as sent, with the place of the error marked."""
    if made.arguments is not None:
        return [_pretty_cell(line, 1) for line in _dumped(made.arguments, 2).splitlines()]
    place = _place_of_error(made.text)
    cells: list[Cell] = []
    begin = 0
    for line in made.text[:LONGEST].splitlines(keepends=True) or [""]:
        end = begin + len(line)
        here = place is not None and (begin <= place < end or (place == end == len(made.text)))
        cells.append(_marked_line(line, place - begin if here and place is not None else None))
        begin = end
    problem = f"✗ {made.problem or 'its arguments cannot be read'}"
    return [*cells, Cell(_clean(problem), 1, problem=True)]


def _marked_line(line: str, place: int | None) -> Cell:
    text = line.rstrip("\r\n")
    if place is None:
        return Cell(_clean(text), 1)
    before = one_line(text[:place])
    start = len(before)
    return Cell(before + BREAK + one_line(text[place:]), 1, marks=((start, start + 2),))


def _place_of_error(text: str) -> int | None:
    try:
        json_text.parse(text)
    except json.JSONDecodeError as error:
        return error.pos
    except ValueError:
        return None
    return None


def _arrow(made: MadeCall) -> str:
    return "← error " if made.is_error else "← "


def _results(left: MadeCall, right: MadeCall, everything: bool) -> Iterator[Row]:
    """What the tools answered, where it differs or everything is asked for."""
    arrows = _arrow(left), _arrow(right)
    kind = kind_between(left.result, right.result)
    if kind is Kind.SAME and left.is_error == right.is_error and not everything:
        return
    for row in _value(left.result, right.result, arrows, ("", ""), everything, 1):
        yield replace(row, role=Role.RESULT if row.role is Role.DATA else row.role)


Member = tuple[str, Any, Any, tuple[str, str]]
"""A member of two objects or lists: its key, its two values, and what follows it on each side."""


def _inside(left: Any, right: Any, everything: bool, depth: int) -> Iterator[Row]:
    """The members of two objects or two lists; stretches that are equal are folded to a line."""
    equal: list[Member] = []
    for member in _members(left, right):
        if not everything and kind_between(member[1], member[2]) is Kind.SAME:
            equal.append(member)
            continue
        yield from _fold(equal, depth)
        equal.clear()
        key, one, other, ends = member
        yield from _value(one, other, (key, key), ends, everything, depth)
    yield from _fold(equal, depth)


def _fold(equal: list[Member], depth: int) -> Iterator[Row]:
    """Equal members in one line; one alone that is short stands for itself."""
    if len(equal) == 1 and len(_dumped(equal[0][1])) <= SHORT:
        key, one, other, ends = equal[0]
        yield from _value(one, other, (key, key), ends, False, depth)
    elif equal:
        text = f"⋯ {len(equal)} equal"
        yield _both(" ", text, text, Role.FOLD, depth)


def _members(left: Any, right: Any) -> Iterator[Member]:
    """Each member's key, its two values, and the comma that follows it on each side."""
    if isinstance(left, dict) and isinstance(right, dict):
        lasts = (
            next(reversed(left), None),
            next((key for key in reversed(_keys(left, right)) if key in right), None),
        )
        for key in _keys(left, right):
            commas = "" if key == lasts[0] else ",", "" if key == lasts[1] else ","
            yield f"{_dumped(key)}: ", left.get(key, NOTHING), right.get(key, NOTHING), commas
        return
    for i, (one, other) in enumerate(zip_longest(left, right, fillvalue=NOTHING)):
        yield "", one, other, ("," * (i < len(left) - 1), "," * (i < len(right) - 1))


def _keys(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys([*left, *right]))


def _value(
    left: Any, right: Any, keys: tuple[str, str], ends: tuple[str, str], everything: bool, depth: int
) -> Iterator[Row]:
    """Two values at one place: member by member where both are objects or both lists, else against each other."""
    kind = kind_between(left, right)
    nested = _brackets(left, right)
    if nested and not (kind is Kind.SAME and len(_dumped(left)) <= SHORT):
        opened = [Cell(_clean(key) + nested[0], depth, len(_clean(key))) for key in keys]
        yield Row(" ", opened[0], opened[1])
        yield from _inside(left, right, everything, depth + 1)
        yield _both(" ", nested[1] + ends[0], nested[1] + ends[1], Role.DATA, depth)
        return
    yield from _against(Leaf("", left, right, kind), keys, ends, depth)


def _brackets(left: Any, right: Any) -> str:
    """The brackets that both values stand in, if they do and are not both empty."""
    if isinstance(left, dict) and isinstance(right, dict):
        return "{}" * bool(left or right)
    return "[]" if isinstance(left, list) and isinstance(right, list) and (left or right) else ""


def _against(leaf: Leaf, keys: tuple[str, str], ends: tuple[str, str], depth: int) -> Iterator[Row]:
    sign = SIGNS[leaf.kind]
    lefts = [] if leaf.kind is Kind.RIGHT_ONLY else _pretty(leaf.left, keys[0], ends[0], depth)
    rights = [] if leaf.kind is Kind.LEFT_ONLY else _pretty(leaf.right, keys[1], ends[1], depth)
    if leaf.kind in (Kind.VALUE, Kind.TYPE) and len(lefts) == len(rights) == 1:
        lefts, rights = _with_marks(lefts[0], rights[0], leaf)
    for number, (one, other) in enumerate(zip_longest(lefts, rights)):
        first = number == 0 and leaf.kind is not Kind.SAME
        yield Row(sign, one, other, stop=first, block=leaf.kind in (Kind.VALUE, Kind.TYPE))


def _with_marks(left: Cell, right: Cell, leaf: Leaf) -> tuple[list[Cell], list[Cell]]:
    """Both cells with what differs marked: within two strings their characters, else the values."""
    values = left.text[left.key :].rstrip(","), right.text[right.key :].rstrip(",")
    if isinstance(leaf.left, str) and isinstance(leaf.right, str):
        marks = changed(*values)
    else:
        marks = ((0, len(values[0])),), ((0, len(values[1])),)
    cells = [
        replace(cell, marks=tuple((a + cell.key, b + cell.key) for a, b in spans))
        for cell, spans in zip((left, right), marks, strict=True)
    ]
    return cells[:1], cells[1:]


def _pretty(value: Any, key: str, end: str, depth: int) -> list[Cell]:
    """A value as pretty JSON behind its key, on one line where it is short or no container."""
    name = _clean(key)
    flat = _dumped(value)
    if len(flat) <= SHORT or not isinstance(value, dict | list):
        return [Cell(name + _clean(flat) + end, depth, len(name))]
    first, *lines, last = _dumped(value, 2).splitlines()
    inner = [_pretty_cell(line, depth) for line in lines]
    return [Cell(name + first, depth, len(name)), *inner, Cell(last + end, depth)]


def _pretty_cell(line: str, depth: int) -> Cell:
    """A line of indented JSON: its indentation apart."""
    text = line.lstrip(" ")
    return Cell(_clean(text), depth + (len(line) - len(text)) // 2)


def _answer(found: ConversationDiff, everything: bool) -> Iterator[Row]:
    left, right = found.answers
    what = "answer, as JSON" if found.answer_is_json else "answer"
    if not found.answers_differ and not everything:
        if left or right or found.answer_is_json:
            shown = [
                json_text.cut(_dumped(text) if found.answer_is_json else text, SHORT)
                for text in (left, right)
            ]
            yield _both("=", f"{what}  {shown[0]}", f"{what}  {shown[1]}", Role.TITLE)
        return
    yield _both("~" if found.answers_differ else "=", what, what, Role.TITLE)
    if found.answer_is_json:
        yield from _value(left, right, ("", ""), ("", ""), everything, 1)
    else:
        yield from _texts(left, right, everything)


def _texts(left: str, right: str, everything: bool) -> Iterator[Row]:
    """Two texts line by line; lines that differ by white space alone are equal."""
    sides = [text[: 20 * LONGEST].splitlines() or ["(none)"] for text in (left, right)]
    plain = [[" ".join(line.split()) for line in lines] for lines in sides]
    matcher = difflib.SequenceMatcher(None, plain[0], plain[1], autojunk=max(map(len, plain)) > 1_000)
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal" and not everything and b - a > 1:
            text = f"⋯ {b - a} equal lines"
            yield _both(" ", text, text, Role.FOLD, 1)
        else:
            yield from _lines(sides[0][a:b], sides[1][c:d], what == "equal")


def _lines(left: Sequence[str], right: Sequence[str], equal: bool) -> Iterator[Row]:
    for number, (one, other) in enumerate(zip_longest(left, right)):
        if one is None or other is None:
            sign = "-" if other is None else "+"
            yield _one_sided(sign, Cell(_clean(one or other or ""), 1), stop=number == 0)
            continue
        texts = _clean(one), _clean(other)
        marks = ((), ()) if equal else changed(*texts)
        cells = [Cell(text, 1, marks=spans) for text, spans in zip(texts, marks, strict=True)]
        yield Row(" " if equal else "~", cells[0], cells[1], stop=not equal and number == 0, block=not equal)
