"""runs, show: what is stored, printed."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from milo_tui.cli.common import common, note, print_out, settings

if TYPE_CHECKING:
    from milo_tui.store.queries import Reader
    from milo_tui.store.summary import RunSummary


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@click.option("--before", type=int, metavar="RUN", help="Only those before this run.")
@common
def runs(as_json: bool, limit: int, before: int | None) -> None:
    """The list of runs, newest first."""

    async def read() -> "list[RunSummary]":
        async with _reader() as reader:
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
    from milo_tui.reports.text import render_runs

    print_out(render_runs(found))


@click.command()
@click.argument("number", metavar="RUN", default="last")
@click.option(
    "--format", "form", type=click.Choice(["table", "md", "json"]), default="table", show_default=True
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@common
def show(number: str, form: str, output: Path | None) -> None:
    """A run's report. RUN is a number, the beginning of its key, or `last`."""
    asyncio.run(_show(number, form, output))


async def _show(wanted: str, form: str, output: Path | None) -> None:
    async with _reader() as reader:
        number = await reader.find_run(wanted)
        if form == "json":
            await _show_json(reader, number, output)
            return
        run, attempts = await reader.run(number), await reader.attempts(number)
    if form == "md":
        from milo_tui.reports import markdown

        text = markdown.render(run, attempts)
        if output is None:
            click.echo(text, nl=False)
        else:
            _write(output, text)
        return
    from milo_tui.reports import text as table

    if output is None:
        print_out(table.render(run, attempts))
        return
    from rich.console import Console

    with output.open("w", encoding="utf-8") as file:
        Console(file=file, width=160, highlight=False, markup=False).print(table.render(run, attempts))
    note(f"Written to {output}.")


async def _show_json(reader: "Reader", number: int, output: Path | None) -> None:
    from milo_tui.reports.raw_json import pieces, write_whole

    if output is not None:
        await write_whole(output, pieces(reader, number))
        note(f"Written to {output}.")
        return
    async for piece in pieces(reader, number):
        click.echo(piece, nl=False)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    note(f"Written to {path}.")


class _reader:
    """The database that this call asks for, open for reading."""

    async def __aenter__(self) -> "Reader":
        from milo_tui.store.queries import Reader

        self._open = await Reader.open(settings().database)
        return self._open

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()


def _summary(run: "RunSummary") -> dict[str, Any]:
    import dataclasses

    data = dataclasses.asdict(run)
    data["phase"] = run.phase.value
    for model, line in zip(run.models, data["models"], strict=True):
        line["share"] = model.share
    return data
