"""The sections of the HTML report about each prompt: the models' calls side by side, and every conversation."""

import json
from collections.abc import Iterator, Sequence

from milo_tui.analysis.questions import asked
from milo_tui.analysis.record import AttemptDetail, ModelRecord, PromptRecord, RunRecord, TurnRecord
from milo_tui.reports.formatting import seconds
from milo_tui.reports.html_elements import chip, folded, safe, tag
from milo_tui.suite.conversation import ToolCall, ToolResult


def choice(run: RunRecord) -> str:
    """Which two models stand side by side: two rows of buttons; the style sheet does the rest, without a script."""
    if len(run.models) < 2:
        return ""
    left, right = first_two(run)
    rows = [_buttons("Left", "l", run.models, left), _buttons("Right", "r", run.models, right)]
    return tag("div", "".join(rows), class_="choose")


def first_two(run: RunRecord) -> tuple[int, int]:
    """A local model on the left, an API model on the right, where there are both."""
    places = [model.where for model in run.models]
    if {"local", "api"} <= set(places):
        return places.index("local"), places.index("api")
    return 0, 1


def _buttons(title: str, side: str, models: Sequence[ModelRecord], chosen: int) -> str:
    inside = "".join(
        f'<label><input type="radio" name="{side}" id="{side}{i}"{" checked" * (i == chosen)}> '
        f"{safe(model.name)}</label>"
        for i, model in enumerate(models)
    )
    return tag("fieldset", tag("legend", title) + inside)


def choice_styles(models: int) -> str:
    """Shows the two chosen models, and marks in each the calls that the other did not make."""
    if models < 2:
        return ""
    rules = ["@supports selector(:has(*)) { .side { display: none; }"]
    for i in range(models):
        rules.append(f"main:has(#l{i}:checked) .side.m{i} {{ display: block; order: 1; }}")
        rules.append(f"main:has(#r{i}:checked) .side.m{i} {{ display: block; order: 2; }}")
        for j in range(models):
            if i != j:
                both = f"main:has(#l{i}:checked):has(#r{j}:checked)"
                rules.append(f"{both} .m{i} .x{j}, {both} .m{j} .x{i} {{ background: var(--mark); }}")
    return "\n".join([*rules, "}"])


def prompt_part(run: RunRecord, prompt: PromptRecord, attempts: Sequence[AttemptDetail]) -> str:
    """A prompt: what was asked, the calls side by side, the conversations. `attempts` holds retries too."""
    counted = {(a.attempt.model, a.attempt.repeat): a for a in attempts}
    scores = "".join(
        tag(
            "span",
            "".join(chip(_points(counted, model.id, repeat)) for repeat in range(1, run.repeats + 1)),
            class_="tag row",
            style=f"--c: var(--c{i % 8})",
            title=model.name,
        )
        for i, model in enumerate(run.models)
    )
    question = "".join(
        tag("p", tag("span", label, class_="dim")) + tag("pre", safe(str(prompt.definition.get(part, ""))))
        for part, label in (("system", "System"), ("user", "User"))
        if prompt.definition.get(part)
    )
    if question and run.pool_seed is not None:
        question = tag("p", "Variant 0; each repeat asks another one.", class_="note") + question
    title = f"{tag('b', safe(prompt.title))} {tag('code', safe(prompt.id), class_='dim')}"
    summary = tag("span", scores, class_="scores") + title
    return folded(summary, question + "".join(_calls(run, counted)) + "".join(_talks(run, attempts, prompt)))


def _points(counted: dict[tuple[str, int], AttemptDetail], model: str, repeat: int) -> int | None:
    attempt = counted.get((model, repeat))
    return None if attempt is None else attempt.attempt.points


def _calls(run: RunRecord, counted: dict[tuple[str, int], AttemptDetail]) -> Iterator[str]:
    for repeat in range(1, run.repeats + 1):
        made = {
            model.id: _made(counted[model.id, repeat])
            for model in run.models
            if (model.id, repeat) in counted
        }
        if not made:
            continue
        sides = "".join(
            _side(i, model, made.get(model.id), [made.get(other.id, []) for other in run.models])
            for i, model in enumerate(run.models)
        )
        kind = "calls" if len(run.models) > 1 else "calls one"
        yield tag("p", f"Tool calls, repeat {repeat}", class_="note") + tag("div", sides, class_=kind)


def _made(attempt: AttemptDetail) -> list[ToolCall]:
    return [call for turn in attempt.turns for call in turn.calls]


def _side(place: int, model: ModelRecord, made: list[ToolCall] | None, all_made: list[list[ToolCall]]) -> str:
    heading = tag("h4", safe(model.name))
    if made is None:
        return tag("div", heading + tag("p", "not run", class_="note"), class_=f"side m{place}")
    others = [_left_over(made, theirs) for theirs in all_made]
    calls = "".join(
        tag("pre", safe(call_text(call)), class_=" ".join(["call", *(f"x{j}" for j in _lacking(i, others))]))
        for i, call in enumerate(made)
    )
    return tag("div", heading + (calls or tag("p", "no call", class_="note")), class_=f"side m{place}")


def _lacking(i: int, others: list[set[int]]) -> list[int]:
    return [j for j, left_over in enumerate(others) if i in left_over]


def _left_over(made: list[ToolCall], theirs: list[ToolCall]) -> set[int]:
    """Which of the calls the others have no equal of: each of theirs answers for one."""
    left = [_same_as(call) for call in theirs]
    found = set()
    for i, call in enumerate(made):
        if (identity := _same_as(call)) in left:
            left.remove(identity)
        else:
            found.add(i)
    return found


def _same_as(call: ToolCall) -> str:
    """What makes two calls equal: the name and the arguments as JSON, whatever the order of their keys."""
    arguments = call.arguments_text if call.arguments is None else json.dumps(call.arguments, sort_keys=True)
    return f"{call.name} {arguments}"


def call_text(call: ToolCall) -> str:
    """A call as a person reads it; arguments that are no JSON as they came."""
    if call.arguments is None:
        return f"{call.name} {call.arguments_text}\n← {call.problem}"
    if not call.arguments:
        return f"{call.name} {{}}"
    return f"{call.name} {json.dumps(call.arguments, indent=2, ensure_ascii=False)}"


def _talks(run: RunRecord, attempts: Sequence[AttemptDetail], prompt: PromptRecord) -> Iterator[str]:
    for model in run.models:
        for attempt in attempts:
            if attempt.attempt.model == model.id:
                yield _talk(run, model, attempt, prompt)


def _talk(run: RunRecord, model: ModelRecord, attempt: AttemptDetail, prompt: PromptRecord) -> str:
    row = attempt.attempt
    variant = run.variant(row.repeat)
    again = f", attempt {row.number}" if row.number > 1 else ""
    facts = [row.outcome.value, seconds(row.latency), f"TTFT {seconds(row.ttft)}"]
    facts += [f"{row.input_tokens} → {row.output_tokens} tokens"] if row.output_tokens is not None else []
    facts += [f"{row.cached_tokens} from the cache"] if row.cached_tokens else []
    facts += [row.lost] if row.lost else []
    summary = (
        f"{safe(model.name)}, repeat {row.repeat}{f', variant {variant}' if variant else ''}{again} {chip(row.points)} "
        + tag("span", safe(" · ".join(facts)), class_="dim")
    )
    request = str(asked(run, prompt, row.repeat).definition.get("user", "")) if variant else ""
    inside = (
        (tag("pre", safe(request)) if request else "") + _checks(attempt) + "".join(map(_turn, attempt.turns))
    )
    if row.error:
        inside = tag("p", safe(row.error)) + inside
    return folded(summary, inside, id=f"a{row.id}")


def _checks(attempt: AttemptDetail) -> str:
    if attempt.score is None:
        return ""
    items = "".join(
        tag("li", f"{safe(check.title)}: {tag('span', safe(check.reason), class_='dim')}", class_=kind)
        for check in attempt.score.checks
        for kind in ["ok" if check.passed else "no"]
    )
    return tag("ul", items, class_="checks")


def _turn(turn: TurnRecord) -> str:
    parts = []
    if turn.reasoning:
        parts.append(folded("Reasoning", tag("pre", safe(turn.reasoning))))
    if turn.text:
        parts.append(tag("pre", safe(turn.text)))
    results = {result.call_id: result for result in turn.results}
    for call in turn.calls:
        parts.append(tag("pre", safe(call_text(call)), class_="call"))
        if (result := results.get(call.id)) is not None:
            parts.append(_result(result))
    if turn.loss is not None:
        parts.append(tag("p", safe(turn.loss.value), class_="note"))
    return "".join(parts)


def _result(result: ToolResult) -> str:
    text = json.dumps(result.content, indent=2, ensure_ascii=False)
    return tag("pre", safe(text), class_="result error" if result.is_error else "result")
