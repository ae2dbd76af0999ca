"""`milo stop`: stop a running run."""

import asyncio

import click

from milo_tui.cli.common import current_settings, find_run
from milo_tui.cli.options import common_options, note
from milo_tui.runner.channel import attach
from milo_tui.runner.events import Command


@click.command("stop")
@click.argument("wanted", metavar="[RUN]", default="last")
@click.option("--now", is_flag=True, help="Discard the current attempts; `milo resume` asks them again.")
@common_options
def command(wanted: str, now: bool) -> None:
    """Stop a run; what is done is kept.

    The current attempts are finished first, unless --now is given.
    """
    number = asyncio.run(_stop(wanted, now))
    note(f"Run {number} is stopping{' now' if now else ' after the current attempts'}.")


async def _stop(wanted: str, now: bool) -> int:
    settings = current_settings()
    number = await find_run(settings, wanted)
    feed = await attach(number, settings.runtime)
    await feed.send(Command("stop", now=now))
    await feed.aclose()
    return number
