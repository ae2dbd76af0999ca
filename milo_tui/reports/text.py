"""A run as a plain table for a terminal or a pipe, by Rich."""

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from milo_tui.bench.events import RunPhase
from milo_tui.bench.record import AttemptRow, RunRecord
from milo_tui.bench.table import ResultTable, result_table
from milo_tui.reports.figures import (
    category_cell,
    missing_sentence,
    model_heading,
    moment,
    percent,
    seconds,
    speed,
    total_cell,
)
from milo_tui.sanitise import sanitise
from milo_tui.store.summary import RunSummary

PHASE_SIGNS = {
    RunPhase.RUNNING: "● live",
    RunPhase.PAUSED: "● paused",
    RunPhase.STOPPING: "● stopping",
    RunPhase.DONE: "✓ done",
    RunPhase.INCOMPLETE: "◐ incomplete",
    RunPhase.STOPPED: "✗ stopped",
}


def plain(text: str, style: str = "") -> Text:
    """Text from outside, sanitised and never read as markup."""
    return Text(sanitise(text), style=style)


def render(run: RunRecord, attempts: Iterable[AttemptRow]) -> RenderableType:
    """The published table's layout, what is missing, and the matrix of prompts."""
    table = result_table(run, attempts)
    heading = f"{run.suite_title} {run.suite_version} · run {run.number} · {moment(run.created)}"
    if run.simulated:
        heading += " · simulated models: nothing here was measured of a real model"
    return Group(plain(heading, "bold"), _table(run, table), _matrix(run, table), *_sentences(run, table))


def _grid(columns: Sequence[str]) -> Table:
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i, column in enumerate(columns):
        grid.add_column(plain(column), justify="left" if i == 0 else "right", overflow="fold")
    return grid


def _table(run: RunRecord, table: ResultTable) -> Table:
    grid = _grid(["Category", *(model_heading(model) for model in run.models)])
    for id, title in table.categories:
        grid.add_row(plain(title), *(category_cell(table.cells[id][model]) for model in table.models))
    grid.add_section()
    grid.add_row("Total", *(total_cell(table.totals[model]) for model in table.models), style="bold")
    totals = [table.totals[model] for model in table.models]
    grid.add_row("Points", *(f"{total.points}/{total.possible}" for total in totals))
    grid.add_row("TTFT · p95", *(f"{seconds(total.ttft)} · {seconds(total.p95_latency)}" for total in totals))
    grid.add_row("Decode speed", *(speed(total.tokens_per_second) for total in totals))
    grid.add_row("Cold start", *(seconds(model.cold_start) for model in run.models))
    grid.add_row("Sampling", *(plain(model.sampling) for model in run.models))
    if any(total.lost_by_server for total in totals):
        grid.add_row("Lost by the server", *(str(total.lost_by_server) for total in totals))
    if any(total.retries for total in totals):
        grid.add_row("Retries", *(str(total.retries) for total in totals))
    return grid


def _matrix(run: RunRecord, table: ResultTable) -> Table:
    grid = _grid(["Prompt", *(model.name for model in run.models), ""])
    for prompt in run.prompts:
        cells = [
            "".join("·" if points is None else str(points) for points in table.matrix[prompt.id][model])
            for model in table.models
        ]
        grid.add_row(plain(prompt.id), *cells, plain(table.uninformative.get(prompt.id, ""), "dim"))
    return grid


def _sentences(run: RunRecord, table: ResultTable) -> list[Text]:
    found = [missing_sentence(model.name, table.totals[model.id]) for model in run.models]
    failed = [
        f"{model.name}: {model.note}." for model in run.models if model.note and model.phase.value == "failed"
    ]
    return [plain(sentence, "bold") for sentence in (*found, *failed) if sentence]


def render_runs(runs: Iterable[RunSummary]) -> Table:
    """The list of runs, a line each."""
    grid = _grid(["Run", "When", "Suite", "Models", "Latency", "State", "Note"])
    for column in (1, 2, 3, 5, 6):
        grid.columns[column].justify = "left"
    for run in runs:
        latencies = [model.latency for model in run.models if model.latency is not None]
        state = PHASE_SIGNS[run.phase]
        if run.phase is not RunPhase.DONE:
            state += f" {run.scored}/{run.planned}"
        grid.add_row(
            str(run.number),
            moment(run.created),
            plain(f"{run.suite_title} {run.suite_version}" + (" (simulated)" if run.simulated else "")),
            plain(", ".join(f"{model.name} {percent(model.share)}" for model in run.models)),
            seconds(sum(latencies) / len(latencies)) if latencies else "–",
            state,
            plain(run.note),
        )
    return grid
