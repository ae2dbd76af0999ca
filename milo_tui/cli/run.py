"""`milo run`: a suite on the models of milo.toml."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from milo_tui.analysis.estimate import estimates, expected_repeats
from milo_tui.analysis.prices import load_prices
from milo_tui.cli.common import current_settings
from milo_tui.cli.options import FOLDER, common_options, note
from milo_tui.cli.start import (
    Asking,
    deciding_options,
    load_part,
    opens_app,
    plain_option,
    repeats_option,
    run_new,
    seed_option,
    threshold_options,
    thresholds_of,
)
from milo_tui.config import ConfigError, data_folder
from milo_tui.endpoints.discovery import check_reachable
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.errors import MiloError
from milo_tui.mlx.memory import machine_gb
from milo_tui.reports.cost_text import estimate_lines
from milo_tui.reports.decision_text import deciding_words
from milo_tui.runner.fitting import plan_lines
from milo_tui.runner.launch import create_run, start_detached


class UnreachableError(MiloError):
    """A model of the run cannot be asked."""


@click.command("run")
@click.option("--models", "model_ids", metavar="A,B", help="Ids of models in milo.toml; default: all.")
@click.option("--suite", type=FOLDER, help="Folder of another suite.")
@click.option("--category", "categories", multiple=True, help="Only this category; can be repeated.")
@click.option(
    "--prompt", "prompt_ids", multiple=True, metavar="ID", help="Only this prompt; can be repeated."
)
@repeats_option
@deciding_options
@seed_option
@plain_option
@click.option(
    "--no-stream", is_flag=True, help="Ask for unstreamed answers: the control for calls lost in streams."
)
@click.option("--detach", is_flag=True, help="Start the run, print its number and return.")
@click.option("--note", "text", default="", help="A note to store with the run.")
@threshold_options
@common_options
def command(
    model_ids: str | None,
    suite: Path | None,
    categories: tuple[str, ...],
    prompt_ids: tuple[str, ...],
    repeats: int,
    seed: int | None,
    plain: bool,
    no_stream: bool,
    detach: bool,
    text: str,
    fail_under: float | None,
    baseline: str | None,
    asking: Asking,
) -> None:
    """Run a suite on the models of milo.toml."""
    settings = current_settings(models=True)
    entries = settings.choose(model_ids.split(",") if model_ids else None)
    if not entries:
        place = settings.config or "There is no milo.toml, so it"
        raise ConfigError(
            f"{place} names no model; `milo models init` writes an example, `milo demo` needs none."
        )
    part = load_part(suite or data_folder("prompts") / "milo", categories, prompt_ids)
    if no_stream:
        entries = [entry.model_copy(update={"stream": False}) for entry in entries]
    prices = load_prices(settings.prices)
    record = asking.new_run(part, entries, repeats, seed, text)
    costs = estimates(entries, part.prompts, expected_repeats(record), prices)
    if record.margin is not None:
        note(deciding_words(record))
    for line in [*plan_lines(entries, machine_gb()), *estimate_lines(costs)]:
        note(line)
    asyncio.run(_check_reachable(entries))
    if detach:
        number = asyncio.run(create_run(settings, record))
        start_detached(settings, number)
        click.echo(str(number))
        return
    thresholds = thresholds_of(settings, fail_under, baseline)
    run_new(settings, record, in_app=opens_app(plain), thresholds=thresholds)


async def _check_reachable(entries: Sequence[ModelEntry]) -> None:
    """Raise UnreachableError if a key is missing or a server does not answer."""
    found = await asyncio.gather(*map(check_reachable, entries))
    problems = [f"{entry.name}: {why}" for entry, (ok, why) in zip(entries, found, strict=True) if not ok]
    if problems:
        raise UnreachableError(f"Not started: {'; '.join(problems)}. `milo doctor` checks the set-up.")
