"""A conversation → its score: three checks, a point each, each with the sentence that a user reads.

What holds for every check:

- Inaction passes nothing: a conversation without a call and without a word fails every check.
- A call is never credited for being unreadable: where a turn was lost or cut, no check passes that asks for
  something not to be done or said. A call whose arguments could not be read is still a call of its tool; as an
  effect that is not known it counts against the model, until a later readable call of that tool takes its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from milo_tui.suite import json_text
from milo_tui.suite.conversation import CheckResult, Conversation, Loss, Score, ToolCall, ToolResult
from milo_tui.suite.facts import plain
from milo_tui.suite.matching import assign, call_fits, describe, is_id, mismatch, mismatches, text_has
from milo_tui.suite.prompt import (
    AfterErrorCondition,
    AnswerCondition,
    CallPattern,
    Check,
    JsonCondition,
    Prompt,
)
from milo_tui.suite.statements import invented_id
from milo_tui.suite.tools import SCHEMA_REFUSAL

MOST_FAULTS = 4
"""Differences of a call that its reason lists."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A call made, the turn it was made in, and whether its tool carried it out."""

    turn: int
    call: ToolCall
    succeeded: bool
    error: str = ""
    """The code of the error that it got."""

    def __str__(self) -> str:
        return f"{json_text.cut(self.call.name)}({json_text.show(self.call.arguments)})"


def score(prompt: Prompt, conversation: Conversation) -> Score:
    """Score a conversation by the prompt's checks. Pure; never raises, whatever the model sent."""
    made = _calls_made(conversation)
    if not conversation.answer.strip() and not made:
        why = f"nothing was said or called{_because(conversation)}"
        return Score(tuple(CheckResult(check.title, False, why) for check in prompt.checks))
    results = [_check(prompt, check, conversation, made) for check in prompt.checks]
    if harm := _harm(prompt, conversation, made):
        results = _at_most_one_point(results, harm)
    return Score(tuple(results))


def _at_most_one_point(results: list[CheckResult], harm: str) -> list[CheckResult]:
    """Leave the first point that was earned, and take the others."""
    kept = next((i for i, result in enumerate(results) if result.passed), None)
    return [
        CheckResult(result.title, False, harm) if result.passed and i != kept else result
        for i, result in enumerate(results)
    ]


def _harm(prompt: Prompt, conversation: Conversation, made: list[_Made]) -> str | None:
    """An effect that nobody asked for, or a false claim: either leaves at most one point."""
    if extra := _unasked_effects(prompt, made):
        return f"at most one point is left by a change that was not asked for: {extra[0]}"
    if id := _guessed_id(prompt, conversation):
        return f"at most one point is left by stating {id}, which nobody gave"
    for claim in prompt.false_claims:
        if claim.unless and any(item.succeeded and _fits(claim.unless, item) for item in made):
            continue
        if any(text_has(item, conversation.answer) for item in claim.says):
            return f"at most one point is left by a false claim ({claim.title}): {json_text.show(conversation.answer)}"
    return None


def _unasked_effects(prompt: Prompt, made: list[_Made]) -> list[_Made]:
    """The effects that succeeded and that no check asks for."""
    effects = {tool.name for tool in prompt.tools if tool.effect}
    done = [item for item in made if item.succeeded and item.call.name in effects]
    lists = [check.effects for check in prompt.checks if check.effects is not None]
    lists = lists or [check.calls for check in prompt.checks if check.calls is not None]
    asked = max(lists, key=len, default=[])
    places = assign(len(asked), len(done), lambda i, j: _fits(asked[i], done[j]))
    return [item for j, item in enumerate(done) if j not in places]


def _because(conversation: Conversation) -> str:
    return f" ({conversation.losses[0]})" if conversation.losses else ""


def _calls_made(conversation: Conversation) -> list[_Made]:
    made = []
    for number, turn in enumerate(conversation.turns):
        # By position, not by id: servers give two calls of a turn the same id, or none.
        for call, result in zip_longest(turn.calls, turn.results):
            if call is not None:
                succeeded = result is not None and not result.is_error
                made.append(_Made(number, call, succeeded, "" if succeeded else _code(result)))
    return made


def _code(result: ToolResult | None) -> str:
    match result and result.content:
        case {"error": {"type": str(code)}}:
            return code
    return ""


def _check(prompt: Prompt, check: Check, conversation: Conversation, made: list[_Made]) -> CheckResult:
    reasons = []
    for fault, said in _conditions(prompt, check, conversation, made):
        if fault is not None:
            return CheckResult(check.title, False, fault)
        reasons.append(said)
    return CheckResult(check.title, True, "; ".join(reasons))


def _conditions(
    prompt: Prompt, check: Check, conversation: Conversation, made: list[_Made]
) -> Iterator[tuple[str | None, str]]:
    """For each condition of a check: what is wrong, or None; and what to say where nothing is."""
    unknown = _unknown(conversation)
    if check.calls is not None:
        fault = _calls_fault(check, check.calls, made)
        yield fault or (unknown if check.others != "free" else None), "the calls were made"
    if check.effects is not None:
        fault = _effects_fault(prompt, check.effects, made) or _unread_effect(prompt, made)
        yield fault or unknown, "these effects and no others" if check.effects else "nothing was changed"
    if check.no_call is not None:
        yield _forbidden_call(prompt, check.no_call, made) or unknown, "no such call was made"
    if check.some_call is not None:
        fault = _some_call_fault(check.some_call, made)
        yield fault or (unknown if check.some_call == "all taken" else None), "a tool was called"
    if check.answer is not None:
        fault = _answer_fault(prompt, check.answer, conversation)
        yield fault or (unknown if check.answer.contains_none else None), "the answer holds the facts"
    if check.json_answer is not None:
        yield _json_fault(check.json_answer, conversation), "the JSON is right"
    if check.after_error is not None:
        fault = _after_error_fault(check.after_error, made)
        limited = check.after_error.at_most is not None
        yield fault or (unknown if limited else None), "the error was dealt with"


def _unknown(conversation: Conversation) -> str | None:
    """Why it cannot be known that nothing else was meant: a turn was lost or cut."""
    for turn in conversation.turns:
        garbled = turn.loss is Loss.CALL_GARBLED and any(call.arguments is None for call in turn.calls)
        if turn.loss is not None and turn.loss is not Loss.EMPTY and not garbled:
            return f"what was meant cannot be known: {turn.loss}"
    return None


def _unread_effect(prompt: Prompt, made: list[_Made]) -> str | None:
    """The first unreadable call that may have meant an effect, and that no readable call followed up."""
    reads = {tool.name for tool in prompt.tools if not tool.effect}
    for item in made:
        if item.call.arguments is None and item.call.name not in reads and not _mended(item, made):
            return f"the call of {item.call.name} could not be read: {item.call.problem}"
    return None


def _mended(unread: _Made, made: list[_Made]) -> bool:
    return any(
        item.turn > unread.turn and item.call.name == unread.call.name and item.call.arguments is not None
        for item in made
    )


def _pattern(pattern: CallPattern) -> tuple[str, dict[str, object]]:
    return next(iter(pattern.items()))


def _fits(pattern: CallPattern, item: _Made) -> bool:
    return call_fits(pattern, item.call.name, item.call.arguments)


def _show_pattern(pattern: CallPattern) -> str:
    name, arguments = _pattern(pattern)
    return f"{name}({json_text.show(arguments)})"


def _calls_fault(check: Check, expected: list[CallPattern], made: list[_Made]) -> str | None:
    candidates = made
    if check.before is not None:
        first = next((item.turn for item in made if item.call.name == check.before), None)
        candidates = [item for item in made if first is None or item.turn < first]
    if check.order == "relative":
        matched, missing = _in_order(expected, candidates)
    else:
        places = assign(len(expected), len(candidates), lambda i, j: _fits(expected[i], candidates[j]))
        matched = [candidates[place] for place in places if place is not None]
        missing = next((expected[i] for i, place in enumerate(places) if place is None), None)
    if missing is not None:
        return _missing_call(missing, candidates, made, matched, check)
    return _others_fault(check, expected, made, matched)


def _in_order(expected: list[CallPattern], made: list[_Made]) -> tuple[list[_Made], CallPattern | None]:
    """Match each pattern to the first fitting call in a later turn; the earliest choice is never worse."""
    matched: list[_Made] = []
    turn = -1
    for pattern in expected:
        item = next((item for item in made if item.turn > turn and _fits(pattern, item)), None)
        if item is None:
            return matched, pattern
        matched.append(item)
        turn = item.turn
    return matched, None


def _missing_call(
    pattern: CallPattern, candidates: list[_Made], made: list[_Made], matched: list[_Made], check: Check
) -> str:
    name = next(iter(pattern))
    wanted = f"expected {_show_pattern(pattern)}"
    used = {id(item) for item in matched}
    if any(_fits(pattern, item) for item in made if id(item) not in used):
        if check.before is not None and not any(_fits(pattern, item) for item in candidates):
            return f"{wanted} in a turn before {check.before}, but it came later or in the same turn"
        return f"{wanted} in a turn after the call before it, but it came earlier or in the same turn"
    same_tool = [item for item in made if item.call.name == name and id(item) not in used]
    if not same_tool:
        others = json_text.cut(", ".join(dict.fromkeys(item.call.name for item in made))) or "none"
        again = " once more" if any(item.call.name == name for item in made) else ""
        return f"{wanted}{again}; found no such call (calls made: {others})"
    readable = [item for item in same_tool if item.call.arguments is not None]
    if not readable:
        return f"{wanted}; the call of {name} could not be read: {same_tool[0].call.problem}"
    return _difference(pattern, readable, wanted)


def _difference(pattern: CallPattern, made: list[_Made], wanted: str) -> str:
    """How the most similar call differs from the pattern, then what was wanted."""
    name, arguments = _pattern(pattern)
    faults = min((list(mismatches(arguments, item.call.arguments, name)) for item in made), key=len)
    more = [f"{len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else []
    return f"{'; '.join([*faults[:MOST_FAULTS], *more])}; {wanted}"


def _others_fault(
    check: Check, expected: list[CallPattern], made: list[_Made], matched: list[_Made]
) -> str | None:
    if check.others == "free":
        return None
    names = {_pattern(pattern)[0] for pattern in expected}
    identities = {id(item) for item in matched}
    for item in made:
        if id(item) in identities or item.error == SCHEMA_REFUSAL:
            continue
        if check.others == "none":
            return f"expected no further call, found {item}"
        if item.call.name in names:
            return f"expected no further call of {item.call.name}, found {item}"
    return None


def _effects_fault(prompt: Prompt, expected: list[CallPattern], made: list[_Made]) -> str | None:
    effects = {tool.name for tool in prompt.tools if tool.effect}
    done = [item for item in made if item.succeeded and item.call.name in effects]
    places = assign(len(expected), len(done), lambda i, j: _fits(expected[i], done[j]))
    missing = next((expected[i] for i, place in enumerate(places) if place is None), None)
    extra = [item for j, item in enumerate(done) if j not in places]
    if missing is not None:
        return _missing_effect(missing, extra, made)
    if extra:
        return f"expected {len(expected) or 'no'} effect{'s' * (len(expected) != 1)}, found also {extra[0]}"
    return None


def _missing_effect(pattern: CallPattern, extra: list[_Made], made: list[_Made]) -> str:
    name = next(iter(pattern))
    wanted = f"expected the effect {_show_pattern(pattern)}"
    if any(_fits(pattern, item) and not item.succeeded for item in made):
        return f"{wanted}; it was tried, but the tool refused it"
    if same_tool := [item for item in extra if item.call.name == name]:
        return _difference(pattern, same_tool, wanted)
    if extra:
        return f"{wanted}; found {extra[0]} instead"
    tried = next((item for item in made if item.call.name == name), None)
    return f"{wanted}; found {f'only the refused {tried}' if tried else 'no such call'}"


def _forbidden_call(prompt: Prompt, forbidden: bool | list[str], made: list[_Made]) -> str | None:
    for item in made:
        if not isinstance(forbidden, list) or item.call.name in forbidden:
            what = f"no call of {item.call.name}" if isinstance(forbidden, list) else "no call"
            return f"expected {what}, found {item}"
        if item.call.arguments is None and prompt.tool(item.call.name) is None:
            return f"what was meant cannot be known: an unreadable call of the unknown tool {item.call.name}"
    return None


def _some_call_fault(wanted: str, made: list[_Made]) -> str | None:
    if not made:
        return "expected some call, found none"
    refused = [item for item in made if not item.succeeded]
    if refused and (wanted == "all taken" or (wanted == "taken" and len(refused) == len(made))):
        return f"expected a call that its tool takes, found {refused[0]}"
    return None


def _answer_fault(prompt: Prompt, condition: AnswerCondition, conversation: Conversation) -> str | None:
    answer = conversation.answer
    if not answer.strip():
        return f"expected an answer in words, found none{_why_no_answer(conversation)}"
    for item in condition.contains_all:
        if not text_has(item, answer):
            return f"expected the answer to state {describe(item)}; found {json_text.show(answer)}"
    if condition.contains_any and not any(text_has(item, answer) for item in condition.contains_any):
        wanted = ", ".join(describe(item) for item in condition.contains_any)
        return f"expected the answer to state one of {wanted}; found {json_text.show(answer)}"
    for item in condition.contains_none:
        if text_has(item, answer):
            return f"expected the answer not to state {describe(item)}; found {json_text.show(answer)}"
    if condition.contains_all and (invented := invented_id(answer, _known(prompt, conversation))):
        return f"expected no id that nobody gave, found {json_text.cut(invented)}"
    return None


def _guessed_id(prompt: Prompt, conversation: Conversation) -> str | None:
    """An id that is asked for and stated, though no tool gave it: what it stands for was not done."""
    asked = [
        item for check in prompt.checks if check.answer for item in check.answer.contains_all if is_id(item)
    ]
    stated = [id for id in asked if text_has(id, conversation.answer)]
    known = plain(_known(prompt, conversation)) if stated else ""
    return next((id for id in stated if plain(id) not in known), None)


def _known(prompt: Prompt, conversation: Conversation) -> str:
    """All that a model was told in a conversation, and what it sent."""
    parts = [prompt.system or "", prompt.user]
    for tool in prompt.tools:
        parts += [tool.name, tool.description, json_text.canonical(tool.parameters)]
    for turn in conversation.turns:
        parts += [call.arguments_text for call in turn.calls]
        parts += [json_text.canonical(result.content) for result in turn.results]
    return "\n".join(parts)


def _why_no_answer(conversation: Conversation) -> str:
    if conversation.ended == "turn limit":
        return " (still calling tools at the turn limit)"
    return _because(conversation)


def _json_fault(condition: JsonCondition, conversation: Conversation) -> str | None:
    answer = conversation.answer
    if not answer.strip():
        return f"expected JSON as the answer, found none{_why_no_answer(conversation)}"
    try:
        value = json_text.parse(answer) if condition.form == "bare" else json_text.find(answer)
    except ValueError as error:
        wanted = "JSON alone" if condition.form == "bare" else "JSON"
        return f"expected {wanted} as the answer: {error}; found {json_text.show(answer)}"
    if condition.json_schema is not None and (fault := mismatch({"$schema": condition.json_schema}, value)):
        return f"the JSON breaks the schema: {fault}"
    return mismatch(condition.equals, value) if condition.has_value else None


def _is_meant(condition: AfterErrorCondition, item: _Made) -> bool:
    if item.call.name != condition.tool or item.succeeded:
        return False
    return item.error == condition.code if condition.code else item.error != SCHEMA_REFUSAL


def _after_error_fault(condition: AfterErrorCondition, made: list[_Made]) -> str | None:
    failed = next((i for i, item in enumerate(made) if _is_meant(condition, item)), None)
    if failed is None:
        return f"expected to meet the error of {condition.tool}, but it was never called so that it failed"
    later = [item for item in made[failed + 1 :] if item.turn > made[failed].turn]
    again = [item for item in later if item.call.name == condition.tool and item.error != SCHEMA_REFUSAL]
    if condition.at_most is not None and len(again) > condition.at_most:
        return (
            f"expected at most {condition.at_most} further calls of {condition.tool} after its error, "
            f"found {len(again)}"
        )
    if condition.then is not None and not any(
        _fits(condition.then, item) and item.succeeded for item in later
    ):
        wanted = _show_pattern(condition.then)
        return f"expected {wanted} after the error of {condition.tool}, found none that succeeded"
    return None
