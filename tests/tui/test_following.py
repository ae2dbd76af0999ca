"""What other processes do shows in the app; a run that was stopped is resumed and followed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot

from milo_tui.analysis.phases import RunPhase
from milo_tui.config import data_folder, load_settings
from milo_tui.runner.demo import demo_entries
from milo_tui.runner.launch import create_run
from milo_tui.runner.plan import new_run, part_of
from milo_tui.store.store import Store
from milo_tui.suite.loading import load_suite
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens.help import help_entries
from milo_tui.tui.screens.live import LiveScreen
from tests.tui.looking import press, screen, settle
from tests.tui.runs_data import run, settings, store_run


async def wait_for(app: MiloApp, text: str) -> None:
    """Wait until a text is on the screen."""
    for _ in range(600):
        if text in screen(app):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{text!r} did not appear on\n{screen(app)}")


@asynccontextmanager
async def one_run(
    folder: Path, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[MiloApp, Pilot[int]]]:
    """The app on a database of one run."""
    where = settings(folder)
    await store_run(where.database, replace(run(), key="one"))
    app = MiloApp(where)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield app, pilot


async def test_a_stopped_run_is_resumed_and_followed() -> None:
    where = load_settings()
    suite = part_of(load_suite(data_folder("prompts") / "milo"), ["single_tool"], [])
    number = await create_run(where, new_run(suite, demo_entries("fast"), 1, 1))
    store = await Store.open(where.database)
    await store.set_phase(number, RunPhase.STOPPED)
    await store.aclose()
    app = MiloApp(where)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        for _ in range(600):
            if isinstance(app.screen, LiveScreen):
                break
            await asyncio.sleep(0.05)
        assert isinstance(app.screen, LiveScreen)
        while app.screen.state.phase in (RunPhase.RUNNING, RunPhase.STOPPED):
            await asyncio.sleep(0.05)
        assert app.screen.state.phase is RunPhase.DONE


async def test_a_run_of_another_process_appears_and_ends_by_itself(tmp_path: Path) -> None:
    async with one_run(tmp_path) as (app, pilot):
        assert "1 run" in screen(app)
        database = app.settings.database
        await store_run(database, replace(run(), key="two"))
        await wait_for(app, "2 runs")
        store = await Store.open(database)
        await store.set_note(1, "changed elsewhere")
        await store.aclose()
        await press(pilot, "ctrl+r")
        await wait_for(app, "changed elsewhere")


async def test_esc_clears_the_filter_of_the_runs_from_the_list(tmp_path: Path) -> None:
    async with one_run(tmp_path) as (app, pilot):
        await press(pilot, "slash", *"nothing", "enter")
        assert "esc clears the filter" in screen(app)
        await press(pilot, "escape")
        assert "1 run" in screen(app)
        assert "No run matches" not in screen(app)


async def test_help_and_the_palette_list_each_action_once(tmp_path: Path) -> None:
    async with one_run(tmp_path, (120, 36)) as (app, pilot):
        await press(pilot, "enter", "enter")
        entries = help_entries(app, app.screen.active_bindings.values())
        assert len({entry.words for entry in entries}) == len(entries)
        assert all(len(set(entry.keys.split())) == len(entry.keys.split()) for entry in entries)
        commands = list(app.get_system_commands(app.screen))
        assert len({command.title for command in commands}) == len(commands)
        assert not [command for command in commands if command.help.startswith("attempt.")]


async def test_enter_in_help_presses_the_key(tmp_path: Path) -> None:
    async with one_run(tmp_path, (120, 36)) as (app, pilot):
        await press(pilot, "question_mark", "j", "j", "enter")
        assert "search" in screen(app).splitlines()[0]


async def test_theme_and_filter_are_remembered_until_milo_toml_says_otherwise(tmp_path: Path) -> None:
    async with one_run(tmp_path) as (app, pilot):
        await press(pilot, "t", "slash", *"zzz", "enter")
        chosen, where = app.theme, app.settings
    app = MiloApp(where)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.theme == chosen
        assert "No run matches zzz" in screen(app)
        await press(pilot, "escape")
        assert "1 run" in screen(app)
    assert MiloApp(replace(where, theme="milo-light")).theme == "milo-light"
    (tmp_path / "app.json").write_text("[1", encoding="utf-8")
    assert MiloApp(where).preferences.filter == ""
