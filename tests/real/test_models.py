"""The tiny models do over the wire what they were taught."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from .conftest import NAMES, Server
from .curriculum import lessons_of
from .lessons import Lesson, Message, Turn, own_lessons

LESSONS = {lesson.name: lesson for lesson in own_lessons()}
TAUGHT = [
    pytest.param(name, lesson, id=f"{name}-{lesson.name}") for name in NAMES for lesson in lessons_of(name)
]
STALE = "If the lesson has changed since it was taught, make the model anew: see README.md."


@dataclass
class Answer:
    """What one streamed completion amounts to."""

    reasoning: list[str] = field(default_factory=list)
    content: str = ""
    calls: list[Message] = field(default_factory=list)
    finish_reason: str | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    done: bool = False

    @property
    def cached_tokens(self) -> int:
        """How much of the prompt came from the server's prefix cache."""
        return int(self.usage["prompt_tokens_details"]["cached_tokens"])

    @property
    def called(self) -> list[tuple[str, Any]]:
        """Names and parsed arguments of the tool calls."""
        functions = [call["function"] for call in self.calls]
        return [(function["name"], json.loads(function["arguments"])) for function in functions]

    def message(self) -> Message:
        """The assistant message that goes back to the server."""
        message: Message = {
            "role": "assistant",
            "content": self.content,
            "reasoning_content": "".join(self.reasoning),
        }
        return message | ({"tool_calls": self.calls} if self.calls else {})


def ask(server: Server, messages: list[Message], tools: tuple[Message, ...]) -> Answer:
    """One streamed chat completion."""
    request = {
        "model": "default_model",
        "messages": messages,
        "max_tokens": 600,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    } | ({"tools": list(tools)} if tools else {})
    answer = Answer()
    url = f"{server.url}/v1/chat/completions"
    with httpx.stream("POST", url, json=request, timeout=60, trust_env=False) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            if line.startswith("data: "):
                read(line.removeprefix("data: "), answer)
    return answer


def read(data: str, answer: Answer) -> None:
    """Add one event of the stream to the answer."""
    if data == "[DONE]":
        answer.done = True
        return
    event = json.loads(data)
    answer.usage = event.get("usage", answer.usage)
    for choice in event["choices"]:
        delta = choice["delta"]
        answer.reasoning += [delta["reasoning"]] if "reasoning" in delta else []
        answer.content += delta.get("content") or ""
        answer.calls += delta.get("tool_calls", [])
        answer.finish_reason = choice["finish_reason"] or answer.finish_reason


def assert_taught(answer: Answer, turn: Turn) -> None:
    """The stream is whole, and the model has said what it was taught."""
    assert answer.done
    assert answer.finish_reason == ("tool_calls" if turn.calls else "stop")
    assert "".join(answer.reasoning).strip() == turn.think, STALE
    assert answer.content.strip() == turn.say.strip(), STALE
    assert answer.called == list(turn.calls), STALE
    assert answer.usage["prompt_tokens"] > 0
    assert answer.usage["completion_tokens"] >= len(answer.reasoning) > 0


@pytest.mark.parametrize(("name", "lesson"), TAUGHT)
def test_a_lesson_is_known_by_heart(servers: Callable[[str], Server], name: str, lesson: Lesson) -> None:
    """Tool results lead on to the last word, and the prefix cache covers all that was said before."""
    server, messages, known_tokens = servers(name), lesson.opening(), 0
    for turn in lesson.turns:
        answer = ask(server, messages, lesson.tools)
        assert_taught(answer, turn)
        assert answer.usage["prompt_tokens"] > answer.cached_tokens >= known_tokens
        known_tokens = answer.usage["prompt_tokens"] + answer.usage["completion_tokens"] - 1
        messages += [answer.message(), *results(answer, turn)]


def test_reasoning_comes_in_pieces_before_the_answer(server: Server) -> None:
    answer = ask(server, *opening("weather_light_rain"))
    assert len(answer.reasoning) > 3
    assert answer.usage["completion_tokens"] > len(answer.reasoning)


def test_every_call_has_an_id_and_an_index_of_its_own(server: Server) -> None:
    calls = ask(server, *opening("weather_in_two_cities")).calls
    assert [call["index"] for call in calls] == [0, 1]
    assert len({call["id"] for call in calls}) == 2


def test_the_last_word_depends_on_the_tool_result(server: Server) -> None:
    lessons = [LESSONS[name] for name in ("weather_light_rain", "weather_sunny", "weather_unavailable")]
    said = [ask(server, list(lesson.messages())[:-1], lesson.tools).content.strip() for lesson in lessons]
    assert said == [lesson.turns[-1].say for lesson in lessons]
    assert len(set(said)) == len(lessons)


def opening(name: str) -> tuple[list[Message], tuple[Message, ...]]:
    """How a fixed sample begins: its messages and its tools."""
    return LESSONS[name].opening(), LESSONS[name].tools


def results(answer: Answer, turn: Turn) -> list[Message]:
    """What the tools answer to the calls, under the ids that the server gave them."""
    pairs = zip(answer.calls, turn.results, strict=True)
    return [{"role": "tool", "tool_call_id": call["id"], "content": result} for call, result in pairs]
