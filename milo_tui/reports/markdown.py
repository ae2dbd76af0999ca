"""A run's report as Markdown, fit to be pasted into a forum post."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator

from milo_tui.analysis.decisions import decisions
from milo_tui.analysis.published import CAUTION, KIND, Published
from milo_tui.analysis.record import RunRecord
from milo_tui.analysis.table import ResultTable, result_table
from milo_tui.analysis.verdict import Answer, answer
from milo_tui.reports import decision_text
from milo_tui.reports import verdict_text as words
from milo_tui.reports.conditions import conditions
from milo_tui.reports.formatting import (
    category_cell,
    family_cell,
    missing_sentence,
    model_heading,
    moment,
    repeats_cell,
    seconds,
    speed,
    total_cell,
)
from milo_tui.reports.run_data import RunData
from milo_tui.sanitise import sanitise

SIMULATED = f"**{words.SIMULATED}**"


async def render(data: RunData) -> AsyncIterator[str]:
    """The report as Markdown."""
    yield text(data)


def text(data: RunData) -> str:
    """The verdict, the scores, what is missing, the matrix of prompts, the conditions."""
    run = data.run
    table, found = result_table(run, data.attempts), answer(run, data.attempts, data.evidence, data.costs)
    parts = [
        f"# {escape(run.suite_title)} {run.suite_version}, run {run.number}",
        f"{moment(run.created)} · {len(run.models)} models × {len(run.prompts)} prompts × {run.repeats} repeats",
        *([SIMULATED] if run.simulated else []),
        *missing(run, table),
        f"## {words.QUESTION}",
        *(_answer(found) if run.margin is None else _decisions(data)),
        "## Scores",
        _scores(run, table),
        _notes(run, table, found),
        "## Prompts",
        *_matrix(run, table, found),
        "## Conditions",
        _bullets(conditions(run, found.costs)),
        *(_published(data.published) if data.published is not None else []),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Text from outside as Markdown text: nothing in it marks up, links or breaks a table's row."""
    flat = " ".join(sanitise(text).split())
    escaped = re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", flat)
    # GitHub links bare addresses too; a comment within one is not shown and ends it.
    return re.sub(r"(?i)(?<=://)|(?<=www\.)|(?<=@)", "<!-- -->", escaped)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _bullets(facts: Iterable[words.Fact]) -> str:
    return "\n".join(f"- {escape(fact.label)}: {escape(fact.text)}" for fact in facts)


def missing(run: RunRecord, table: ResultTable) -> Iterator[str]:
    """What stands above every figure where attempts are missing."""
    for model in run.models:
        if sentence := missing_sentence(model.name, table.totals[model.id]):
            yield f"**{escape(sentence)}**"


def _answer(found: Answer) -> Iterator[str]:
    if sentence := words.no_pair(found):
        yield sentence
    for pair in found.local_to_api:
        yield f"**{escape(words.headline(pair))}**"
        yield _bullets(words.pair_facts(pair, found))
    if others := words.also_compared(found):
        yield "Also:"
        yield "\n".join(f"- {escape(sentence)}" for sentence in others)


def _decisions(data: RunData) -> Iterator[str]:
    run, pairs = data.run, decisions(data.run, data.attempts)
    for pair in pairs:
        yield f"**{escape(decision_text.headline(pair, run.models, run.margin or 0))}**"
        yield _bullets(decision_text.pair_facts(pair, run))
    for sentence in decision_text.families(result_table(run, data.attempts)):
        yield escape(sentence)
    yield f"Decided by: {escape(decision_text.rule_words(run, len(pairs)))}."


def _scores(run: RunRecord, table: ResultTable) -> str:
    lines = [
        _row(["Category", *(escape(model_heading(model)) for model in run.models)]),
        _row(["---"] * (len(run.models) + 1)),
    ]
    for id, title in table.categories:
        lines.append(
            _row([escape(title), *(category_cell(table.cells[id][model]) for model in table.models)])
        )
    lines.append(_row(["**Total**", *(f"**{total_cell(table.totals[model])}**" for model in table.models)]))
    return "\n".join(lines)


def _notes(run: RunRecord, table: ResultTable, found: Answer) -> str:
    lines = []
    for model in run.models:
        total = table.totals[model.id]
        line = (
            f"- {escape(model.name)}: {total.points}/{total.possible} points, TTFT {seconds(total.ttft)}, "
            f"p95 {seconds(total.p95_latency)}, {speed(total.tokens_per_second)}, "
            f"cold start {seconds(model.cold_start)}; {escape(model.sampling)}."
        )
        if total.lost_by_server:
            line += f" The server lost a call or cut the stream in {total.lost_by_server} attempts."
        if total.retries:
            line += f" {total.retries} attempts were retried after an infrastructure failure."
        lines.append(line)
        lines += [f"  - {escape(fact)}" for fact in words.result_facts(found.result(model.id))]
    return "\n".join(lines)


def _matrix(run: RunRecord, table: ResultTable, found: Answer) -> Iterator[str]:
    lines = [
        _row(["Prompt", *(escape(model.name) for model in run.models), ""]),
        _row(["---"] * (len(run.models) + 2)),
    ]
    cell_of = repeats_cell if run.margin is None else family_cell
    for prompt in run.prompts:
        cells = [
            f"{cell_of(table.matrix[prompt.id][result.model])} {words.lost_cell(result, prompt.id)}".strip()
            for result in found.results
        ]
        lines.append(_row([escape(prompt.id), *cells, table.uninformative.get(prompt.id, "")]))
    yield "\n".join(lines)
    if any(result.lost for result in found.results):
        each = "repeat" if run.margin is None else "family"
        yield f"Points of each {each}; {words.LEGEND}."
    yield words.telling(table) or ""


def _published(published: Published) -> Iterator[str]:
    yield f"## {escape(published.run.suite_title)} ({KIND})"
    yield f"{escape(published.machine)}. {CAUTION}"
    yield _scores(published.run, published.table)
