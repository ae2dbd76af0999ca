"""A terminal too small for a screen: a card that tells how things stand, keys that leave, and no garbage."""

from pathlib import Path

import pytest

from milo_tui.config import Settings
from milo_tui.tui.app import MiloApp
from milo_tui.tui.base_screen import BaseScreen
from milo_tui.tui.screens.runs import RunsScreen
from tests.factories import NOVEMBER
from tests.tui.looking import press, screen, settle
from tests.tui.runs_data import MODELS, run, settings, store_run

PLACES = {
    "runs": ((), "milo · runs · 2 runs"),
    "search": (("ctrl+f",), "milo · search"),
    "bin": (("B",), "milo · bin · 0 runs"),
    "new run": (("n",), "milo · new run"),
    "run": (("enter",), "milo · run 2"),
    "prompts": (("enter", "2"), "milo · run 2"),
    "attempt": (("enter", "2", "enter"), "milo · run 2 · Qwen3.5"),
    "diff": (("enter", "2", "enter", "d"), "milo · run 2 · single_tool/refund"),
    "compare": (("space", "j", "space", "c"), "milo · compare"),
}
"""Each screen, the keys that lead to it, and what its card begins with."""


@pytest.fixture
async def two_runs(tmp_path: Path) -> Settings:
    """Two whole runs."""
    chosen = settings(tmp_path)
    for day in range(2):
        await store_run(chosen.database, run(MODELS[:2], created=NOVEMBER + 90_000 * day))
    return chosen


@pytest.mark.parametrize("place", PLACES)
async def test_below_its_least_size_a_screen_is_a_card(two_runs: Settings, place: str) -> None:
    keys, words = PLACES[place]
    app = MiloApp(two_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *keys)
        whole, focused = screen(app), app.screen.focused
        assert "80 × 20" not in whole
        for size in ((79, 24), (80, 19), (60, 12)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
            told, needed, *rest = screen(app).splitlines()
            assert told.strip().startswith(words[: size[0] - 2])
            assert needed.strip().startswith("Too small: needs 80×20; ")
            assert not "".join(rest).strip()
        for size in ((20, 5), (4, 2), (1, 1)):
            await pilot.resize_terminal(*size)
            await settle(pilot)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert screen(app) == whole
        assert app.screen.focused is focused
        await pilot.resize_terminal(60, 12)
        await settle(pilot)
        if place == "runs":
            await press(pilot, "q")
            assert not app.is_running
        else:
            while not isinstance(app.screen, RunsScreen):
                await press(pilot, "escape")


async def test_a_screen_opened_in_a_small_terminal_is_a_card_from_the_start(two_runs: Settings) -> None:
    app = MiloApp(two_runs)
    async with app.run_test(size=(70, 15)) as pilot:
        await settle(pilot)
        assert "milo · runs · 2 runs" in screen(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, BaseScreen)
        assert screen(app).strip().startswith("milo · run 2")
        assert "80×20" in screen(app)


async def test_the_card_goes_on_telling_how_things_stand(two_runs: Settings) -> None:
    app = MiloApp(two_runs)
    async with app.run_test(size=(70, 15)) as pilot:
        await settle(pilot)
        await press(pilot, "delete")
        assert "milo · runs · 1 run" in screen(app)
        await press(pilot, "u")
        assert "milo · runs · 2 runs" in screen(app)


@pytest.mark.parametrize("size", [(60, 15), (40, 10)])
async def test_questions_and_help_can_be_read_and_left_in_a_small_terminal(
    two_runs: Settings, size: tuple[int, int]
) -> None:
    app = MiloApp(two_runs)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "question_mark")
        assert "Here" in screen(app)
        await press(pilot, "G")
        assert "Command palette" in screen(app)
        await press(pilot, "escape", "m")
        assert "Note of run 2" in screen(app)
        await press(pilot, *"kept", "enter")
        assert isinstance(app.screen, RunsScreen)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "note  kept" in screen(app)
