"""What the models of prompt.py cannot see: whether the parts of one prompt fit each other."""

from collections.abc import Iterator
from typing import Any

from milo_tui.suite.facts import plain
from milo_tui.suite.json_text import show
from milo_tui.suite.matching import OPERATORS, operator_in, operator_of
from milo_tui.suite.operators import Operator
from milo_tui.suite.prompt import CallPattern, Check, FalseClaim, Prompt, Step, Tool
from milo_tui.suite.schemas import fault_of, validator
from milo_tui.suite.yaml_lines import Path

Finding = tuple[Path, str]


TEXT_OPERATORS = sorted(name for name, operator in OPERATORS.items() if operator.in_text is not None)
VALUE_OPERATORS = sorted(name for name, operator in OPERATORS.items() if operator.match is not None)


def validate(prompt: Prompt) -> list[Finding]:
    """Everything wrong with a prompt's parts, as (path in the file, sentence)."""
    findings: list[Finding] = []
    for i, tool in enumerate(prompt.tools):
        if prompt.tool(tool.name) is not tool:
            findings.append((("tools", i, "name"), f"the tool {tool.name} is defined twice; rename one"))
        findings += _tool(tool, ("tools", i))
    if findings:
        return findings
    for i, check in enumerate(prompt.checks):
        findings += _check(prompt, check, ("checks", i))
    findings += _steps(prompt, prompt.reference, ("reference",), known_tools_only=True)
    for i, claim in enumerate(prompt.false_claims):
        findings += _claim(prompt, claim, ("false_claims", i))
    for i, way in enumerate(prompt.right):
        findings += _steps(prompt, way.steps or [], ("right", i, "steps"), known_tools_only=True)
    for i, wrong in enumerate(prompt.wrong):
        findings += _steps(prompt, wrong.steps or [], ("wrong", i, "steps"), known_tools_only=False)
    return findings


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
    if stray and operator not in VALUE_OPERATORS:
        yield (*path, stray[0]), _no_operator(str(stray[0]))
    elif operator is None:
        for key, value in matcher.items():
            yield from _matcher(value, (*path, key))
    else:
        yield from _argument_of(operator, OPERATORS[operator], matcher[operator], (*path, operator))
        if OPERATORS[operator].nested:
            yield from _matcher(matcher[operator], (*path, operator))


def _no_operator(key: str) -> str:
    if key in VALUE_OPERATORS:
        return f"{key} must stand alone between its braces"
    return f"there is no operator {key}; use one of {', '.join(VALUE_OPERATORS)}"


def _argument_of(name: str, operator: Operator, argument: Any, path: Path) -> Iterator[Finding]:
    if not validator(operator.argument).is_valid(argument) or not operator.is_valid(argument):
        yield path, f"{name} takes {operator.takes} (found {show(argument, 60)})"
    elif fault := operator.fault(argument):
        yield (*path, *fault[0]), fault[1]


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


def _claim(prompt: Prompt, claim: FalseClaim, path: Path) -> Iterator[Finding]:
    if claim.unless is not None:
        yield from _pattern(prompt, claim.unless, (*path, "unless"), effect=False)
    for i, item in enumerate(claim.says):
        yield from _text_item(item, (*path, "says", i))


def _text_item(item: Any, path: Path) -> Iterator[Finding]:
    operator = operator_of(item)
    if operator is None:
        yield from _plain_item(item, path)
    elif operator not in TEXT_OPERATORS:
        yield path, f"there is no operator {operator} for text; use one of {', '.join(TEXT_OPERATORS)}"
    else:
        argument, where = item[operator], (*path, operator)
        faults = list(_argument_of(operator, OPERATORS[operator], argument, where))
        yield from faults
        if OPERATORS[operator].nested and not faults:
            for i, option in enumerate(argument):
                yield from _text_item(option, (*where, i))


def _plain_item(item: Any, path: Path) -> Iterator[Finding]:
    is_number = isinstance(item, int | float) and not isinstance(item, bool)
    if not is_number and not isinstance(item, str):
        wanted = ", ".join(TEXT_OPERATORS)
        yield path, f"must be text, a number, or one of {wanted} (found {show(item, 60)})"
    elif isinstance(item, str) and not plain(item):
        yield path, "must hold a letter or digit, or every answer would hold it"


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
