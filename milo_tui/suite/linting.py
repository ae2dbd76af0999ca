"""What the models of prompt.py cannot see: whether the parts of one prompt fit each other."""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from milo_tui.suite.matching import OPERATORS, TEXT_OPERATORS, operator_of
from milo_tui.suite.prompt import CallPattern, Check, Prompt, Step, Tool
from milo_tui.suite.yaml_lines import Path

Finding = tuple[Path, str]


def lint(prompt: Prompt) -> list[Finding]:
    """Everything wrong with a prompt's parts, as (path in the file, sentence)."""
    found: list[Finding] = []
    for i, tool in enumerate(prompt.tools):
        found += _tool(tool, ("tools", i))
    for i, check in enumerate(prompt.checks):
        found += _check(prompt, check, ("checks", i))
    found += _steps(prompt, prompt.reference, ("reference",), known_tools_only=True)
    for i, way in enumerate(prompt.right):
        found += _steps(prompt, way.steps, ("right", i, "steps"), known_tools_only=True)
    for i, wrong in enumerate(prompt.wrong):
        found += _steps(prompt, wrong.steps, ("wrong", i, "steps"), known_tools_only=False)
    return found


def _tool(tool: Tool, path: Path) -> Iterator[Finding]:
    yield from _schema(tool.parameters, (*path, "parameters"))
    if tool.parameters.get("type") != "object":
        yield (*path, "parameters"), "must be a JSON Schema of type: object"
    properties = tool.parameters.get("properties", {})
    for i, reply in enumerate(tool.replies):
        for name, matcher in (reply.when or {}).items():
            where = (*path, "replies", i, "when", name)
            if name not in properties:
                yield where, f"the tool {tool.name} has no argument {name}"
            yield from _matcher(matcher, where)


def _schema(schema: Any, path: Path) -> Iterator[Finding]:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield (*path, *error.absolute_path), f"not a valid JSON Schema: {error.message}"


def _matcher(matcher: Any, path: Path) -> Iterator[Finding]:
    if isinstance(matcher, list):
        for i, item in enumerate(matcher):
            yield from _matcher(item, (*path, i))
        return
    if not isinstance(matcher, dict):
        return
    stray = [key for key in matcher if str(key).startswith("$")]
    operator = operator_of(matcher)
    if stray and (operator is None or operator not in OPERATORS):
        wanted = ", ".join(sorted(OPERATORS))
        yield (
            (*path, stray[0]),
            f"there is no operator {stray[0]}; an operator stands alone and is one of {wanted}",
        )
    elif operator is None:
        for key, value in matcher.items():
            yield from _matcher(value, (*path, key))
    else:
        yield from _operator(operator, matcher[operator], (*path, operator))


def _operator(operator: str, argument: Any, path: Path) -> Iterator[Finding]:
    if operator == "$schema":
        yield from _schema(argument, path)
    elif operator == "$regex":
        yield from _regex(argument, path)
    elif operator == "$number":
        yield from _number(argument, path)
    elif operator in ("$any_of", "$unordered"):
        if not isinstance(argument, list) or not argument:
            yield path, f"{operator} takes a list"
        else:
            yield from _matcher(argument, path)
    elif operator == "$optional":
        yield from _matcher(argument, path)


def _regex(pattern: Any, path: Path) -> Iterator[Finding]:
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        yield path, f"not a regular expression: {error}"


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
        if not isinstance(item, str | int | float) or isinstance(item, bool) or item == "":
            yield path, "must be text, a number, or one of " + ", ".join(sorted(TEXT_OPERATORS))
    elif operator not in TEXT_OPERATORS:
        yield (
            path,
            f"there is no operator {operator} for text; use one of {', '.join(sorted(TEXT_OPERATORS))}",
        )
    elif operator == "$any_of":
        for i, option in enumerate(item[operator]):
            yield from _text_item(option, (*path, operator, i))
    elif operator == "$regex":
        yield from _regex(item[operator], (*path, operator))
    elif operator == "$number":
        yield from _number(item[operator], (*path, operator))
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", str(item[operator])):
        yield (*path, operator), "$date takes a day such as 2026-03-14"


def _pattern(prompt: Prompt, pattern: CallPattern, path: Path, *, effect: bool) -> Iterator[Finding]:
    name, arguments = next(iter(pattern.items()))
    yield from _known(prompt, name, (*path, name))
    tool = prompt.tool(name)
    if tool is not None:
        if effect and not tool.effect:
            yield (*path, name), f"the tool {name} is not marked effect: true"
        for argument in arguments:
            if argument not in tool.parameters.get("properties", {}):
                yield (*path, name, argument), f"the tool {name} has no argument {argument}"
    for argument, matcher in arguments.items():
        yield from _matcher(matcher, (*path, name, argument))


def _known(prompt: Prompt, name: str, path: Path) -> Iterator[Finding]:
    if prompt.tool(name) is None:
        tools = ", ".join(tool.name for tool in prompt.tools) or "none"
        yield path, f"there is no tool {name} in this prompt (tools: {tools})"


def _steps(prompt: Prompt, steps: list[Step], path: Path, *, known_tools_only: bool) -> Iterator[Finding]:
    for i, step in enumerate(steps):
        if known_tools_only:
            for name, _ in step.made:
                yield from _known(prompt, name, (*path, i))
        last = i == len(steps) - 1
        if not last and not step.made and not step.call_text:
            yield (*path, i), "a turn without a call ends the conversation; it must be the last step"
