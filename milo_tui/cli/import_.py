"""`milo import`: a run's raw JSON back into the database. (`import` is a word of Python's own.)"""

import asyncio
import sys
from pathlib import Path

import click

from milo_tui.cli.common import current_settings, opened
from milo_tui.cli.options import DONE, FILE, USAGE, common_options, note
from milo_tui.sanitise import sanitise
from milo_tui.store.import_run import ImportProblem, import_run
from milo_tui.store.queries import Reader
from milo_tui.store.store import writing


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@common_options
def command(files: tuple[Path, ...]) -> None:
    """Import runs from raw JSON.

    FILE is a file of bench_results, or what `milo show RUN --format json` prints. What the database has already is
    not changed. Exits with 2 if a file cannot be read.
    """
    sys.exit(asyncio.run(_import(files)))


async def _import(files: tuple[Path, ...]) -> int:
    status = DONE
    async with writing(current_settings().database) as store, opened(Reader) as reader:
        for path in files:
            try:
                found = await import_run(store, reader, path)
            except ImportProblem as error:
                note(str(error))
                status = USAGE
                continue
            if found.added:
                text = f"{found.added} of {found.attempts} attempts imported"
            else:
                text = f"nothing new; all {found.attempts} attempts were there"
            if found.refused:
                text = f"finished or made here, so {found.refused} further attempts of the file were left out"
            binned = f" (it is in the bin: `milo bin --restore {found.run}`)" if found.is_binned else ""
            sums = (await reader.summary(found.run)).figures
            click.echo(
                sanitise(f"Run {found.run}: {text}; {sums.scored} of {sums.planned} have a score{binned}.")
            )
    return status
