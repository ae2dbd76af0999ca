"""A run's report as plain tables, for a terminal, a pipe or a text file."""

from collections.abc import AsyncIterator, Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from milo_tui.analysis.decisions import decisions
from milo_tui.analysis.published import CAUTION, KIND, Published
from milo_tui.analysis.record import ModelRecord, RunRecord
from milo_tui.analysis.table import ModelTotal, ResultTable, result_table
from milo_tui.analysis.verdict import Answer, answer
from milo_tui.reports import decision_text
from milo_tui.reports import verdict_text as words
from milo_tui.reports.cost_text import cost_lines
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
from milo_tui.reports.rich_tables import grid_of, plain
from milo_tui.reports.run_data import RunData
from milo_tui.reports.server_text import server_words, streams


async def render(data: RunData) -> AsyncIterator[str]:
    """The report as text, 120 columns wide."""
    console = Console(width=120, highlight=False, markup=False, emoji=False, color_system=None)
    with console.capture() as captured:
        console.print(tables(data))
    for line in captured.get().splitlines():
        yield f"{line.rstrip()}\n"


def tables(data: RunData) -> RenderableType:
    """The verdict, the scores in the layout of the published table, and the matrix of prompts with the points lost."""
    run = data.run
    table, found = result_table(run, data.attempts), answer(run, data.attempts, data.evidence, data.costs)
    heading = f"{run.suite_title} {run.suite_version} · run {run.number} · {moment(run.created)}"
    parts: list[RenderableType] = [plain(heading, "bold")]
    if run.simulated:
        parts.append(plain(words.SIMULATED, "yellow"))
    parts += [*_sentences(run, table), Text()]
    parts += [_answer(found) if run.margin is None else _decisions(data), _table(run, table)]
    parts += [*_matrix(run, table, found), *_standings(found), *_servers(run)]
    parts += [plain(line) for line in cost_lines(run, found.costs)]
    if data.published is not None:
        parts += [Text(), _published(data.published)]
    return Group(*parts)


def facts_grid(facts: Iterable[words.Fact]) -> RenderableType:
    """Labels on the left, what is so on the right, wrapped beside them."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for fact in facts:
        grid.add_row(plain(fact.label), plain(fact.text))
    return Padding(grid, (0, 0, 1, 2))


def _answer(found: Answer) -> RenderableType:
    parts: list[RenderableType] = [plain(words.QUESTION, "bold underline")]
    if sentence := words.no_pair(found):
        parts.append(plain(sentence))
    for pair in found.local_to_api:
        parts += [plain(words.headline(pair), "bold"), facts_grid(words.pair_facts(pair, found))]
    for sentence in words.also_compared(found):
        parts.append(plain(f"Also: {sentence}"))
    return Group(*parts, Text())


def _decisions(data: RunData) -> RenderableType:
    run, pairs = data.run, decisions(data.run, data.attempts)
    parts: list[RenderableType] = [plain(words.QUESTION, "bold underline")]
    for pair in pairs:
        parts.append(plain(decision_text.headline(pair, run.models, run.margin or 0), "bold"))
        parts.append(facts_grid(decision_text.pair_facts(pair, run)))
    parts += [plain(sentence) for sentence in decision_text.families(result_table(run, data.attempts))]
    parts.append(plain(f"Decided by: {decision_text.rule_words(run, len(pairs))}.", "dim"))
    return Group(*parts, Text())


def _table(run: RunRecord, table: ResultTable) -> Table:
    grid = _scores(run, table)
    totals = [table.totals[model] for model in table.models]
    grid.add_row("Points", *(f"{total.points}/{total.possible}" for total in totals))
    grid.add_row("TTFT · p95", *(f"{seconds(total.ttft)} · {seconds(total.p95_latency)}" for total in totals))
    grid.add_row("Decode speed", *(speed(total.tokens_per_second) for total in totals))
    grid.add_row("Cold start", *(seconds(model.cold_start) for model in run.models))
    grid.add_row("Sampling", *(plain(model.sampling) for model in run.models))
    if any(total.lost_by_server for total in totals) or not all(map(streams, run.models)):
        grid.add_row("Lost by the server", *map(_lost, run.models, totals))
    if any(total.retries for total in totals):
        grid.add_row("Retries", *(str(total.retries) for total in totals))
    return grid


def _servers(run: RunRecord) -> list[Text]:
    told = [(model.name, server_words(model)) for model in run.models]
    return [plain(f"{name}: {'; '.join(said)}.") for name, said in told if said]


def _lost(model: ModelRecord, total: ModelTotal) -> str:
    return f"{total.lost_by_server} of {total.scored}" + ("" if streams(model) else ", not streamed")


def _scores(run: RunRecord, table: ResultTable) -> Table:
    grid = grid_of(["Category", *(model_heading(model) for model in run.models)])
    for id, title in table.categories:
        grid.add_row(plain(title), *(category_cell(table.cells[id][model]) for model in table.models))
    grid.add_section()
    grid.add_row("Total", *(total_cell(table.totals[model]) for model in table.models), style="bold")
    return grid


def _matrix(run: RunRecord, table: ResultTable, found: Answer) -> list[RenderableType]:
    cell_of, title = (
        (repeats_cell, "Points of each repeat")
        if run.margin is None
        else (family_cell, "Points of each family")
    )
    grid = grid_of([title, *(model.name for model in run.models), ""])
    grid.columns[-1].justify = "left"
    grid.columns[0].min_width = min(26, 1 + max(len(_short(prompt.id)) for prompt in run.prompts))
    titles, last = dict(run.categories), None
    for prompt in run.prompts:
        if prompt.category != last:
            grid.add_row(plain(titles.get(prompt.category, prompt.category), "dim"))
            last = prompt.category
        cells = [
            plain(f"{words.lost_cell(result, prompt.id)} {cell_of(table.matrix[prompt.id][result.model])}")
            for result in found.results
        ]
        grid.add_row(
            plain(f" {_short(prompt.id)}"),
            *cells,
            plain(table.uninformative.get(prompt.id, ""), "dim"),
        )
    notes = [
        words.LEGEND + "." if any(result.lost for result in found.results) else "",
        words.WHO_CAUSED_IT + "."
        if any(total.lost_by_server or total.retries for total in table.totals.values())
        else "",
        words.telling(table),
    ]
    return [Text(), grid, *(plain(note, "dim") for note in notes if note)]


def _short(prompt: str) -> str:
    """A prompt's name below its category's title."""
    return prompt.rpartition("/")[2]


def _standings(found: Answer) -> list[RenderableType]:
    facts = [words.Fact(result.name, "; ".join(words.result_facts(result))) for result in found.results]
    return [Text(), facts_grid(fact for fact in facts if fact.text)]


def _sentences(run: RunRecord, table: ResultTable) -> list[Text]:
    found = [missing_sentence(model.name, table.totals[model.id]) for model in run.models]
    failed = [
        f"{model.name}: {model.note}." for model in run.models if model.note and model.phase.value == "failed"
    ]
    return [plain(sentence, "bold") for sentence in (*found, *failed) if sentence]


def _published(published: Published) -> RenderableType:
    heading = f"{published.run.suite_title} ({KIND}) · {published.machine}"
    return Group(plain(heading, "bold"), plain(CAUTION, "dim"), _scores(published.run, published.table))
