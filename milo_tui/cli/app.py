"""Open the app: on the list of runs, or on a running run."""

import asyncio
import sys
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from milo_tui.analysis.phases import ACTIVE
from milo_tui.cli.common import current_settings, opened
from milo_tui.cli.options import note, option_given
from milo_tui.config import Settings
from milo_tui.store.lists import RunLists
from milo_tui.tui.app import MiloApp

if TYPE_CHECKING:
    from milo_tui.runner.channel import Feed


def open_app() -> None:
    """Open the app on the list of runs."""
    app = MiloApp(current_settings())
    app.run(mouse=_mouse())
    sys.exit(app.return_code or 0)


def _mouse() -> bool:
    return option_given("mouse") is not False


def open_live(
    settings: Settings, number: int, attaching: "Awaitable[Feed]", *, started_here: bool = False
) -> None:
    """Open the app on a running run, as soon as it is attached to."""
    asyncio.run(_open_live(settings, number, attaching, started_here))


async def _open_live(
    settings: Settings, number: int, attaching: "Awaitable[Feed]", started_here: bool
) -> None:
    feed = await attaching
    await MiloApp(settings, feed=feed, started_here=started_here).run_async(mouse=_mouse())
    await feed.aclose()
    async with opened(RunLists, settings) as lists:
        summary = await lists.summary(number)
    if summary.phase in ACTIVE:
        done = f"{summary.figures.scored}/{summary.figures.planned}"
        note(f"Run {number} continues ({done}); `milo watch {number}` shows it again.")
    else:
        note(f"Run {number} is {summary.phase.value}; `milo show {number}` prints its report.")
