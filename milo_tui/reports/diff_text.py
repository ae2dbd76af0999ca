"""A diff of two conversations as plain text: what `milo diff` prints."""

from collections.abc import Iterator, Sequence
from typing import Any

from milo_tui.analysis.diff import CallPair, ConversationDiff, RecordedCall
from milo_tui.analysis.diff_text import sentence
from milo_tui.analysis.json_diff import NOTHING, Kind, Leaf
from milo_tui.reports.diff_cells import SIGNS
from milo_tui.reports.diff_marks import Effort, Spans, changed
from milo_tui.suite import json_text

LONG = 24
"""From this length on, the characters that differ within two strings are marked."""


def render(diffs: Sequence[ConversationDiff], *, everything: bool = False) -> str:
    """Each side against the first: the sentence, then every call with what differs in it.

    Equal values are shown too where `everything` is asked for.
    """
    effort = Effort()
    return "\n".join(_against_first(found, everything, effort) for found in diffs)


def _against_first(found: ConversationDiff, everything: bool, effort: Effort) -> str:
    lines = [f"{found.left_name}  against  {found.right_name}", sentence(found), ""]
    for pair in found.pairs:
        lines += _pair(found, pair, everything, effort)
    lines += _answer(found, everything, effort)
    return "\n".join(lines) + "\n"


def _pair(found: ConversationDiff, pair: CallPair, everything: bool, effort: Effort) -> Iterator[str]:
    if pair.left is None or pair.right is None:
        made = pair.left or pair.right
        sign, name = ("-", found.left_name) if pair.right is None else ("+", found.right_name)
        if made is not None:
            yield f"{sign} {made.name}({_arguments(made)})   only {name}, turn {made.turn + 1}"
        return
    moved = f"   moved: {_place(pair.left)} against {_place(pair.right)}" if pair.moved else ""
    sign = "~" if pair.differs else (">" if pair.moved else "=")
    yield f"{sign} {pair.name}{moved}"
    if pair.left.arguments is None or pair.right.arguments is None:
        yield from _raw(found, pair)
    else:
        yield from _leaves(pair.arguments, everything, effort)
    if any(leaf.kind is not Kind.SAME for leaf in pair.results):
        yield "    result:"
        yield from _leaves(pair.results, everything, effort)


def _place(made: RecordedCall) -> str:
    return f"turn {made.turn + 1}, call {made.place_in_turn + 1}"


def _arguments(made: RecordedCall) -> str:
    return made.text if made.arguments is None else json_text.show(made.arguments)


def _raw(found: ConversationDiff, pair: CallPair) -> Iterator[str]:
    """Both calls' arguments as they were sent, and what is wrong with them."""
    for sign, name, made in (("-", found.left_name, pair.left), ("+", found.right_name, pair.right)):
        if made is not None:
            yield f"    {sign} {made.text}" + (f"   {name}: {made.problem}" if made.problem else "")


def _leaves(leaves: tuple[Leaf, ...], everything: bool, effort: Effort) -> Iterator[str]:
    for leaf in leaves:
        sign, path = SIGNS[leaf.kind], f"{leaf.path}: " if leaf.path else ""
        if leaf.remark:
            yield f"    … {path}{leaf.remark}"
        elif leaf.kind is Kind.SAME and not everything:
            continue
        elif leaf.kind is Kind.MOVED:
            yield f"    {sign} {path}{_show(leaf.left)}   moved to [{leaf.to}]"
        elif leaf.kind is Kind.SAME or leaf.kind is Kind.LEFT_ONLY:
            yield f"    {sign} {path}{_show(leaf.left)}"
        elif leaf.kind is Kind.RIGHT_ONLY:
            yield f"    {sign} {path}{_show(leaf.right)}"
        else:
            left, right = marked(leaf.left, leaf.right, effort)
            yield f"    {sign} {path}{left}  |  {right}"


def _answer(found: ConversationDiff, everything: bool, effort: Effort) -> Iterator[str]:
    if not found.answers_differ and not everything:
        yield "= answer"
        return
    yield "~ answer" if found.answers_differ else "= answer"
    if found.answer_is_json:
        for name, around in zip((found.left_name, found.right_name), found.around, strict=True):
            if around:
                yield f"    ! {name} has text around its JSON"
        yield from _leaves(found.answer, everything, effort)
        return
    for leaf in found.answer:
        yield f"    - {leaf.left or '(none)'}"
        yield f"    + {leaf.right or '(none)'}"


def _show(value: Any) -> str:
    return "nothing" if value is NOTHING else json_text.show(value, 400)


def marked(left: Any, right: Any, effort: Effort | None = None) -> tuple[str, str]:
    """Both values as JSON; within two long strings the stretches that differ stand between ⟦ and ⟧."""
    one, other = _show(left), _show(right)
    if not (isinstance(left, str) and isinstance(right, str)) or max(len(left), len(right)) < LONG:
        return one, other
    spans = changed(one, other, effort)
    return _bracketed(one, spans[0]), _bracketed(other, spans[1])


def _bracketed(text: str, spans: Spans) -> str:
    parts, end = [], 0
    for start, stop in spans:
        parts += [text[end:start], f"⟦{text[start:stop]}⟧"]
        end = stop
    return "".join([*parts, text[end:]])
