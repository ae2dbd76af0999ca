"""Carrying on a run from the app: a runner of its own is started, and joined once it answers."""

import asyncio

from milo_tui.bench.channel import attach
from milo_tui.bench.feed import Feed
from milo_tui.settings import Settings

TRIES = 150
EVERY = 0.1


class ResumeError(Exception):
    """Why a run is not going on; one sentence."""


async def resume(settings: Settings, run: int) -> Feed:
    """Start the runner detached from this terminal and join it. Raises ResumeError."""
    try:
        from milo_tui.bench.launch import resume_detached
    except ImportError:
        raise ResumeError(f"Runs cannot be resumed from here yet; `milo resume {run}` does it.") from None
    try:
        await asyncio.to_thread(resume_detached, settings, run)
    except OSError as error:
        raise ResumeError(f"Run {run} could not be resumed: {error}.") from None
    for _ in range(TRIES):
        try:
            return await attach(run, settings.runtime)
        except ConnectionError:
            await asyncio.sleep(EVERY)
    raise ResumeError(f"Run {run} did not begin within {TRIES * EVERY:.0f} s; its log is in {settings.logs}.")
