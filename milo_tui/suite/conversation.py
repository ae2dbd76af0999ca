"""What a model and the simulated tools said to each other, and the score that it earned."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

from milo_tui.suite import json_text
from milo_tui.suite.json_text import JSON

SCORER_VERSION = 2
"""Raised whenever a stored conversation could score otherwise than before."""

POINTS_PER_PROMPT = 3


class Loss(StrEnum):
    """What kept a turn from being read as the model meant it. Its value is the word a user sees.

    Those of `by_server` are the server's doing; the others are named so that none of them passes for a choice
    not to act.
    """

    CALL_LOST = "tool call lost by the server"
    TRUNCATED = "stream truncated by the server"
    ABORTED = "generation aborted by the server"
    EVENT_GARBLED = "part of the answer garbled by the server"
    CALL_IN_TEXT = "tool call left in the text"
    REQUEST_REFUSED = "request refused because of an earlier turn"
    TOO_LONG = "answer longer than any limit"
    TOO_MANY_CALLS = "more tool calls in one turn than any limit"
    NOT_STRICT = "needed a repair (strict)"
    CALL_GARBLED = "tool call with unreadable arguments"
    CUT_AT_LIMIT = "cut at max_tokens"
    REFUSED = "refused by the provider"
    EMPTY = "empty answer"

    @property
    def by_server(self) -> bool:
        """Whether the server lost what the model said; the attempt is scored, and marked as its doing."""
        return self not in (
            Loss.CALL_GARBLED,
            Loss.CUT_AT_LIMIT,
            Loss.REFUSED,
            Loss.EMPTY,
            Loss.TOO_LONG,
            Loss.TOO_MANY_CALLS,
        )


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call as the model made it.

    `arguments_text` is what came over the wire, `arguments` the JSON object read from it, or None where
    the text holds no JSON object; `problem` then says in words what is wrong with it.
    """

    id: str
    name: str
    arguments: dict[str, JSON] | None
    arguments_text: str
    problem: str | None = None

    @classmethod
    def read(cls, id: str, name: str, arguments_text: str) -> Self:
        """Make a call from the text of its arguments. Blank text is a call without arguments."""
        if not arguments_text.strip():
            return cls(id, name, {}, arguments_text)
        try:
            value = json_text.parse(arguments_text)
        except ValueError as error:
            return cls(id, name, None, arguments_text, f"its arguments are not valid JSON ({error})")
        if not isinstance(value, dict):
            kind = json_text.kind_of(value)
            return cls(id, name, None, arguments_text, f"its arguments are {kind}, not a JSON object")
        return cls(id, name, value, arguments_text)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a simulated tool answered to the call `call_id`: any JSON value; errors in one fixed form."""

    call_id: str
    content: JSON
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One reply of the model, and the results its tool calls got, in the order of the calls."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    loss: Loss | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """All turns of one attempt. `ended` tells an answer from a model still calling at the turn limit."""

    turns: tuple[Turn, ...]
    ended: Literal["answer", "turn limit"] = "answer"

    @property
    def answer(self) -> str:
        """The text of the last turn, or nothing when the model was still calling tools there."""
        if not self.turns or self.turns[-1].calls or self.ended == "turn limit":
            return ""
        return self.turns[-1].text

    @property
    def losses(self) -> tuple[Loss, ...]:
        """Every loss, in the order of the turns."""
        return tuple(turn.loss for turn in self.turns if turn.loss is not None)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether one check passed, and the sentence that says why or why not."""

    title: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Score:
    """The score of an attempt: its points (0 to 3), and the checks that they come from."""

    checks: tuple[CheckResult, ...]

    @property
    def points(self) -> int:
        """One point for each check that passed."""
        return sum(check.passed for check in self.checks)

    @property
    def failures(self) -> str:
        """The reasons of the checks that failed, in one line."""
        return "; ".join(check.reason for check in self.checks if not check.passed)
