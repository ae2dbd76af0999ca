"""bin: runs out of the lists, back into them, or gone for good."""

import asyncio
import time
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import common, note, print_out, settings

if TYPE_CHECKING:
    from milo_tui.store.queries import Reader
    from milo_tui.store.store import Store


@click.command("bin")
@click.argument("runs", metavar="[RUN...]", nargs=-1)
@click.option("--restore", is_flag=True, help="Take the runs out of the bin.")
@click.option("--empty", is_flag=True, help="Delete what is in the bin for good; asks before.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def bin_(runs: tuple[str, ...], restore: bool, empty: bool, yes: bool) -> None:
    """Move runs to the bin, out of all lists; without RUN, list what is in it.

    A run in the bin is whole, and is taken out again by --restore.
    """
    if empty and (runs or restore):
        raise click.UsageError(
            "--empty deletes all that is in the bin: it goes with no run and no --restore."
        )
    if restore and not runs:
        raise click.UsageError("Which runs? `milo bin` lists those in the bin.")
    asyncio.run(_bin(runs, restore, empty, yes))


async def _bin(runs: tuple[str, ...], restore: bool, empty: bool, yes: bool) -> None:
    from milo_tui.store.queries import Reader
    from milo_tui.store.store import writing

    async with writing(settings(models=False).database) as store:
        reader = await Reader.open(settings(models=False).database)
        try:
            if empty:
                await _empty(store, reader, yes)
            elif runs:
                for wanted in runs:
                    await _move(store, await reader.find_run(wanted), restore)
            else:
                await _list(reader)
        finally:
            await reader.aclose()


async def _move(store: "Store", number: int, restore: bool) -> None:
    if restore:
        await store.restore(number)
        click.echo(f"run {number}: out of the bin")
    else:
        await store.bin(number, time.time())
        click.echo(f"run {number}: in the bin (`milo bin --restore {number}` takes it out)")


async def _list(reader: "Reader") -> None:
    from milo_tui.reports.runs_text import render_runs

    if found := await reader.runs(binned=True):
        print_out(render_runs(found))
    else:
        note("The bin is empty. `milo bin RUN` moves a run there.")


async def _empty(store: "Store", reader: "Reader", yes: bool) -> None:
    found = await reader.runs(binned=True, limit=10_000)
    if not found:
        note("The bin is empty.")
        return
    numbers = ", ".join(str(run.number) for run in found[:20]) + (", …" if len(found) > 20 else "")
    if not yes:
        runs = "1 run" if len(found) == 1 else f"{len(found)} runs"
        click.confirm(f"Delete {runs} for good ({numbers})?", abort=True, err=True)
    gone = await store.empty_bin()
    click.echo(f"{gone} {'run' if gone == 1 else 'runs'} deleted")
