"""`milo models`: list, check, init, add and losses."""

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path
from typing import get_args

import click

from milo_tui.cli.common import current_settings, opened, print_out
from milo_tui.cli.model_examples import Example, example_text
from milo_tui.cli.options import BELOW, FILE, common_options, note, option_given
from milo_tui.config import Settings
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.presets import PRESETS, FileInTheWay, PresetError, Wanted, add_model
from milo_tui.reports.model_text import render
from milo_tui.reports.server_text import Run, lost_calls, render_lost
from milo_tui.runner.launch import server_home
from milo_tui.runner.probe import probe
from milo_tui.sanitise import sanitise
from milo_tui.store.queries import Reader

NO_MODEL = "milo.toml names no model. `milo models init` writes an example."


@click.group("models")
def command() -> None:
    """List, check and add the models of milo.toml."""


@command.command("list")
@common_options
def list_models() -> None:
    """List the models: where they run, how they are sampled, which run one after another."""
    settings = current_settings(models=True)
    if settings.models:
        print_out(render(settings.models))
    else:
        note(NO_MODEL)


@command.command()
@click.option("--models", "ids", metavar="A,B", help="Ids of models in milo.toml; default: all.")
@common_options
def check(ids: str | None) -> None:
    """Make a real two-turn tool call with each model, and print what works."""
    settings = current_settings(models=True)
    chosen = settings.choose(ids.split(",") if ids else None)
    if not chosen:
        note(NO_MODEL)
        return
    sys.exit(0 if asyncio.run(_check_all(settings, chosen)) else BELOW)


async def _check_all(settings: Settings, entries: list[ModelEntry]) -> bool:
    all_ok = True
    for entry in entries:
        click.echo(sanitise(f"{entry.name} ({entry.id})"))
        async with aclosing(probe(entry, server_home(settings), _Loading())) as findings:
            async for finding in findings:
                all_ok = all_ok and (finding.ok or not finding.needed)
                sign = "✓" if finding.ok else ("✗" if finding.needed else "–")
                click.echo(sanitise(f"  {sign} {finding.text}"))
    return all_ok


class _Loading:
    """Print how far a server has loaded: at once, then every tenth time."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, text: str) -> None:
        if self._calls % 10 == 0:
            note(f"  loading: {text}")
        self._calls += 1


@command.command()
@click.option("--example", type=click.Choice(get_args(Example)), default="local", show_default=True)
@click.option("-o", "--output", type=FILE, default=Path("milo.toml"), show_default=True)
def init(example: Example, output: Path) -> None:
    """Write an example milo.toml; an existing file is never overwritten."""
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(example_text(example))
    except FileExistsError:
        raise click.UsageError(f"{output} exists already; name another file with -o.") from None
    note(f"Written to {output}. `milo models check` checks each model; `milo run` runs them.")


@command.command()
@click.argument("preset", required=False)
@click.option("--model", metavar="NAME", help="The model's name for the server, or its weights.")
@click.option("--id", "id", help="Its id in milo.toml; default: made from the name.")
@click.option("--name", help="Its name in the app and in reports.")
@click.option("--base-url", help="The server's address, if it is not the usual one.")
@common_options
def add(
    preset: str | None, model: str | None, id: str | None, name: str | None, base_url: str | None
) -> None:
    """Add a model of a known server or API to milo.toml.

    Without PRESET, list the presets.
    """
    if preset is None:
        for known, about in PRESETS.items():
            click.echo(f"{known:<12} {about.about}")
        return
    if preset not in PRESETS:
        raise click.UsageError(f"There is no preset {preset}; there are {', '.join(PRESETS)}.")
    path = option_given("config") or current_settings().config or Path("milo.toml")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        path.write_text(add_model(text, Wanted(preset, model, id, name, base_url)), encoding="utf-8")
    except PresetError as error:
        place = f"{path}: " if isinstance(error, FileInTheWay) else ""
        raise click.UsageError(f"{place}{error}") from None
    note(f"Added to {path}. `milo models check` checks it.")


@command.command()
@common_options
def losses() -> None:
    """Print in how many attempts each server lost or garbled a call, streamed and not, over all real runs."""
    found = lost_calls(asyncio.run(_real_runs()))
    if found:
        print_out(render_lost(found))
    else:
        note("There is no run of a real model yet. `milo run` makes one, `milo run --no-stream` its control.")


async def _real_runs() -> list[Run]:
    async with opened(Reader) as reader:
        numbers = [run.number for run in await reader.runs(limit=1000) if not run.simulated]
        return [(await reader.run(number), await reader.attempts(number)) for number in numbers]
