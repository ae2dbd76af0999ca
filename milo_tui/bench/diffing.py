"""Two conversations side by side by what they mean: calls aligned, arguments compared value by value.

A call that stands elsewhere is moved, not changed; keys in another order and 5 for 5.0 are no difference.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from milo_tui.bench.assignment import best_assignment
from milo_tui.suite import json_text
from milo_tui.suite.conversation import Conversation
from milo_tui.suite.json_text import JSON
from milo_tui.suite.matching import equal

LONG = 40
"""Two texts longer than this are not repeated in the sentence."""


class Kind(StrEnum):
    """How a value of one side stands to the other's."""

    SAME = "same"
    VALUE = "another value"
    TYPE = "another type"
    LEFT_ONLY = "left only"
    RIGHT_ONLY = "right only"


class _Nothing:
    """The absence of a value, where null would be one."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value at a path, as each side has it; NOTHING where a side has none."""

    path: str
    left: Any
    right: Any
    kind: Kind


@dataclass(frozen=True, slots=True)
class MadeCall:
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


@dataclass(frozen=True, slots=True)
class CallPair:
    """Two calls that belong together, or one against a gap. `moved` where their order differs."""

    left: MadeCall | None
    right: MadeCall | None
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

    `answers` are the two as they were compared: JSON values, or texts.
    """

    left_name: str
    right_name: str
    pairs: tuple[CallPair, ...]
    answer: tuple[Leaf, ...]
    answer_is_json: bool
    order_matters: bool = False
    ends: tuple[str, str] = field(default=("", ""))
    answers: tuple[JSON, JSON] = ("", "")

    @property
    def answers_differ(self) -> bool:
        """Whether the last texts differ."""
        return any(leaf.kind is not Kind.SAME for leaf in self.answer)

    @property
    def differs(self) -> bool:
        """Whether anything that was asked of tools differs, or the answers do."""
        moved = self.order_matters and any(pair.moved for pair in self.pairs)
        return moved or self.answers_differ or any(pair.differs for pair in self.pairs)


def diff(
    left: Conversation, right: Conversation, left_name: str, right_name: str, *, order_matters: bool = False
) -> ConversationDiff:
    """Compare two conversations. Pure; never raises, whatever the models sent."""
    answers, is_json = _answers(left.answer, right.answer)
    answer = tuple(leaves(*answers)) if is_json else (_worded(*answers),)
    return ConversationDiff(
        left_name,
        right_name,
        tuple(_aligned(_made(left), _made(right))),
        answer,
        is_json,
        order_matters,
        (_end(left), _end(right)),
        answers,
    )


def _end(conversation: Conversation) -> str:
    if conversation.losses:
        return str(conversation.losses[-1])
    return "turn limit" if conversation.ended == "turn limit" else ""


def _made(conversation: Conversation) -> list[MadeCall]:
    found: list[MadeCall] = []
    for number, turn in enumerate(conversation.turns):
        results = {result.call_id: result for result in turn.results}
        for place, call in enumerate(turn.calls):
            result = results.get(call.id)
            found.append(
                MadeCall(
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
    return found


def _aligned(left: Sequence[MadeCall], right: Sequence[MadeCall]) -> Iterator[CallPair]:
    """Pairs in the left side's order; a call of the right side alone follows what it follows there."""
    columns = best_assignment([[_likeness(one, other, len(left)) for other in right] for one in left])
    matched = [(i, j) for i, j in enumerate(columns) if j is not None]
    steady = set(_longest_increasing([j for _, j in matched]))
    alone = iter(sorted(set(range(len(right))) - {j for _, j in matched}))
    waiting = next(alone, None)
    for i, made in enumerate(left):
        j = columns[i] if i < len(columns) else None
        while waiting is not None and j is not None and waiting < j:
            yield CallPair(None, right[waiting])
            waiting = next(alone, None)
        if j is None:
            yield CallPair(made, None)
            continue
        yield CallPair(
            made,
            right[j],
            moved=j not in steady,
            arguments=_argument_leaves(made, right[j]),
            results=tuple(leaves(made.result, right[j].result)),
        )
    while waiting is not None:
        yield CallPair(None, right[waiting])
        waiting = next(alone, None)


def _likeness(one: MadeCall, other: MadeCall, count: int) -> float:
    """0 for another tool; else 1 and up to 1 more for equal arguments, and a little for standing near."""
    if one.name != other.name:
        return 0.0
    compared = _argument_leaves(one, other)
    same = sum(leaf.kind is Kind.SAME for leaf in compared) / len(compared) if compared else 1.0
    nearness = 1 - abs(one.place - other.place) / max(1, count, one.place + 1, other.place + 1)
    return 1 + same + nearness / 1000


def _argument_leaves(one: MadeCall, other: MadeCall) -> tuple[Leaf, ...]:
    if one.arguments is None or other.arguments is None:
        kind = Kind.SAME if one.text == other.text else Kind.VALUE
        return (Leaf("", one.text, other.text, kind),)
    return tuple(leaves(one.arguments, other.arguments))


def _longest_increasing(values: Sequence[int]) -> list[int]:
    """A longest increasing subsequence: what of it keeps its order; the rest has moved."""
    best: list[list[int]] = []
    for value in values:
        before = max((run for run in best if run[-1] < value), key=len, default=[])
        best.append([*before, value])
    return max(best, key=len, default=[])


def leaves(left: Any, right: Any, path: str = "") -> Iterator[Leaf]:
    """Every value of two JSON values by its path, keys in the left side's order."""
    if isinstance(left, dict) and isinstance(right, dict) and (left or right):
        for key in dict.fromkeys([*left, *right]):
            where = f"{path}.{key}" if path else str(key)
            yield from leaves(left.get(key, NOTHING), right.get(key, NOTHING), where)
    elif isinstance(left, list) and isinstance(right, list) and (left or right):
        for i, (one, other) in enumerate(zip_longest(left, right, fillvalue=NOTHING)):
            yield from leaves(one, other, f"{path}[{i}]")
    else:
        yield Leaf(path, left, right, kind_between(left, right))


def kind_between(left: Any, right: Any) -> Kind:
    """How two JSON values stand to each other, whole; NOTHING is none."""
    if left is NOTHING and right is NOTHING:
        return Kind.SAME
    if left is NOTHING:
        return Kind.RIGHT_ONLY
    if right is NOTHING:
        return Kind.LEFT_ONLY
    if equal(left, right):
        return Kind.SAME
    return Kind.VALUE if json_text.kind_of(left) == json_text.kind_of(right) else Kind.TYPE


def _answers(left: str, right: str) -> tuple[tuple[JSON, JSON], bool]:
    """Both answers as JSON where both are JSON, else as they are; and whether they are JSON."""
    try:
        return (json_text.parse(left), json_text.parse(right)), True
    except ValueError:
        return (left, right), False


def _worded(left: str, right: str) -> Leaf:
    return Leaf("", left, right, Kind.SAME if left.split() == right.split() else Kind.VALUE)


def sentence(found: ConversationDiff) -> str:
    """The difference in words, on one line."""
    parts = [_counted(found), *_changed(found), *_gaps(found)]
    if any(pair.moved for pair in found.pairs):
        moved = ", ".join(dict.fromkeys(pair.name for pair in found.pairs if pair.moved))
        parts.append(f"{moved} moved")
    if found.answers_differ:
        parts.append(_answer_words(found))
    for name, end in zip((found.left_name, found.right_name), found.ends, strict=True):
        if end:
            parts.append(f"{name}: {end}")
    return "; ".join(part for part in parts if part)


def _counted(found: ConversationDiff) -> str:
    matched = sum(pair.left is not None and pair.right is not None for pair in found.pairs)
    if not found.pairs:
        return "no calls on either side"
    same = all(pair.left is not None and pair.right is not None for pair in found.pairs)
    calls = "call" if matched == 1 else "calls"
    return f"same {matched} {calls}" if same else f"{matched} {calls} on both sides"


def _changed(found: ConversationDiff, most: int = 3) -> list[str]:
    words = list(_unreadable(found))
    most += len(words)
    for pair in found.pairs:
        for leaf in pair.arguments if not _is_unreadable(pair) else ():
            if leaf.kind is Kind.SAME or pair.left is None or pair.right is None:
                continue
            path = f"{pair.name}.{leaf.path}" if leaf.path else f"{pair.name}'s arguments"
            long = all(isinstance(side, str) and len(side) > LONG for side in (leaf.left, leaf.right))
            values = f"{_show(leaf.left)} against {_show(leaf.right)}"
            words.append(f"{path} is worded differently" if long and leaf.path else f"{path} {values}")
    return words if len(words) <= most else [*words[:most], f"{len(words) - most} more values differ"]


def _is_unreadable(pair: CallPair) -> bool:
    return any(made is not None and made.arguments is None for made in (pair.left, pair.right))


def _unreadable(found: ConversationDiff) -> Iterator[str]:
    """Whose arguments of which call cannot be read, where both made the call."""
    for pair in found.pairs:
        if pair.left is None or pair.right is None:
            continue
        for name, made in ((found.left_name, pair.left), (found.right_name, pair.right)):
            if made.arguments is None and pair.differs:
                yield f"{name}'s arguments of {made.name} are no JSON object"


def _gaps(found: ConversationDiff) -> list[str]:
    words = []
    for name, alone in (
        (found.left_name, [pair.left for pair in found.pairs if pair.right is None]),
        (found.right_name, [pair.right for pair in found.pairs if pair.left is None]),
    ):
        extra = Counter(made.name for made in alone if made is not None)
        both = {pair.name for pair in found.pairs if pair.left is not None and pair.right is not None}
        for tool, count in extra.items():
            times = "once more" if tool in both else ("" if count == 1 else f"{count} times")
            if tool in both and count > 1:
                times = f"{count} times more"
            words.append(
                f"{name} alone calls {tool}{f' {times}' if times else ''}"
                if tool not in both
                else f"{name} calls {tool} {times}"
            )
    return words


def _answer_words(found: ConversationDiff) -> str:
    if not found.answer_is_json:
        sides = (
            "left" if leaf.left else "right" for leaf in found.answer[:1] if not (leaf.left and leaf.right)
        )
        lone = next(sides, None)
        if lone is not None:
            return f"only {found.left_name if lone == 'left' else found.right_name} answers in words"
        return "the answers are worded differently"
    paths = [leaf.path or "the whole" for leaf in found.answer if leaf.kind is not Kind.SAME]
    shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
    return f"the answers' JSON differs in {shown}"


def _show(value: Any) -> str:
    return "nothing" if value is NOTHING else json_text.show(value, 60)
