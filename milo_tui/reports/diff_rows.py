"""A diff of two or more conversations as aligned rows: pretty JSON on all sides, a gap where one has nothing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, zip_longest

from milo_tui.analysis.diff import CallRow, ConversationDiff, RecordedCall, call_rows
from milo_tui.analysis.json_diff import BY_PLACE, Kind, kind_between, shared
from milo_tui.analysis.sequences import aligned, common_rows
from milo_tui.reports.diff_cells import (
    LONGEST,
    SHORT,
    Cell,
    Role,
    Row,
    alike,
    clean,
    dumped,
    pretty,
    pretty_cell,
    spread,
    told,
)
from milo_tui.reports.diff_marks import Spans, changed
from milo_tui.reports.diff_values import ValueRows, united
from milo_tui.sanitise import one_line
from milo_tui.suite import json_text

MOST_ROWS = 2_000
BREAK = "▶"
"""Stands before the character at which JSON breaks."""


def rows(diffs: Sequence[ConversationDiff], *, everything: bool = False) -> list[Row]:
    """All rows of sides that were compared with the same first side.

    The calls, what differs in them, how it ended, and the answers.
    """
    made = list(islice(_rows(diffs, ValueRows(everything)), MOST_ROWS + 1))
    if len(made) > MOST_ROWS:
        made[-1] = alike(f"… more than {MOST_ROWS:,} lines; y copies all of it", len(diffs) + 1, Role.FOLD)
    return made


def _rows(diffs: Sequence[ConversationDiff], values: ValueRows) -> Iterator[Row]:
    if not diffs:
        return
    for row in call_rows(diffs):
        yield from _call(row, values, diffs[0].order_matters)
    ends = [diffs[0].ends[0], *(found.ends[1] for found in diffs)]
    if any(ends):
        yield told([f"ended: {end}" if end else "ended with its answer" for end in ends], Role.PROBLEM)
    yield from _answer(diffs, values)


def _call(row: CallRow, values: ValueRows, order_matters: bool) -> Iterator[Row]:
    """A call of those sides that made it; against a gap of the others."""
    there = [side for side, made in enumerate(row.calls) if made is not None]
    if row.calls[0] is None or len(there) == 1:
        yield from _lone(row, values.everything)
        return
    made = [made for made in row.calls if made is not None]
    moved = [row.moved[side] for side in there]
    absent = [side for side in range(len(row.calls)) if side not in there]
    rows = _compared(made, moved, values, order_matters, whole=bool(absent))
    yield from spread(rows, there, len(row.calls), dict.fromkeys(absent, ("-", ())))


def _lone(row: CallRow, everything: bool) -> Iterator[Row]:
    """A call that the first side alone made, or further sides alone, with its arguments."""
    signs = tuple("-" if row.calls[0] is not None else " " if made is None else "+" for made in row.calls[1:])
    lines = [[] if made is None else _call_lines(made, everything) for made in row.calls]
    for number, cells in enumerate(zip_longest(*lines)):
        yield Row(cells, signs, Role.DATA if number else Role.CALL, stop=number == 0)


def _call_lines(made: RecordedCall, everything: bool) -> list[Cell]:
    if made.arguments is None:
        cells = [_call_cell(made), *_raw(made)]
    elif len(flat := dumped(made.arguments)) <= SHORT:
        cells = [_call_cell(made, f" {flat}" if made.arguments else "")]
    else:
        lines = [pretty_cell(line, 0) for line in dumped(made.arguments, 2).splitlines()[1:]]
        cells = [_call_cell(made, " {"), *lines]
    return [*cells, *(pretty(made.result, _arrow(made), "", 1) if everything else ())]


def _call_cell(made: RecordedCall, after: str = "", moved: str = "", exact: bool = False) -> Cell:
    """A call's name with what follows it, and where it was made."""
    name = f"⚙ {clean(made.name)}"
    place = f"turn {made.turn + 1}" + (f", call {made.place_in_turn + 1}" if exact else "")
    return Cell(name + clean(after), key=len(name), note=moved + place)


def _compared(
    made: Sequence[RecordedCall],
    moved: Sequence[bool],
    values: ValueRows,
    order_matters: bool,
    *,
    whole: bool,
) -> Iterator[Row]:
    """A call that the first side and others made; `whole` where equal arguments are not to be cut either."""
    stop = order_matters and any(moved)
    differing = [False, *(_differ(made[0], other) for other in made[1:])]
    signs = tuple(
        "~" if differs else ">" if has_moved else "="
        for differs, has_moved in zip(differing[1:], moved[1:], strict=True)
    )
    readable = [side for side, one in enumerate(made) if one.arguments is not None]
    short = len(dumped(made[0].arguments)) <= SHORT
    if readable[:1] != [0] or len(readable) == 1:
        yield replace(_head(made, moved, signs), stop=stop and not any(differing))
        yield from _unreadable(made, differing)
    elif not any(differing) and (short or not (whole or values.everything)):
        yield replace(_head(made, moved, signs, limit=SHORT), stop=stop)
    else:
        yield replace(_head(made, moved, signs, " {"), stop=stop)
        beside = {side: ("~", _raw(one)) for side, one in enumerate(made) if one.arguments is None}
        shown = values if any(differing) else replace(values, everything=True)
        inside = chain(
            shown.inside([made[side].arguments for side in readable], 1),
            [alike("}", len(readable), Role.CALL)],
        )
        yield from spread(inside, readable, len(made), beside)
    yield from _results(made, values)


def _differ(one: RecordedCall, other: RecordedCall) -> bool:
    if one.arguments is None or other.arguments is None:
        return one.text != other.text
    return kind_between(one.arguments, other.arguments) is not Kind.SAME


def _head(
    made: Sequence[RecordedCall],
    moved: Sequence[bool],
    signs: tuple[str, ...],
    after: str = "",
    limit: int = 0,
) -> Row:
    """The row that names a call; one that moved says from where to where."""
    cells = []
    for side, one in enumerate(made):
        flat = f" {json_text.show(one.arguments, limit)}" if limit and one.arguments else ""
        has_moved = all(moved[1:]) if side == 0 else moved[side]
        behind = flat if one.arguments is None else after or flat
        cells.append(_call_cell(one, behind, "moved: " if has_moved else "", any(moved)))
    return Row(tuple(cells), signs, Role.CALL)


def _unreadable(made: Sequence[RecordedCall], differing: Sequence[bool]) -> Iterator[Row]:
    """Calls of which one at least has no readable arguments: as they were sent, and where they break."""
    signs = tuple("~" if differs else " " for differs in differing[1:])
    differs = any(differing)
    for number, cells in enumerate(zip_longest(*map(_raw, made))):
        yield Row(cells, signs, stop=differs and number == 0, block=differs)


def _raw(made: RecordedCall) -> list[Cell]:
    """Arguments as text: pretty where they are JSON; else as sent, with the place of the error marked."""
    if made.arguments is not None:
        return [pretty_cell(line, 1) for line in dumped(made.arguments, 2).splitlines()]
    place = _place_of_error(made.text)
    cells: list[Cell] = []
    begin = 0
    for line in made.text[:LONGEST].splitlines(keepends=True) or [""]:
        end = begin + len(line)
        here = place is not None and (begin <= place < end or (place == end == len(made.text)))
        cells.append(_marked_line(line, place - begin if here and place is not None else None))
        begin = end
    problem = f"✗ {made.problem or 'its arguments cannot be read'}"
    return [*cells, Cell(clean(problem), 1, problem=True)]


def _marked_line(line: str, place: int | None) -> Cell:
    text = line.rstrip("\r\n")
    if place is None:
        return Cell(clean(text), 1)
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


def _arrow(made: RecordedCall) -> str:
    return "← error " if made.is_error else "← "


def _results(made: Sequence[RecordedCall], values: ValueRows) -> Iterator[Row]:
    """What the tools answered, where it differs or everything is asked for."""
    same = all(
        kind_between(made[0].result, one.result) is Kind.SAME and one.is_error == made[0].is_error
        for one in made
    )
    if same and not values.everything:
        return
    none = ("",) * len(made)
    for row in values.value([one.result for one in made], list(map(_arrow, made)), none, 1):
        yield replace(row, role=Role.RESULT if row.role is Role.DATA else row.role)


def _answer(diffs: Sequence[ConversationDiff], values: ValueRows) -> Iterator[Row]:
    """The last texts: as JSON where the first side's and another's are, else line by line."""
    texts = [diffs[0].texts[0], *(found.texts[1] for found in diffs)]
    is_json = any(found.answer_is_json for found in diffs)
    read = next((found.answers[0] for found in diffs if found.answer_is_json), None)
    parsed = [read, *(found.answers[1] if found.answer_is_json else found.texts[1] for found in diffs)]
    what = "answer, as JSON" if is_json else "answer"
    differ = [found.answers_differ for found in diffs]
    signs = tuple("~" if differs else "=" for differs in differ)
    if not any(differ) and not values.everything:
        if is_json or any(texts):
            shown = [json_text.cut(dumped(one), SHORT) for one in parsed] if is_json else texts
            cells = tuple(Cell(clean(f"{what}  {json_text.cut(text, SHORT)}")) for text in shown)
            yield Row(cells, signs, Role.TITLE)
        return
    around = [any(found.around[0] for found in diffs), *(found.around[1] for found in diffs)]
    titles = ["answer, as the JSON within its text" if one else what for one in around]
    yield Row(tuple(map(Cell, titles)), signs, Role.TITLE, stop=any(around))
    if is_json:
        none = ("",) * len(texts)
        yield from values.value(parsed, none, none, 1)
    else:
        yield from _texts(texts, values)


def _texts(texts: Sequence[str], values: ValueRows) -> Iterator[Row]:
    """Texts line by line; lines that differ by white space alone are equal."""
    sides = [text[: 20 * LONGEST].splitlines() or ["(none)"] for text in texts]
    plain = [[" ".join(line.split()) for line in lines] for lines in sides]
    words = [[frozenset(line.split()) for line in lines] for lines in plain]
    alignments = [
        aligned(
            plain[0],
            plain[side],
            lambda i, j, side=side: 0.1 + shared(words[0][i], words[side][j]),  # type: ignore[misc]
            moves=False,
        )
        for side in range(1, len(texts))
    ]
    if any(alignment.by_place for alignment in alignments):
        yield alike(f"⋯ {BY_PLACE}", len(texts), Role.FOLD, 1)
    equal: list[Row] = []
    begun = False
    for places in common_rows(alignments, plain[1:]):
        lines = [None if place is None else sides[side][place] for side, place in enumerate(places)]
        keys = [None if place is None else plain[side][place] for side, place in enumerate(places)]
        row = _line(lines, keys, values)
        if row.sign == " ":
            equal.append(row)
            begun = False
            continue
        yield from _fold(equal, values.everything)
        equal.clear()
        yield replace(row, stop=not begun)
        begun = True
    yield from _fold(equal, values.everything)


def _fold(equal: list[Row], everything: bool) -> Iterator[Row]:
    if everything or len(equal) < 2:
        yield from equal
    else:
        yield alike(f"⋯ {len(equal)} equal lines", len(equal[0].cells), Role.FOLD, 1)


def _line(lines: Sequence[str | None], keys: Sequence[str | None], values: ValueRows) -> Row:
    """One line of each side, what differs from the first side's marked."""
    texts = [None if line is None else clean(line) for line in lines]
    marks: list[Spans] = [()] * len(texts)
    signs = []
    of_first: list[Spans] = []
    for side, text in enumerate(texts[1:], 1):
        if keys[side] == keys[0]:
            signs.append(" ")
        elif texts[0] is None or text is None:
            signs.append("-" if text is None else "+")
        else:
            signs.append("~")
            in_first, marks[side] = changed(texts[0], text, values.effort)
            of_first.append(in_first)
    marks[0] = united(of_first, len(texts[0] or ""))
    cells = [
        None if text is None else Cell(text, 1, marks=mark) for text, mark in zip(texts, marks, strict=True)
    ]
    return Row(tuple(cells), tuple(signs), block="~" in signs)
