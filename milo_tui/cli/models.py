"""models list, check, init: what milo.toml names, and whether it works."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import BELOW, common, note, print_out, settings

if TYPE_CHECKING:
    from milo_tui.endpoints.entry import ModelEntry


@click.group()
def models() -> None:
    """The models of milo.toml."""


@models.command("list")
@common
def list_models() -> None:
    """Every model: where it runs, how it is sampled, which lane it shares."""
    from milo_tui.reports.model_text import render

    where = settings()
    if not where.models:
        note("No model is named. `milo models init` writes a milo.toml to begin with.")
        return
    print_out(render(where.models))


@models.command()
@click.option("--models", "ids", metavar="A,B", help="Ids of milo.toml; all without it.")
@common
def check(ids: str | None) -> None:
    """A real two-turn tool call with each model; says what works and what does not."""
    where = settings()
    chosen = where.choose(ids.split(",") if ids else None)
    if not chosen:
        note("No model is named. `milo models init` writes a milo.toml to begin with.")
        return
    fine = asyncio.run(_check_all(chosen))
    sys.exit(0 if fine else BELOW)


async def _check_all(entries: "list[ModelEntry]") -> bool:
    from milo_tui.bench.probe import probe
    from milo_tui.sanitise import sanitise

    fine = True
    for entry in entries:
        click.echo(sanitise(f"{entry.name} ({entry.id})"))
        async for finding in probe(entry):
            fine = fine and (finding.ok or not finding.needed)
            sign = "✓" if finding.ok else ("✗" if finding.needed else "–")
            click.echo(sanitise(f"  {sign} {finding.text}"))
    return fine


@models.command()
@click.option("--example", type=click.Choice(["local", "published"]), default="local", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("milo.toml"))
def init(example: str, output: Path) -> None:
    """Write a milo.toml to begin with; an existing one is never overwritten."""
    from milo_tui.examples import example_text

    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(example_text(example))
    except FileExistsError:
        raise click.UsageError(f"{output} is there already; name another file with -o.") from None
    note(f"Written to {output}. `milo models check` tries each model, `milo run` begins.")
