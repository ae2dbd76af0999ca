"""`milo watch`: follow a running run."""

import asyncio
from importlib import import_module

import click

from milo_tui.cli.common import current_settings, find_run
from milo_tui.cli.options import can_show_app, common_options
from milo_tui.cli.progress import Progress
from milo_tui.config import Settings
from milo_tui.runner.channel import attach


@click.command("watch")
@click.argument("wanted", metavar="[RUN]", default="last")
@common_options
def command(wanted: str) -> None:
    """Watch a running run; several terminals can.

    In the app where stdout is a terminal, else as lines of progress.
    """
    settings = current_settings()
    number = asyncio.run(find_run(settings, wanted))
    if can_show_app():
        import_module("milo_tui.cli.app").open_live(settings, number, attach(number, settings.runtime))
    else:
        asyncio.run(_follow(settings, number))


async def _follow(settings: Settings, number: int) -> None:
    feed = await attach(number, settings.runtime)
    progress = Progress(feed.state)
    async for event in feed.events():
        feed.state.apply(event)
        progress(event)
    await feed.aclose()
