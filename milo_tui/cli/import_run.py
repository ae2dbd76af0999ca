"""import: a run's raw JSON back into the database."""

import asyncio
import sys
from pathlib import Path

import click

from milo_tui.cli.common import DONE, USAGE, common, note, settings
from milo_tui.sanitise import sanitise


@click.command("import")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
)
@common
def import_(files: tuple[Path, ...]) -> None:
    """Bring runs back from raw JSON (bench_results, or `milo show RUN --format json`).

    Nothing is doubled: what the database has already stays as it is. Exits with 2 where a file cannot be read.
    """
    sys.exit(asyncio.run(_import(files)))


async def _import(files: tuple[Path, ...]) -> int:
    from milo_tui.store.import_run import ImportProblem, import_run
    from milo_tui.store.queries import Reader
    from milo_tui.store.store import writing

    status = DONE
    async with writing(settings(models=False).database) as store:
        reader = await Reader.open(settings(models=False).database)
        try:
            for path in files:
                try:
                    found = await import_run(store, reader, path)
                except ImportProblem as error:
                    note(str(error))
                    status = USAGE
                    continue
                told = (
                    f"{found.added} of {found.attempts} attempts brought in"
                    if found.added
                    else (f"nothing new: all {found.attempts} attempts were there")
                )
                binned = f" (it is in the bin: `milo bin --restore {found.run}`)" if found.is_binned else ""
                click.echo(sanitise(f"run {found.run}: {told}{binned}"))
        finally:
            await reader.aclose()
    return status
