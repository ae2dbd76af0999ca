"""An attempt as pieces of text: what was asked, each turn of the model, and how its checks came out."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from textual.content import Content

from milo_tui.analysis.record import AttemptDetail, PromptRecord, TurnRecord
from milo_tui.suite.conversation import ToolCall, ToolResult
from milo_tui.tui.content import join, safe_content, safe_line, styled
from milo_tui.tui.words import grouped, seconds, speed

LONGEST = 20_000
"""Characters of one text that are drawn; the copy has all of it."""
SHORT = 60


class Piece(NamedTuple):
    """A piece of a conversation: its kind (how it is set follows from that) and its text."""

    kind: str
    text: Content


HEADINGS = ("role", "turn")
"""Kinds that a blank line stands above."""
AT_THE_EDGE = (*HEADINGS, "sum", "check", "no score")
"""Kinds that are not indented."""
STYLES = {"system": "$dim", "reasoning": "italic"}


def piece_lines(pieces: Iterable[Piece], width: int) -> list[Content]:
    """Pieces as lines for a width in cells, folded at words."""
    lines: list[Content] = []
    for piece in pieces:
        if piece.kind in HEADINGS and lines:
            lines.append(Content(""))
        indent = 0 if piece.kind in AT_THE_EDGE else 2
        text = piece.text.stylize_before(STYLES.get(piece.kind, ""))
        lines += [styled(" " * indent) + line for line in text.wrap(max(1, width - indent))]
    return lines


def conversation(prompt: PromptRecord, attempt: AttemptDetail) -> Iterator[Piece]:
    """Everything that was styled, in order."""
    for role in ("system", "user"):
        if text := prompt.definition.get(role):
            yield Piece("role", styled((role, "$dim bold")))
            yield Piece(role, _long(str(text)))
    for number, turn in enumerate(attempt.turns, 1):
        yield Piece("turn", _turn_title(number, turn))
        yield from _turn(turn)
    if attempt.ended == "turn limit":
        yield Piece("loss", styled(("! Still calling tools at the turn limit.", "$warning")))
    if attempt.attempt.error:
        yield Piece("loss", safe_line(f"! {attempt.attempt.error}", "$warning"))


def _turn(turn: TurnRecord) -> Iterator[Piece]:
    if turn.reasoning:
        yield Piece(
            "reasoning", styled(("▸ thinking  ", "bold $reasoning")) + _long(turn.reasoning, "$reasoning")
        )
    if turn.text:
        yield Piece("text", _long(turn.text))
    results = {result.call_id: result for result in turn.results}
    for call in turn.calls:
        yield Piece("call", call_text(call))
        if result := results.get(call.id):
            yield Piece("result", result_text(result))
    if turn.loss is not None:
        yield Piece("loss", styled((f"! {turn.loss.value}", "$warning")))
    for quirk in turn.quirks:
        yield Piece("loss", safe_line(f"~ {quirk}", "$dim"))


def _turn_title(number: int, turn: TurnRecord) -> Content:
    clock, usage = turn.clock, turn.usage
    tokens = (
        f"{grouped(usage.input_tokens)} in, {grouped(usage.output_tokens)} out"
        if usage.output_tokens is not None
        else ""
    )
    parts = [
        f"{seconds(clock.seconds)}",
        f"TTFT {seconds(clock.ttft_s)}" if clock.ttft_s is not None else "",
        speed(rate) if (rate := turn.decode_speed) is not None else "",
        tokens,
    ]
    figures = " · ".join(part for part in parts if part)
    return styled((f"turn {number}", "bold $dim"), (f"   {figures}", "$dim"))


def call_text(call: ToolCall) -> Content:
    """A tool call with its arguments as pretty JSON, or as they came where they are none."""
    name = styled(("⚙ ", "$tool-call")) + safe_line(call.name, "bold $tool-call")
    if call.arguments is None:
        problem = safe_line(f"  {call.problem or 'unreadable arguments'}", "$warning")
        return name + problem + "\n" + _long(call.arguments_text)
    shown = pretty(call.arguments)
    return name + " " + _long(shown)


def result_text(result: ToolResult) -> Content:
    """What a simulated tool answered."""
    sign = styled(("← error ", "bold $tool-error")) if result.is_error else styled(("← ", "$tool-result"))
    ink = "$tool-error" if result.is_error else "$tool-result"
    return sign + _long(pretty(result.content), ink)


def pretty(value: Any) -> str:
    """JSON to be read: whatever is short stands on one line, at every depth."""
    try:
        flat = json.dumps(value, ensure_ascii=False)
        if len(flat) > LONGEST:
            return json.dumps(value, ensure_ascii=False, indent=2)
        return _broken(value, flat, "")
    except (RecursionError, TypeError, ValueError):
        return "(nested too deeply to be shown)"


def _broken(value: Any, flat: str, indent: str) -> str:
    if len(indent) + len(flat) <= SHORT or not value or not isinstance(value, dict | list):
        return flat
    deeper = indent + "  "
    if isinstance(value, dict):
        items = [(f"{json.dumps(str(key), ensure_ascii=False)}: ", item) for key, item in value.items()]
    else:
        items = [("", item) for item in value]
    lines = [
        deeper + name + _broken(item, json.dumps(item, ensure_ascii=False), deeper) for name, item in items
    ]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{indent}{closing}"


def _long(text: str, style: str = "") -> Content:
    if len(text) <= LONGEST:
        return safe_content(text, style)
    more = f"\n… {len(text) - LONGEST:,} more characters; y copies all"
    return safe_content(text[:LONGEST], style) + styled((more, "$warning"))


def checks(attempt: AttemptDetail) -> Iterator[Piece]:
    """The three checks, each with its sentence; or why there is no score."""
    if attempt.score is None:
        yield Piece("no score", safe_line(f"no score: {attempt.attempt.outcome.value}", "$warning"))
        return
    for check in attempt.score.checks:
        sign, style = ("✓", "$success") if check.passed else ("✗", "$error")
        yield Piece("check", styled((f"{sign} ", f"bold {style}")) + safe_line(check.title, "bold"))
        yield Piece("reason", _long(check.reason, "$dim"))
    if attempt.attempt.lost:
        yield Piece("no score", safe_line(f"* {attempt.attempt.lost}", "$warning"))


def summary(attempt: AttemptDetail) -> Content:
    """Points, latency and turns on one line."""
    row = attempt.attempt
    score = styled(("no score", "$warning"))
    if row.points is not None:
        score = styled((str(row.points), f"bold $score-{row.points}"), ("/3", "$dim"))
    turns = f"{len(attempt.turns)} turn{'s' * (len(attempt.turns) != 1)}"
    return join([score, styled(seconds(row.latency)), styled((turns, "$dim"))], styled((" · ", "$dim")))


def as_plain(pieces: list[Piece]) -> str:
    """Pieces as plain text, for the clipboard."""
    return "\n\n".join(piece.text.plain for piece in pieces)
