"""The bin: a run goes in and comes back with all that it holds, and a live one stays where it is."""

import asyncio
from pathlib import Path

import pytest

from milo_tui.analysis.phases import RunPhase
from milo_tui.config import Settings
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens.bin import BinScreen
from milo_tui.tui.screens.run import RunScreen
from milo_tui.tui.screens.runs import RunsScreen
from milo_tui.tui.widgets.run_list import RunList
from tests.factories import NOVEMBER
from tests.tui.looking import move, notices, press, screen, settle
from tests.tui.runs_data import MODELS, run, settings, store_run
from tests.tui.test_runs import numbers, start_live


@pytest.fixture
async def four_runs(tmp_path: Path) -> Settings:
    """Four runs, the first with a note."""
    chosen = settings(tmp_path)
    for day in range(4):
        note = "" if day else "the first of all"
        await store_run(chosen.database, run(MODELS[:1], created=NOVEMBER + 90_000 * day, note=note))
    return chosen


async def binned(chosen: Settings) -> list[int]:
    """What the store has in the bin."""
    reader = await Reader.open(chosen.database)
    try:
        return [found.number for found in await reader.runs(binned=True)]
    finally:
        await reader.aclose()


@pytest.mark.parametrize("key", ["delete", "backspace"])
async def test_a_run_goes_to_the_bin_and_u_takes_it_back(four_runs: Settings, key: str) -> None:
    reader = await Reader.open(four_runs.database)
    before = await reader.summary(3), await reader.attempts(3)
    app = MiloApp(four_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "j", "space", key)
        assert numbers(app) == [4, 2, 1]
        assert app.screen.query_one(RunList).cursor == 1
        assert app.screen.query_one(RunList).picked == []
        assert notices(app)[-1] == "Run 3 is in the bin. u restores it, B shows the bin."
        assert "3 runs" in screen(app)
        assert await binned(four_runs) == [3]
        await press(pilot, "u")
        assert numbers(app) == [4, 3, 2, 1]
        assert notices(app)[-1] == "Run 3 is restored."
        await press(pilot, "u")
        assert "Nothing to undo" in notices(app)[-1]
    assert (await reader.summary(3), await reader.attempts(3)) == before
    await reader.aclose()


async def test_several_come_back_in_turn_the_last_one_first(four_runs: Settings) -> None:
    app = MiloApp(four_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await move(pilot, "delete", "delete", "delete")
        assert numbers(app) == [1]
        assert await binned(four_runs) == [4, 3, 2]
        await move(pilot, "u", "u")
        assert numbers(app) == [3, 2, 1]
        await press(pilot, "g", "delete", "delete", "delete")
        assert "No runs yet." in screen(app)
        await press(pilot, "u")
        assert numbers(app) == [1]
        await press(pilot, "enter")
        assert isinstance(app.screen, RunScreen)


async def test_u_right_after_delete_waits_for_it(
    four_runs: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_to_bin = Store.bin

    async def slowly(store: Store, number: int, when: float) -> None:
        await asyncio.sleep(0.5)
        await move_to_bin(store, number, when)

    monkeypatch.setattr(Store, "bin", slowly)
    app = MiloApp(four_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await move(pilot, "delete", "u")
        assert numbers(app) == [4, 3, 2, 1]
    assert await binned(four_runs) == []


async def test_the_bin_shows_what_is_in_it_and_gives_it_back(four_runs: Settings) -> None:
    app = MiloApp(four_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "j", "delete", "G", "delete", "B")
        assert isinstance(app.screen, BinScreen)
        assert numbers(app) == [3, 1]
        shown = screen(app)
        assert "milo · bin" in shown
        assert "2 runs" in shown
        assert "in the bin since" in shown
        await move(pilot, "slash", *"first of")
        assert numbers(app) == [1]
        await press(pilot, "escape", "enter")
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "escape", "g", "u")
        assert notices(app)[-1] == "Run 3 is restored."
        assert numbers(app) == [1]
        await press(pilot, "delete")
        assert "The bin is empty." in screen(app)
        await press(pilot, "B")
        assert isinstance(app.screen, RunsScreen)
        assert numbers(app) == [4, 3, 2, 1]
    assert await binned(four_runs) == []


async def test_an_empty_bin_says_what_it_is_for(tmp_path: Path) -> None:
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "B")
        shown = screen(app)
        assert "The bin is empty." in shown
        assert "milo bin --empty" in shown
        await press(pilot, "u", "enter", "y", "slash", "x", "escape", "escape")
        assert isinstance(app.screen, RunsScreen)


async def test_a_live_run_stays_out_of_the_bin(four_runs: Settings) -> None:
    number = await start_live(
        four_runs.database, run(MODELS[:1], created=NOVEMBER - 9, phase=RunPhase.RUNNING)
    )
    app = MiloApp(four_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "g", "delete")
        assert numbers(app) == [5, 4, 3, 2, 1]
        assert "active in another process" in notices(app)[-1]
        four_runs.runtime.mkdir(parents=True)
        (four_runs.runtime / f"{number}.sock").touch()
        app.simulate_key("B")
        await settle(pilot)
        await press(pilot, "escape", "delete")
        assert numbers(app) == [5, 4, 3, 2, 1]
        assert notices(app)[-1] == "Run 5 is running. Stop it before moving it to the bin."
    assert await binned(four_runs) == []


async def test_a_database_that_cannot_be_written_keeps_the_run_in_the_list(
    four_runs: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from milo_tui.store.database import StoreError

    async def refuse(path: Path) -> Store:
        raise StoreError(f"{path} cannot be written.")

    app = MiloApp(four_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        monkeypatch.setattr(Store, "open", refuse)
        await press(pilot, "delete")
        assert numbers(app) == [4, 3, 2, 1]
        assert "cannot be written" in notices(app)[-1]
        await press(pilot, "u")
        assert "Nothing to undo" in notices(app)[-1]
