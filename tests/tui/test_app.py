"""The app as a whole: where it opens, how one goes in and out, and what is the same on every screen."""

import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.analysis.phases import ModelPhase, RunPhase
from milo_tui.config import Settings
from milo_tui.runner.events import Command, Event
from milo_tui.runner.state import ModelState, PromptRow, RunState
from milo_tui.tui import clipboard
from milo_tui.tui.app import MiloApp
from milo_tui.tui.clipboard import ClipboardAccess
from milo_tui.tui.screens.attempt import AttemptScreen
from milo_tui.tui.screens.help import HelpScreen
from milo_tui.tui.screens.live import LiveScreen
from milo_tui.tui.screens.run import RunScreen
from milo_tui.tui.screens.runs import RunsScreen
from tests.factories import NOVEMBER
from tests.tui.looking import notices, press, screen, settle
from tests.tui.runs_data import run, settings, store_run

ALONE = ClipboardAccess(tmux=False, ssh=True, tools=frozenset())


class Still:
    """A feed of a run that is over."""

    def __init__(self, state: RunState) -> None:
        self.state = state

    async def events(self) -> AsyncIterator[Event]:
        """No events."""
        nothing: tuple[Event, ...] = ()
        for event in nothing:
            yield event

    async def send(self, command: Command) -> None:
        """Nobody listens."""
        raise ConnectionError

    async def aclose(self) -> None:
        """Nothing to close."""


@pytest.fixture
async def one_run(tmp_path: Path) -> Settings:
    """Settings of a database with one run."""
    await store_run(settings(tmp_path).database, run())
    return settings(tmp_path)


async def test_goes_in_and_out_by_keys_and_escape_never_quits(one_run: Settings) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, RunsScreen)
        await press(pilot, "enter")
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "2", "enter")
        assert isinstance(app.screen, AttemptScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "escape", "escape", "escape")
        assert isinstance(app.screen, RunsScreen)
        assert app.is_running
        await press(pilot, "q")
    assert app.return_code == 0


async def test_opens_on_the_run_that_was_asked_for(one_run: Settings) -> None:
    app = MiloApp(one_run, run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "q")
        assert isinstance(app.screen, RunsScreen)


async def test_says_in_a_sentence_that_a_run_is_unknown(one_run: Settings) -> None:
    app = MiloApp(one_run, run=99)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "There is no run 99" in screen(app)


async def test_a_database_that_cannot_be_opened_ends_the_app_with_a_sentence(tmp_path: Path) -> None:
    app = MiloApp(replace(settings(tmp_path), database=tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
    assert app.return_code == 2


async def test_help_is_made_of_the_keys_that_work_here(one_run: Settings) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(120, 50)) as pilot:
        await settle(pilot)
        await press(pilot, "question_mark")
        assert isinstance(app.screen, HelpScreen)
        shown = screen(app)
        assert "Edit the note of the run under the cursor" in shown
        assert "milo.toml under [keymap]" in shown
        assert "runs.note" not in shown, "only the id of the key under the cursor"
        assert "↓ j" in shown
        await press(pilot, "escape")
        assert isinstance(app.screen, RunsScreen)


async def test_keys_move_by_the_keymap(one_run: Settings) -> None:
    app = MiloApp(replace(one_run, keymap={"list.open": "o", "app.help": "f1"}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "f1")
        assert isinstance(app.screen, HelpScreen)
        await press(pilot, "escape", "enter")
        assert isinstance(app.screen, RunsScreen)
        await press(pilot, "o")
        assert isinstance(app.screen, RunScreen)


async def test_a_key_given_twice_is_named_once(one_run: Settings) -> None:
    app = MiloApp(replace(one_run, keymap={"runs.note": "N", "runs.new": "N"}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "down", "up", "down")
        assert sum("gives the key of runs.n" in notice for notice in notices(app)) == 1


async def test_an_unknown_id_in_the_keymap_is_named_with_the_nearest(one_run: Settings) -> None:
    app = MiloApp(replace(one_run, keymap={"runs.notes": "N"}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert any("runs.notes" in notice and "runs.note?" in notice for notice in notices(app))


async def test_t_goes_through_the_themes_and_names_them(one_run: Settings) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        seen = []
        for _ in app.available_themes:
            await press(pilot, "t")
            seen.append(app.theme)
            assert any(app.theme in notice for notice in notices(app))
        assert sorted(seen) == sorted(app.available_themes)


async def test_an_unknown_theme_is_said_and_changes_nothing(one_run: Settings) -> None:
    app = MiloApp(replace(one_run, theme="[/nope]"))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.theme == "milo-dark"
        assert any("[/nope]" in notice for notice in notices(app))


async def test_ctrl_c_says_how_to_quit_and_the_second_one_quits(one_run: Settings) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+c")
        assert app.is_running
        assert any("again to quit" in notice for notice in notices(app))
        await pilot.press("ctrl+c")
    assert app.return_value == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_app_properly(one_run: Settings, number: signal.Signals) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        os.kill(os.getpid(), number)
        while app.return_value is None:
            await pilot.pause()
    assert app.return_value == 128 + number


async def test_the_mouse_switch_says_what_it_did(one_run: Settings) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "M")
        assert any("mouse" in notice.lower() for notice in notices(app))


async def test_copying_says_which_way_it_went_and_keeps_a_file(
    one_run: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClipboardAccess, "detect", classmethod(lambda cls: ALONE))
    app = MiloApp(one_run, run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "y")
        assert any("OSC 52" in notice for notice in notices(app))
        assert "58.0/60" in app.clipboard
    assert "58.0/60" in (one_run.home / clipboard.CLIP_FILE).read_text("utf-8")


async def test_exporting_says_where(one_run: Settings) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e")
        assert any("run-1.md" in notice for notice in notices(app))
    assert "58.0/60" in (one_run.results / "run-1.md").read_text("utf-8")


async def test_exporting_falls_back_to_the_working_directory(
    one_run: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (tmp_path / "file").touch()
    app = MiloApp(replace(one_run, results=tmp_path / "file"), run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "e")
    assert (here / "run-1.md").exists()


async def test_resuming_a_whole_run_is_refused_in_words(one_run: Settings) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        assert any("nothing to resume" in notice for notice in notices(app))
        await press(pilot, "enter", "r")
        assert sum("nothing to resume" in notice for notice in notices(app)) == 1, (
            "the other one left with its screen"
        )


async def test_resuming_starts_a_runner_and_says_when_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(settings: Settings, number: int) -> None:
        raise OSError(f"no runner for {number}")

    await store_run(
        settings(tmp_path).database, run(phase=RunPhase.STOPPED), lambda m, p, r: None if p else 3
    )
    monkeypatch.setattr("milo_tui.runner.launch.start_detached", refuse)
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        assert any("no runner for 1" in notice for notice in notices(app))


async def test_links_are_never_opened(one_run: Settings) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.open_url("https://example.org/[/nope]")
        await settle(pilot)
        assert any("does not open" in notice for notice in notices(app))


async def test_the_palette_offers_what_the_keys_do(one_run: Settings) -> None:
    app = MiloApp(one_run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert {"Resume", "Note", "Filter", "Theme", "Screenshot", "Quit"} <= set(titles)
        await press(pilot, "ctrl+p", *"Screenshot")
        await pilot.app.workers.wait_for_complete()
        await press(pilot, "enter")
        assert [file.suffix for file in one_run.results.iterdir()] == [".svg"]


async def test_a_run_seen_live_to_its_end_opens_its_table(tmp_path: Path) -> None:
    number = await store_run(settings(tmp_path).database, run())
    state = RunState(
        run=number,
        suite="milo-bench",
        repeats=1,
        categories=[("single_tool", "Single tool")],
        prompts=[PromptRow("single_tool/a", "single_tool", "A")],
        models={"m": ModelState("m", "M", "local", phase=ModelPhase.RUNNING)},
        started=NOVEMBER,
        phase=RunPhase.DONE,
    )
    app = MiloApp(settings(tmp_path), feed=Still(state))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, LiveScreen)
        await press(pilot, "enter")
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, RunsScreen)
