"""Prompts of the suite as lessons: the data decides which model learns which, and how well."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from milo_tui.endpoints.wire_json import result_text
from milo_tui.suite import conversation
from milo_tui.suite.loading import load_suite
from milo_tui.suite.playing import play
from milo_tui.suite.prompt import Prompt, Step

from .lessons import HERE, Call, Lesson, Turn, as_function, own_lessons

SUITE = Path(__file__).parents[2] / "prompts" / "milo"


def lessons_of(model: str) -> list[Lesson]:
    """All that one model is taught: the fixed samples and its share of the suite."""
    return [*own_lessons(), *suite_lessons(points_of(model))]


def points_of(model: str) -> dict[str, int]:
    """Prompt id → the points that the model's way of doing it earns."""
    page = yaml.safe_load((HERE / "lessons.yaml").read_text(encoding="utf-8"))
    points: dict[str, int] = page["suite"].get(model, {})
    return points


def suite_lessons(points: Mapping[str, int]) -> Iterator[Lesson]:
    """Each of these prompts, done as well as these points say."""
    suite = load_suite(SUITE)
    for id, earned in points.items():
        prompt = suite.prompt(id)
        yield as_lesson(prompt, _way(prompt, earned))


def as_lesson(prompt: Prompt, steps: list[Step]) -> Lesson:
    """A script of a prompt's file, played against its simulated tools."""
    return Lesson(
        name=prompt.id,
        system=prompt.system or "",
        user=prompt.user,
        tools=tuple(as_function(tool.name, tool.description, tool.parameters) for tool in prompt.tools),
        turns=tuple(map(_turn, play(prompt, steps).turns)),
    )


def _way(prompt: Prompt, points: int) -> list[Step]:
    """The reference, or the first wrong way with this score that a server can bring over the wire."""
    ways = [(3, prompt.reference), *((wrong.score, wrong.steps) for wrong in prompt.wrong)]
    for score, steps in ways:
        if score == points and not play(prompt, steps).losses and not any(s.call_text for s in steps):
            return list(steps)
    raise ValueError(f"{prompt.id} has no way that earns {points} points; mend lessons.yaml")


def _turn(turn: conversation.Turn) -> Turn:
    calls = tuple((call.name, call.arguments or {}) for call in turn.calls)
    results = tuple(map(result_text, turn.results))
    return Turn(think=_thought(calls), say=turn.text, calls=calls, results=results)


def _thought(calls: tuple[Call, ...]) -> str:
    """A short reasoning: the suite's scripts have none."""
    if not calls:
        return "I have all that I need to answer."
    counted = Counter(name for name, _ in calls)
    return f"I call {', '.join(f'{name} {n} times' if n > 1 else name for name, n in counted.items())}."
