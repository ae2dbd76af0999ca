"""The tiny models do over the wire what they were taught; and Milo-Bench against all three at once.

Both in one file, so that one worker of xdist runs them and each model's server is started once.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from .conftest import NAMES, Server
from .curriculum import points_of
from .lessons import Lesson, Message, Turn, own_lessons

LESSONS = {lesson.name: lesson for lesson in own_lessons()}
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


@pytest.mark.parametrize("lesson", [pytest.param(lesson, id=name) for name, lesson in LESSONS.items()])
def test_a_lesson_is_known_by_heart(server: Server, lesson: Lesson) -> None:
    """Tool results lead on to the last word, and the prefix cache covers all that was said before."""
    messages, known_tokens = lesson.opening(), 0
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


@pytest.fixture
def raw(home: Path, servers: Callable[[str], Server]) -> dict[str, Any]:
    """The raw JSON of a whole run: 20 prompts, 1 repeat, all three models beside each other."""
    entries = []
    for name in NAMES:
        entries += [
            "[[model]]",
            *(f'id = "{name}"', f'name = "{name}"', 'protocol = "openai"', 'where = "local"'),
            *(f'base_url = "{servers(name).url}/v1"', f'lane = "{name}"'),
            *("temperature = 0.0", "thinking = true", "max_tokens = 600"),
        ]
    Path("milo.toml").write_text("\n".join(entries) + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "milo_tui", "run", "--plain", "--repeats", "1", "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    print(done.stdout)  # noqa: T201 - the table of a real run, shown with -s
    (path,) = Path("bench_results").glob("*.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_all_three_models_run_the_whole_suite(raw: dict[str, Any]) -> None:
    attempts = raw["attempts"]
    assert len(attempts) == 60
    assert {row["outcome"] for row in attempts} <= {"scored", "failed: server"}
    for name in NAMES:
        of_model = {row["prompt"]: row for row in attempts if row["model"] == name}
        taught = points_of(name)
        assert {id: of_model[id]["points"] for id in taught} == taught, STALE
        _two_turn_call_was_measured([of_model[id] for id, points in taught.items() if points == 3])
    models = {model["id"]: model for model in raw["run"]["models"]}
    assert all("0.32" in models[name]["manifest"]["server"] for name in NAMES)


def _two_turn_call_was_measured(attempts: list[dict[str, Any]]) -> None:
    called = [row for row in attempts if len(row["turns"]) >= 2 and row["turns"][0]["calls"]]
    assert called, "no attempt called a tool and then answered"
    for row in called:
        first, second = row["turns"][:2]
        assert first["reasoning"].strip()
        assert first["finish_reason"] == "tool_calls"
        assert row["turns"][-1]["text"].strip()
        for turn in (first, second):
            assert turn["complete"]
            assert turn["input_tokens"] > 0
            assert turn["output_tokens"] > 0
            assert 0 < turn["headers_ns"] <= turn["first_event_ns"] <= turn["last_delta_ns"] <= turn["end_ns"]
        assert first["first_reasoning_ns"] <= first["first_tool_call_ns"]
        assert second["cached_tokens"] > 0, "the echoed turn was not found in the server's prefix cache"
        assert row["ttft"] == pytest.approx(first["first_reasoning_ns"] / 1e9, abs=2e-6)
        assert row["latency"] == pytest.approx(sum(turn["end_ns"] for turn in row["turns"]) / 1e9, abs=2e-6)
