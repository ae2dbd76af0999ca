"""A screen that lies under another one reads and draws nothing, whatever its clock says."""

import os
from pathlib import Path

from milo_tui.analysis.phases import RunPhase
from milo_tui.processes import process_started
from milo_tui.store.store import Store
from milo_tui.tui.app import MiloApp
from milo_tui.tui.base_screen import BaseScreen
from milo_tui.tui.screens.help import HelpScreen
from milo_tui.tui.screens.run import RunScreen
from milo_tui.tui.screens.runs import RunsScreen
from tests.tui.live_feed import conversation, live
from tests.tui.looking import press, screen, settle
from tests.tui.runs_data import MODELS, attempt, run, settings


async def test_the_list_of_runs_rests_under_another_screen_and_is_right_when_it_comes_back(
    tmp_path: Path,
) -> None:
    chosen = settings(tmp_path)
    record = run(MODELS[:1], phase=RunPhase.RUNNING, finished=None)
    store = await Store.open(chosen.database)
    number = await store.create_run(record)
    await store.claim(number, os.getpid(), process_started(os.getpid()))
    chosen.runtime.mkdir(parents=True)
    (chosen.runtime / f"{number}.sock").touch()
    app = MiloApp(chosen)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            assert "● live 0/60" in screen(app)
            runs = app.screen
            assert isinstance(runs, RunsScreen)
            app.open_run(number)
            await settle(pilot)
            assert isinstance(app.screen, RunScreen)
            await store.add_attempt(number, attempt(record, 0, 0, 1, 3))
            runs.tick()
            assert not [worker for worker in app.workers if worker.group == "runs" and worker.is_running]
            await settle(pilot)
            await press(pilot, "escape")
            await settle(pilot)
            assert "● live 1/60" in screen(app)
    finally:
        await store.aclose()


async def test_live_draws_nothing_under_another_screen_and_goes_on_under_a_dialog() -> None:
    async with live(size=(160, 45)) as it:
        pane = it.app.live.panes[0].stream
        await it.app.push_screen(BaseScreen())
        await it.feed.put(*conversation())
        await it.draw()
        assert pane._changed is not None
        await it.app.pop_screen()
        assert "» Order ORD-5512 has been refunded." in await it.look()
        await it.app.push_screen(HelpScreen([]))
        await it.feed.put(*conversation())
        await it.draw()
        assert pane._changed is None
