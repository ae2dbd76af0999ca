"""Harmful mutations of calls, of the fields of a JSON answer, and calls too many."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from milo_tui.suite import json_text
from milo_tui.suite.json_text import JSON
from milo_tui.suite.matching import matches, operator_in
from milo_tui.suite.prompt import Prompt, Tool
from milo_tui.suite_lab.script import (
    Call,
    Site,
    Variant,
    accepted,
    calling,
    effects_of,
    json_answer_of,
    judged_sites,
    sites,
    with_answer,
    with_call,
    with_extra,
)
from milo_tui.suite_lab.values import Path, example, near, places, put, retyped, schema_at, take_out

Change = tuple[JSON, str]
"""A changed JSON value, and what was changed in it."""


def wrong_tool(prompt: Prompt) -> Iterator[Variant]:
    """Each call, made of every other tool on offer; of a tool that does not exist where there is no other."""
    for site in judged_sites(prompt):
        for tool in prompt.tools:
            if tool.name != site.name:
                kept = {key: value for key, value in site.arguments.items() if key in properties(tool)}
                yield _instead(prompt, site, (tool.name, {**example(tool.parameters), **kept}))
        if len(prompt.tools) == 1:
            yield _instead(prompt, site, (f"{site.name}_v2", site.arguments))


def _instead(prompt: Prompt, site: Site, call: Call) -> Variant:
    return Variant(with_call(prompt, site, call), f"{call[0]} instead of {site.name}")


def missing_argument(prompt: Prompt) -> Iterator[Variant]:
    """Each argument left out, in nested objects too."""
    return _changed(prompt, _without_a_key)


def wrong_type(prompt: Prompt) -> Iterator[Variant]:
    """Each value sent as another type."""
    return _changed(prompt, _retyped)


def wrong_value(prompt: Prompt) -> Iterator[Variant]:
    """Each value replaced by one nearby."""
    return _changed(prompt, _near)


def invented_argument(prompt: Prompt) -> Iterator[Variant]:
    """An argument that nobody asked for: an optional one of the tool, and one that it does not have."""
    return _changed(prompt, _with_more, answers=False)


def extra_key(prompt: Prompt) -> Iterator[Variant]:
    """A key that nobody asked for, in each object of a JSON answer."""
    answer = json_answer_of(prompt)
    if answer is not None:
        for path, value in [((), answer), *places(answer)]:
            if isinstance(value, dict):
                text = show_json(put(answer, (*path, "note"), "as requested"))
                yield Variant(with_answer(prompt, text), f"{dotted((*path, 'note'))} added to the answer")


def malformed_arguments(prompt: Prompt) -> Iterator[Variant]:
    """Each call with arguments that stop in the middle."""
    for site in judged_sites(prompt):
        text = json.dumps(site.arguments, ensure_ascii=False)
        steps = list(prompt.reference)
        calls = list(steps[site.turn].made)
        del calls[site.index]
        steps[site.turn] = calling(
            calls, steps[site.turn].say, {site.name: text[: len(text) * 2 // 3] or "{"}
        )
        yield Variant(steps, f"the arguments of {site.name} cut in the middle")


def extra_effect(prompt: Prompt) -> Iterator[Variant]:
    """One more change of the world: the same with other values, or another."""
    before = len(effects_of(prompt, prompt.reference))
    for call in _other_effects(prompt):
        steps = with_extra(prompt, call)
        if len(effects_of(prompt, steps)) > before:
            yield Variant(steps, f"{call[0]}({json_text.show(call[1])}) as well")


def _other_effects(prompt: Prompt) -> Iterator[Call]:
    for site in sites(prompt):
        tool = prompt.tool(site.name)
        if tool is not None and tool.effect and not site.failed:
            for changed, _ in _near(site.arguments, tool.parameters):
                yield site.name, changed
    for tool in prompt.tools:
        if tool.effect:
            for arguments in plausible_arguments(tool):
                yield tool.name, arguments


def repeated_effect(prompt: Prompt) -> Iterator[Variant]:
    """Each change of the world made twice."""
    done = effects_of(prompt, prompt.reference)
    for call in done:
        steps = with_extra(prompt, call)
        if len(effects_of(prompt, steps)) > len(done):
            yield Variant(steps, f"{call[0]}({json_text.show(call[1])}) twice")


def call_where_none_is_due(prompt: Prompt) -> Iterator[Variant]:
    """A call of each tool on offer, where the reference makes none."""
    if not sites(prompt):
        for tool in prompt.tools:
            arguments = next(plausible_arguments(tool))
            yield Variant(with_extra(prompt, (tool.name, arguments)), f"{tool.name} called")


def plausible_arguments(tool: Tool) -> Iterator[dict[str, Any]]:
    """Arguments that a tool takes: those that its replies wait for, then plain examples."""
    plain = example(tool.parameters)
    for reply in tool.replies:
        known = {name: value for name, value in (reply.when or {}).items() if operator_in(value) is None}
        if known and reply.error is None:
            yield {**plain, **known}
    yield plain


def properties(tool: Tool) -> dict[str, Any]:
    """The arguments that a tool's schema names."""
    found: dict[str, Any] = tool.parameters.get("properties", {})
    return found


def show_json(value: JSON) -> str:
    """JSON as a model writes it in an answer."""
    return json.dumps(value, ensure_ascii=False)


def dotted(path: Path) -> str:
    """A path as a reader knows it: items[0].price."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _changed(
    prompt: Prompt, changes: Callable[[JSON, JSON], Iterator[Change]], *, answers: bool = True
) -> Iterator[Variant]:
    """Every change of a call's arguments, then of a JSON answer, that the checks do not accept anyway."""
    for site in judged_sites(prompt):
        tool = prompt.tool(site.name)
        for arguments, what in changes(site.arguments, tool.parameters if tool else {}):
            if not accepted(prompt, site, (site.name, arguments)):
                yield Variant(with_call(prompt, site, (site.name, arguments)), f"{site.name}: {what}")
    answer = json_answer_of(prompt) if answers else None
    if isinstance(answer, dict | list):
        for value, what in changes(answer, _answer_schema(prompt)):
            if not _answer_accepted(prompt, value):
                yield Variant(with_answer(prompt, show_json(value)), f"in the answer, {what}")


def _answer_schema(prompt: Prompt) -> JSON:
    """The schema that a check gives for the answer."""
    schemas = (check.json_answer.json_schema for check in prompt.checks if check.json_answer is not None)
    return next((schema for schema in schemas if schema is not None), {})


def _answer_accepted(prompt: Prompt, value: JSON) -> bool:
    """Whether the values that the checks spell out allow `value`; a mere schema allows nothing."""
    wanted = [
        check.json_answer for check in prompt.checks if check.json_answer and check.json_answer.has_value
    ]
    return bool(wanted) and all(matches(condition.equals, value) for condition in wanted)


def _without_a_key(value: JSON, schema: JSON) -> Iterator[Change]:
    for path, _ in places(value):
        if isinstance(path[-1], str):
            yield take_out(value, path), f"{dotted(path)} left out"


def _retyped(value: JSON, schema: JSON) -> Iterator[Change]:
    for path, item in places(value):
        for other in retyped(item):
            yield put(value, path, other), f"{dotted(path)} sent as {json_text.show(other)}"


def _near(value: JSON, schema: JSON) -> Iterator[Change]:
    for path, item in places(value):
        for other in near(item, schema_at(schema, path)):
            what = f"{dotted(path)}: {json_text.show(other)} instead of {json_text.show(item)}"
            yield put(value, path, other), what


def _with_more(value: JSON, schema: JSON) -> Iterator[Change]:
    for name, part in schema.get("properties", {}).items():
        if name not in value:
            yield {**value, name: example(part)}, f"{name} added"
    yield {**value, "comment": "as requested"}, "comment added, which the tool does not have"
