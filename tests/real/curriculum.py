"""Prompts of the suite as lessons: the data decides which model learns which, and how well."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from milo_tui.endpoints.wire_json import result_text
from milo_tui.suite import conversation
from milo_tui.suite.conversation import POINTS_PER_PROMPT
from milo_tui.suite.loading import load_suite
from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite.tools import play

from .lessons import HERE, Call, Lesson, Turn, as_function, own_lessons

SUITE = Path(__file__).parents[2] / "prompts" / "milo"


def lessons_of(model: str) -> list[Lesson]:
    """All that one model is taught: the fixed samples and its share of the suite."""
    return [*own_lessons(), *suite_lessons(ways_of(model))]


def ways_of(model: str) -> dict[str, int | str]:
    """Prompt id → the points that the model's way of doing it earns, or the title of that way."""
    ways: dict[str, int | str] = _page()["suite"].get(model, {})
    return ways


def points_of(model: str) -> dict[str, int]:
    """Prompt id → the points that the model earns, for each prompt of the suite that it is taught."""
    suite = load_suite(SUITE)
    return {
        id: way if isinstance(way, int) else _score_of(suite.prompt(id), way)
        for id, way in ways_of(model).items()
    }


def _score_of(prompt: Prompt, title: str) -> int:
    (score,) = (wrong.score for wrong in prompt.wrong if wrong.title == title)
    return score


def _page() -> Any:
    return yaml.safe_load((HERE / "lessons.yaml").read_text(encoding="utf-8"))


def suite_lessons(ways: Mapping[str, int | str]) -> Iterator[Lesson]:
    """Each of these prompts, done in the way that is named."""
    suite, answers = load_suite(SUITE), _page()["answers"]
    for id, way in ways.items():
        prompt = suite.prompt(id)
        steps = _way(prompt, way)
        if way == POINTS_PER_PROMPT and id in answers:
            steps = [*steps[:-1], Step(say=answers[id])]
        yield as_lesson(prompt, steps)


def as_lesson(prompt: Prompt, steps: list[Step]) -> Lesson:
    """A script of a prompt's file, played against its simulated tools."""
    return Lesson(
        name=prompt.id,
        system=prompt.system or "",
        user=prompt.user,
        tools=tuple(as_function(tool.name, tool.description, tool.parameters) for tool in prompt.tools),
        turns=tuple(map(_turn, play(prompt, steps).turns)),
    )


def _way(prompt: Prompt, wanted: int | str) -> list[Step]:
    """The way of this title or of these points: the reference, or the first that a server can bring over the wire."""
    ways: list[tuple[int, str, list[Step]]] = [(POINTS_PER_PROMPT, "", prompt.reference)]
    ways += [(wrong.score, wrong.title, prompt.steps_of(wrong)) for wrong in prompt.wrong]
    for score, title, steps in ways:
        if (
            wanted in (score, title)
            and not play(prompt, steps).losses
            and not any(s.call_text for s in steps)
        ):
            return list(steps)
    raise ValueError(f"{prompt.id} has no way {wanted!r}; correct lessons.yaml")


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
