"""The app: it holds the database reader, and is the navigator that opens its screens."""

import asyncio
import gc
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING

from rich.markup import escape
from textual import work

from milo_tui.config import Settings
from milo_tui.errors import MiloError
from milo_tui.sanitise import sanitise
from milo_tui.store.database import StoreError
from milo_tui.store.lists import RunLists
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.keymap import keymap_problems
from milo_tui.tui.navigator import DiffStart
from milo_tui.tui.screens.runs import RunsScreen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milo_tui.analysis.record import Attempt, RunRecord
    from milo_tui.runner.channel import Feed
    from milo_tui.store.queries import Reader
    from milo_tui.store.search import Hit
    from milo_tui.store.store import Store

_SETTLED = 0.3
"""Seconds after which the first screen is drawn."""


class MiloApp(BaseApp):
    """Milo in the terminal. With a feed it opens on Live, with `run` on that run, else on all runs.

    Screens other than Runs are imported when they are opened, so that Runs is painted soon.
    """

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
        self._lists: RunLists | None = None
        self.is_open = False
        """Whether the first screen stands, or the app said why it cannot."""

    @property
    def _reader(self) -> "Reader":
        from milo_tui.store.queries import Reader

        assert self._lists is not None, "no screen stands before the database is open"
        return Reader(self._lists.database)

    def writing(self) -> "AbstractAsyncContextManager[Store]":
        from milo_tui.store.store import writing

        return writing(self.settings.database)

    async def on_mount(self) -> None:
        self.set_up()
        for sentence in keymap_problems(self.settings.keymap):
            self.say(sentence, severity="warning")
        try:
            self._lists = await RunLists.open(self.settings.database)
        except MiloError as error:
            self.exit(2, 2, escape(sanitise(str(error))))
            self.is_open = True
            return
        await self.push_screen(RunsScreen(self._lists, self.settings.runtime, self))
        if self._feed is not None:
            await self._show_live(self._feed, self._started_here)
        elif self._run is not None:
            await self._show_run(self._run)
        self.is_open = True
        if not self.is_headless:
            self.set_timer(_SETTLED, self._prepare)

    @work(group="prepare", description="")
    async def _prepare(self) -> None:
        """Import the other screens in a thread: the key that opens one would have to wait for it."""
        await asyncio.to_thread(_import_screens)
        # What stands now stays; going through it at each full collection would stop the screen for 50 to 90 ms.
        gc.freeze()

    async def on_unmount(self) -> None:
        if self._lists is not None:
            await self._lists.aclose()

    def open_run(self, run: int) -> None:
        self.call_next(self._show_run, run)

    def open_finished_run(self, run: int) -> None:
        self.pop_screen()
        self.open_run(run)

    async def _show_run(self, run: int) -> None:
        """Show a run once it is read: to draw it empty first takes longer."""
        from milo_tui.tui.screens.run import RunScreen

        screen = RunScreen(self._reader, run, self)
        with suppress(StoreError):
            await screen.read()
        await self.push_screen(screen)

    def open_live(self, run: int) -> None:
        self.call_next(self._follow_live, run)

    async def _follow_live(self, run: int) -> None:
        from milo_tui.runner.channel import attach

        try:
            feed = await attach(run, self.settings.runtime)
        except ConnectionError:
            await self._show_run(run)
        else:
            await self._show_live(feed)

    async def _show_live(self, feed: "Feed", started_here: bool = False) -> None:
        from milo_tui.analysis.prices import PriceError, load_prices
        from milo_tui.tui.screens.live import LiveScreen

        record, prices = None, {}
        try:
            record = await self._reader.run(feed.state.run)
            known = load_prices(self.settings.prices)
            found = {model.id: known.of(model.entry) for model in record.models}
            prices = {id: price for id, price in found.items() if price is not None}
        except (StoreError, PriceError) as error:
            self.say(str(error), severity="error")
        screen = LiveScreen(
            feed,
            self,
            record=record,
            prices=prices,
            started_here=started_here,
            by_line=self.settings.scroll == "line",
        )
        await self.push_screen(screen)

    def open_attempt(self, run: "RunRecord", attempts: "list[Attempt]", attempt: "Attempt") -> None:
        self.call_next(self._show_attempt, run, attempts, attempt)

    async def _show_attempt(
        self, run: "RunRecord", attempts: "list[Attempt]", attempt: "Attempt", words: "Sequence[str]" = ()
    ) -> None:
        from milo_tui.tui.screens.attempt import AttemptScreen

        screen = AttemptScreen(self._reader, run, attempts, attempt, self, words)
        with suppress(StoreError):
            await screen.read()
        await self.push_screen(screen)

    def open_ended_attempt(self, run: int, attempt: int, *, diff: bool = False) -> None:
        self.call_next(self._show_ended_attempt, run, attempt, diff)

    async def _show_ended_attempt(self, run: int, id: int, diff: bool) -> None:
        try:
            record, attempts = await self._reader.run(run), await self._reader.attempts(run)
        except MiloError as error:
            self.say(str(error), severity="error")
            return
        attempt = next((row for row in attempts if row.id == id), None)
        if attempt is None:
            self.say(f"Run {run} no longer has this attempt.")
        elif diff:
            self.open_diff(DiffStart(record, attempts, attempt.prompt, attempt.model, attempt.repeat))
        else:
            await self._show_attempt(record, attempts, attempt)

    def open_hit(self, hit: "Hit") -> None:
        self.call_next(self._show_hit, hit)

    async def _show_hit(self, hit: "Hit") -> None:
        if hit.attempt is None:
            await self._show_run(hit.run)
            return
        try:
            run, attempts = await self._reader.run(hit.run), await self._reader.attempts(hit.run)
        except MiloError as error:
            self.say(str(error), severity="error")
            return
        attempt = next((row for row in attempts if row.id == hit.attempt), None)
        if attempt is None:
            self.say(f"Run {hit.run} no longer has this attempt.")
        else:
            found = [word for text, hit_ in hit.line if hit_ for word in text.split()]
            await self._show_attempt(run, attempts, attempt, found)

    def open_diff(self, start: DiffStart, *, choose: bool = False) -> None:
        from milo_tui.tui.screens.diff import DiffScreen

        self.push_screen(DiffScreen(self._reader, start, choose=choose))

    def open_comparison(self, run_a: int, run_b: int) -> None:
        from milo_tui.tui.screens.compare import CompareScreen

        self.push_screen(CompareScreen(self._reader, self, run_a, run_b))

    def open_search(self) -> None:
        from milo_tui.tui.screens.search import SearchScreen

        self.push_screen(SearchScreen(self._reader, self))

    def open_bin(self) -> None:
        from milo_tui.tui.screens.bin import BinScreen

        self.push_screen(BinScreen(self._reader, self))

    def open_new_run(self) -> None:
        from milo_tui.tui.screens.new_run import NewRunScreen

        self.push_screen(NewRunScreen(self._reader, self.settings, self))

    @work(exclusive=True, group="start", exit_on_error=False, description="")
    async def start_run(self, record: "RunRecord") -> None:
        from milo_tui.runner.launch import LaunchError, create_run

        try:
            number = await create_run(self.settings, record)
        except (LaunchError, StoreError) as error:
            self.say(str(error), severity="error")
            return
        await self._start(number)

    @work(exclusive=True, group="start", exit_on_error=False, description="")
    async def resume_run(self, run: int) -> None:
        from milo_tui.runner.consent import ConsentError, obtain_consent

        try:
            await obtain_consent(self.settings.database, run, lambda: self.settings.models)
        except (ConsentError, StoreError) as error:
            self.say(str(error), severity="error")
            return
        self.say(f"Resuming run {run} …")
        await self._start(run)

    async def _start(self, run: int) -> None:
        """Start the run's own process, detached from this terminal, and show Live in the place of what asked."""
        from milo_tui.runner.launch import LaunchError, attach_when_up, start_detached

        try:
            runner = await asyncio.to_thread(start_detached, self.settings, run)
            feed = await attach_when_up(self.settings, run, runner)
        except (LaunchError, StoreError, OSError) as error:
            self.say(str(error), severity="error")
            return
        if len(self.screen_stack) > 2:
            self.pop_screen()
        await self._show_live(feed, started_here=True)

    @work(group="table", description="")
    async def copy_table(self, run: int) -> None:
        if text := await self._table_text(run):
            self.copy_text(text, "the table as Markdown")

    @work(group="table", description="")
    async def export_table(self, run: int) -> None:
        if text := await self._table_text(run):
            self.save_text(f"run-{run}.md", text)

    async def _table_text(self, number: int) -> str:
        """A run's table as Markdown; "" where it cannot be read, after a notice that says so."""
        from milo_tui.analysis.prices import load_prices
        from milo_tui.reports import markdown
        from milo_tui.reports.run_data import RunData

        try:
            prices = load_prices(self.settings.prices)
            data = await RunData.read(self._reader, number, prices)
        except MiloError as error:
            self.say(str(error), severity="error")
            return ""
        return await asyncio.to_thread(markdown.text, data)


def _import_screens() -> None:
    from milo_tui.tui.screens import attempt, bin, compare, diff, live, new_run, run, search, side_list  # noqa: F401
