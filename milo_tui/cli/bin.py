"""`milo bin`: move runs to the bin, restore them, or delete them for good."""

import asyncio
import time

import click

from milo_tui.cli.common import current_settings, opened, print_out
from milo_tui.cli.options import common_options, note
from milo_tui.reports.runs_list import render_runs
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store, writing


@click.command("bin")
@click.argument("runs", metavar="[RUN...]", nargs=-1)
@click.option("--restore", is_flag=True, help="Move the runs out of the bin.")
@click.option("--empty", is_flag=True, help="Delete every run in the bin for good; asks first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common_options
def command(runs: tuple[str, ...], restore: bool, empty: bool, yes: bool) -> None:
    """Move runs to the bin and back, or delete what is in it.

    Without RUN, list the runs in the bin. A run in the bin keeps all its data; --restore brings it back.
    """
    if empty and (runs or restore):
        raise click.UsageError("--empty deletes every run in the bin; give no RUN and no --restore with it.")
    if restore and not runs:
        raise click.UsageError("Which runs? `milo bin` lists those in the bin.")
    asyncio.run(_bin(runs, restore, empty, yes))


async def _bin(runs: tuple[str, ...], restore: bool, empty: bool, yes: bool) -> None:
    async with writing(current_settings().database) as store, opened(Reader) as reader:
        if empty:
            await _empty(store, reader, yes)
        elif runs:
            for wanted in runs:
                await _move(store, await reader.find_run(wanted), restore)
        elif found := await reader.runs(binned=True):
            print_out(render_runs(found))
        else:
            note("The bin is empty. `milo bin RUN` moves a run there.")


async def _move(store: Store, number: int, restore: bool) -> None:
    if restore:
        await store.restore(number)
        click.echo(f"Run {number}: out of the bin.")
    else:
        await store.bin(number, time.time())
        click.echo(f"Run {number}: in the bin. `milo bin --restore {number}` brings it back.")


async def _empty(store: Store, reader: Reader, yes: bool) -> None:
    found = await reader.runs(binned=True, limit=10_000)
    if not found:
        note("The bin is empty.")
        return
    numbers = ", ".join(str(run.number) for run in found[:20]) + (", …" if len(found) > 20 else "")
    if not yes:
        runs = "1 run" if len(found) == 1 else f"{len(found)} runs"
        click.confirm(f"Delete {runs} for good ({numbers})?", abort=True, err=True)
    deleted = await store.empty_bin()
    click.echo(f"{deleted} {'run' if deleted == 1 else 'runs'} deleted.")
