"""The list of runs as a plain table for a terminal or a pipe, by Rich."""

from collections.abc import Iterable

from rich.table import Table

from milo_tui.analysis.phases import RunPhase
from milo_tui.reports.formatting import moment, percent, seconds
from milo_tui.reports.rich_tables import grid_of, plain
from milo_tui.store.summary import RunSummary


def render_runs(runs: Iterable[RunSummary]) -> Table:
    """The list of runs, a line each."""
    grid = grid_of(["Run", "When", "Suite", "Models", "Latency", "State", "Note"])
    for column in (1, 2, 3, 5, 6):
        grid.columns[column].justify = "left"
    for run in runs:
        figures = run.figures
        state = f"{run.phase.sign} {run.phase.word}"
        if run.phase is not RunPhase.DONE:
            state += f" {figures.scored}/{figures.planned}"
        grid.add_row(
            str(run.number),
            moment(run.created),
            plain(f"{run.suite_title} {run.suite_version}" + (" (simulated)" if run.simulated else "")),
            plain(", ".join(f"{model.name} {percent(model.figures.share)}" for model in run.models)),
            seconds(figures.latency),
            state,
            plain(run.note),
        )
    return grid
