"""The home screen: all runs, newest first, live ones on top."""

import asyncio
import time
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input
from textual.worker import Worker

from milo_tui.analysis.phases import ACTIVE, RunPhase
from milo_tui.config import live_runs
from milo_tui.errors import MiloError
from milo_tui.store.database import StoreError
from milo_tui.store.lists import RunLists
from milo_tui.store.summary import RunSummary
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import BaseScreen
from milo_tui.tui.content import styled
from milo_tui.tui.navigator import Navigator
from milo_tui.tui.widgets.dialogs import Ask
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.run_browser import RunBrowser
from milo_tui.tui.widgets.title_bar import TitleBar
from milo_tui.tui.words import count

REFRESH_INTERVAL = 1.0

NO_RUNS = styled(
    ("No runs yet.\n\n", "bold"),
    ("n", "bold $accent"),
    "            set up a new run of your own or simulated models\n",
    ("milo demo", "$accent"),
    "    run simulated models: no set-up, no cost\n",
    ("milo run", "$accent"),
    "     run the models in your milo.toml\n             (",
    ("milo models init", "$accent"),
    " creates one)\n",
    ("milo doctor", "$accent"),
    "  check the set-up",
)


class RunsScreen(BaseScreen):
    """All runs; `runtime` is the folder of the sockets of those that go on."""

    app: BaseApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New run", id="runs.new"),
        Binding("slash", "filter", "Filter", key_display="/", id="runs.filter"),
        # By priority, so that it works from the filter's line, too.
        Binding(
            "ctrl+f",
            "search",
            "Search",
            priority=True,
            id="runs.search",
            tooltip="Search answers, tool calls and notes",
        ),
        Binding(
            "space", "pick", "Mark", key_display="space", show=False, id="runs.mark", tooltip="Mark two runs"
        ),
        Binding(
            "c", "compare", "Compare", show=False, id="runs.compare", tooltip="Compare the two marked runs"
        ),
        Binding("r", "resume", "Resume", id="runs.resume", tooltip="Resume an incomplete run"),
        Binding("m", "note", "Note", id="runs.note", tooltip="Edit the note of the run under the cursor"),
        # What a Mac calls delete sends backspace.
        Binding("delete,backspace", "bin", "Move the run to the bin", show=False, id="runs.bin"),
        Binding("u", "undo", "Undo: restore the last run from the bin", show=False, id="runs.undo"),
        Binding("B", "show_bin", "Bin", show=False, id="runs.show_bin", tooltip="Show the bin"),
        Binding("y", "copy", "Copy", show=False, id="runs.copy", tooltip="Copy the run as text"),
        Binding(
            "e", "export", "Export", show=False, id="runs.export", tooltip="Write the run's table as Markdown"
        ),
        Binding("escape", "clear_filter", "Clear filter", show=False, id="runs.clear_filter"),
        Binding("ctrl+r,f5", "refresh", "Read the list again", show=False, id="runs.refresh"),
        Binding("q", "app.quit", "Quit", id="runs.quit"),
    ]

    def __init__(self, lists: RunLists, runtime: Path, navigator: Navigator) -> None:
        super().__init__()
        self._lists = lists
        self._runtime = runtime
        self._navigator = navigator
        self._binned: list[int] = []
        self._writing = asyncio.Lock()
        self._refreshing: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield RunBrowser(self._lists, NO_RUNS)
        yield KeyLine()

    @property
    def browser(self) -> RunBrowser:
        """The runs."""
        return self.query_one(RunBrowser)

    def on_mount(self) -> None:
        self.query_one(TitleBar).place = styled("runs")
        self.set_interval(REFRESH_INTERVAL, self.tick)

    def on_screen_resume(self) -> None:
        self.refresh_runs()

    def on_app_focus(self, event: events.AppFocus) -> None:
        self.refresh_runs()

    @work(exclusive=True, group="runs", description="")
    async def refresh_runs(self, *, only_changes: bool = False) -> None:
        """Read the newest page and the live runs."""
        await self.browser.read(only_changes=only_changes)
        found = [await self._summary(number) for number in live_runs(self._runtime)]
        live = [run for run in found if run is not None and run.phase in ACTIVE and run.binned is None]
        ended = {run.number for run in self.browser.runs.pages.live} - {run.number for run in live}
        self.browser.set_live(live)
        for number in ended:
            await self._read_again(number)

    async def _summary(self, number: int) -> RunSummary | None:
        """Return a run's summary; None where a socket outlived its run."""
        try:
            return await self._lists.summary(number)
        except StoreError:
            return None

    def tick(self) -> None:
        """Follow what other processes do: runs start and end in other terminals, too."""
        busy = self._writing.locked() or (self._refreshing is not None and not self._refreshing.is_finished)
        if self.is_in_sight and not busy:
            self._refreshing = self.refresh_runs(only_changes=True)

    def action_refresh(self) -> None:
        self.refresh_runs()

    async def _read_again(self, number: int) -> None:
        """Read a run's line anew."""
        if run := await self._summary(number):
            self.browser.runs.put(run)
            self.browser.show_state()

    @on(RunBrowser.Changed)
    def _show_how_many(self) -> None:
        browser = self.browser
        live = len(browser.runs.pages.live)
        status = styled((browser.how_many, "$dim"))
        if live:
            status = styled((f"● {count(live, 'live', 'live')}", "$live"), "  ") + status
        self.query_one(TitleBar).status = status

    @property
    def _here(self) -> RunSummary | None:
        """The run under the cursor; where there is none, a notice says so."""
        run = self.browser.current
        if run is None and self.browser.is_read:
            self.app.say(
                "No run matches the filter." if self.browser.is_filtered else "No runs yet; n sets one up."
            )
        return run

    def _is_live(self, run: RunSummary) -> bool:
        return self.browser.runs.is_live(run.number)

    @on(LineList.Opened)
    def _opened(self) -> None:
        if run := self._here:
            open_ = self._navigator.open_live if self._is_live(run) else self._navigator.open_run
            open_(run.number)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "clear_filter":
            return self.browser.is_filtered
        return not (action == "filter" and isinstance(self.focused, Input))

    def action_filter(self) -> None:
        self.browser.open_filter()

    def action_clear_filter(self) -> None:
        self.browser.clear_filter()

    def action_search(self) -> None:
        self._navigator.open_search()

    def action_new(self) -> None:
        self._navigator.open_new_run()

    def action_pick(self) -> None:
        """Mark the run under the cursor."""
        if self._here is None:
            return
        runs = self.browser.runs
        runs.pick()
        if len(runs.picked) == 2:
            self.app.say(f"Runs {runs.picked[0]} and {runs.picked[1]} are marked; c compares them.")

    def action_compare(self) -> None:
        """Compare the two marked runs; with one marked, that and the one under the cursor."""
        run = self._here
        if run is None:
            return
        chosen = list(self.browser.runs.picked)
        if len(chosen) == 1 and run.number not in chosen:
            chosen.append(run.number)
        if len(chosen) != 2:
            alone = len(self.browser.runs.pages) < 2 and not self.browser.is_filtered
            self.app.say(
                "Comparing needs two runs; n sets up another."
                if alone
                else "Mark two runs with space first; c compares them."
            )
            return
        self._navigator.open_comparison(*sorted(chosen))

    def action_resume(self) -> None:
        run = self._here
        if run is None:
            return
        if self._is_live(run):
            self.app.say(f"Run {run.number} is running; enter shows it.")
        elif run.phase is RunPhase.DONE:
            self.app.say(f"Run {run.number} is complete; nothing to resume.")
        else:
            self._navigator.resume_run(run.number)

    def action_export(self) -> None:
        if run := self._here:
            self._navigator.export_table(run.number)

    def action_copy(self) -> None:
        if self._here is not None:
            self.app.copy_text(self.browser.plain, "the run")

    @work(description="")
    async def action_note(self) -> None:
        """Edit the note of the run under the cursor."""
        run = self._here
        if run is None:
            return
        text = await self.app.push_screen_wait(Ask(styled(f"Note of run {run.number}"), run.note))
        if text is None or text == run.note:
            return
        try:
            async with self._navigator.writing() as store:
                await store.set_note(run.number, text)
        except MiloError as error:
            self.app.say(str(error), severity="error")
        await self._read_again(run.number)

    def action_show_bin(self) -> None:
        self._navigator.open_bin()

    def action_bin(self) -> None:
        """Move the run under the cursor to the bin."""
        run = self._here
        if run is None:
            return
        if self._is_live(run):
            self.app.say(f"Run {run.number} is running. Stop it before moving it to the bin.")
            return
        self.browser.runs.take_out(run.number)
        self.browser.show_state()
        self._move_to_bin(run.number)

    @work(group="bin", description="")
    async def _move_to_bin(self, run: int) -> None:
        try:
            async with self._writing, self._navigator.writing() as store:
                await store.bin(run, time.time())
        except MiloError as error:
            self.app.say(str(error), severity="error")
            await self.browser.read()
            self.browser.runs.go_to(run)
            return
        self._binned.append(run)
        self.app.say(f"Run {run} is in the bin. u restores it, B shows the bin.")

    @work(group="bin", description="")
    async def action_undo(self) -> None:
        """Restore the run that was moved to the bin last."""
        async with self._writing:
            if not self._binned:
                self.app.say("Nothing to undo; B shows the bin.")
                return
            run = self._binned.pop()
            try:
                async with self._navigator.writing() as store:
                    await store.restore(run)
            except MiloError as error:
                self.app.say(str(error), severity="error")
                return
        self.app.say(f"Run {run} is restored.")
        self.refresh_runs()
