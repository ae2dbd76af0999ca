"""runs, show: what is stored, printed."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from milo_tui.cli.common import common, note, print_out, settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from milo_tui.analysis.figures import Sums
    from milo_tui.analysis.prices import Cost
    from milo_tui.analysis.published import Published
    from milo_tui.analysis.record import Attempt, RunRecord
    from milo_tui.store.queries import Reader
    from milo_tui.store.summary import RunSummary

FORMATS = ("table", "md", "html", "csv", "json", "junit")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@click.option("--before", type=int, metavar="RUN", help="Only those before this run.")
@common
def runs(as_json: bool, limit: int, before: int | None) -> None:
    """The list of runs, newest first."""

    async def read() -> "list[RunSummary]":
        async with reading() as reader:
            return await reader.runs(before, limit)

    found = asyncio.run(read())
    if as_json:
        click.echo(json.dumps([_summary(run) for run in found], indent=1))
        return
    if not found:
        note(
            "There is no run yet. `milo demo` makes one with simulated models; `milo run` asks those of milo.toml."
        )
        return
    from milo_tui.reports.runs_text import render_runs

    print_out(render_runs(found))


@click.command()
@click.argument("number", metavar="RUN", default="last")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--share", is_flag=True, help="Leave out host names, addresses, paths and notes.")
@common
def show(number: str, form: str, output: Path | None, share: bool) -> None:
    """A run's report: how close local is to cloud, and what that rests on.

    RUN is a number, the beginning of its key, or `last`.
    """
    asyncio.run(_show(number, form, output, share))


async def _show(wanted: str, form: str, output: Path | None, share: bool) -> None:
    async with reading() as reader:
        number = await reader.find_run(wanted)
        if form == "table":
            table = await run_table(reader, number, share=share)
            text = _once(_wide(table)) if output is not None else None
            if text is None:
                print_out(table)
                return
        else:
            text = _text(reader, number, form, share)
        if output is None:
            async for piece in text:
                click.echo(piece, nl=False)
            return
        from milo_tui.store.export_run import write_whole

        await write_whole(output, text)
        note(f"Written to {output}.")


async def run_table(reader: "Reader", number: int, *, share: bool = False) -> "RenderableType":
    """A run's report as tables. Raises StoreError, PriceError."""
    from milo_tui.reports import text
    from milo_tui.store.redaction import Sharing

    run, attempts = await reader.run(number), await reader.attempts(number)
    costs = _costs(run, attempts)
    run = Sharing(run).run(run) if share else run
    return text.render(run, attempts, await reader.evidence(number), published_for(run), costs)


def _costs(run: "RunRecord", attempts: "list[Attempt]") -> "dict[str, Cost]":
    """What the models with a price cost; of the run as it was, since a shared one has lost its addresses."""
    from milo_tui.analysis.prices import run_costs
    from milo_tui.cli.before_run import prices

    return run_costs(run, attempts, prices(settings(models=False)))


def _text(reader: "Reader", number: int, form: str, share: bool) -> AsyncIterator[str]:
    """A report's text, piece by piece."""
    if form == "json":
        from milo_tui.store import export_run as raw_json

        return raw_json.pieces(reader, number, share=share)
    if form == "html":
        return _html(reader, number, share)
    return _whole(reader, number, form, share)


async def _html(reader: "Reader", number: int, share: bool) -> AsyncIterator[str]:
    from milo_tui.reports import html

    run = await reader.run(number)
    costs = _costs(run, await reader.attempts(number))
    async for piece in html.pieces(reader, number, published=published_for(run), costs=costs, share=share):
        yield piece


async def _whole(reader: "Reader", number: int, form: str, share: bool) -> AsyncIterator[str]:
    from milo_tui.reports import csv_rows, junit, markdown
    from milo_tui.store.redaction import Sharing

    run, attempts = await reader.run(number), await reader.attempts(number)
    evidence, costs = await reader.evidence(number), _costs(run, attempts)
    if share:
        sharing = Sharing(run)
        run, attempts = sharing.run(run), [sharing.row(row) for row in attempts]
        evidence = sharing.evidence(evidence)
    if form == "md":
        yield markdown.render(run, attempts, evidence, published_for(run), costs)
    elif form == "csv":
        yield csv_rows.render(run, attempts, evidence)
    else:
        yield junit.render(run, attempts, evidence)


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def _wide(renderable: "RenderableType") -> str:
    """A table as text of 120 columns, for a file."""
    from rich.console import Console

    console = Console(width=120, highlight=False, markup=False, emoji=False, color_system=None)
    with console.capture() as captured:
        console.print(renderable)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def published_for(run: "RunRecord") -> "Published | None":
    """The published table, to stand beside a run of the suite that follows it; not beside simulated models."""
    from milo_tui.analysis.published import SUITE, load_published
    from milo_tui.config import data_folder

    if run.suite != SUITE or run.simulated:
        return None
    return load_published(data_folder("bench_results") / "published.json")


class reading:
    """The database that this call asks for, open for reading."""

    async def __aenter__(self) -> "Reader":
        from milo_tui.store.queries import Reader

        self._open = await Reader.open(settings(models=False).database)
        return self._open

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()


def _summary(run: "RunSummary") -> dict[str, Any]:
    import dataclasses

    data = dataclasses.asdict(run)
    data["phase"] = run.phase.value
    data["models"] = [
        {"id": model.id, "name": model.name, "where": model.where, **_figures(model.figures)}
        for model in run.models
    ]
    return {**data, **_figures(run.figures)}


def _figures(sums: "Sums") -> dict[str, Any]:
    names = ("points", "scored", "planned", "share", "latency", "ttft", "tokens_per_second")
    return {name: getattr(sums, name) for name in names}
