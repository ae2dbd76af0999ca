"""Opening the app: on Runs, on a run that starts now, or on one that goes on."""

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import note, settings

if TYPE_CHECKING:
    from milo_tui.config import Settings


def open_app(context: click.Context) -> None:
    """The app at Runs."""
    from milo_tui.tui.app import MiloApp

    app = MiloApp(settings(models=False))
    app.run(mouse=_mouse())
    sys.exit(app.return_code or 0)


def _mouse() -> bool:
    """Whether the app may have the mouse; `--no-mouse` leaves it to the terminal's own selection."""
    return bool((click.get_current_context().obj or {}).get("mouse", True))


def open_live(where: "Settings", number: int, *, runner: int | None = None) -> None:
    """Open the app on a live run; `runner` is the pid of its process, where this command started it."""
    asyncio.run(_live(where, number, runner))


async def _live(where: "Settings", number: int, runner: int | None) -> None:
    from milo_tui.runner.launch import attach_when_up
    from milo_tui.tui.app import MiloApp

    feed = await attach_when_up(where, number, runner)
    app = MiloApp(where, feed=feed, started_here=runner is not None)
    await app.run_async(mouse=_mouse())
    await feed.aclose()
    await _say_how_it_stands(where, number)


async def _say_how_it_stands(where: "Settings", number: int) -> None:
    from milo_tui.analysis.phases import ACTIVE
    from milo_tui.store.queries import Reader

    reader = await Reader.open(where.database)
    try:
        summary = await reader.summary(number)
    finally:
        await reader.aclose()
    if summary.phase in ACTIVE:
        far = f"{summary.figures.scored}/{summary.figures.planned}"
        note(f"Run {number} continues ({far}); `milo watch {number}` shows it again.")
    else:
        note(f"Run {number} is {summary.phase.value}; `milo show {number}` prints its table.")
