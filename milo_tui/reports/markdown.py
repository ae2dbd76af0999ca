"""A run as Markdown: the published table's layout, fit to be pasted into a forum post."""

import re
from collections.abc import Iterable

from milo_tui.bench.record import AttemptRow, RunRecord
from milo_tui.bench.table import ResultTable, result_table
from milo_tui.reports.figures import (
    category_cell,
    missing_sentence,
    model_heading,
    moment,
    seconds,
    speed,
    total_cell,
)
from milo_tui.sanitise import sanitise

SIMULATED = "**Simulated models**: nothing here was measured of a real model."


def render(run: RunRecord, attempts: Iterable[AttemptRow]) -> str:
    """The report of a run: table, sampling, what is missing, the matrix of prompts."""
    table = result_table(run, attempts)
    parts = [
        f"# {_escape(run.suite_title)} {run.suite_version}, run {run.number}",
        f"{moment(run.created)} · {len(run.models)} models × {len(run.prompts)} prompts × {run.repeats} repeats",
        *([SIMULATED] if run.simulated else []),
        _table(run, table),
        _notes(run, table),
        "## Prompts",
        _matrix(run, table),
    ]
    return "\n\n".join(parts) + "\n"


def _escape(text: str) -> str:
    """Text from outside as Markdown text: nothing in it marks up, links or breaks a table's row."""
    flat = " ".join(sanitise(text).split())
    return re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", flat)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _table(run: RunRecord, table: ResultTable) -> str:
    lines = [
        _row(["Category", *(_escape(model_heading(model)) for model in run.models)]),
        _row(["---"] * (len(run.models) + 1)),
    ]
    for id, title in table.categories:
        lines.append(
            _row([_escape(title), *(category_cell(table.cells[id][model]) for model in table.models)])
        )
    lines.append(_row(["**Total**", *(f"**{total_cell(table.totals[model])}**" for model in table.models)]))
    return "\n".join(lines)


def _notes(run: RunRecord, table: ResultTable) -> str:
    lines = []
    for model in run.models:
        total = table.totals[model.id]
        line = (
            f"- {_escape(model.name)}: {total.points}/{total.possible} points, TTFT {seconds(total.ttft)}, "
            f"p95 {seconds(total.p95_latency)}, {speed(total.tokens_per_second)}, "
            f"cold start {seconds(model.cold_start)}; {_escape(model.sampling)}."
        )
        if total.lost_by_server:
            line += f" In {total.lost_by_server} attempts the server lost a call or cut the stream."
        if total.retries:
            line += f" {total.retries} attempts were made again after an infrastructure failure."
        lines.append(line)
        if missing := missing_sentence(_escape(model.name), total):
            lines.append(f"- {missing}")
    return "\n".join(lines)


def _matrix(run: RunRecord, table: ResultTable) -> str:
    lines = [
        _row(["Prompt", *(_escape(model.name) for model in run.models), ""]),
        _row(["---"] * (len(run.models) + 2)),
    ]
    for prompt in run.prompts:
        cells = [
            "".join("·" if points is None else str(points) for points in row)
            for row in _digits(table, prompt.id)
        ]
        lines.append(_row([f"`{prompt.id}`", *cells, table.uninformative.get(prompt.id, "")]))
    return "\n".join(lines)


def _digits(table: ResultTable, prompt: str) -> list[tuple[int | None, ...]]:
    return [table.matrix[prompt][model] for model in table.models]
