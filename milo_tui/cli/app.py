"""Open the app: on the list of runs, or on a running run."""

import asyncio
import sys

from milo_tui.analysis.phases import ACTIVE
from milo_tui.cli.common import current_settings, open_reader
from milo_tui.cli.options import note, option_given
from milo_tui.config import Settings
from milo_tui.runner.launch import attach_when_up
from milo_tui.tui.app import MiloApp


def open_app() -> None:
    """Open the app on the list of runs."""
    app = MiloApp(current_settings())
    app.run(mouse=_mouse())
    sys.exit(app.return_code or 0)


def _mouse() -> bool:
    return option_given("mouse") is not False


def open_live(settings: Settings, number: int, *, runner: int | None = None) -> None:
    """Open the app on a running run; `runner` is the pid of its process, where this command started it."""
    asyncio.run(_open_live(settings, number, runner))


async def _open_live(settings: Settings, number: int, runner: int | None) -> None:
    feed = await attach_when_up(settings, number, runner)
    await MiloApp(settings, feed=feed, started_here=runner is not None).run_async(mouse=_mouse())
    await feed.aclose()
    async with open_reader(settings) as reader:
        summary = await reader.summary(number)
    if summary.phase in ACTIVE:
        done = f"{summary.figures.scored}/{summary.figures.planned}"
        note(f"Run {number} continues ({done}); `milo watch {number}` shows it again.")
    else:
        note(f"Run {number} is {summary.phase.value}; `milo show {number}` prints its report.")
