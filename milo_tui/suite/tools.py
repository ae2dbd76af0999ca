"""The simulated tools of one conversation, which answer from the prompt's file, and scripts played against them."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from jsonschema.exceptions import ValidationError

from milo_tui.suite import json_text
from milo_tui.suite.conversation import Conversation, Loss, ToolCall, ToolResult, Turn
from milo_tui.suite.json_text import JSON
from milo_tui.suite.matching import Matcher, is_optional, matches
from milo_tui.suite.prompt import Prompt, Step, Tool, ToolReply
from milo_tui.suite.schemas import validator

SCHEMA_REFUSAL = "invalid_arguments"
"""The code of the error for arguments that break the tool's JSON Schema, or are not JSON."""

_MOST_ERRORS = 50
"""How many errors in one call's arguments are looked at; three of them are told."""


def error_content(kind: str, message: str) -> dict[str, JSON]:
    """The one form in which every provider's model sees a tool's error."""
    return {"error": {"type": kind, "message": message}}


class SimulatedTools:
    """Answers the tool calls of one conversation; it counts calls, for replies that hold once (`on_call`)."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._calls: Counter[str] = Counter()

    def answer(self, call: ToolCall) -> ToolResult:
        """The result of one call. Never raises: whatever the model sent gets a readable error."""
        content, is_error = self._content(call)
        return ToolResult(call.id, content, is_error)

    def _content(self, call: ToolCall) -> tuple[JSON, bool]:
        tool = self._prompt.tool(call.name)
        if tool is None:
            names = ", ".join(tool.name for tool in self._prompt.tools) or "none"
            return error_content("unknown_tool", f"There is no such tool. Tools: {names}."), True
        if call.arguments is None:
            return error_content(SCHEMA_REFUSAL, f"The call was refused: {call.problem}."), True
        if (fault := argument_fault(tool, call.arguments)) is not None:
            return error_content(SCHEMA_REFUSAL, fault), True
        self._calls[tool.name] += 1
        reply = self._reply(tool, call.arguments)
        if reply is None:
            return error_content("not_found", "Nothing matches these arguments."), True
        if reply.error is not None:
            return error_content(reply.error.code, reply.error.message), True
        return reply.result, False

    def _reply(self, tool: Tool, arguments: dict[str, JSON]) -> ToolReply | None:
        for reply in tool.replies:
            if reply.on_call is not None and reply.on_call != self._calls[tool.name]:
                continue
            if all(_agrees(matcher, name, arguments) for name, matcher in (reply.when or {}).items()):
                return reply
        return None


def _agrees(matcher: Matcher, name: str, arguments: dict[str, JSON]) -> bool:
    return matches(matcher, arguments[name]) if name in arguments else is_optional(matcher)


def argument_fault(tool: Tool, arguments: dict[str, JSON]) -> str | None:
    """What the tool's JSON Schema has against these arguments, in one sentence; None where it has nothing."""
    errors = sorted(islice(validator(tool.parameters).iter_errors(arguments), _MOST_ERRORS), key=_place)
    if not errors:
        return None
    return "; ".join(_sentence(error) for error in errors[:3]) + "."


def _place(error: ValidationError) -> str:
    return "/".join(map(str, error.absolute_path))


def _sentence(error: ValidationError) -> str:
    place = json_text.cut(".".join(map(str, error.absolute_path)))
    message = json_text.cut(error.message, 240)
    return f"{place}: {message}" if place else message


_LOSSES = {"call lost": Loss.CALL_LOST, "stream cut": Loss.TRUNCATED}


def calls_of(step: Step, turn: int) -> tuple[ToolCall, ...]:
    """The tool calls of one step, as a model would have made them."""
    texts = [(name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in step.made]
    texts += (step.call_text or {}).items()
    return tuple(ToolCall.read(f"call_{turn}_{i}", name, text) for i, (name, text) in enumerate(texts))


def play(prompt: Prompt, steps: Iterable[Step]) -> Conversation:
    """Play a script: each step is a turn; it ends with the first turn without calls, or at `max_turns`.

    A script that runs out while still calling counts as a model that stopped with an empty answer.
    """
    tools = SimulatedTools(prompt)
    turns: list[Turn] = []
    for number, step in enumerate(steps):
        if number == prompt.max_turns:
            return Conversation(tuple(turns), "turn limit")
        calls = calls_of(step, number)
        results = tuple(tools.answer(call) for call in calls)
        loss = _LOSSES[step.broken] if step.broken else None
        turns.append(Turn(text=step.say or "", calls=calls, results=results, loss=loss))
        if not calls:
            return Conversation(tuple(turns))
    if len(turns) == prompt.max_turns:
        return Conversation(tuple(turns), "turn limit")
    return Conversation((*turns, Turn(loss=Loss.EMPTY)))
