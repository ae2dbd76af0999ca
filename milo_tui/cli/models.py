"""models list, check, init, add, losses: what milo.toml names, whether it works, and what its servers lose."""

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import BELOW, common, note, print_out, settings

if TYPE_CHECKING:
    from milo_tui.analysis.record import Attempt, RunRecord
    from milo_tui.config import Settings
    from milo_tui.endpoints.entry import ModelEntry
    from milo_tui.mlx.process import ServerHome


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
    fine = asyncio.run(_check_all(where, chosen))
    sys.exit(0 if fine else BELOW)


async def _check_all(where: "Settings", entries: "list[ModelEntry]") -> bool:
    from milo_tui.runner.launch import server_home
    from milo_tui.sanitise import sanitise

    home, fine = server_home(where), True
    for entry in entries:
        click.echo(sanitise(f"{entry.name} ({entry.id})"))
        fine = await _check(entry, home) and fine
    return fine


async def _check(entry: "ModelEntry", home: "ServerHome") -> bool:
    from milo_tui.runner.probe import probe
    from milo_tui.sanitise import sanitise

    fine = True
    async with aclosing(probe(entry, home, _Loading())) as findings:
        async for finding in findings:
            fine = fine and (finding.ok or not finding.needed)
            sign = "✓" if finding.ok else ("✗" if finding.needed else "–")
            click.echo(sanitise(f"  {sign} {finding.text}"))
    return fine


class _Loading:
    """Tells how a server comes up: at once, then every tenth time."""

    def __init__(self) -> None:
        self._told = 0

    def __call__(self, text: str) -> None:
        if self._told % 10 == 0:
            note(f"  loading: {text}")
        self._told += 1


@models.command()
@click.option("--example", type=click.Choice(["local", "published"]), default="local", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("milo.toml"))
def init(example: str, output: Path) -> None:
    """Write a milo.toml to begin with; an existing one is never overwritten."""
    from milo_tui.cli.model_examples import example_text

    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(example_text(example))
    except FileExistsError:
        raise click.UsageError(f"{output} is there already; name another file with -o.") from None
    note(f"Written to {output}. `milo models check` tries each model, `milo run` begins.")


@models.command()
@click.argument("preset", required=False)
@click.option("--model", "model", metavar="NAME", help="The model's name on the wire, or its weights.")
@click.option("--id", "id", help="Its id in milo.toml; made of the name without it.")
@click.option("--name", help="Its name on screens and in reports.")
@click.option("--base-url", help="The server's address, where it is not the usual one.")
@common
def add(
    preset: str | None, model: str | None, id: str | None, name: str | None, base_url: str | None
) -> None:
    """Add a model of a known server or API to milo.toml; without PRESET, list them."""
    from milo_tui.endpoints.presets import PRESETS, PresetError, Wanted, add_model

    if preset is None:
        for known, about in PRESETS.items():
            click.echo(f"{known:<12} {about.about}")
        return
    if preset not in PRESETS:
        raise click.UsageError(f"There is no preset {preset}; there are {', '.join(PRESETS)}.")
    given = (click.get_current_context().obj or {}).get("config")
    path = given or settings().config or Path("milo.toml")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        path.write_text(add_model(text, Wanted(preset, model, id, name, base_url)), encoding="utf-8")
    except PresetError as error:
        raise click.UsageError(f"{path}: {error}") from None
    note(f"Added to {path}. `milo models check` tries it.")


@models.command()
@common
def losses() -> None:
    """In how many attempts a server lost or garbled a call, streamed and not, over all runs of real models."""
    from milo_tui.reports.server_text import lost_calls, render_lost

    found = lost_calls(asyncio.run(_real_runs()))
    if not found:
        note(
            "There is no run of a real model yet. `milo run`, then `milo run --no-stream` as the control arm."
        )
        return
    print_out(render_lost(found))


async def _real_runs() -> "list[tuple[RunRecord, list[Attempt]]]":
    from milo_tui.cli.history import reading

    async with reading() as reader:
        numbers = [run.number for run in await reader.runs(limit=1000) if not run.simulated]
        return [(await reader.run(number), await reader.attempts(number)) for number in numbers]
