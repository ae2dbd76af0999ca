"""The app: it holds the one reader, and opens the screens that ask for one another."""

import asyncio
import gc
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from rich.markup import escape
from textual import on, work

from milo_tui.config import Settings
from milo_tui.sanitise import sanitise
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.tui.diff_wanted import DiffWanted
from milo_tui.tui.frame import Frame
from milo_tui.tui.screens.runs import RunsScreen

if TYPE_CHECKING:
    from milo_tui.analysis.record import AttemptRow, RunRecord
    from milo_tui.reports.sides import Side
    from milo_tui.runner.feed import Feed
    from milo_tui.tui.screens.bin import BinScreen
    from milo_tui.tui.screens.live import LiveScreen
    from milo_tui.tui.screens.run import RunScreen
    from milo_tui.tui.screens.search import SearchScreen

_SETTLED = 0.3
"""Seconds after which the first screen is drawn."""
_LATER = (
    *("store.records", "store.search", "store.store"),
    *("run", "attempt", "new_run", "live", "diff", "compare", "search", "help", "bin"),
)
"""What is imported once the first screen stands: the other screens, and what reads for them."""


class MiloApp(Frame):
    """Milo in the terminal. With a feed it opens on Live, with `run` on that run, else on all runs."""

    TITLE = "milo"
    CSS_PATH = "milo.tcss"

    def __init__(
        self,
        settings: Settings,
        *,
        feed: "Feed | None" = None,
        started_here: bool = False,
        run: int | None = None,
    ) -> None:
        super().__init__(settings)
        self._feed, self._started_here, self._run = feed, started_here, run
        self._reader: Reader | None = None
        self._compared_with: dict[int, Side] = {}
        self.is_open = False
        """Whether the first screen stands, or the app said why it cannot."""

    async def on_mount(self) -> None:
        self.set_up()
        try:
            self._reader = await Reader.open(self.settings.database)
        except StoreError as error:
            self.exit(2, 2, escape(sanitise(str(error))))
            self.is_open = True
            return
        await self.push_screen(RunsScreen(self._reader, self.settings))
        if self._feed is not None:
            await self._show_live(self._feed, self._started_here)
        elif self._run is not None:
            from milo_tui.tui.screens.run import RunScreen

            await self.push_screen(RunScreen(self._reader, self._run))
        self.is_open = True
        if not self.is_headless:
            self.set_timer(_SETTLED, self._prepare)

    @work(group="prepare", description="")
    async def _prepare(self) -> None:
        """Import, in a thread, what is opened next: a key would have to wait for it."""
        for name in _LATER:
            module = name if "." in name else f"tui.screens.{name}"
            await asyncio.to_thread(import_module, f"milo_tui.{module}")
        # What stands now stays, and going through it at each full collection stops the screen for 50 to 90 ms.
        gc.freeze()

    async def on_unmount(self) -> None:
        if self._reader is not None:
            await self._reader.aclose()

    async def _show_live(self, feed: "Feed", started_here: bool = False) -> None:
        from milo_tui.tui.screens.live import LiveScreen

        await self.push_screen(
            LiveScreen(feed, started_here=started_here, by_line=self.settings.scroll == "line")
        )

    @on(RunsScreen.Chosen)
    async def _run_chosen(self, message: RunsScreen.Chosen) -> None:
        if message.live:
            await self._watch_live(message.run)
        else:
            await self.open_run(message.run)

    async def _watch_live(self, run: int) -> None:
        from milo_tui.runner.channel import attach

        try:
            feed = await attach(run, self.settings.runtime)
        except ConnectionError:
            await self.open_run(run)
            return
        await self._show_live(feed)

    @on(RunsScreen.ResumeWanted)
    def _resume_wanted(self, message: RunsScreen.ResumeWanted) -> None:
        self._resume(message.run)

    def on_run_screen_resume_wanted(self, message: "RunScreen.ResumeWanted") -> None:
        """The run that is looked at is to be carried on."""
        self._resume(message.run)

    @on(RunsScreen.SearchWanted)
    def _search_wanted(self) -> None:
        from milo_tui.tui.screens.search import SearchScreen

        if self._reader is not None:
            self.push_screen(SearchScreen(self._reader))

    async def on_search_screen_chosen(self, message: "SearchScreen.Chosen") -> None:
        """A hit's attempt, with its run around it to step through; a note's run."""
        hit = message.hit
        if self._reader is None:
            return
        if hit.attempt is None:
            await self.open_run(hit.run)
            return
        try:
            run, attempts = await self._reader.run(hit.run), await self._reader.attempts(hit.run)
        except StoreError as error:
            self.say(str(error), severity="error")
            return
        row = next((row for row in attempts if row.id == hit.attempt), None)
        if row is None:
            self.say(f"Run {hit.run} no longer has this attempt.")
        else:
            await self._open_attempt(run, attempts, row)

    @on(RunsScreen.BinWanted)
    def _bin_wanted(self) -> None:
        from milo_tui.tui.screens.bin import BinScreen

        if self._reader is not None:
            self.push_screen(BinScreen(self._reader, self.settings))

    async def on_bin_screen_chosen(self, message: "BinScreen.Chosen") -> None:
        """A run may be looked at in the bin."""
        await self.open_run(message.run)

    @on(RunsScreen.CompareWanted)
    def _compare_wanted(self, message: RunsScreen.CompareWanted) -> None:
        from milo_tui.tui.screens.compare import CompareScreen

        if self._reader is not None:
            self.push_screen(CompareScreen(self._reader, message.a, message.b))

    @on(RunsScreen.NewWanted)
    def _new_wanted(self) -> None:
        from milo_tui.tui.screens.new_run import NewRunScreen

        if self._reader is not None:
            self.push_screen(NewRunScreen(self._reader, self.settings))

    @work(exclusive=True, group="start", exit_on_error=False, description="")
    async def begin(self, record: "RunRecord") -> None:
        """Store a new run, start a runner for it, and look on."""
        from milo_tui.runner.launch import LaunchError, create_run

        try:
            number = await create_run(self.settings, record)
        except (LaunchError, StoreError) as error:
            self.say(str(error), severity="error")
            return
        await self._start(number)

    @work(exclusive=True, group="start", exit_on_error=False, description="")
    async def _resume(self, run: int) -> None:
        """Start a runner for what is missing, and look on."""
        self.say(f"Run {run} is being resumed …")
        await self._start(run)

    async def _start(self, run: int) -> None:
        """Start the run's own process, detached from this terminal, and join it in the place of what asked."""
        from milo_tui.runner.launch import LaunchError, attach_when_up, start_detached

        try:
            await asyncio.to_thread(start_detached, self.settings, run)
            feed = await attach_when_up(self.settings, run)
        except (LaunchError, StoreError, OSError) as error:
            self.say(str(error), severity="error")
            return
        if len(self.screen_stack) > 2:
            self.pop_screen()
        await self._show_live(feed, started_here=True)

    async def on_live_screen_open_run(self, message: "LiveScreen.OpenRun") -> None:
        """A run that was looked at is over: its table takes the view's place."""
        self.pop_screen()
        await self.open_run(message.run)

    async def open_run(self, run: int) -> None:
        """Show a run's table, once it is read: to draw it empty first takes longer. Keys wait for it meanwhile."""
        from milo_tui.tui.screens.run import RunScreen

        if self._reader is not None:
            screen = RunScreen(self._reader, run)
            with suppress(StoreError):
                await screen.read()
            await self.push_screen(screen)

    async def on_run_screen_attempt_chosen(self, message: "RunScreen.AttemptChosen") -> None:
        """One attempt of the run that is looked at."""
        await self._open_attempt(message.run, message.attempts, message.attempt)

    async def _open_attempt(self, run: "RunRecord", attempts: "list[AttemptRow]", row: "AttemptRow") -> None:
        """Show an attempt, once it is read."""
        from milo_tui.tui.screens.attempt import AttemptScreen

        if self._reader is not None:
            screen = AttemptScreen(self._reader, run, attempts, row)
            with suppress(StoreError):
                await screen.read()
            await self.push_screen(screen)

    @on(DiffWanted)
    def _diff_wanted(self, message: DiffWanted) -> None:
        from milo_tui.tui.screens.diff import DiffScreen

        if self._reader is not None:
            self.push_screen(DiffScreen(self._reader, message, self._compared_with.get(message.run.number)))

    def compared_with(self, run: int, side: "Side") -> None:
        """Remember with what a run's attempts were compared last: the next diff begins with it."""
        self._compared_with[run] = side

    @work(group="table", description="a table is copied")
    async def copy_table(self, run: "RunRecord", attempts: "list[AttemptRow]") -> None:
        """Copy a run's table as Markdown."""
        if text := await self._as_markdown(run, attempts):
            self.copy_text(text, "the table as Markdown")

    @work(group="table", description="a table is exported")
    async def export_table(self, run: "RunRecord", attempts: "list[AttemptRow]") -> None:
        """Write a run's table as Markdown and say where."""
        from milo_tui.tui.export import write

        if text := await self._as_markdown(run, attempts):
            self.say(write(f"run-{run.number}.md", text, self.settings.results))

    async def _as_markdown(self, run: "RunRecord", attempts: "list[AttemptRow]") -> str:
        """The table, or nothing where the run cannot be read, which is said then."""
        from milo_tui.reports.markdown import render

        if self._reader is None:
            return ""
        try:
            evidence = await self._reader.evidence(run.number)
        except StoreError as error:
            self.say(str(error), severity="error")
            return ""
        return await asyncio.to_thread(render, run, attempts, evidence)

    @on(RunsScreen.ExportWanted)
    async def _export_wanted(self, message: RunsScreen.ExportWanted) -> None:
        if self._reader is None:
            return
        try:
            run, attempts = await self._reader.run(message.run), await self._reader.attempts(message.run)
        except StoreError as error:
            self.say(str(error), severity="error")
        else:
            self.export_table(run, attempts)
