"""The report formats: to add one, write a module with a render function and add a line to REPORTS."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from milo_tui.reports import csv_report, html, junit, markdown, terminal
from milo_tui.reports.run_data import RunData
from milo_tui.store import export_run


@dataclass(frozen=True, slots=True)
class Report:
    """A format: its name, the suffix of its files, and what writes a run in it, piece by piece.

    The run may be redacted; a renderer need not know. Text in it comes from outside and is not yet escaped.
    """

    name: str
    suffix: str
    render: Callable[[RunData], AsyncIterator[str]]


async def _raw_json(data: RunData) -> AsyncIterator[str]:
    async for piece in export_run.pieces(data.run, data.details(), data.attempts):
        yield piece


REPORTS = {
    report.name: report
    for report in (
        Report("table", ".txt", terminal.render),
        Report("md", ".md", markdown.render),
        Report("html", ".html", html.render),
        Report("csv", ".csv", csv_report.render),
        Report("json", ".json", _raw_json),
        Report("junit", ".xml", junit.render),
    )
}
