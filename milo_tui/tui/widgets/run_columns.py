"""A run as one line of a list: which columns fit a width, and what stands in each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual.content import Content

from milo_tui.analysis.phases import ACTIVE
from milo_tui.reports.runs_list import (
    MODELS,
    NOTE,
    NUMBER,
    RUN_COLUMNS,
    SIMULATED,
    STATE,
    RunColumn,
    progress,
)
from milo_tui.store.summary import ModelSummary, RunSummary
from milo_tui.tui.content import fit, join, model_name, safe_line, share_widths, styled
from milo_tui.tui.words import NOTHING, percent


@dataclass(frozen=True, slots=True)
class Needs:
    """What the runs of a list would take at most, in cells."""

    models: int = 0
    note: int = 0
    simulated: bool = False
    number: int = 3
    lines: int = 0
    """Not cells, but the models of the run that has most."""

    def __or__(self, other: "Needs") -> "Needs":
        return Needs(
            max(self.models, other.models),
            max(self.note, other.note),
            self.simulated or other.simulated,
            max(self.number, other.number),
            max(self.lines, other.lines),
        )


def needs_of(runs: Iterable[RunSummary]) -> Needs:
    """The room that the runs would take were there enough."""
    needs = Needs()
    for run in runs:
        models = sum(len(model.name) + 10 for model in run.models) - 3
        number = 1 + len(str(run.number))  # a cell for the mark
        needs |= Needs(models, len(NOTE.text(run)), run.simulated, number, len(run.models))
    return needs


def column_widths(width: int, needs: Needs) -> dict[RunColumn, int]:
    """The columns that fit and their cells; models and note share what the others leave."""
    cells = {column: column.cells(width) for column in RUN_COLUMNS}
    cells[NUMBER] = needs.number
    if not needs.simulated:
        cells[SIMULATED] = 0
    rest = width - sum(size + 2 for size in cells.values() if size)
    cells[NOTE] = min(needs.note, max(rest - needs.models - 2, 14)) if rest >= 60 else 0
    cells[MODELS] = min(max(needs.models, 17), rest - cells[NOTE] - 2 * bool(cells[NOTE]))
    return cells


SORTS: dict[str, Callable[[RunSummary], tuple[float | str, ...]]] = {
    "Models and scores": lambda run: (-max((model.figures.share or 0 for model in run.models), default=0),),
    "Avg": lambda run: (run.figures.latency is None, run.figures.latency or 0),
    "Suite": lambda run: (run.suite, -run.suite_version),
    "State": lambda run: (run.phase.value,),
}
"""By what columns the list can be sorted instead of newest first: the best first."""


def heading(width: int, needs: Needs, sort: str = "") -> Content:
    """The titles of the columns, the one that the list is sorted by marked."""

    def title(column: RunColumn) -> Content:
        if sort and column.title == sort:
            return styled((f"{column.title.lower()} ▾", "bold $accent"))
        return styled((column.title.lower(), "$dim"))

    return join(
        [fit(title(column), cells, column.align) for column, cells in column_widths(width, needs).items()],
        "  ",
    )


def run_line(run: RunSummary, width: int, needs: Needs) -> Content:
    """A run in one line."""
    return join([_cell(run, column, cells) for column, cells in column_widths(width, needs).items()], "  ")


def _cell(run: RunSummary, column: RunColumn, cells: int) -> Content:
    if column is MODELS:
        content = models_in(run.models, cells)
    elif column is STATE:
        content = state_text(run, cells > 12)
    else:
        content = safe_line(column.fitting(run, cells), f"${column.role}" if column.role else "")
    return fit(content, cells, column.align)


def state_text(run: RunSummary, wide: bool) -> Content:
    """Sign, word and, unless the run is done, how far it came."""
    phase, far = run.phase, progress(run)
    word = phase.word if wide or not far or phase in ACTIVE else ""
    return styled((f"{phase.sign} {word}".rstrip(), f"${phase.role}"), (f" {far}" if far else "", "$dim"))


def models_in(models: tuple[ModelSummary, ...], width: int) -> Content:
    """All models with their scores in `width` cells: names give way before figures do."""
    figures = [percent(model.figures.share) for model in models]
    names = [safe_line(model.name).cell_length for model in models]
    if sum(names) + sum(map(len, figures)) + 4 * len(models) - 3 > width:
        figures = [figure.removesuffix(" %") for figure in figures]
    room = width - sum(len(figure) + 1 for figure in figures) - 3 * (len(models) - 1)
    given = share_widths(names, room)
    parts = [
        _model(model, figure, cells) for model, figure, cells in zip(models, figures, given, strict=True)
    ]
    return join(parts, styled((" · ", "$dim")))


def _model(model: ModelSummary, figure: str, width: int) -> Content:
    return model_name(model.name, width) + styled((f" {figure}", "$dim" if figure == NOTHING else "bold"))


def score_style(share: float | None) -> str:
    """The colour of a score, from its share of the points: only all of them are a full three."""
    if share is None:
        return "$dim"
    return f"bold $score-{3 if share >= 1 else 2 if share >= 2 / 3 else 1 if share >= 1 / 3 else 0}"
