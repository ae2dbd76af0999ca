"""The list of runs: its columns, which `milo runs` and the app share, and the table that `milo runs` prints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.table import Table

from milo_tui.analysis.phases import Origin, RunPhase
from milo_tui.reports.formatting import moment, percent, relative_moment, seconds
from milo_tui.reports.rich_tables import grid_of, plain
from milo_tui.store.summary import RunSummary


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A column of the list of runs; text in it comes from outside and is not sanitised.

    `text` is what `milo runs` prints, and the app too unless `narrow` gives it a text for so many cells. In the app
    the column has the last of `widths` (from this width of the list, so many cells) that applies, and none before;
    without `widths` it takes what its longest text needs. `role` is its colour role there.
    """

    title: str
    text: Callable[[RunSummary], str]
    align: Literal["left", "right"] = "left"
    widths: tuple[tuple[int, int], ...] = ()
    narrow: Callable[[RunSummary, int], str] | None = None
    role: str = ""

    def cells(self, list_width: int) -> int:
        """The cells that the column has in a list of this width; 0 where it is left out."""
        return next((cells for least, cells in reversed(self.widths) if list_width >= least), 0)

    def fitting(self, run: RunSummary, cells: int) -> str:
        """The text for so many cells; it may still be too long."""
        return self.narrow(run, cells) if self.narrow else self.text(run)


def progress(run: RunSummary) -> str:
    """`37/60`: how many attempts have a score; empty for a run that is done."""
    return "" if run.phase is RunPhase.DONE else f"{run.figures.scored}/{run.figures.planned}"


def _state(run: RunSummary) -> str:
    return f"{run.phase.sign} {run.phase.word} {progress(run)}".rstrip()


def _simulated(run: RunSummary, cells: int = 9) -> str:
    return ("simulated" if cells >= 9 else "sim") if run.simulated else ""


def _note(run: RunSummary) -> str:
    return " · ".join(
        part for part in ("imported" if run.origin is not Origin.HERE else "", run.note) if part
    )


NUMBER = RunColumn("Run", lambda run: str(run.number), "right")
MODELS = RunColumn(
    "Models and scores",
    lambda run: ", ".join(f"{model.name} {percent(model.figures.share)}" for model in run.models),
)
STATE = RunColumn("State", _state, widths=((0, 12), (100, 20)))
SIMULATED = RunColumn("", _simulated, widths=((0, 3), (180, 9)), narrow=_simulated, role="simulated")
NOTE = RunColumn("Note", _note, role="dim")

_MODELS_LINE = 70
"""Cells that the models of a run may take in one line of what `milo runs` prints."""

RUN_COLUMNS = (
    NUMBER,
    RunColumn(
        "When",
        lambda run: moment(run.created),
        widths=((0, 6), (100, 12)),
        narrow=lambda run, cells: relative_moment(run.created, short=cells < 12),
        role="dim",
    ),
    RunColumn(
        "Suite",
        lambda run: f"{run.suite_title} {run.suite_version}",
        widths=((116, 14),),
        narrow=lambda run, _: f"{run.suite_title or run.suite} {run.suite_version}",
        role="dim",
    ),
    MODELS,
    RunColumn("Avg", lambda run: seconds(run.figures.latency), "right", widths=((72, 6),)),
    STATE,
    SIMULATED,
    NOTE,
)
"""The columns in their order. To add one, add it here; the app gives models and note what the others leave."""


def render_runs(runs: Sequence[RunSummary]) -> Table:
    """The list of runs, a line each; columns without any text are left out."""
    shown = [column for column in RUN_COLUMNS if any(column.text(run) for run in runs)]
    grid = grid_of([column.title for column in shown])
    for column, cells in zip(grid.columns, shown, strict=True):
        column.justify = cells.align
    for run in runs:
        grid.add_row(*(plain(_text(column, run)) for column in shown))
    return grid


def _text(column: RunColumn, run: RunSummary) -> str:
    """A column's text; many models stand one below the other, since a line would break within `74.4 %`."""
    text = column.text(run)
    if column is not MODELS or len(text) <= _MODELS_LINE:
        return text
    return "\n".join(f"{model.name} {percent(model.figures.share)}" for model in run.models)
