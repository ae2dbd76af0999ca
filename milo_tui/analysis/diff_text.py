"""What two conversations have in common and what not, in words: one sentence."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from milo_tui.analysis.diff import CallPair, ConversationDiff
from milo_tui.analysis.json_diff import NOTHING, Kind, Leaf
from milo_tui.suite import json_text

LONG = 40
"""Two texts longer than this are not repeated in the sentence."""


def sentence(found: ConversationDiff, most: int = 3) -> str:
    """The difference in words, on one line; of changed values the first `most`."""
    differences = _changed(found, most), _gaps(found)
    parts = [_counted(found), _by_place(found), *chain(*differences), _moved(found), _answers(found)]
    for name, end in zip((found.left_name, found.right_name), found.ends, strict=True):
        parts.append(f"{name}: {end}" if end else "")
    return "; ".join(part for part in parts if part)


def sentences(diffs: Sequence[ConversationDiff], most: int = 2) -> list[tuple[str, str]]:
    """Of several sides beside a first: each one's name, and what it does otherwise than the first."""
    first = [(found.left_name, f"ended: {found.ends[0]}") for found in diffs[:1] if found.ends[0]]
    return [*first, *((found.right_name, _otherwise(found, most)) for found in diffs)]


def _otherwise(found: ConversationDiff, most: int) -> str:
    """What the right side does otherwise, said without its name."""
    counted = _counted(found, "no calls", "in common")
    end = f"ended: {found.ends[1]}" if found.ends[1] else ""
    if not found.differs:
        return "; ".join(part for part in (f"{counted}, same answer", _moved(found), end) if part)
    differences = _changed(found, most, "its"), _gaps_of_right(found)
    parts = [counted, _by_place(found), *chain(*differences), _moved(found), _answer_of_right(found), end]
    return "; ".join(part for part in parts if part)


def _matched(found: ConversationDiff) -> int:
    return sum(pair.left is not None and pair.right is not None for pair in found.pairs)


def _calls(number: int) -> str:
    return f"{number} call{'s' * (number != 1)}"


def _counted(
    found: ConversationDiff, none: str = "no calls on either side", both: str = "on both sides"
) -> str:
    if not found.pairs:
        return none
    matched = _matched(found)
    if not matched:
        return "no calls in common"
    if matched < len(found.pairs):
        return f"{_calls(matched)} {both}"
    return (
        f"{_calls(matched)} each" if any(pair.differs for pair in found.pairs) else f"same {_calls(matched)}"
    )


def _by_place(found: ConversationDiff) -> str:
    return "so many calls differ that they are compared by their place" * found.alignment.by_place


def _changed(found: ConversationDiff, most: int, its: str = "") -> list[str]:
    """The values that differ, the first `most` of them; arguments that cannot be read before them all."""
    unreadable = list(_unreadable(found, its))
    differing = [
        (pair, leaf)
        for pair in found.pairs
        if pair.left is not None and pair.right is not None and not _is_unreadable(pair)
        for leaf in pair.arguments
        if leaf.kind is not Kind.SAME
    ]
    words = [_leaf_words(pair, leaf) for pair, leaf in differing[:most]]
    more = len(differing) - len(words)
    return [
        *unreadable,
        *words,
        *([f"{more} more value{'s differ' if more > 1 else ' differs'}"] if more else []),
    ]


def _leaf_words(pair: CallPair, leaf: Leaf) -> str:
    path = f"{pair.name}.{leaf.path}" if leaf.path else f"{pair.name}'s arguments"
    if leaf.kind is Kind.MOVED:
        return f"{path} moved to [{leaf.to}]"
    long = all(isinstance(side, str) and len(side) > LONG for side in (leaf.left, leaf.right))
    if long and leaf.path:
        return f"{path} is worded differently"
    return f"{path} {_show(leaf.left)} against {_show(leaf.right)}"


def _is_unreadable(pair: CallPair) -> bool:
    return any(made is not None and made.arguments is None for made in (pair.left, pair.right))


def _unreadable(found: ConversationDiff, its: str) -> Iterator[str]:
    """Whose arguments of which call cannot be read, where both made the call."""
    owners = f"{found.left_name}'s", its or f"{found.right_name}'s"
    for pair in found.pairs:
        if pair.left is None or pair.right is None:
            continue
        for owner, made in zip(owners, (pair.left, pair.right), strict=True):
            if made.arguments is None and pair.differs:
                yield f"{owner} arguments of {made.name} are no JSON object"


def _lone(found: ConversationDiff) -> tuple[Counter[str], Counter[str], set[str]]:
    """How often each side alone calls a tool, and the tools that both call."""
    lefts = Counter(pair.name for pair in found.pairs if pair.right is None)
    rights = Counter(pair.name for pair in found.pairs if pair.left is None)
    return lefts, rights, {pair.name for pair in found.pairs if pair.left and pair.right}


def _gaps(found: ConversationDiff) -> Iterator[str]:
    lefts, rights, both = _lone(found)
    for name, lone in ((found.left_name, lefts), (found.right_name, rights)):
        for tool, count in lone.items():
            if tool in both:
                yield f"{name} calls {tool} {'once' if count == 1 else f'{count} times'} more"
            else:
                yield f"{name} alone calls {tool}{_times(count)}"


def _gaps_of_right(found: ConversationDiff) -> Iterator[str]:
    lefts, rights, both = _lone(found)
    for tool, count in lefts.items():
        less = f"calls {tool} {'once' if count == 1 else f'{count} times'} less"
        yield less if tool in both else f"does not call {tool}"
    for tool, count in rights.items():
        more = f"calls {tool} {'once' if count == 1 else f'{count} times'} more"
        yield more if tool in both else f"also calls {tool}{_times(count)}"


def _times(count: int) -> str:
    return "" if count == 1 else f" {count} times"


def _moved(found: ConversationDiff) -> str:
    names = dict.fromkeys(pair.name for pair in found.pairs if pair.moved)
    return f"{', '.join(names)} moved" if names else ""


def _answers(found: ConversationDiff) -> str:
    if not found.answers_differ:
        return ""
    if (lone := _lone_answer(found)) is not None:
        return f"only {(found.left_name, found.right_name)[lone]} answers in words"
    if not found.answer_is_json:
        return "the answers are worded differently"
    owners = f"{found.left_name}'s", f"{found.right_name}'s"
    return "; ".join([*_around(found, owners), *_differing_json(found, "the answers' JSON")])


def _answer_of_right(found: ConversationDiff) -> str:
    if not found.answers_differ:
        return ""
    if (lone := _lone_answer(found)) is not None:
        return "answers in words" if lone else "does not answer in words"
    if not found.answer_is_json:
        return "its answer is worded differently"
    owners = f"{found.left_name}'s", "its"
    return "; ".join([*_around(found, owners), *_differing_json(found, "its answer's JSON")])


def _lone_answer(found: ConversationDiff) -> int | None:
    """Which side alone has an answer in words, 0 or 1."""
    said = [bool(text.strip()) for text in found.texts]
    return said.index(True) if said.count(True) == 1 else None


def _around(found: ConversationDiff, owners: tuple[str, str]) -> Iterator[str]:
    for owner, around in zip(owners, found.around, strict=True):
        if around:
            yield f"{owner} answer has text around its JSON"


def _differing_json(found: ConversationDiff, whose: str) -> Iterator[str]:
    paths = [leaf.path or "the whole" for leaf in found.answer if leaf.kind is not Kind.SAME]
    if paths:
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        yield f"{whose} differs in {', '.join(paths[:3])}{more}"


def _show(value: Any) -> str:
    return "nothing" if value is NOTHING else json_text.show(value, 60)
