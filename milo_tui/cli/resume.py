"""`milo resume`: run what is missing of a run."""

import asyncio

import click

from milo_tui.cli.common import current_settings, find_run
from milo_tui.cli.options import common_options
from milo_tui.cli.start import opens_app, plain_option, run_rest, threshold_options, thresholds_of
from milo_tui.runner.launch import start_detached


@click.command("resume")
@click.argument("wanted", metavar="RUN")
@plain_option
@click.option("--detach", is_flag=True, help="Start it and return.")
@threshold_options
@common_options
def command(wanted: str, plain: bool, detach: bool, fail_under: float | None, baseline: str | None) -> None:
    """Resume an incomplete run.

    What is missing is run with the models and prompts that the run began with.
    """
    settings = current_settings()
    number = asyncio.run(find_run(settings, wanted))
    if detach:
        start_detached(settings, number)
        click.echo(str(number))
        return
    thresholds = thresholds_of(settings, fail_under, baseline)
    run_rest(settings, number, in_app=opens_app(plain), thresholds=thresholds)
