"""A model's trend: what the plots say, and that they follow the cursor."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.config import Settings
from milo_tui.store.lists import RunLists
from milo_tui.store.queries import Reader
from milo_tui.store.summary import TrendPoint
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens.runs import RunsScreen
from milo_tui.tui.widgets import run_browser
from milo_tui.tui.widgets.plots import Braille
from milo_tui.tui.widgets.trend import trend_lines, trend_plots
from tests.factories import NOVEMBER
from tests.tui.hostile import ALL, FORBIDDEN
from tests.tui.looking import move, press, screen, settle
from tests.tui.runs_data import MODELS, Points, model, run, settings, store_run


def points(
    shares: Sequence[float | None], versions: Sequence[int] = (), seconds: float | None = 2.0
) -> list[TrendPoint]:
    """A run a day, numbered from 11 on."""
    return [
        TrendPoint(11 + place, NOVEMBER + 86_400 * place, versions[place] if versions else 1, share, seconds)
        for place, share in enumerate(shares)
    ]


def plots(found: list[TrendPoint], run: int = 0, width: int = 76) -> list[str]:
    """The plots as text."""
    return [line.plain for line in trend_plots(found, run, width)]


def test_a_plot_names_first_last_least_and_greatest_and_both_ends() -> None:
    lines = plots(points([0.9, 0.8, 1.0, 0.95]))
    assert "first 90.0 · last 95.0 %" in lines[0]
    assert lines[1].startswith("max 100.0 ┤")
    assert lines[5].lstrip().startswith("min 80.0 ┤")
    assert lines[7].split()[:4] == ["run", "11", "run", "14"]
    assert "latency" in lines[0]
    assert "first 2.00 · last 2.00 s" in lines[0]


def test_a_plot_rises_where_the_score_does() -> None:
    rows = [line[11:36] for line in plots(points([0.5, 0.6, 0.7, 0.8, 0.9]))[1:6]]
    tops = [next(row for row in range(5) if rows[row][column] != " ") for column in (0, 6, 12, 18, 24)]
    assert tops == sorted(tops, reverse=True)
    assert tops[0] == 4
    assert tops[-1] == 0


def test_small_differences_are_not_blown_up_to_the_whole_height() -> None:
    rows = [line[11:36].strip() for line in plots(points([0.950, 0.951, 0.949, 0.950]))[1:6]]
    assert sum(bool(row) for row in rows) <= 2
    assert not any("•" in row for row in rows)


def test_the_run_under_the_cursor_is_marked_by_a_sign() -> None:
    lines = plots(points([0.9, 0.8, 1.0, 0.95]), run=13)
    assert any("●" in line for line in lines[1:6])
    column = lines[6].index("▲")
    assert lines[1][column] == "●"
    assert not any("●" in line or "▲" in line for line in plots(points([0.9, 0.8, 1.0]), run=99))


def test_another_version_of_the_suite_is_marked_and_no_line_goes_across() -> None:
    lines = plots(points([0.9, 0.9, 0.9, 0.3, 0.3, 0.3], versions=[1, 1, 1, 2, 2, 2]))
    column = lines[6].index("┬")
    assert lines[7][column : column + 2] == "v2"
    assert [line[column] for line in lines[2:5]] == ["┊"] * 3
    between = [line[column - 3 : column] for line in lines[1:6]]
    assert not "".join(between).strip()
    assert "┊" in trend_lines(points([0.9, 0.3], versions=[1, 2]), 0, 76)[0].plain


def test_runs_without_a_figure_leave_a_gap() -> None:
    found = points([0.9, None, 0.9, 0.9])
    row = next(line[10:36] for line in plots(found)[1:6] if line[10:36].strip())
    assert row.startswith("•  ")
    assert [len(part) for part in trend_lines(found, 0, 76)[0].plain.split()[1:3]] == [1, 2]


def test_a_measure_that_no_run_has_is_left_out() -> None:
    lines = plots(points([0.9, 0.8], seconds=None))
    assert not any("latency" in line for line in lines)
    assert [line.plain.split()[0] for line in trend_lines(points([0.9, 0.8], seconds=None), 0, 76)] == [
        "score"
    ]


@pytest.mark.parametrize("width", [60, 76, 118, 156, 196])
@pytest.mark.parametrize("runs", [2, 3, 50, 200])
def test_nothing_is_wider_than_its_place(width: int, runs: int) -> None:
    versions = [1 + place // 9 for place in range(runs)]
    found = points([1.0 if place % 7 else 0.0 for place in range(runs)], versions, seconds=123.4)
    for line in (*trend_plots(found, 20, width), *trend_lines(found, 20, width)):
        assert line.cell_length <= width


def test_a_line_shows_the_newest_runs_where_not_all_fit() -> None:
    found = points([0.5] * 100 + [0.9] * 3)
    line = trend_lines(found, 0, 76)[0].plain
    assert "…" in line
    assert "last 90.0" in line


def test_a_line_of_dots_has_both_its_ends() -> None:
    canvas = Braille(4, 2)
    canvas.line(0, 7, 7, 0)
    rows = canvas.rows()
    assert rows[0][3] != " "
    assert rows[1][0] != " "
    assert rows[0][0] == rows[1][3] == " "


def better(share: int) -> Points:
    """The points of a run whose first ten prompts earn so many; the second model is behind in the others."""
    return lambda model, prompt, repeat: share if prompt < 10 else 3 - (model == 1)


@pytest.fixture
async def history(tmp_path: Path) -> Settings:
    """Three runs of three models, one of a single model, and a simulated one under a real model's name."""
    chosen = settings(tmp_path)
    for day, share in enumerate((1, 2, 3)):
        record = run(created=NOVEMBER + 90_000 * day, suite_version=1 if day < 2 else 2)
        await store_run(chosen.database, record, better(share))
    await store_run(chosen.database, run(MODELS[2:], created=NOVEMBER + 300_000, suite="other"))
    await store_run(
        chosen.database,
        run([model("sonnet-4.6", "Claude Sonnet 4.6", simulated=True)], created=NOVEMBER + 400_000),
    )
    return chosen


async def test_the_trend_follows_the_cursor_and_the_model_that_is_chosen(history: Settings) -> None:
    app = MiloApp(history)
    async with app.run_test(size=(80, 36)) as pilot:
        await settle(pilot)
        assert "One run so far of Claude Sonnet 4.6 on milo-bench" in screen(app)
        await press(pilot, "j")
        assert "One run so far of MiniMax M2.7 on other" in screen(app)
        await press(pilot, "j")
        shown = screen(app)
        assert "trend · Qwen3.5-397B · milo-bench · 3 runs · ┬ new suite version" in shown
        assert "first 66.7 · last 100.0 %" in shown
        assert "▸ Qwen3.5-397B" in shown
        await press(pilot, "right")
        shown = screen(app)
        assert "▸ Claude Sonnet 4.6" in shown
        assert "first 50.0 · last 83.3 %" in shown
        await press(pilot, "j")
        assert "▸ Claude Sonnet 4.6" in screen(app)
        await press(pilot, "h", "h")
        assert "▸ MiniMax M2.7" in screen(app)


async def test_where_it_is_low_the_trend_is_two_lines(history: Settings) -> None:
    app = MiloApp(history)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "j", "j")
        lines = screen(app).splitlines()
        score = next(line for line in lines if line.lstrip().startswith("score "))
        assert "first 66.7  last 100.0  min 66.7  max 100.0 %" in score
        assert "┊" in score
        await pilot.resize_terminal(80, 40)
        await settle(pilot)
        assert "trend · Qwen3.5-397B" in screen(app)


async def test_going_down_fast_reads_no_trend_on_the_way(
    history: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    trend = RunLists.trend

    async def asking(reader: RunLists, model: str, *rest: str, simulated: bool = False) -> list[TrendPoint]:
        asked.append(model)
        return await trend(reader, model, *rest, simulated=simulated)

    monkeypatch.setattr(RunLists, "trend", asking)
    monkeypatch.setattr(run_browser, "TREND_AFTER", 1.5)
    app = MiloApp(history)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        asked.clear()
        await move(pilot, "j", "j", "j", "k", "l", "l")
        assert asked == ["minimax-m2.7"]
        asked.clear()
        await press(pilot, "j", "j", "k")
        assert asked == []


async def test_the_latest_trend_wins_however_late_an_earlier_one_comes(
    history: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    trend = RunLists.trend

    async def slow(reader: Reader, model: str, suite: str, *, simulated: bool = False) -> list[TrendPoint]:
        found = await trend(reader, model, suite, simulated=simulated)
        await asyncio.sleep(0.3 if suite == "other" else 0)
        return found

    monkeypatch.setattr(Reader, "trend", slow)
    app = MiloApp(history)
    async with app.run_test(size=(80, 36)) as pilot:
        await settle(pilot)
        await pilot.press("j")
        await pilot.pause(0.2)
        await press(pilot, "j")
        await pilot.pause(0.4)
        assert "trend · Qwen3.5-397B · milo-bench" in screen(app)


async def test_a_run_that_just_began_has_no_trend_yet(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    await store_run(chosen.database, run(MODELS[:1]), lambda m, p, r: None)
    app = MiloApp(chosen)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "No attempt of Qwen3.5-397B has a score on milo-bench yet." in screen(app)


async def test_a_hostile_model_and_suite_do_nothing(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    evil = ALL.replace("\ud83d", "")
    for day in range(3):
        # The record's name is longer than an entry's may be: a foreign database holds what it likes.
        record = run(
            [replace(model("evil", "Evil"), name=evil)], created=NOVEMBER + day, suite=evil, suite_title=evil
        )
        await store_run(chosen.database, record)
    for size in ((80, 24), (160, 45)):
        app = MiloApp(chosen)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            shown = app.export_screenshot()
            assert not [character for character in FORBIDDEN if character in shown]
            assert isinstance(app.screen, RunsScreen)
