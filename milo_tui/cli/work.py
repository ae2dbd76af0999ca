"""`milo work` (hidden): run a stored run in a process of its own; the app and `--detach` start it."""

import asyncio

import click

from milo_tui.cli.common import current_settings
from milo_tui.cli.options import LARGEST, common_options
from milo_tui.cli.start import prepare
from milo_tui.runner.launch import execute_run, log_path, log_to_file
from milo_tui.runner.machine import keep_awake


@click.command("work", hidden=True)
@click.argument("number", type=click.IntRange(1, LARGEST))
@common_options
def command(number: int) -> None:
    """Run a stored run in this process."""
    settings = current_settings()
    keep_awake()
    log_to_file(log_path(settings, number))
    asyncio.run(execute_run(settings, number, on_start=lambda runner: prepare(runner, [])))
