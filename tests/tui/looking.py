"""Looking at an app under test: what a person would see, and waiting until nothing is under way."""

from textual.app import App
from textual.pilot import Pilot
from textual.worker import WorkerState

ENDLESS = ("action_note", "watch_run", "action_leave", "action_stop", "action_side")
"""Workers that wait for the person or for a run."""


async def settle(pilot: Pilot[int]) -> None:
    """Wait until every worker has ended and the screen is drawn."""
    while not getattr(pilot.app, "is_open", True):
        await pilot.pause(0.01)
    await pilot.pause()
    while _busy(pilot.app):
        while _busy(pilot.app):
            await pilot.pause()
        # What they brought may set others to work.
        await pilot.pause()


def _busy(app: App[int]) -> bool:
    """Whether a worker is under way that will end by itself."""
    return any(
        worker.state in (WorkerState.PENDING, WorkerState.RUNNING) and worker.name not in ENDLESS
        for worker in app.workers
    )


async def move(pilot: Pilot[int], *keys: str) -> None:
    """Press keys of which none starts any work."""
    await pilot.press(*keys)
    await settle(pilot)


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys one after the other, each when the one before has had its effect."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def screen(app: App[int]) -> str:
    """The screen as text, line by line."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def notices(app: App[int]) -> list[str]:
    """The notices given so far that still stand."""
    return [notification.message for notification in app._notifications]
