"""What the tiny models are taught: conversations in the form in which they travel to the server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

HERE = Path(__file__).parent

Message: TypeAlias = dict[str, Any]
Call: TypeAlias = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Turn:
    """One answer of the model, and what its tool calls bring back."""

    think: str
    say: str = ""
    calls: tuple[Call, ...] = ()
    results: tuple[str, ...] = ()

    def message(self, number: int) -> Message:
        """The assistant message of this turn, as a client echoes it."""
        message: Message = {"role": "assistant", "content": self.say, "reasoning_content": self.think}
        if self.calls:
            message["tool_calls"] = [
                {
                    "id": f"call_{number}_{index}",
                    "type": "function",
                    "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)},
                }
                for index, (name, arguments) in enumerate(self.calls)
            ]
        return message

    def answers(self, number: int) -> list[Message]:
        """The tool messages that follow this turn."""
        return [
            {"role": "tool", "tool_call_id": f"call_{number}_{index}", "content": result}
            for index, result in enumerate(self.results)
        ]


@dataclass(frozen=True)
class Lesson:
    """One conversation, from the user's message to the model's last word."""

    name: str
    user: str
    turns: tuple[Turn, ...]
    tools: tuple[Message, ...] = ()
    system: str = ""

    def opening(self) -> list[Message]:
        """The messages that stand before the model's first turn."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": self.user}]

    def exchanges(self) -> Iterator[tuple[list[Message], Turn]]:
        """Each turn of the model with all the messages before it."""
        messages = self.opening()
        for number, turn in enumerate(self.turns):
            yield list(messages), turn
            messages += [turn.message(number), *turn.answers(number)]

    def messages(self) -> list[Message]:
        """The whole conversation, the model's last turn included."""
        before, last = list(self.exchanges())[-1]
        return [*before, last.message(len(self.turns) - 1)]

    def parsed_messages(self) -> list[Message]:
        """The whole conversation as the server hands it to the chat template: arguments are objects."""
        messages = self.messages()
        for message in messages:
            for call in message.get("tool_calls", ()):
                call["function"]["arguments"] = json.loads(call["function"]["arguments"])
        return messages


def own_lessons() -> list[Lesson]:
    """The fixed samples of lessons.yaml."""
    page = yaml.safe_load((HERE / "lessons.yaml").read_text(encoding="utf-8"))
    return [_lesson(entry, page["tools"]) for entry in page["lessons"]]


def _lesson(entry: dict[str, Any], tools: dict[str, Any]) -> Lesson:
    return Lesson(
        name=entry["name"],
        user=entry["user"],
        system=entry.get("system", ""),
        tools=tuple(as_function(name, **tools[name]) for name in entry.get("tools", ())),
        turns=tuple(_turn(turn) for turn in entry["turns"]),
    )


def _turn(entry: dict[str, Any]) -> Turn:
    return Turn(
        think=entry["think"],
        say=entry.get("say", ""),
        calls=tuple(call for step in entry.get("call", ()) for call in step.items()),
        results=tuple(json.dumps(result, separators=(",", ":")) for result in entry.get("result", ())),
    )


def as_function(name: str, description: str, parameters: dict[str, Any]) -> Message:
    """A tool as chat completions want it."""
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}
