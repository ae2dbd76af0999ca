"""Runs to look through: the list by pages, its filter, the run under the cursor, and a model's trend below."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from milo_tui.errors import MiloError
from milo_tui.store.lists import RunLists
from milo_tui.store.summary import ModelSummary, RunSummary
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.content import ContentStatic, safe_line, styled
from milo_tui.tui.run_pages import PAGE, SortedPages
from milo_tui.tui.widgets.filter_bar import FilterBar
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.run_columns import SORTS
from milo_tui.tui.widgets.run_list import RunHeading, RunList
from milo_tui.tui.widgets.run_preview import RunPreview
from milo_tui.tui.widgets.trend import Trend

NEAR = 40
"""How many lines before the end of what was read the next page is."""
TREND_AFTER = 0.04
"""Seconds that the cursor rests before a trend is read: going down a list fast asks for none."""
SORTED = 1_000
"""The newest runs that are sorted, where they are not shown newest first."""
ROOM_FOR_PLOTS = 36
"""Lines of the terminal from which on a trend is a plot."""

TrendKey = tuple[str, str, bool]
"""The model, the suite, and whether simulated."""


class RunBrowser(Vertical):
    """All runs, or those in the bin. It reads them itself; the screen that it is on says what keys do to them."""

    app: BaseApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "model(-1)", "The model before: its trend", show=False, id="runs.previous_model"),
        Binding("right,l", "model(1)", "The next model: its trend", show=False, id="runs.next_model"),
        Binding("o", "sort", "Order by another column", show=False, id="runs.sort"),
        Binding("z", "trend", "The trend on the whole screen, or not", show=False, id="runs.trend"),
    ]

    class Changed(Message):
        """Other runs are shown than before, or the same with newer figures."""

    def __init__(self, lists: RunLists, nothing: Content, *, binned: bool = False) -> None:
        super().__init__()
        self._lists = lists
        self._nothing = nothing
        self._binned = binned
        self._words: list[str] | None = None
        self._newest: Sequence[RunSummary] = ()
        self._live: list[RunSummary] = []
        self._preferred = ""
        self._trend_of: TrendKey | None = None

    def compose(self) -> ComposeResult:
        runs = RunList()
        yield RunHeading()
        yield runs
        yield ContentStatic(id="empty")
        yield RunPreview()
        yield Trend()
        yield FilterBar("model, suite, state, number or note", lambda: runs)

    def on_mount(self) -> None:
        self.runs.focus()
        if not self._binned and (text := self.app.preferences.filter):
            self.query_one(FilterBar).put(text)

    def on_resize(self) -> None:
        self.query_one(Trend).set_class(self.app.size.height >= ROOM_FOR_PLOTS, "-plots")
        self._show_preview()

    @property
    def runs(self) -> RunList:
        """The list."""
        return self.query_one(RunList)

    @property
    def current(self) -> RunSummary | None:
        """The run under the cursor."""
        return self.runs.current

    @property
    def is_read(self) -> bool:
        """Whether the list has been read, so that an empty one means that there are no runs."""
        return self._words is not None

    @property
    def is_filtered(self) -> bool:
        """Whether a filter leaves runs out."""
        return bool(self._words)

    @property
    def how_many(self) -> str:
        """How many runs there are, as far as is known: "12 runs", "200+ runs", "1 run matches"."""
        number, more = len(self.runs.pages), "" if self.runs.pages.complete else "+"
        runs = "run" if number == 1 else "runs"
        match = "" if not self.is_filtered else " matches" if number == 1 else " match"
        return f"{number:,}{more} {runs}{match}"

    @property
    def plain(self) -> str:
        """The run under the cursor, as text."""
        return self.query_one(RunPreview).text()

    def clear_filter(self) -> None:
        """Show all runs."""
        self.query_one(FilterBar).action_clear()

    def open_filter(self) -> None:
        """Let a filter be typed."""
        self.query_one(FilterBar).open()

    @work(exclusive=True, group="pages", description="")
    async def load(self) -> None:
        """Read the newest page in a worker; a later one takes its place."""
        await self.read()

    async def read(self, *, only_changes: bool = False) -> None:
        """Read the newest page; with another filter the list begins anew.

        With `only_changes` nothing is drawn where the page is as it was.
        """
        words = self.query_one(FilterBar).text.split()
        try:
            page = await self._lists.runs(limit=PAGE, words=words, binned=self._binned)
        except MiloError as error:
            self.app.say(str(error), severity="error")
            return
        if only_changes and words == self._words and page == self._newest:
            return
        self._newest = page
        if sort := self.sort:
            try:
                page = await self._lists.runs(limit=SORTED, words=words, binned=self._binned)
            except MiloError as error:
                self.app.say(str(error), severity="error")
                return
        if words == self._words and not sort and not isinstance(self.runs.pages, SortedPages):
            self.runs.take(page)
        else:
            self._words = words
            self.runs.begin(page, self._pinned(), sort)
        self.query_one(RunHeading).sort = sort
        self.show_state()
        self._load_trend(at_once=True)

    @work(exclusive=True, group="pages", description="an older page is read")
    async def _load_older(self) -> None:
        """Read the next page."""
        if not self.runs.pages.complete:
            await self._take_page(self.runs.pages.oldest)

    @work(exclusive=True, group="pages", description="the oldest page is read")
    async def _load_end(self) -> None:
        """Read what runs there are down to the oldest, and the last page; the cursor goes there if it stays put."""
        place, pages, words = self.runs.cursor, self.runs.pages, self._words or []
        if not pages.complete:
            try:
                rest = await self._lists.run_numbers(pages.oldest, words, binned=self._binned)
            except MiloError as error:
                self.app.say(str(error), severity="error")
                return
            if pages is not self.runs.pages or pages.complete:
                return
            if not await self._take_page(rest[-PAGE] + 1 if len(rest) > PAGE else pages.oldest, rest):
                return
        if self.runs.cursor == place and len(pages):
            self.runs.cursor = len(pages) - 1
            self._show_preview()
            self._load_trend(at_once=True)

    @on(RunList.Missing)
    @work(exclusive=True, group="dropped", description="")
    async def _load_dropped(self, event: RunList.Missing) -> None:
        pages = self.runs.pages
        start = max(0, min(event.index - PAGE // 2, len(pages) - 1))
        await self._take_page(pages.number(start) + 1)

    async def _take_page(self, below: int | None, rest: Sequence[int] = ()) -> bool:
        """Read a page of what is shown, after all numbers of the `rest`, where they are known now.

        Whether that could be done, and the same is still shown.
        """
        words, pages = self._words or [], self.runs.pages
        try:
            page = await self._lists.runs(before=below, limit=PAGE, words=words, binned=self._binned)
        except MiloError as error:
            self.app.say(str(error), severity="error")
            return False
        if pages is not self.runs.pages:
            return False
        if rest:
            pages.take_rest(rest)
        self.runs.take(page, below)
        self.show_state()
        return True

    def set_live(self, runs: Sequence[RunSummary]) -> None:
        """Say which runs are live now, with their figures."""
        self._live = list(runs)
        self.runs.set_live(self._pinned())
        current = self.current
        if current is not None and self.runs.is_live(current.number):
            self._load_trend(at_once=True)

    def _pinned(self) -> list[RunSummary]:
        """The live runs that the filter lets through, by what the store finds a run by."""
        return [
            run for run in self._live if all(word.casefold() in _words_of(run) for word in self._words or [])
        ]

    def show_state(self) -> None:
        """Show what is there to show."""
        runs, pages = self.runs, self.runs.pages
        empty = self.query_one("#empty", ContentStatic)
        empty.update(self._no_match() if self.is_filtered else self._nothing)
        empty.display = not len(pages)
        runs.display = self.query_one(RunHeading).display = bool(len(pages))
        if len(pages) and self.screen.focused is None:
            self.screen.set_focus(runs)
        self.query_one(RunHeading).needs = runs.needs
        self._show_preview()
        self.post_message(self.Changed())

    def _no_match(self) -> Content:
        typed = safe_line(" ".join(self._words or []), "bold")
        return styled("No run matches ") + typed + styled("; esc clears the filter.")

    @property
    def _model(self) -> tuple[int, ModelSummary] | None:
        """The model whose trend is shown: the one chosen last if the run has it, else the first."""
        run = self.current
        if run is None or not run.models:
            return None
        chosen = (place for place, model in enumerate(run.models) if model.id == self._preferred)
        place = next(chosen, 0)
        return place, run.models[place]

    def action_model(self, step: int) -> None:
        run, marked = self.current, self._model
        if run is None or marked is None:
            return
        self._preferred = run.models[(marked[0] + step) % len(run.models)].id
        self._show_preview()

    @property
    def sort(self) -> str:
        """The column that the runs are sorted by; "" for newest first. It is remembered."""
        return self.app.preferences.sort if self.app.preferences.sort in SORTS else ""

    def action_sort(self) -> None:
        """Sort by the next column, then newest first again."""
        columns = ["", *SORTS]
        self.app.remember(sort=columns[(columns.index(self.sort) + 1) % len(columns)])
        self.load()

    def action_trend(self) -> None:
        """Give the trend the screen, with three lines of the list above it, or take it back."""
        self.toggle_class("-trend")
        self._show_preview()

    def _show_preview(self) -> None:
        run, marked = self.current, self._model
        preview, trend = self.query_one(RunPreview), self.query_one(Trend)
        preview.show(run, marked[0] if marked else 0)
        most = 3 if self.app.size.height < ROOM_FOR_PLOTS else 6
        room = min(self.runs.needs.lines, most) if len(self.runs.pages) else 0
        preview.set_room(0 if self.has_class("-trend") else room)
        trend.display = bool(len(self.runs.pages))
        if run is None or marked is None:
            self._trend_of = None
            trend.clear()
            return
        trend.mark(run.number)
        wanted = marked[1].id, run.suite, run.simulated
        if wanted != self._trend_of:
            self._trend_of = wanted
            trend.wait(marked[1].name, run.suite)
            self._load_trend()

    @work(exclusive=True, group="trend", description="")
    async def _load_trend(self, *, at_once: bool = False) -> None:
        wanted = self._trend_of
        await asyncio.sleep(0 if at_once else TREND_AFTER)
        if wanted is None:
            return
        model, suite, simulated = wanted
        try:
            points = await self._lists.trend(model, suite, simulated=simulated)
        except MiloError as error:
            self.app.say(str(error), severity="error")
            return
        if wanted == self._trend_of:
            self.query_one(Trend).show(points)

    @on(LineList.Moved)
    def _moved(self) -> None:
        self._show_preview()
        pages = self.runs.pages
        if not pages.complete and self.runs.cursor >= len(pages) - NEAR:
            self._load_older()

    @on(RunList.EndWanted)
    def _end_wanted(self) -> None:
        self._load_end()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.load()
        if not self._binned:
            self.app.remember(filter=event.text)


def _words_of(run: RunSummary) -> str:
    names = " ".join(f"{model.name} {model.id} {model.where}" for model in run.models)
    kind = "simulated" if run.simulated else ""
    return f"{run.number} {run.suite} {run.suite_title} {names} {run.phase.word} {kind} {run.note}".casefold()
