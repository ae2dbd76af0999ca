"""Two conversations side by side by what they mean: calls aligned, arguments compared value by value.

A call that stands elsewhere is moved, not changed; keys in another order and 5 for 5.0 are no difference.
More than two sides are compared with the first, one by one; `call_rows` puts their calls into common rows.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from milo_tui.analysis.assignment import best_assignment
from milo_tui.analysis.json_diff import NOTHING, Kind, Leaf, key_of, leaves, shared
from milo_tui.analysis.sequences import (
    Alignment,
    Pair,
    common_rows,
    equal_elsewhere,
    in_common,
    in_order,
    paired,
)
from milo_tui.suite import json_text
from milo_tui.suite.conversation import Conversation
from milo_tui.suite.json_text import JSON

MOST_ASSIGNED = 100
"""Unequal calls of one tool on a side, up to which the best assignment is found: it takes cubic time. Of more,
those that are alike the most in the order of both sides belong together, and of very many those at one place."""
MOST_COMPARED = 40_000
"""Pairs of unequal calls of one tool up to which the likeness of each is looked at."""
_MOST_PARTS = 500
"""Values of a call's arguments by which its likeness to others is judged."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call as it was made: its turn, its place among all calls of the conversation and within its turn, from 0."""

    turn: int
    place: int
    name: str
    arguments: JSON
    text: str
    problem: str | None
    result: Any = NOTHING
    is_error: bool = False
    place_in_turn: int = 0

    @property
    def key(self) -> Hashable:
        """What is the same for calls of the same tool with equal arguments."""
        return self.name, self.text if self.arguments is None else ("read", key_of(self.arguments))


@dataclass(frozen=True, slots=True)
class CallPair:
    """Two calls that belong together, or one against a gap. `moved` where their order differs."""

    left: RecordedCall | None
    right: RecordedCall | None
    moved: bool = False
    arguments: tuple[Leaf, ...] = ()
    results: tuple[Leaf, ...] = ()

    @property
    def name(self) -> str:
        """The tool's name."""
        made = self.left or self.right
        return made.name if made else ""

    @property
    def differs(self) -> bool:
        """Whether the calls themselves differ; where they stand does not count."""
        return (
            self.left is None
            or self.right is None
            or any(leaf.kind is not Kind.SAME for leaf in self.arguments)
        )


@dataclass(frozen=True, slots=True)
class ConversationDiff:
    """All calls aligned, and the answers compared as JSON where both are JSON, else as text.

    `answers` are the two as they were compared, JSON values or texts; `around` says which had text around its
    JSON; `texts` are the answers as they are. `calls` are each side's, and `alignment` says by their places which
    belong together. `ends` say how a conversation ended that did not end with its answer.
    """

    left_name: str
    right_name: str
    pairs: tuple[CallPair, ...]
    answer: tuple[Leaf, ...]
    answer_is_json: bool
    order_matters: bool
    ends: tuple[str, str]
    answers: tuple[JSON, JSON]
    around: tuple[bool, bool]
    texts: tuple[str, str]
    calls: tuple[tuple[RecordedCall, ...], tuple[RecordedCall, ...]]
    alignment: Alignment

    @property
    def answers_differ(self) -> bool:
        """Whether the last texts differ."""
        return any(self.around) or any(leaf.kind is not Kind.SAME for leaf in self.answer)

    @property
    def differs(self) -> bool:
        """Whether anything that was asked of tools differs, or the answers do."""
        moved = self.order_matters and any(pair.moved for pair in self.pairs)
        return moved or self.answers_differ or any(pair.differs for pair in self.pairs)


def diff(
    left: Conversation, right: Conversation, left_name: str, right_name: str, *, order_matters: bool = False
) -> ConversationDiff:
    """Compare two conversations. Pure; never raises, whatever the models sent."""
    answers, is_json, around = _answers(left.answer, right.answer)
    calls = _made(left), _made(right)
    alignment = _aligned(*calls)
    return ConversationDiff(
        left_name,
        right_name,
        pairs=tuple(_pairs(calls, alignment)),
        answer=tuple(leaves(*answers)) if is_json else (_worded(*answers),),
        answer_is_json=is_json,
        order_matters=order_matters,
        ends=(_end(left), _end(right)),
        answers=answers,
        around=around,
        texts=(left.answer, right.answer),
        calls=calls,
        alignment=alignment,
    )


def _end(conversation: Conversation) -> str:
    if conversation.losses:
        return str(conversation.losses[-1])
    return "turn limit" if conversation.ended == "turn limit" else ""


def _made(conversation: Conversation) -> tuple[RecordedCall, ...]:
    found: list[RecordedCall] = []
    for number, turn in enumerate(conversation.turns):
        results = {result.call_id: result for result in turn.results}
        for place, call in enumerate(turn.calls):
            result = results.get(call.id)
            found.append(
                RecordedCall(
                    turn=number,
                    place=len(found),
                    name=call.name,
                    arguments=call.arguments,
                    text=call.arguments_text,
                    problem=call.problem,
                    result=NOTHING if result is None else result.content,
                    is_error=result is not None and result.is_error,
                    place_in_turn=place,
                )
            )
    return tuple(found)


def _aligned(left: Sequence[RecordedCall], right: Sequence[RecordedCall]) -> Alignment:
    """Equal calls first, in their order as far as they keep it; then, tool by tool, those that are alike the most.

    No other assignment is better: to pair two equal calls with others gains at most what it loses, since the
    likeness of arguments is one less a distance.
    """
    keys = [made.key for made in left], [made.key for made in right]
    equal = in_common(*keys)
    equal += equal_elsewhere(*keys, equal)
    taken = {i for i, _ in equal}, {j for _, j in equal}
    by_tool: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, calls in enumerate((left, right)):
        for made in calls:
            if made.place not in taken[side]:
                by_tool[made.name][side].append(made.place)
    pairs = sorted([*equal, *(pair for lone in by_tool.values() for pair in _alike(left, right, *lone))])
    steady = {i for i, _ in in_order(pairs)}
    moved = frozenset(i for i, _ in pairs if i not in steady)
    by_place = any(len(lone[0]) * len(lone[1]) > MOST_COMPARED for lone in by_tool.values())
    return Alignment(tuple(pairs), len(left), len(right), moved, by_place=by_place)


def _alike(
    left: Sequence[RecordedCall], right: Sequence[RecordedCall], lefts: list[int], rights: list[int]
) -> list[Pair]:
    """The pairs of calls of one tool that are alike the most in sum: first by arguments, then by place."""
    if not lefts or not rights:
        return []
    parts = {i: _parts(left[i]) for i in lefts}, {j: _parts(right[j]) for j in rights}
    longest = max(len(left), len(right))

    def likeness(i: int, j: int) -> float:
        return 1 + shared(parts[0][i], parts[1][j]) + (1 - abs(i - j) / longest) / 1000

    if max(len(lefts), len(rights)) > MOST_ASSIGNED:
        return paired(lefts, rights, likeness, MOST_COMPARED)
    columns = best_assignment([[likeness(i, j) for j in rights] for i in lefts])
    return [(lefts[row], rights[column]) for row, column in enumerate(columns) if column is not None]


def _parts(made: RecordedCall) -> frozenset[Hashable]:
    """What a call's arguments are made of: each value with its path, or words where they cannot be read."""
    if made.arguments is None:
        return frozenset(made.text[:4000].split())
    return frozenset(islice(_values(made.arguments, ""), _MOST_PARTS))


def _values(value: Any, path: str) -> Iterator[Hashable]:
    if isinstance(value, dict) and value:
        for key, member in value.items():
            yield from _values(member, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for item in value:
            yield from _values(item, f"{path}[]")
    else:
        yield path, key_of(value)


def _pairs(
    calls: tuple[Sequence[RecordedCall], Sequence[RecordedCall]], alignment: Alignment
) -> Iterator[CallPair]:
    """Pairs in the left side's order; a call of the right side alone stands before what follows it there."""
    left, right = calls
    for i, j in common_rows([alignment], [range(alignment.rights)]):
        if i is None or j is None:
            yield CallPair(None if i is None else left[i], None if j is None else right[j])
            continue
        yield CallPair(
            left[i],
            right[j],
            moved=i in alignment.moved,
            arguments=_argument_leaves(left[i], right[j]),
            results=tuple(leaves(left[i].result, right[j].result)),
        )


def _argument_leaves(one: RecordedCall, other: RecordedCall) -> tuple[Leaf, ...]:
    if one.arguments is None or other.arguments is None:
        kind = Kind.SAME if one.text == other.text else Kind.VALUE
        return (Leaf("", one.text, other.text, kind),)
    return tuple(leaves(one.arguments, other.arguments))


@dataclass(frozen=True, slots=True)
class CallRow:
    """Calls of all sides that belong together, the first side's first; None where a side has none.

    `moved` says of each side whether its call stands in another order than the first side's.
    """

    calls: tuple[RecordedCall | None, ...]
    moved: tuple[bool, ...]


def call_rows(diffs: Sequence[ConversationDiff]) -> Iterator[CallRow]:
    """The calls of sides that were compared with the same first side, in common rows.

    A call that only further sides made has a row of its own, which equal calls share.
    """
    sides = [*(found.calls[0] for found in diffs[:1]), *(found.calls[1] for found in diffs)]
    alignments = [found.alignment for found in diffs]
    keys = [[made.key for made in side] for side in sides[1:]]
    for places in common_rows(alignments, keys, anywhere=True):
        yield CallRow(
            tuple(None if place is None else side[place] for side, place in zip(sides, places, strict=True)),
            (
                False,
                *(
                    place is not None and places[0] in alignment.moved
                    for alignment, place in zip(alignments, places[1:], strict=True)
                ),
            ),
        )


def _answers(left: str, right: str) -> tuple[tuple[JSON, JSON], bool, tuple[bool, bool]]:
    """Both answers as JSON where both are, else as they are; whether they are JSON; which has text around it.

    That text is taken off where the other side's answer is an object or a list and nothing else.
    """
    texts = left, right
    read = [_read(text) for text in texts]
    around = [False, False]
    for side, text in enumerate(texts):
        other = read[1 - side]
        if read[side] is NOTHING and isinstance(other, dict | list) and not around[1 - side]:
            found = _found(text)
            if type(found) is type(other):
                read[side], around[side] = found, True
    if any(value is NOTHING for value in read):
        return texts, False, (False, False)
    return (read[0], read[1]), True, (around[0], around[1])


def _read(text: str) -> JSON:
    try:
        return json_text.parse(text)
    except ValueError:
        return NOTHING


def _found(text: str) -> JSON:
    try:
        return json_text.find(text)
    except ValueError:
        return NOTHING


def _worded(left: str, right: str) -> Leaf:
    return Leaf("", left, right, Kind.SAME if left.split() == right.split() else Kind.VALUE)
