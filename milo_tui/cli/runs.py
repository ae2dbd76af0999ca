"""`milo runs`: the list of runs."""

import asyncio
import dataclasses
import json
from typing import Any

import click

from milo_tui.analysis.figures import Sums
from milo_tui.cli.common import opened, print_out
from milo_tui.cli.options import LARGEST, common_options, note
from milo_tui.reports.runs_list import render_runs
from milo_tui.store.lists import RunLists
from milo_tui.store.summary import RunSummary


@click.command("runs")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.option(
    "--limit", type=click.IntRange(1, LARGEST), default=50, show_default=True, help="At most so many."
)
@click.option("--before", type=click.IntRange(1, LARGEST), metavar="RUN", help="Only runs before this one.")
@common_options
def command(as_json: bool, limit: int, before: int | None) -> None:
    """List the runs, newest first."""
    found = asyncio.run(_read(before, limit))
    if as_json:
        click.echo(json.dumps([_as_data(run) for run in found], indent=1))
    elif found:
        print_out(render_runs(found))
    else:
        note("There are no runs yet. `milo demo` runs simulated models; `milo run` runs those of milo.toml.")


async def _read(before: int | None, limit: int) -> list[RunSummary]:
    async with opened(RunLists) as lists:
        return await lists.runs(before, limit)


def _as_data(run: RunSummary) -> dict[str, Any]:
    data = dataclasses.asdict(run)
    data["phase"] = run.phase.value
    data["models"] = [
        {"id": model.id, "name": model.name, "where": model.where, **_figures(model.figures)}
        for model in run.models
    ]
    return {**data, **_figures(run.figures)}


def _figures(sums: Sums) -> dict[str, Any]:
    names = ("points", "scored", "planned", "share", "latency", "ttft", "tokens_per_second")
    return {name: getattr(sums, name) for name in names}
