"""Other ways to do the same: what must cost nothing."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from milo_tui.suite import json_text
from milo_tui.suite.dates import MONTHS
from milo_tui.suite.facts import has_number
from milo_tui.suite.json_text import JSON
from milo_tui.suite.matching import call_fits, operator_of
from milo_tui.suite.prompt import Check, Prompt, Step
from milo_tui.suite.tools import play
from milo_tui.suite_lab.harmful_calls import plausible_arguments
from milo_tui.suite_lab.script import (
    Call,
    Variant,
    answer_of,
    calling,
    json_answer_of,
    sites,
    with_answer,
    with_calls,
    with_extra,
)
from milo_tui.suite_lab.values import places, schema_at


def argument_order(prompt: Prompt) -> Iterator[Variant]:
    """The keys of every object the other way round, in calls and in a JSON answer."""
    steps = [_keys_reversed(step) for step in prompt.reference]
    answer = json_answer_of(prompt)
    if answer is not None and (text := answer_of(prompt)) and answer == _parsed(text):
        steps[-1] = Step(say=json.dumps(_reversed(answer), ensure_ascii=False))
    if any(_text(one) != _text(other) for one, other in zip(steps, prompt.reference, strict=True)):
        yield Variant(steps, "keys the other way round")


def _parsed(text: str) -> JSON:
    try:
        return json_text.parse(text)
    except ValueError:
        return None


def _text(step: Step) -> str:
    return json.dumps([step.say, step.made])


def _keys_reversed(step: Step) -> Step:
    if not step.made:
        return step
    return calling([(name, _reversed(arguments)) for name, arguments in step.made], step.say, step.call_text)


def _reversed(value: JSON) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


def call_order(prompt: Prompt) -> Iterator[Variant]:
    """Calls in another order, or at once, or one after another, where each of these is free."""
    for variant in _reordered(prompt):
        if _results(prompt, variant.steps) == _results(prompt, prompt.reference):
            yield variant


def _reordered(prompt: Prompt) -> Iterator[Variant]:
    for turn, step in enumerate(prompt.reference):
        calls = step.made
        if len(calls) > 1:
            yield Variant(with_calls(prompt, turn, calls[::-1]), "the calls of a turn the other way round")
            if len(prompt.reference) + len(calls) - 1 <= prompt.max_turns:
                alone = [calling([call]) for call in calls]
                steps = [*prompt.reference[:turn], *alone, *prompt.reference[turn + 1 :]]
                yield Variant(steps, "the calls of a turn one after another")
        if turn + 1 < len(prompt.reference) and free_to_swap(prompt, turn):
            yield Variant(swapped(prompt, turn), f"turns {turn + 1} and {turn + 2} swapped")
            both = [*calls, *prompt.reference[turn + 1].made]
            steps = [*prompt.reference[:turn], calling(both), *prompt.reference[turn + 2 :]]
            yield Variant(steps, f"turns {turn + 1} and {turn + 2} at once")


def _results(prompt: Prompt, steps: list[Step]) -> list[str]:
    """What every call got, whatever the order of the calls."""
    return sorted(
        json_text.canonical([call.name, call.arguments, result.content, result.is_error])
        for turn in play(prompt, steps).turns
        for call, result in zip(turn.calls, turn.results, strict=True)
    )


def swapped(prompt: Prompt, turn: int) -> list[Step]:
    """The reference with a turn and the one after it the other way round."""
    first, second = prompt.reference[turn : turn + 2]
    return [*prompt.reference[:turn], second, first, *prompt.reference[turn + 2 :]]


def free_to_swap(prompt: Prompt, turn: int) -> bool:
    """Whether a turn and the one after it may change places: no check orders them, nothing failed in the
    first, and the second uses only values that were known before the first."""
    first, second = prompt.reference[turn].made, prompt.reference[turn + 1].made
    if not first or not second or first == second:
        return False
    if any(site.failed for site in sites(prompt) if site.turn == turn):
        return False
    if any(_orders(check, first, second) for check in prompt.checks):
        return False
    known = _known_before(prompt, turn)
    return all(_is_known(prompt, call, known) for call in second)


def _orders(check: Check, first: list[Call], second: list[Call]) -> bool:
    wanted = check.calls or []
    in_first = any(call_fits(pattern, *call) for pattern in wanted for call in first)
    in_second = any(call_fits(pattern, *call) for pattern in wanted for call in second)
    if check.order == "relative" and in_first and in_second:
        return True
    names = {name for name, _ in [*first, *second]}
    return check.before in names and (in_first or in_second)


def _known_before(prompt: Prompt, turn: int) -> str:
    """All that a model has read before a turn of the reference."""
    results = [json_text.canonical(site.result) for site in sites(prompt) if site.turn < turn]
    return "\n".join([prompt.system or "", prompt.user, *results]).casefold()


def _is_known(prompt: Prompt, call: Call, known: str) -> bool:
    name, arguments = call
    tool = prompt.tool(name)
    for path, value in places(arguments):
        schema = schema_at(tool.parameters, path) if tool else {}
        if isinstance(value, dict | list | bool | None) or value in schema.get("enum", []):
            continue
        if not (
            has_number(known, value) if isinstance(value, int | float) else str(value).casefold() in known
        ):
            return False
    return True


def other_phrasing(prompt: Prompt) -> Iterator[Variant]:
    """The answer in other words and signs, the same facts in it; and some talk beside the calls."""
    answer = answer_of(prompt)
    if json_answer_of(prompt) is not None:
        value = _parsed(answer or "")
        if value is not None:
            text = f"{json.dumps(value, indent=2)}\n"
            yield Variant(with_answer(prompt, text), "the JSON indented, as ASCII")
    elif answer is not None:
        facts = list(_facts(prompt))
        others = {
            "the answer in capitals": answer.upper(),
            "the facts in bold, pleasantries around them": _bold(answer, facts),
            "numbers and dates in another form": _reformatted(answer, facts),
        }
        for what, text in others.items():
            if text != answer:
                yield Variant(with_answer(prompt, text), what)
    if any(step.made for step in prompt.reference):
        yield Variant([_talking(step) for step in prompt.reference], "a sentence beside each call")


def _talking(step: Step) -> Step:
    return calling(step.made, "Let me see to that.", step.call_text) if step.made else step


def _facts(prompt: Prompt) -> Iterator[Any]:
    for check in prompt.checks:
        if check.answer is not None:
            for item in [*check.answer.contains_all, *check.answer.contains_any]:
                yield from item["$any_of"] if operator_of(item) == "$any_of" else [item]


def _bold(answer: str, facts: list[Any]) -> str:
    for fact in {fact for fact in facts if isinstance(fact, str)}:
        answer = answer.replace(fact, f"**{fact}**")
    return f"Sure thing!\n\n## Summary\n\n- {answer}\n\nHave a nice day."


def _reformatted(answer: str, facts: list[Any]) -> str:
    for fact in facts:
        operator = operator_of(fact)
        if operator == "$date":
            day = date.fromisoformat(fact[operator])
            answer = answer.replace(fact[operator], f"{day.day} {MONTHS[day.month - 1].title()} {day.year}")
        elif operator in ("$number", "$quantity") or (operator is None and isinstance(fact, int | float)):
            number = fact[operator] if operator else fact
            if isinstance(number, dict):
                number = number["value"]
            number = number[0] if isinstance(number, list) else number
            pattern = rf"(?<![\w.,-]){re.escape(str(number))}(?![.,]?\w*\d)"
            answer = re.sub(pattern, _reformatted_number(number), answer)
    return answer


def _reformatted_number(number: float) -> str:
    """With commas between thousands, and at least two decimals where it has any."""
    if number == int(number):
        return f"{int(number):,}"
    return f"{number:,.2f}" if round(number, 2) == number else f"{number}0"


def extra_read(prompt: Prompt) -> Iterator[Variant]:
    """One more look, where no check limits it: a look taken before, or one at another tool."""
    if not sites(prompt):
        return
    taken = [(site.name, site.arguments) for site in sites(prompt) if not site.failed]
    names = {name for name, _ in taken}
    others = [(tool.name, next(plausible_arguments(tool))) for tool in prompt.tools if tool.name not in names]
    for call in [*taken, *others]:
        tool = prompt.tool(call[0])
        if (
            tool is not None
            and not tool.effect
            and not any(_limits(check, call[0]) for check in prompt.checks)
        ):
            yield Variant(with_extra(prompt, call), f"{call[0]}({json_text.show(call[1], 80)}) once more")


def _limits(check: Check, tool: str) -> bool:
    """Whether a check says that the tool is not to be called at will."""
    if check.others == "none" or check.no_call is True:
        return True
    if check.others == "other tools" and any(tool in pattern for pattern in check.calls or []):
        return True
    if isinstance(check.no_call, list) and tool in check.no_call:
        return True
    return (
        check.after_error is not None
        and check.after_error.at_most is not None
        and (check.after_error.tool == tool)
    )
