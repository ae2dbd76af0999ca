"""The pictures of the README, from the real app on a real run of the simulated models.

    python scripts/screenshots.py

Writes docs/live.svg, docs/run.svg and docs/diff.svg. Nothing in them is made up: a detached run is started, joined
and drawn.
"""

import asyncio
import os
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
SIZE = (140, 40)
LIVE_FOR = 45.0
"""Seconds of the run that the live picture shows."""


async def _wait_until_over(number: int, database: Path) -> None:
    from milo_tui.analysis.phases import ACTIVE
    from milo_tui.store.queries import Reader

    reader = await Reader.open(database)
    while (await reader.summary(number)).phase in ACTIVE:
        await asyncio.sleep(0.5)
    await reader.aclose()


async def live() -> None:
    """A run in the middle."""
    from milo_tui.config import data_folder, load_settings
    from milo_tui.runner.demo import demo_entries
    from milo_tui.runner.launch import attach_when_up, create_run, start_detached
    from milo_tui.runner.plan import new_run
    from milo_tui.suite.loading import load_suite
    from milo_tui.tui.app import MiloApp

    settings = load_settings()
    suite = load_suite(data_folder("prompts") / "milo")
    number = await create_run(settings, new_run(suite, demo_entries("real"), 3, 7))
    start_detached(settings, number)
    feed = await attach_when_up(settings, number)
    app = MiloApp(settings, feed=feed, started_here=True)
    async with app.run_test(size=SIZE) as pilot:
        await asyncio.sleep(LIVE_FOR)
        await pilot.pause()
        app.save_screenshot("live.svg", str(DOCS))
        await feed.send(_stop())
    await feed.aclose()
    await _wait_until_over(number, settings.database)


def _stop():  # type: ignore[no-untyped-def]
    from milo_tui.runner.events import Command

    return Command("stop", now=True)


async def run() -> None:
    """A complete run's table, and the first diff of two of its models."""
    from milo_tui.config import data_folder, load_settings
    from milo_tui.runner.demo import demo_entries
    from milo_tui.runner.launch import create_run, execute_run
    from milo_tui.runner.plan import new_run
    from milo_tui.suite.loading import load_suite
    from milo_tui.tui.app import MiloApp

    settings = load_settings()
    suite = load_suite(data_folder("prompts") / "milo")
    number = await create_run(settings, new_run(suite, demo_entries("fast"), 3, 7))
    await execute_run(settings, number)
    app = MiloApp(settings, run=number)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await asyncio.sleep(1)
        app.save_screenshot("run.svg", str(DOCS))
        for key in ("2", "d", "full_stop"):
            await pilot.press(key)
            await asyncio.sleep(1)
            await pilot.pause()
        app.save_screenshot("diff.svg", str(DOCS))


def main() -> None:
    """Draw all three, in a home of their own."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["MILO_HOME"] = home
        os.chdir(home)
        asyncio.run(live())
        asyncio.run(run())


if __name__ == "__main__":
    main()
