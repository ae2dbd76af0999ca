"""The published table's layout: category × model, `score/3 · latency`, and each model's bottom line."""

from collections.abc import Callable
from itertools import zip_longest
from textwrap import wrap

from textual.content import Content

from milo_tui.analysis.record import ModelRecord, RunRecord
from milo_tui.analysis.table import CategoryFigures, ModelTotal, ResultTable
from milo_tui.suite.conversation import POINTS_PER_PROMPT
from milo_tui.tui.content import fit, join, safe_line, styled
from milo_tui.tui.widgets.run_columns import score_style
from milo_tui.tui.widgets.text_view import TextView
from milo_tui.tui.words import NOTHING, count, gigabytes, percent, seconds, speed

LABEL = 18
NARROWEST = 18
WIDEST = 38
ROOMY = 31
"""From this column width on a total stands on one line, and an interval beside its score and latency."""
SCORE = 9
"""Cells that a score takes, the gap behind it included."""
EXPLAINED = "95 % intervals by Wilson's formula: for more prompts like these, not for these asked again."

Cell = Callable[[ModelRecord, ModelTotal], Content]


class RunTable(TextView):
    """The table of a run."""

    GAP = 0

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._run: RunRecord | None = None
        self._table: ResultTable | None = None
        self.intervals = False
        self._drawn: dict[int, list[Content]] = {}

    def show_run(self, run: RunRecord, table: ResultTable) -> None:
        """Show a run's table, or its newer figures, where it is scrolled to."""
        self._run, self._table = run, table
        self._draw_anew()

    def show_intervals(self, wanted: bool) -> None:
        """Show the scores' intervals, or leave them out."""
        self.intervals = wanted
        self._draw_anew()

    def _draw_anew(self) -> None:
        self._drawn.clear()
        self.remake()

    def lines_in(self, width: int) -> int:
        """How many lines the table takes that has so many cells, the scrollbar among them."""
        return len(self.make_lines(width - 1))

    def make_lines(self, width: int) -> list[Content]:
        if self._run is None or self._table is None:
            return []
        if width not in self._drawn:
            self._drawn[width] = table_lines(self._run, self._table, width, intervals=self.intervals)
        return self._drawn[width]


def table_lines(run: RunRecord, table: ResultTable, width: int, *, intervals: bool = False) -> list[Content]:
    """The whole table; models that do not fit side by side follow in blocks below."""
    room = max(NARROWEST, width - LABEL)
    per_block = max(1, min(len(run.models), room // (NARROWEST + 1)))
    blocks = [run.models[i : i + per_block] for i in range(0, len(run.models), per_block)]
    size = min(WIDEST, room // per_block - 1)
    lines: list[Content] = []
    for number, models in enumerate(blocks):
        lines += [Content("")] if number else []
        lines += _block(run, table, models, size, intervals)
    if intervals:
        lines += [Content(""), *(styled((line, "$dim")) for line in wrap(EXPLAINED, max(NARROWEST, width)))]
    return lines


def _block(
    run: RunRecord, table: ResultTable, models: tuple[ModelRecord, ...], size: int, intervals: bool
) -> list[Content]:
    rule = styled(("─" * (LABEL + (size + 1) * len(models)), "$frame"))
    totals = [table.totals[model.id] for model in models]
    lines = [_line("", [safe_line(model.name, "bold") for model in models], size)]
    lines.append(_line("", [_where(model) for model in models], size))
    samplings = zip_longest(*(_sampling(model, size) for model in models), fillvalue="")
    lines += [_line("", [styled((text, "$dim")) for text in texts], size) for texts in samplings]
    lines.append(rule)
    for id, title in table.categories:
        figures = [figure_text(table.cells[id][model.id], size, intervals) for model in models]
        lines.append(_line(title, figures, size, ""))
    lines += [rule, *_total_lines(totals, size)]
    if intervals:
        lines.append(_line("95 % interval", [_total_interval(total) for total in totals], size))
    lines.append(Content(""))
    for label, cell, wanted in _DETAILS:
        if wanted(run, table):
            cells = [cell(model, total) for model, total in zip(models, totals, strict=True)]
            lines.append(_line(label, cells, size))
    return lines


def _line(label: str, cells: list[Content], size: int, style: str = "$dim") -> Content:
    return join([fit(safe_line(label, style), LABEL), *(fit(cell, size) for cell in cells)], " ")


def _where(model: ModelRecord) -> Content:
    if model.simulated:
        return styled(("simulated", "$simulated"))
    memory = gigabytes(model.peak_gb or model.memory_gb)
    parts = ["local" if model.where == "local" else "API", memory]
    return styled((" · ".join(part for part in parts if part), "$dim"))


def _sampling(model: ModelRecord, size: int) -> list[str]:
    """How it was sampled, on as many lines as it takes."""
    return wrap(safe_line(model.sampling or "default sampling").plain, size)


def figure_text(figure: CategoryFigures, size: int, interval: bool = False) -> Content:
    """A category's cell: `3.00/3 · 4.5 s`; with its interval, `3.00/3 · 1.53–3.00 · 4.5 s`, or without the latency."""
    if figure.mean_points is None:
        return styled(("no score yet", "$dim"))
    score = (f"{figure.mean_points:.2f}", score_style(figure.mean_points / POINTS_PER_PROMPT))
    parts = [f"{figure_interval(figure):<9}"] if interval else []
    parts += [f"{seconds(figure.latency):>6}"] if not interval or size >= ROOMY else []
    behind = styled((" · ", "$dim")).join(map(styled, parts))
    short = "" if figure.scored == figure.planned else f" {figure.scored}/{figure.planned}"
    if SCORE + behind.cell_length + len(short) > size:
        short = " !" if short else ""
        behind = behind.rstrip() if interval else behind
    return styled(score, (f"/{POINTS_PER_PROMPT} · ", "$dim")) + behind + styled((short, "$warning"))


def figure_interval(figure: CategoryFigures) -> str:
    """The interval of a category's score: `1.53–3.00`."""
    return NOTHING if figure.interval is None else "{:.2f}–{:.2f}".format(*figure.interval)


def _total_interval(total: ModelTotal) -> Content:
    if total.interval is None:
        return styled((NOTHING, "$dim"))
    return styled("{:.1f}–{:.1f}".format(*total.interval), (f" of {total.score_of}", "$dim"))


def _total_lines(totals: list[ModelTotal], size: int) -> list[Content]:
    """The bottom line; on two lines where the columns are narrow."""
    sums, averages = [_sum(total) for total in totals], [_average(total) for total in totals]
    if size < ROOMY:
        return [_line("Total", sums, size, "bold"), _line("", averages, size)]
    both = [total + styled((" · ", "$dim")) + mean for total, mean in zip(sums, averages, strict=True)]
    return [_line("Total", both, size, "bold")]


def _sum(total: ModelTotal) -> Content:
    if total.score is None:
        shown = styled((f"{total.points}/{total.possible}" if total.possible else NOTHING, "$dim"))
    else:
        shown = styled((f"{total.score:.1f}", "bold"), (f"/{total.score_of}", "$dim"))
    return shown + styled((" · ", "$dim"), (percent(total.share), "bold"))


def _average(total: ModelTotal) -> Content:
    return styled(f"{seconds(total.latency)} avg")


def missing(total: ModelTotal) -> int:
    """Planned attempts without a score."""
    return total.unscored


def _missing(total: ModelTotal) -> Content:
    number = missing(total)
    return styled((f"! {count(number, 'attempt')}", "$warning") if number else ("none", "$dim"))


def _plain(text: str) -> Content:
    return styled((text, "" if text != NOTHING else "$dim"))


def _always(run: RunRecord, table: ResultTable) -> bool:
    return True


def _any_missing(run: RunRecord, table: ResultTable) -> bool:
    return any(missing(total) for total in table.totals.values())


def _any_lost(run: RunRecord, table: ResultTable) -> bool:
    return any(total.lost_by_server for total in table.totals.values())


_DETAILS: tuple[tuple[str, Cell, Callable[[RunRecord, ResultTable], bool]], ...] = (
    ("Missing", lambda _, total: _missing(total), _any_missing),
    ("TTFT", lambda _, total: _plain(seconds(total.ttft)), _always),
    ("Decode speed", lambda _, total: _plain(speed(total.tokens_per_second)), _always),
    ("p95 latency", lambda _, total: _plain(seconds(total.p95_latency)), _always),
    ("Cold start", lambda model, _: _plain(seconds(model.cold_start)), _always),
    ("Retries", lambda _, total: _plain(str(total.retries)), _always),
    ("Lost by the server", lambda _, total: _plain(str(total.lost_by_server)), _any_lost),
    (
        "Tokens in, out",
        lambda _, total: _plain(f"{total.input_tokens:,} · {total.output_tokens:,}".replace(",", " ")),
        _always,
    ),
)
