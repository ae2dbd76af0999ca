"""Compare: two marked runs, by keys alone."""

from dataclasses import replace
from pathlib import Path

from milo_tui.reports.diff_sides import Side
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens.compare import CompareScreen
from milo_tui.tui.screens.diff import DiffScreen
from milo_tui.tui.screens.runs import RunsScreen
from tests.tui.hostile import FORBIDDEN
from tests.tui.looking import notices, press, screen, settle
from tests.tui.runs_data import MODELS, prompts, run, settings, store_run


async def test_two_marked_runs_are_compared_and_one_comes_back(tmp_path: Path) -> None:
    where = settings(tmp_path)
    await store_run(where.database, replace(run(), key="one"))
    await store_run(
        where.database, replace(run(), key="two"), lambda model, prompt, repeat: 0 if prompt < 8 else 3
    )
    for size in ((80, 24), (160, 45)):
        app = MiloApp(where)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await press(pilot, "c")
            assert any("Mark two runs" in notice for notice in notices(app))
            await press(pilot, "space", "j", "space")
            assert screen(app).count("◆") == 2
            await press(pilot, "c")
            assert isinstance(app.screen, CompareScreen)
            shown = screen(app)
            assert "run 1 vs run 2" in shown
            assert "Verdict" in shown
            before = [line for line in shown.splitlines() if "% of" in line]
            await press(pilot, "s")
            assert "run 2 vs run 1" in screen(app)
            assert [line for line in screen(app).splitlines() if "% of" in line] != before
            assert not [character for character in FORBIDDEN if character in app.export_screenshot()]
            await press(pilot, "escape")
            assert isinstance(app.screen, RunsScreen)


async def test_a_run_that_decided_is_not_compared_and_says_why(tmp_path: Path) -> None:
    where = settings(tmp_path)
    await store_run(where.database, replace(run(), key="one"))
    await store_run(where.database, replace(run(), key="two", pool_seed=1, margin=0.05, confidence=0.95))
    app = MiloApp(where)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "space", "j", "space", "c")
        assert "stopped where it had decided" in " ".join(screen(app).split())
        await press(pilot, "escape")
        assert isinstance(app.screen, RunsScreen)


async def test_compare_is_a_table_from_which_a_diff_opens(tmp_path: Path) -> None:
    where = settings(tmp_path)
    await store_run(where.database, replace(run(), key="one"))
    await store_run(
        where.database, replace(run(), key="two"), lambda m, p, r: 1 if (m, p, r) == (1, 4, 2) else 3
    )
    app = MiloApp(where)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "space", "j", "space", "c", "right", "n")
        prompt = prompts()[4].id
        line = next(line for line in screen(app).splitlines() if line.startswith(f" {prompt} "))
        assert "333 | 313    +2" in line
        await press(pilot, "a")
        shown = screen(app)
        assert prompt in shown
        assert prompts()[0].id not in shown
        await press(pilot, "enter")
        assert isinstance(app.screen, DiffScreen)
        name, repeat = MODELS[1].id, 2
        assert app.screen.sides == [Side(1, name, repeat), Side(2, name, repeat)]
        await press(pilot, "escape")
        assert isinstance(app.screen, CompareScreen)
        await press(pilot, "slash", *"night", "enter")
        assert "No next difference." in notices(app) or "night" in screen(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, CompareScreen), "the words are cleared first"
        await press(pilot, "escape")
        assert isinstance(app.screen, RunsScreen)


async def test_a_third_mark_drops_the_first(tmp_path: Path) -> None:
    where = settings(tmp_path)
    for key in ("one", "two", "three"):
        await store_run(where.database, replace(run(), key=key), lambda model, prompt, repeat: 3)
    app = MiloApp(where)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "space", "j", "space", "j", "space", "c")
        assert "run 1 vs run 2" in screen(app)
