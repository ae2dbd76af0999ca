"""The home screen: all runs, the newest first, live ones on top with figures that move."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Input, Static

from milo_tui.bench.events import RunPhase
from milo_tui.settings import Settings
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.store.summary import RunSummary
from milo_tui.tui.cells import one_line, said
from milo_tui.tui.widgets.ask import Ask
from milo_tui.tui.widgets.filter_bar import FilterBar
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.run_columns import state_of
from milo_tui.tui.widgets.run_list import RunHeading, RunList, RunPeek
from milo_tui.tui.widgets.title_bar import TitleBar
from milo_tui.tui.words import count

if TYPE_CHECKING:
    from milo_tui.tui.app import MiloApp

GOING_ON = (RunPhase.RUNNING, RunPhase.PAUSED, RunPhase.STOPPING)
PAGE = 200
NEAR = 40
"""How many lines before the end of what is loaded the next page is fetched."""

EMPTY = said(
    ("No runs yet.\n\n", "bold"),
    ("milo demo", "$accent"),
    "   runs the benchmark on built-in simulated models: nothing to set up, nothing to pay\n",
    ("milo run", "$accent"),
    "    runs it on your own models, once they stand in milo.toml (",
    ("milo models init", "$accent"),
    " writes one)\n",
    ("milo doctor", "$accent"),
    " says what is missing",
)


class RunsScreen(Screen[None]):
    """All runs. It asks the app to open them, and reads through the app's one reader."""

    app: "MiloApp"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New run", id="runs.new"),
        Binding("slash", "filter", "Filter", key_display="/", id="runs.filter"),
        Binding(
            "space", "pick", "Mark", key_display="space", show=False, id="runs.mark", tooltip="Mark two runs"
        ),
        Binding(
            "c", "compare", "Compare", show=False, id="runs.compare", tooltip="Compare the two marked runs"
        ),
        Binding("r", "resume", "Resume", id="runs.resume", tooltip="Carry on an incomplete run"),
        Binding("m", "note", "Note", id="runs.note", tooltip="Edit the note of the run under the cursor"),
        Binding("y", "copy", "Copy", show=False, id="runs.copy", tooltip="Copy the run's line as text"),
        Binding(
            "e", "export", "Export", show=False, id="runs.export", tooltip="Write the run's table as Markdown"
        ),
        Binding("q", "app.quit", "Quit", id="runs.quit"),
    ]

    @dataclass
    class Chosen(Message):
        """A run is to be opened."""

        run: int
        live: bool

    @dataclass
    class NewWanted(Message):
        """A new run is to be set up."""

    @dataclass
    class ResumeWanted(Message):
        """An incomplete run is to be carried on."""

        run: int

    @dataclass
    class CompareWanted(Message):
        """Two runs are to be compared."""

        a: int
        b: int

    @dataclass
    class ExportWanted(Message):
        """A run's table is to be written to a file."""

        run: int

    def __init__(self, reader: Reader, settings: Settings) -> None:
        super().__init__()
        self._reader = reader
        self._settings = settings
        self._exhausted = False
        self._ticking: Timer | None = None

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield RunHeading()
        yield RunList()
        yield Static(EMPTY, id="empty")
        yield RunPeek()
        yield FilterBar("model, suite, state, number or note")
        yield Footer(show_command_palette=False)

    @property
    def runs(self) -> RunList:
        return self.query_one(RunList)

    def on_mount(self) -> None:
        self.query_one(TitleBar).place = said("runs")
        self._ticking = self.set_interval(1, self.tick, pause=True)
        self.runs.focus()

    def on_screen_resume(self) -> None:
        self.refresh_runs()

    def on_app_focus(self, event: events.AppFocus) -> None:
        self.refresh_runs()

    @work(exclusive=True, group="runs", description="")
    async def refresh_runs(self) -> None:
        """Read the newest page and what is live."""
        try:
            self._take(await self._reader.runs(limit=PAGE))
            await self._follow_live()
        except StoreError as error:
            self.app.say(str(error), severity="error")
        self._show_state()

    @work(exclusive=True, group="pages", description="")
    async def _load_older(self, everything: bool) -> None:
        """Read the next page of older runs, or all of them for a filter to search."""
        while not self._exhausted:
            try:
                self._take(await self._reader.runs(before=self.runs.oldest, limit=PAGE))
            except StoreError as error:
                self.app.say(str(error), severity="error")
                return
            self._show_state()
            if not everything:
                return

    def _take(self, page: list[RunSummary]) -> None:
        if len(page) < PAGE:
            self._exhausted = True
        self.runs.add(page)

    async def _follow_live(self) -> None:
        """Read the live runs' figures anew; the clock ticks only while there are any."""
        from milo_tui.bench.channel import live_runs

        found = [await self._summary(number) for number in live_runs(self._settings.runtime)]
        live = [run for run in found if run is not None and run.phase in GOING_ON]
        self.runs.add(live)
        self.runs.set_live([run.number for run in live])
        if self._ticking is not None:
            self._ticking.resume() if live else self._ticking.pause()

    async def _summary(self, number: int) -> RunSummary | None:
        """A run's line; None where a socket outlived its run."""
        try:
            return await self._reader.summary(number)
        except StoreError:
            return None

    def tick(self) -> None:
        if self.app.screen is self:
            self._poll()

    @work(exclusive=True, group="live", description="")
    async def _poll(self) -> None:
        ended = [run.number for run in self.runs.shown if self.runs.is_live(run.number)]
        try:
            await self._follow_live()
            self.runs.add([await self._reader.summary(run) for run in ended if not self.runs.is_live(run)])
        except StoreError as error:
            self.app.say(str(error), severity="error")
        self._show_state()

    def _show_state(self) -> None:
        runs, live = self.runs.shown, [run for run in self.runs.shown if self.runs.is_live(run.number)]
        nothing = self.runs.loaded == 0
        self.query_one("#empty").display = nothing or not runs
        self.query_one("#empty", Static).update(EMPTY if nothing else self._no_match())
        self.runs.display = self.query_one(RunHeading).display = bool(runs)
        self.query_one(RunHeading).needs = self.runs.needs
        more = "" if self._exhausted else "+"
        parts = [
            f"{len(runs)}{more} of {self.runs.loaded}" if self._filtered else f"{self.runs.loaded}{more}"
        ]
        status = said((f"{parts[0]} {'run' if self.runs.loaded == 1 else 'runs'}", "$dim"))
        if live:
            status = said((f"● {count(len(live), 'live', 'live')}", "$live"), "  ") + status
        self.query_one(TitleBar).status = status
        self._show_peek()

    @property
    def _filtered(self) -> bool:
        return bool(self.query_one(FilterBar).text)

    def _no_match(self) -> Content:
        return (
            said("No run matches ")
            + one_line(self.query_one(FilterBar).text, "bold")
            + said("; esc clears the filter.")
        )

    def _show_peek(self) -> None:
        run = self.runs.current
        self.query_one(RunPeek).show(run, run is not None and self.runs.is_live(run.number))

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        self._show_peek()
        if not self._exhausted and event.index >= len(self.runs.shown) - NEAR:
            self._load_older(everything=False)

    @on(LineList.Opened)
    def _opened(self) -> None:
        if run := self.runs.current:
            self.post_message(self.Chosen(run.number, self.runs.is_live(run.number)))

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.runs.set_filter(event.text)
        self._show_state()
        if event.text and not self._exhausted:
            self._load_older(everything=True)

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.runs.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "filter" and isinstance(self.focused, Input))

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()

    def action_new(self) -> None:
        self.post_message(self.NewWanted())

    def action_pick(self) -> None:
        """Mark the run under the cursor."""
        self.runs.pick()
        if len(self.runs.picked) == 2:
            self.app.say(f"Runs {self.runs.picked[0]} and {self.runs.picked[1]} are marked; c compares them.")

    def action_compare(self) -> None:
        """Compare the two marked runs; with one marked, that and the one under the cursor."""
        run = self.runs.current
        chosen = list(self.runs.picked)
        if len(chosen) == 1 and run is not None and run.number not in chosen:
            chosen.append(run.number)
        if len(chosen) != 2:
            self.app.say("Mark two runs with space first; c compares them.")
            return
        self.post_message(self.CompareWanted(*sorted(chosen)))

    def action_resume(self) -> None:
        run = self.runs.current
        if run is None:
            return
        if self.runs.is_live(run.number):
            self.app.say(f"Run {run.number} is going on already; enter shows it.")
        elif state_of(run, live=False).word == "done":
            self.app.say(f"Run {run.number} is complete: there is nothing to resume.")
        else:
            self.post_message(self.ResumeWanted(run.number))

    def action_export(self) -> None:
        if run := self.runs.current:
            self.post_message(self.ExportWanted(run.number))

    def action_copy(self) -> None:
        if self.runs.current is not None:
            self.app.copy_text(self.query_one(RunPeek).draw(100).plain, "the run's lines")

    @work(description="")
    async def action_note(self) -> None:
        """Edit the note of the run under the cursor."""
        run = self.runs.current
        if run is None:
            return
        text = await self.app.push_screen_wait(Ask(said(f"Note of run {run.number}"), run.note))
        if text is None or text == run.note:
            return
        from milo_tui.store.store import writing

        try:
            async with writing(self._settings.database) as store:
                await store.set_note(run.number, text)
            self.runs.add([await self._reader.summary(run.number)])
        except StoreError as error:
            self.app.say(str(error), severity="error")
        self._show_state()
