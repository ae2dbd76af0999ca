"""How the screens look, at the smallest size that is promised and at a large one."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from milo_tui.analysis.phases import RunPhase
from milo_tui.tui.app import MiloApp
from tests.factories import NOVEMBER
from tests.tui.looking import press, settle
from tests.tui.runs_data import MODELS, model, points_of, run, settings, store_run

SCREENS = {
    "runs": (),
    "run": ("down", "enter"),
    "prompts": ("down", "enter", "2", "down", "l"),
    "attempt": ("enter", "2", "enter"),
}


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local times are UTC, so that pictures are the same everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def store_three(folder: Path) -> None:
    """A simulated run, one with holes, and a whole one."""
    database = settings(folder).database
    await store_run(database, run([model("steady", "Steady", simulated=True)]))
    holes = run(created=NOVEMBER + 9000, phase=RunPhase.INCOMPLETE, note="after the update")
    await store_run(database, holes, lambda m, p, r: None if (m, p) == (2, 17) else points_of(m, p, r))
    await store_run(database, run(MODELS, created=NOVEMBER + 20_000, note="the published three"))


def pressing(keys: tuple[str, ...]) -> Callable[[Pilot[int]], Awaitable[None]]:
    """What is done before the picture is taken."""

    async def run_before(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, *keys)

    return run_before


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
@pytest.mark.parametrize("name", SCREENS)
def test_looks(name: str, size: tuple[int, int], tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    asyncio.run(store_three(tmp_path))
    app = MiloApp(settings(tmp_path))
    assert snap_compare(app, terminal_size=size, run_before=pressing(SCREENS[name]))
