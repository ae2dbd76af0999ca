"""`milo demo`: Milo-Bench on simulated models."""

from typing import get_args

import click

from milo_tui.cli.common import current_settings
from milo_tui.cli.options import common_options
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
from milo_tui.config import data_folder
from milo_tui.runner.demo import demo_entries
from milo_tui.simulated.script import Pace


@click.command("demo")
@click.option("--pace", type=click.Choice(get_args(Pace)), help="How quickly the models answer.")
@repeats_option
@deciding_options
@seed_option
@plain_option
@threshold_options
@common_options
def command(
    pace: Pace | None,
    repeats: int,
    seed: int | None,
    plain: bool,
    fail_under: float | None,
    baseline: str | None,
    asking: Asking,
) -> None:
    """Run Milo-Bench on three simulated models; nothing to configure."""
    suite = load_part(data_folder("prompts") / "milo")
    in_app = opens_app(plain)
    entries = demo_entries(pace or ("real" if in_app else "fast"))
    settings = current_settings()
    thresholds = thresholds_of(settings, fail_under, baseline)
    run_new(settings, asking.new_run(suite, entries, repeats, seed), in_app=in_app, thresholds=thresholds)
