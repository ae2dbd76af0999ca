"""What the models of prompt.py cannot see: whether the parts of one prompt fit each other."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from milo_tui.suite import bfcl_rules
from milo_tui.suite.facts import plain
from milo_tui.suite.json_text import show
from milo_tui.suite.matching import OPERATORS, TEXT_OPERATORS, operator_in, operator_of
from milo_tui.suite.prompt import CallPattern, Check, Prompt, Step, Tool
from milo_tui.suite.schemas import fault_of
from milo_tui.suite.yaml_lines import Path

Finding = tuple[Path, str]


def lint(prompt: Prompt) -> list[Finding]:
    """Everything wrong with a prompt's parts, as (path in the file, sentence)."""
    found: list[Finding] = []
    for i, tool in enumerate(prompt.tools):
        if prompt.tool(tool.name) is not tool:
            found.append((("tools", i, "name"), f"the tool {tool.name} is defined twice; rename one"))
        found += _tool(tool, ("tools", i))
    if found:
        return found
    for i, check in enumerate(prompt.checks):
        found += _check(prompt, check, ("checks", i))
    found += _steps(prompt, prompt.reference, ("reference",), known_tools_only=True)
    for i, way in enumerate(prompt.right):
        found += _steps(prompt, way.steps, ("right", i, "steps"), known_tools_only=True)
    for i, wrong in enumerate(prompt.wrong):
        found += _steps(prompt, wrong.steps, ("wrong", i, "steps"), known_tools_only=False)
    return found


def _tool(tool: Tool, path: Path) -> Iterator[Finding]:
    faults = list(_schema(tool.parameters, (*path, "parameters")))
    yield from faults
    if tool.parameters.get("type") != "object":
        yield (*path, "parameters"), "must be a JSON Schema with type: object"
    if faults:
        return
    for i, reply in enumerate(tool.replies):
        where = (*path, "replies", i)
        for name, matcher in (reply.when or {}).items():
            yield from _argument(tool, name, (*where, "when", name))
            yield from _matcher(matcher, (*where, "when", name))
        if not reply.when and reply.on_call is None and i + 1 < len(tool.replies):
            yield where, "answers every call, so that the replies after it never do; put it last"


def _argument(tool: Tool, name: str, path: Path) -> Iterator[Finding]:
    known = tool.parameters.get("properties", {})
    if name not in known:
        names = ", ".join(known) or "none"
        yield path, f"the tool {tool.name} has no argument {name} (its arguments: {names})"


def _schema(schema: dict[str, Any], path: Path) -> Iterator[Finding]:
    fault = fault_of(schema)
    if fault is not None:
        yield (*path, *fault[0]), fault[1]


def _matcher(matcher: Any, path: Path) -> Iterator[Finding]:
    if isinstance(matcher, list):
        for i, item in enumerate(matcher):
            yield from _matcher(item, (*path, i))
        return
    if not isinstance(matcher, dict):
        return
    stray = [key for key in matcher if str(key).startswith("$")]
    operator = operator_of(matcher)
    if stray and operator not in OPERATORS:
        yield (*path, stray[0]), _no_operator(str(stray[0]))
    elif operator is None:
        for key, value in matcher.items():
            yield from _matcher(value, (*path, key))
    else:
        yield from _operator(operator, matcher[operator], (*path, operator))


def _no_operator(key: str) -> str:
    if key in OPERATORS:
        return f"{key} must stand alone between its braces"
    return f"there is no operator {key}; use one of {', '.join(sorted(OPERATORS))}"


def _operator(operator: str, argument: Any, path: Path) -> Iterator[Finding]:
    if operator == "$schema":
        if isinstance(argument, dict):
            yield from _schema(argument, path)
        else:
            yield path, "$schema takes a JSON Schema, such as {type: string}"
    elif operator == "$regex":
        yield from _regex(argument, path)
    elif operator == "$number":
        yield from _number(argument, path)
    elif operator in ("$any_of", "$unordered"):
        if not isinstance(argument, list) or not argument:
            yield path, f"{operator} takes a list of one value or more"
        else:
            yield from _matcher(argument, path)
    elif operator == "$optional":
        yield from _matcher(argument, path)
    elif operator == "$includes":
        if isinstance(argument, dict) and operator_of(argument) is None:
            yield from _matcher(argument, path)
        else:
            yield path, "$includes takes an object, such as {city: Oslo}"
    elif operator == "$bfcl":
        yield from _bfcl(argument, path)
    elif operator == "$text" and not isinstance(argument, str):
        yield path, "$text takes a text; put it in quotes"
    elif operator == "$anything" and argument is not True:
        yield path, "$anything takes true"


def _bfcl(argument: Any, path: Path) -> Iterator[Finding]:
    if bfcl_rules.is_readable(argument):
        return
    yield path, "$bfcl takes {parameters: BFCL's, accepted: {argument: [value, …]}}; see milo prompts import"


def _regex(pattern: Any, path: Path) -> Iterator[Finding]:
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        yield path, f"is not a regular expression: {error}"


def _number(argument: Any, path: Path) -> Iterator[Finding]:
    numbers = argument if isinstance(argument, list) else [argument]
    plain = all(isinstance(item, int | float) and not isinstance(item, bool) for item in numbers)
    if not plain or len(numbers) != (2 if isinstance(argument, list) else 1):
        yield path, "$number takes a number, or [number, tolerance]"


def _check(prompt: Prompt, check: Check, path: Path) -> Iterator[Finding]:
    for field, patterns in (("calls", check.calls), ("effects", check.effects)):
        for i, pattern in enumerate(patterns or []):
            yield from _pattern(prompt, pattern, (*path, field, i), effect=field == "effects")
    if check.before is not None:
        yield from _known(prompt, check.before, (*path, "before"))
    if isinstance(check.no_call, list):
        for i, name in enumerate(check.no_call):
            yield from _known(prompt, name, (*path, "no_call", i))
    if check.after_error is not None:
        yield from _known(prompt, check.after_error.tool, (*path, "after_error", "tool"))
        if check.after_error.then is not None:
            yield from _pattern(prompt, check.after_error.then, (*path, "after_error", "then"), effect=False)
    if check.answer is not None:
        for field in ("contains_all", "contains_any", "contains_none"):
            for i, item in enumerate(getattr(check.answer, field)):
                yield from _text_item(item, (*path, "answer", field, i))
    if check.json_answer is not None:
        if check.json_answer.json_schema is not None:
            yield from _schema(check.json_answer.json_schema, (*path, "json", "schema"))
        yield from _matcher(check.json_answer.equals, (*path, "json", "equals"))


def _text_item(item: Any, path: Path) -> Iterator[Finding]:
    operator = operator_of(item)
    if operator is None:
        yield from _text(item, path)
    elif operator not in TEXT_OPERATORS:
        wanted = ", ".join(sorted(TEXT_OPERATORS))
        yield path, f"there is no operator {operator} for text; use one of {wanted}"
    else:
        yield from _text_operator(operator, item[operator], (*path, operator))


def _text(item: Any, path: Path) -> Iterator[Finding]:
    is_number = isinstance(item, int | float) and not isinstance(item, bool)
    if not is_number and not isinstance(item, str):
        wanted = ", ".join(sorted(TEXT_OPERATORS))
        yield path, f"must be text, a number, or one of {wanted} (found {show(item, 60)})"
    elif isinstance(item, str) and not plain(item):
        yield path, "must hold a letter or digit, or every answer would hold it"


def _text_operator(operator: str, argument: Any, path: Path) -> Iterator[Finding]:
    if operator == "$regex":
        yield from _regex(argument, path)
    elif operator == "$number":
        yield from _number(argument, path)
    elif operator == "$date":
        yield from _date(argument, path)
    elif not isinstance(argument, list) or not argument:
        yield path, f"{operator} takes a list of one value or more"
    else:
        for i, option in enumerate(argument):
            yield from _text_item(option, (*path, i))


def _date(argument: Any, path: Path) -> Iterator[Finding]:
    try:
        is_day = date.fromisoformat(argument).isoformat() == argument
    except (TypeError, ValueError):
        is_day = False
    if not is_day:
        yield path, f"$date takes a day such as 2026-03-14 (found {show(argument, 60)})"


def _pattern(prompt: Prompt, pattern: CallPattern, path: Path, *, effect: bool) -> Iterator[Finding]:
    name, arguments = next(iter(pattern.items()))
    yield from _known(prompt, name, (*path, name))
    tool = prompt.tool(name)
    if tool is not None and effect and not tool.effect:
        yield (*path, name), f"the tool {name} is not marked effect: true; mark it, or ask for it in calls"
    if operator_of(arguments) is not None:
        yield from _matcher(arguments, (*path, name))
        return
    for argument, matcher in arguments.items():
        if tool is not None:
            yield from _argument(tool, argument, (*path, name, argument))
        yield from _matcher(matcher, (*path, name, argument))


def _known(prompt: Prompt, name: str, path: Path) -> Iterator[Finding]:
    if prompt.tool(name) is None:
        tools = ", ".join(tool.name for tool in prompt.tools) or "none"
        yield path, f"there is no tool {name} in this prompt (its tools: {tools})"


def _steps(prompt: Prompt, steps: list[Step], path: Path, *, known_tools_only: bool) -> Iterator[Finding]:
    if len(steps) > prompt.max_turns:
        yield path, f"takes {len(steps)} turns, but max_turns is {prompt.max_turns}"
    for i, step in enumerate(steps):
        for name, arguments in step.made:
            if known_tools_only:
                yield from _known(prompt, name, (*path, i))
            if operator := operator_in(arguments):
                yield (*path, i), f"a step sends plain values; {operator} would be sent as it stands"
        if i + 1 < len(steps) and not step.made and not step.call_text:
            yield (*path, i), "a turn without a call ends the conversation; it must be the last step"
