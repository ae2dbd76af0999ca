"""The home screen: order, columns, filter, pages, live figures, notes."""

import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from milo_tui.analysis.figures import Sums
from milo_tui.analysis.phases import RunPhase
from milo_tui.analysis.record import RunRecord
from milo_tui.config import Settings
from milo_tui.processes import process_started
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store
from milo_tui.store.summary import ModelSummary, RunSummary
from milo_tui.tui import run_pages
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens.new_run import NewRunScreen
from milo_tui.tui.screens.run import RunScreen
from milo_tui.tui.screens.runs import RunsScreen
from milo_tui.tui.screens.search import SearchScreen
from milo_tui.tui.widgets.run_columns import heading, models_in, needs_of, run_line, state_text
from milo_tui.tui.widgets.run_list import RunList
from tests.factories import NOVEMBER
from tests.tui.hostile import ALL, FORBIDDEN, PAYLOADS
from tests.tui.looking import move, notices, press, screen, settle
from tests.tui.runs_data import MODELS, attempt, model, prompts, run, settings, store_run

SIMULATED = (model("steady", "Steady", simulated=True), model("hasty", "Hasty", simulated=True))


def numbers(app: MiloApp) -> list[int]:
    """The runs in the list, from top to bottom."""
    return app.screen.query_one(RunList).pages.numbers()


async def store_small(database: Path, count: int) -> None:
    """Many runs without attempts, of one prompt each; the seventh has a word of its own."""
    store = await Store.open(database)
    try:
        for number in range(1, count + 1):
            note = "umbrella" if number == 7 else ""
            record = run(MODELS[1:2], created=NOVEMBER + number, note=note)
            await store.create_run(replace(record, prompts=prompts()[:1]))
    finally:
        await store.aclose()


async def start_live(database: Path, record: RunRecord) -> int:
    """A run that this very process carries out, with no attempt made yet."""
    store = await Store.open(database)
    try:
        number = await store.create_run(record)
        await store.claim(number, os.getpid(), process_started(os.getpid()))
    finally:
        await store.aclose()
    return number


async def add(database: Path, number: int, record: RunRecord, prompt: int) -> None:
    """One more attempt of a live run."""
    store = await Store.open(database)
    try:
        await store.add_attempt(number, attempt(record, 0, prompt, 1, 3))
    finally:
        await store.aclose()


@pytest.fixture
async def three_runs(tmp_path: Path) -> Settings:
    """A simulated run, an incomplete one, and a whole one."""
    chosen = settings(tmp_path)
    await store_run(chosen.database, run(SIMULATED))
    incomplete = run(created=NOVEMBER + 100, phase=RunPhase.INCOMPLETE, note="after the update")
    await store_run(chosen.database, incomplete, lambda m, p, r: None if p == 19 else 3)
    await store_run(chosen.database, run(MODELS[:2], created=NOVEMBER + 200))
    return chosen


async def test_an_empty_database_says_what_to_do_next(tmp_path: Path) -> None:
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        shown = screen(app)
        assert "No runs yet." in shown
        assert "milo demo" in shown
        assert "milo.toml" in shown
        await press(pilot, "down", "h", "u", "slash", "x", "escape")
        for key in ("space", "c", "r", "m", "delete", "y", "e"):
            app.clear_notifications()
            await press(pilot, key)
            assert notices(app) == ["No runs yet; n sets one up."]
        await press(pilot, "n")
        assert isinstance(app.screen, NewRunScreen)


async def test_the_first_run_of_all_is_under_the_keys_as_soon_as_it_is_there(tmp_path: Path) -> None:
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        await store_run(settings(tmp_path).database, run())
        await press(pilot, "escape", "enter")
        assert isinstance(app.screen, RunScreen)


async def test_the_newest_run_stands_first_with_its_figures(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        assert numbers(app) == [3, 2, 1]
        lines = screen(app).splitlines()
        newest = next(line for line in lines if line.lstrip().startswith("3 "))
        assert "Qwen3.5-397B 96.7 % · Claude Sonnet 4.6 95.0 %" in newest
        assert "✓ done" in newest
        assert "◐ incomplete 171/180" in screen(app)
        assert " sim" in next(line for line in lines if line.lstrip().startswith("1 "))


async def test_the_run_under_the_cursor_is_shown_whole(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "j")
        shown = screen(app)
        assert "run 2 · Milo-Bench 1" in shown
        assert "57/60" in shown
        assert "note  after the update" in shown


@pytest.mark.parametrize("keys", [("down", "down"), ("j", "j"), ("G",), ("end",), ("pagedown",)])
async def test_keys_that_go_down_and_back(three_runs: Settings, keys: tuple[str, ...]) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *keys)
        assert app.screen.query_one(RunList).cursor == 2
        await press(pilot, "g")
        assert app.screen.query_one(RunList).cursor == 0


async def test_a_click_moves_and_a_second_one_opens(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.click(RunList, offset=(10, 1))
        await settle(pilot)
        assert app.screen.query_one(RunList).cursor == 1
        await pilot.click(RunList, offset=(10, 1), times=2)
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)
        assert app.screen.number == 2


async def test_the_filter_narrows_as_one_types(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await move(pilot, "slash", *"simul")
        assert numbers(app) == [1]
        await press(pilot, "enter", "enter")
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "escape", "slash", "escape")
        assert numbers(app) == [3, 2, 1]
        await move(pilot, "slash", *"incomplete upd")
        assert numbers(app) == [2]
        await move(pilot, *"zzz")
        assert "No run matches incomplete updzzz" in screen(app)
        await press(pilot, "escape")
        assert numbers(app) == [3, 2, 1]
        assert isinstance(app.screen, RunsScreen)


async def test_older_pages_come_as_the_cursor_nears_the_end(tmp_path: Path) -> None:
    await store_small(settings(tmp_path).database, 450)
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert numbers(app) == list(range(450, 250, -1))
        assert "200+ runs" in screen(app)
        app.screen.query_one(RunList).cursor = 165
        await settle(pilot)
        assert numbers(app) == list(range(450, 50, -1))
        app.screen.query_one(RunList).cursor = 390
        await settle(pilot)
        assert numbers(app) == list(range(450, 0, -1))
        assert "450 runs" in screen(app)


async def test_g_and_capital_g_go_to_the_newest_and_the_oldest_of_all(tmp_path: Path) -> None:
    await store_small(settings(tmp_path).database, 450)
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "G")
        assert "run 1 ·" in screen(app)
        await press(pilot, "g")
        assert "run 450 ·" in screen(app)


async def test_lines_that_were_left_behind_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_pages, "KEPT", 100)
    await store_small(settings(tmp_path).database, 450)
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "G", "g", "pagedown")
        shown = screen(app)
        assert f"run {450 - app.screen.query_one(RunList).cursor} ·" in shown
        assert shown.count("Claude Sonnet 4.6") > 10
        assert "…" not in shown


async def test_the_filter_asks_the_database_and_pages_through_what_matches(tmp_path: Path) -> None:
    await store_small(settings(tmp_path).database, 450)
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await move(pilot, "slash", *"Umbrella")
        assert numbers(app) == [7]
        assert "1 run matches" in screen(app)
        await press(pilot, "escape")
        assert len(numbers(app)) == 200
        await move(pilot, "slash", *"sonnet incompl", "enter")
        assert "200+ runs match" in screen(app)
        await press(pilot, "G")
        assert numbers(app) == list(range(450, 0, -1))
        await press(pilot, "slash", "7")
        assert numbers(app) == []
        assert "No run matches sonnet incompl7" in screen(app)


async def test_from_the_filter_s_line_ctrl_f_searches_what_was_said(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", "r", "ctrl+f")
        assert isinstance(app.screen, SearchScreen)
        await press(pilot, "escape", "escape")
        assert numbers(app) == [3, 2, 1]


async def test_a_live_run_stays_on_top_of_what_the_filter_finds(three_runs: Settings) -> None:
    record = run(MODELS[:1], created=NOVEMBER - 100, phase=RunPhase.RUNNING, finished=None, note="nightly")
    number = await start_live(three_runs.database, record)
    three_runs.runtime.mkdir(parents=True)
    (three_runs.runtime / f"{number}.sock").touch()
    await store_run(three_runs.database, run(MODELS[:1], created=NOVEMBER + 300))
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await move(pilot, "slash", *"qwen")
        assert numbers(app) == [4, 5, 3, 2]
        await move(pilot, *" nightly")
        assert numbers(app) == [4]
        await move(pilot, "escape", "slash", *"sonnet")
        assert numbers(app) == [3, 2]
        await move(pilot, "escape", "slash", *"live")
        assert numbers(app) == [4]


async def test_the_cursor_stays_on_its_run_when_a_new_one_comes(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "j", "enter")
        await store_run(three_runs.database, run(MODELS[:1], created=NOVEMBER + 300))
        await press(pilot, "escape")
        assert numbers(app) == [4, 3, 2, 1]
        assert "run 2 ·" in screen(app)


async def test_after_a_filter_that_nothing_matches_the_keys_are_the_list_s(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", "z", "z", "enter", "slash", "escape", "j", "enter")
        assert isinstance(app.screen, RunScreen)
        assert app.screen.number == 2


async def test_a_key_after_the_filter_s_enter_is_the_list_s(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", "m")
        await move(pilot, "enter", "j", "j")
        assert app.screen.query_one(RunList).cursor == 2


async def test_a_live_run_is_pinned_on_top_and_its_figures_move(three_runs: Settings) -> None:
    record = run(MODELS[:1], created=NOVEMBER - 100, phase=RunPhase.RUNNING, finished=None)
    number = await start_live(three_runs.database, record)
    three_runs.runtime.mkdir(parents=True)
    (three_runs.runtime / f"{number}.sock").touch()
    await store_run(three_runs.database, run(created=NOVEMBER + 300))
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert numbers(app) == [4, 5, 3, 2, 1]
        assert "● live 0/60" in screen(app)
        await add(three_runs.database, number, record, 0)
        assert isinstance(app.screen, RunsScreen)
        app.screen.tick()
        await settle(pilot)
        assert "● live 1/60" in screen(app)
        (three_runs.runtime / f"{number}.sock").unlink()
        app.screen.tick()
        await settle(pilot)
        assert numbers(app) == [5, 4, 3, 2, 1]


async def test_a_socket_that_outlived_its_run_is_no_live_run(three_runs: Settings) -> None:
    three_runs.runtime.mkdir(parents=True)
    for number in (2, 77):
        (three_runs.runtime / f"{number}.sock").touch()
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert numbers(app) == [3, 2, 1]


async def test_a_live_run_whose_runner_does_not_answer_opens_its_table(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    number = await start_live(chosen.database, run(phase=RunPhase.RUNNING, finished=None))
    chosen.runtime.mkdir(parents=True)
    (chosen.runtime / f"{number}.sock").touch()
    app = MiloApp(chosen)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        assert isinstance(app.screen, RunScreen)
        assert "Running:" in screen(app)


async def test_a_note_is_edited_and_kept(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "down", "m")
        assert app.screen.query_one(Input).value == "after the update"
        await press(pilot, *" to 5", "enter")
        assert "after the update to 5" in screen(app)
        await press(pilot, "m", "x", "escape")
        assert "after the update to 5" in screen(app)
    reader = await Reader.open(three_runs.database)
    assert (await reader.summary(2)).note == "after the update to 5"
    await reader.aclose()


async def test_a_line_that_was_drawn_before_follows_theme_mark_and_cursor(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        runs = app.screen.query_one(RunList)
        seen = [runs.render_line(0)]
        for key in ("t", "space", "j", "k"):
            await press(pilot, key)
            seen.append(runs.render_line(0))
        assert all(before != after for before, after in pairwise(seen))


async def test_n_sets_up_a_new_run(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        assert isinstance(app.screen, NewRunScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, RunsScreen)


def summary(models: int, note: str = "", name: str = "Qwen3.5-397B-A17B", **changes: object) -> RunSummary:
    """A run in a list with that many models."""
    found = RunSummary(
        number=1204,
        key="k",
        suite="milo-bench",
        suite_title="Milo-Bench",
        suite_version=1,
        simulated=True,
        phase=RunPhase.RUNNING,
        created=NOVEMBER,
        finished=None,
        repeats=3,
        note=note,
        models=tuple(
            ModelSummary(f"m{i}", name, "local", Sums(60, 12, 31, 31.2, 12, 4.8, 12, 216.0, 12))
            for i in range(models)
        ),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [60, 78, 80, 99, 100, 116, 120, 160, 240])
@pytest.mark.parametrize("models", [0, 1, 3, 9])
def test_a_line_never_is_wider_than_its_place(width: int, models: int) -> None:
    runs = [summary(models, note="a long note " * 9), summary(1)]
    needs = needs_of(runs)
    assert heading(width, needs).cell_length <= width
    for shown in runs:
        assert run_line(shown, width, needs).cell_length <= width


def test_figures_stand_when_names_must_give_way() -> None:
    line = models_in(summary(3).models, 37).plain
    assert line.count("86.1") == 3
    assert len(line) <= 37


@pytest.mark.parametrize(
    ("phase", "sign"),
    [
        (RunPhase.RUNNING, "● live"),
        (RunPhase.PAUSED, "‖ paused"),
        (RunPhase.STOPPING, "■ stopping"),
        (RunPhase.INCOMPLETE, "◐ incomplete"),
        (RunPhase.STOPPED, "■ stopped"),
        (RunPhase.DONE, "✓ done"),
    ],
)
def test_states(phase: RunPhase, sign: str) -> None:
    assert state_text(summary(1, phase=phase), wide=True).plain.startswith(sign)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_in_a_line_stays_text(payload: str) -> None:
    line = run_line(summary(2, note=payload, name=payload), 200, needs_of([summary(2, note=payload)]))
    assert not [character for character in FORBIDDEN if character in line.plain]
    assert "\n" not in line.plain


async def test_a_hostile_note_and_filter_do_nothing(three_runs: Settings) -> None:
    store = await Store.open(three_runs.database)
    await store.set_note(3, ALL)
    await store.aclose()
    app = MiloApp(three_runs)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        shown = app.export_screenshot()
        assert not [character for character in FORBIDDEN if character in shown]
        await move(pilot, "slash", *"[/nope]")
        assert numbers(app) == [3]
        await move(pilot, *"[b")
        assert "No run matches [/nope][b" in screen(app)
        await press(pilot, "escape", "m")
        shown = app.export_screenshot()
        assert not [character for character in FORBIDDEN if character in shown]
        await press(pilot, "escape", "slash")
        app.post_message(events.Paste(ALL))
        await settle(pilot)
        shown = app.export_screenshot()
        assert "]52;c;" in shown
        assert not [character for character in FORBIDDEN if character in shown]


async def test_o_orders_the_runs_by_a_column_and_the_next_session_knows(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert app.screen.query_one(RunList).pages.numbers() == [3, 2, 1]
        await press(pilot, "o")
        assert "models and scores ▾" in screen(app)
        shares = [max(m.figures.share or 0 for m in line.models) for n in range(3) if (line := _line(app, n))]
        assert shares == sorted(shares, reverse=True)
        await press(pilot, "o", "o")
        assert "suite ▾" in screen(app)
    again = MiloApp(three_runs)
    async with again.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert "suite ▾" in screen(again)
        await press(pilot, "o", "o")
        assert "▾" not in screen(again)
        assert again.screen.query_one(RunList).pages.numbers() == [3, 2, 1]


def _line(app: MiloApp, place: int) -> RunSummary | None:
    return app.screen.query_one(RunList).pages.line(place)


async def test_the_last_tab_of_a_run_is_remembered(three_runs: Settings) -> None:
    for keys, tab in (("1", "table"), ("4", "manifest")):
        app = MiloApp(three_runs, run=3)
        async with app.run_test(size=(120, 36)) as pilot:
            await settle(pilot)
            await press(pilot, keys)
            assert isinstance(app.screen, RunScreen)
            assert app.screen.tab == tab
            await press(pilot, "escape")
    app = MiloApp(three_runs, run=3)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)
        assert app.screen.tab == "manifest"


async def test_z_gives_the_trend_the_screen(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        before = screen(app)
        await press(pilot, "z")
        shown = screen(app).splitlines()
        assert sum("│" in line or "┤" in line for line in shown) > 15
        await press(pilot, "j")
        assert app.screen.query_one(RunList).cursor == 1, "the list is still there"
        await press(pilot, "k", "z")
        assert screen(app) == before
