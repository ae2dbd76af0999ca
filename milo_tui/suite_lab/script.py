"""A prompt's reference as a script to be edited: where its calls are, what they got, steps added or changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from milo_tui.suite import json_text
from milo_tui.suite.json_text import JSON
from milo_tui.suite.matching import call_fits
from milo_tui.suite.prompt import Arguments, CallPattern, Prompt, Step
from milo_tui.suite.tools import play

Call = tuple[str, Arguments]
"""A tool's name and the arguments it is called with."""


@dataclass(frozen=True)
class Variant:
    """A script made from a reference, and in words what was changed."""

    steps: list[Step]
    what: str


@dataclass(frozen=True)
class Site:
    """One call of the reference: the `index`-th of its turn, and what the simulated tool answered."""

    turn: int
    index: int
    name: str
    arguments: Arguments
    result: JSON
    failed: bool


def sites(prompt: Prompt) -> list[Site]:
    """Every call of the reference that is carried out when it is played."""
    found = []
    for number, turn in enumerate(play(prompt, prompt.reference).turns):
        made = prompt.reference[number].made if number < len(prompt.reference) else []
        for index, ((name, arguments), result) in enumerate(zip(made, turn.results, strict=False)):
            found.append(Site(number, index, name, arguments, result.content, result.is_error))
    return found


def patterns(prompt: Prompt) -> list[CallPattern]:
    """Every call that a check of the prompt asks for."""
    found: list[CallPattern] = []
    for check in prompt.checks:
        found += [*(check.calls or []), *(check.effects or [])]
        if check.after_error is not None and check.after_error.then is not None:
            found.append(check.after_error.then)
    return found


def judged_sites(prompt: Prompt) -> list[Site]:
    """The calls whose arguments matter: all but those that failed and that no check asks for."""
    asked = patterns(prompt)
    return [
        site
        for site in sites(prompt)
        if not site.failed or any(call_fits(pattern, site.name, site.arguments) for pattern in asked)
    ]


def accepted(prompt: Prompt, site: Site, changed: Call) -> bool:
    """Whether every check that asks for the call at `site` would take the changed call as well."""
    asked = [pattern for pattern in patterns(prompt) if call_fits(pattern, site.name, site.arguments)]
    return bool(asked) and all(call_fits(pattern, *changed) for pattern in asked)


def calling(calls: Sequence[Call], say: str | None = None, call_text: dict[str, str] | None = None) -> Step:
    """A turn that makes these calls."""
    made = [{name: arguments} for name, arguments in calls]
    if len(made) == 1:
        return Step(say=say, call=made[0], call_text=call_text)
    return Step(say=say, calls=made or None, call_text=call_text)


def with_calls(prompt: Prompt, turn: int, calls: Sequence[Call]) -> list[Step]:
    """The reference with other calls in one turn; without any, the turn is left out."""
    steps = list(prompt.reference)
    steps[turn : turn + 1] = [calling(calls, steps[turn].say)] if calls else []
    return steps


def with_call(prompt: Prompt, site: Site, call: Call) -> list[Step]:
    """The reference with another call at `site`."""
    calls = list(prompt.reference[site.turn].made)
    calls[site.index] = call
    return with_calls(prompt, site.turn, calls)


def without_call(prompt: Prompt, site: Site) -> list[Step]:
    """The reference without the call at `site`."""
    calls = list(prompt.reference[site.turn].made)
    del calls[site.index]
    return with_calls(prompt, site.turn, calls)


def with_extra(prompt: Prompt, call: Call) -> list[Step]:
    """The reference with one more call before its answer: in a turn of its own, if there is a turn left."""
    steps = list(prompt.reference)
    end = len(steps) - (answer_of(prompt) is not None)
    if len(steps) < prompt.max_turns or end == 0:
        return [*steps[:end], calling([call]), *steps[end:]]
    return with_calls(prompt, end - 1, [*steps[end - 1].made, call])


def answer_of(prompt: Prompt) -> str | None:
    """The text that the reference ends with, or None where it ends with a call."""
    last = prompt.reference[-1]
    return last.say if not last.made and not last.call_text else None


def with_answer(prompt: Prompt, text: str) -> list[Step]:
    """The reference with another text at its end."""
    steps = list(prompt.reference)
    return [*(steps[:-1] if answer_of(prompt) is not None else steps), Step(say=text)]


def json_answer_of(prompt: Prompt) -> JSON | None:
    """The JSON that the reference ends with, where a check asks for JSON; None elsewhere."""
    answer = answer_of(prompt)
    if answer is None or all(check.json_answer is None for check in prompt.checks):
        return None
    try:
        return json_text.find(answer)
    except ValueError:
        return None


def effects_of(prompt: Prompt, steps: Iterable[Step]) -> list[Call]:
    """The calls of effect tools that succeed when the script is played."""
    effects = {tool.name for tool in prompt.tools if tool.effect}
    return [
        (call.name, call.arguments)
        for turn in play(prompt, steps).turns
        for call, result in zip(turn.calls, turn.results, strict=True)
        if call.name in effects and call.arguments is not None and not result.is_error
    ]
