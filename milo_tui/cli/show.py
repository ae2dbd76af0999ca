"""`milo show`: a run's report."""

import asyncio
from pathlib import Path

import click
from rich.console import RenderableType

from milo_tui.analysis.prices import load_prices
from milo_tui.cli.common import current_settings, opened, print_out
from milo_tui.cli.options import FILE, common_options, note
from milo_tui.config import Settings
from milo_tui.reports import terminal
from milo_tui.reports.formats import REPORTS
from milo_tui.reports.run_data import RunData
from milo_tui.store.export_run import write_whole
from milo_tui.store.queries import Reader


@click.command("show")
@click.argument("wanted", metavar="[RUN]", default="last")
@click.option("--format", "name", type=click.Choice(list(REPORTS)), default="table", show_default=True)
@click.option("-o", "--output", type=FILE, help="Write to this file.")
@click.option("--share", is_flag=True, help="Leave out host names, addresses, paths and notes.")
@common_options
def command(wanted: str, name: str, output: Path | None, share: bool) -> None:
    """Print a run's report: how close local is to cloud.

    RUN is a number, the beginning of a run's key, or `last`.
    """
    asyncio.run(_show(wanted, name, output, share))


async def _show(wanted: str, name: str, output: Path | None, share: bool) -> None:
    settings = current_settings()
    async with opened(Reader, settings) as reader:
        run = await read_run(settings, reader, await reader.find_run(wanted), share=share)
        if output is not None:
            await write_whole(output, REPORTS[name].render(run))
            note(f"Written to {output}.")
        elif name == "table":
            print_out(terminal.tables(run))
        else:
            async for piece in REPORTS[name].render(run):
                click.echo(piece, nl=False)


async def read_run(settings: Settings, reader: Reader, number: int, *, share: bool = False) -> RunData:
    """A run with what its reports need; redacted where it is to be shared. Raises StoreError, PriceError."""
    prices = load_prices(settings.prices)
    return await RunData.read(reader, number, prices, share=share)


async def run_table(settings: Settings, reader: Reader, number: int) -> RenderableType:
    """A run's report as tables. Raises StoreError, PriceError."""
    return terminal.tables(await read_run(settings, reader, number))
