"""The live screen: models side by side, as they think, call tools and are scored."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from milo_tui.analysis.phases import ACTIVE, FINAL_PHASES, MODEL_ENDED, RunPhase
from milo_tui.analysis.prices import Price
from milo_tui.analysis.record import RunRecord
from milo_tui.runner.channel import Feed
from milo_tui.runner.events import (
    AttemptFinished,
    Event,
    ModelChanged,
    PairNarrowed,
    RunChanged,
    Streamed,
)
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.navigator import Navigator
from milo_tui.tui.progress import running_first
from milo_tui.tui.screens.run_controls import RunControls
from milo_tui.tui.tiling import Tiling, spread, tile
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.leaderboard import Leaderboard
from milo_tui.tui.widgets.model_pane import ModelPane, Questions
from milo_tui.tui.widgets.pair_lines import PairLines
from milo_tui.tui.widgets.run_header import RunCard, RunHeader
from milo_tui.tui.widgets.verdict_lines import closing_words

STREAMS_EVERY = 0.1
TABLES_EVERY = 0.5
_BREATH = 64
"""Events taken in before the loop is given back."""


class LiveScreen(RunControls):
    """A live run. Leaving the view does not end the run unless the user says so."""

    app: BaseApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "table", "Table", id="live.table", key_display="enter", tooltip="Open the run's table"
        ),
        Binding("d", "diff", "Diff", id="live.diff", tooltip="Compare the chosen attempt, or the last one"),
        Binding("e", "export", "Export", id="live.export", tooltip="Write the table to a Markdown file"),
        Binding("greater_than_sign", "page(1)", "Page", key_display="< >", id="live.page_next"),
        Binding("z", "zoom", "Zoom", id="live.zoom", tooltip="One model alone, with a score for each prompt"),
        Binding("less_than_sign", "page(-1)", "Previous page of panes", id="live.page_back", show=False),
        Binding("g", "grid", "Scores", id="live.grid", tooltip="Choose an ended attempt on the score grid"),
        Binding("u", "question", "Unfold", id="live.question", tooltip="The whole request and system prompt"),
        Binding("p", "pause", "Pause", id="live.pause"),
        Binding("p", "continue", "Continue", id="live.continue"),
        Binding("x", "stop", "Stop", id="live.stop"),
        Binding("f,space", "follow", "Follow", id="live.follow", key_display="f"),
        Binding("q,escape", "leave", "Leave", id="live.leave", key_display="q"),
        Binding("enter", "open", "Open the chosen attempt, or zoom", id="live.open", show=False),
        Binding("s", "skip", "Skip this model", id="live.skip", show=False),
        Binding("y", "copy", "Copy the transcript", id="live.copy", show=False),
        Binding("tab", "step(1)", "Next model", id="live.next", show=False),
        Binding("shift+tab", "step(-1)", "Previous model", id="live.previous", show=False),
        Binding("l,right", "across(1)", "Next model, or cell", id="live.right", show=False),
        Binding("h,left", "across(-1)", "Previous model, or cell", id="live.left", show=False),
        # As they were called in 0.1: one version more.
        Binding("right_square_bracket,n", "page(1)", show=False),
        Binding("left_square_bracket,N", "page(-1)", show=False),
        Binding("j,down", "scroll_rows(1)", "Scroll down", id="live.down", show=False),
        Binding("k,up", "scroll_rows(-1)", "Scroll up", id="live.up", show=False),
        Binding("ctrl+d", "scroll_pages(0.5)", "Scroll down half a page", id="live.half_down", show=False),
        Binding("ctrl+u", "scroll_pages(-0.5)", "Scroll up half a page", id="live.half_up", show=False),
        Binding("pagedown", "scroll_pages(1)", "Scroll down a page", id="live.page_down", show=False),
        Binding("pageup", "scroll_pages(-1)", "Scroll up a page", id="live.page_up", show=False),
        Binding("home", "scroll_to_start", "Scroll to the start", id="live.start", show=False),
        Binding("G,end", "scroll_to_end", "Scroll to the end and follow", id="live.end", show=False),
        *(
            Binding(str(n), f"choose({n - 1})", "Focus a model", id=f"live.model_{n}", show=False)
            for n in range(1, 10)
        ),
    ]

    def __init__(
        self,
        feed: Feed,
        navigator: Navigator,
        *,
        record: RunRecord | None = None,
        prices: Mapping[str, Price] | None = None,
        started_here: bool = False,
        by_line: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Make the screen for a feed; `record` is the run as it is stored, `prices` those of its models, by id."""
        super().__init__()
        self.feed = feed
        self._record = record
        self._navigator = navigator
        self.state = feed.state
        self.started_here = started_here
        self.chosen = 0
        self.zoomed = False
        self.tiling = Tiling(1, 1, 1)
        self.header = RunHeader(self.state, clock, id="header")
        self.card = RunCard(self.state, clock, classes="small-card")
        self.board = Leaderboard(self.state, prices, id="board")
        self.pairs = PairLines(self.state, id="pairs")
        models = enumerate(self.state.models.values(), 1)
        questions = self._questions()
        self.panes = [ModelPane(self.state, model, n, questions, by_line=by_line) for n, model in models]
        self._by_model = {pane.model.id: pane for pane in self.panes}
        self._stale = True
        self._order = running_first(self.state)

    def _questions(self) -> Questions:
        """What each prompt asks: as it is stored, else as much as the runner tells."""
        if self._record is None:
            return {row.id: ("", row.question) for row in self.state.prompts}
        return {
            prompt.id: (str(prompt.definition.get("system") or ""), str(prompt.definition.get("user") or ""))
            for prompt in self._record.prompts
        }

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.board
        if self.state.pairs:
            yield self.pairs
        yield Container(*self.panes, id="panes")
        yield KeyLine()

    def small_card(self) -> Widget:
        """The run in two short lines."""
        return self.card

    def on_mount(self) -> None:
        self.watch_run()
        self.set_interval(STREAMS_EVERY, self.flush_streams)
        self.set_interval(TABLES_EVERY, self.sync_tables)
        self._to_running()
        if self.state.phase in FINAL_PHASES:
            self._show_verdict()

    async def on_unmount(self) -> None:
        await self.feed.aclose()

    @work(description="")
    async def watch_run(self) -> None:
        """Take in the feed's events until it ends."""
        taken = 0
        try:
            async for event in self.feed.events():
                self.take(event)
                taken += 1
                if taken % _BREATH == 0:
                    await asyncio.sleep(0)
        except OSError as error:
            self.app.say(f"The connection to the run is lost: {error}", severity="warning")
        self.header.lost = self.card.lost = self.state.phase not in FINAL_PHASES
        self._stale = True
        self.refresh_bindings()

    @work(description="")
    async def _show_verdict(self) -> None:
        """Say in the first line how the models compare; the exact tests are too long for the screen's thread."""
        if self._record is not None:
            attempts = [row for model in self.state.models.values() for row in model.attempts.values()]
            self.header.verdict = await asyncio.to_thread(closing_words, self._record, attempts)

    def take(self, event: Event) -> None:
        """Take in one event. Nothing is drawn here."""
        self.state.apply(event)
        if not isinstance(event, Streamed):
            self._stale = True
        if isinstance(event, RunChanged | AttemptFinished):
            self.refresh_bindings()
        if isinstance(event, RunChanged):
            self.header.verdict = ()
            if event.phase in FINAL_PHASES:
                self._show_verdict()
            return
        if isinstance(event, PairNarrowed):
            return
        if isinstance(event, ModelChanged):
            self._to_running()
        if (pane := self._by_model.get(event.model)) is not None:
            pane.take(event)

    def _to_running(self) -> None:
        """Where not all models fit, order the pages anew, and leave a model that ended for one that is at work."""
        self._order = running_first(self.state)
        first = self.panes[self._order[0]]
        idle = self.pane.model.phase in MODEL_ENDED and first.model.phase not in MODEL_ENDED
        busy = self.zoomed or not self.pane.stream.follow or self.pane.grid.has_cursor
        if self._pages > 1 and self.is_mounted and not busy:
            self.action_choose(self._order[0] if idle else self.chosen)

    @property
    def _per_page(self) -> int:
        return 1 if self.zoomed else self.tiling.per_page

    @property
    def _pages(self) -> int:
        return -(-len(self.panes) // self._per_page)

    def flush_streams(self) -> None:
        """Draw what has streamed in since the last time."""
        if self.is_in_sight and not self.is_small:
            for pane in self.shown():
                pane.flush()

    def sync_tables(self) -> None:
        """Draw the clock, and figures if any changed."""
        if not self.is_in_sight:
            return
        self.header.sync()
        if self.is_small:
            self.card.sync()
        if self._stale:
            self._stale = False
            self.board.sync()
            if self.state.pairs:
                self.pairs.sync()
            for pane in self.shown():
                pane.sync()
        for pane in self.shown():
            pane.sync_titles()

    def shown(self) -> list[ModelPane]:
        """The panes on this page."""
        return [pane for pane in self.panes if pane.display]

    @property
    def pane(self) -> ModelPane:
        """The pane in focus."""
        return self.panes[self.chosen]

    def on_resize(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        """Show the panes of the page that the focus is on, tiled to fit."""
        width, height = self.app.size
        self.tiling = tile(width, height - self.pairs.lines_taken, len(self.panes))
        self.board.limit, self.board.chosen = self.tiling.board, self.chosen
        per_page = self._per_page
        first = self._order.index(self.chosen) // per_page * per_page
        page = self._order[first : first + per_page]
        last = min(first + per_page, len(self.panes))
        shown = f"{first + 1}–{last}" if per_page > 1 else f"{first + 1}"
        self.header.page = f"{shown} of {len(self.panes)}" if self._pages > 1 else ""
        columns = 1 if self.zoomed else min(self.tiling.columns, len(page))
        for index, pane in enumerate(self.panes):
            pane.display = index in page
            pane.zoomed = self.zoomed
            # What a frame and its padding take.
            pane.grid.most = width // columns - 4
            pane.set_class(index == self.chosen, "-chosen")
        spread(self.query_one("#panes"), self.shown(), columns)
        self.header.sync()
        self.board.sync()
        if self.state.pairs:
            self.pairs.sync()
        for pane in self.shown():
            pane.sync()
            pane.flush()

    def action_choose(self, index: int) -> None:
        """Focus a model, and show its page."""
        if index < len(self.panes):
            self.pane.grid.set_cursor(False)
            self.chosen = index
            self.lay_out()
            self.refresh_bindings()

    def action_step(self, step: int) -> None:
        self.action_choose((self.chosen + step) % len(self.panes))

    def action_across(self, step: int) -> None:
        """To the next cell of the score grid, or the next model."""
        if not self.pane.grid.has_cursor:
            self.action_step(step)
        else:
            self._move_on_grid(step, 0)

    def _move_on_grid(self, across: int, down: int) -> None:
        self.pane.grid.move_cursor(across, down)
        self.pane.sync_titles()
        self.refresh_bindings()

    def action_grid(self) -> None:
        """Put a cursor on the score grid of the pane in focus, or take it away."""
        self.pane.grid.set_cursor(not self.pane.grid.has_cursor)
        self._move_on_grid(0, 0)

    def action_diff(self) -> None:
        """Compare the attempt under the grid's cursor, or the last one, with the next model's."""
        self._open_selected(diff=True)

    def _open_selected(self, *, diff: bool = False) -> None:
        attempt = self.pane.selected
        if attempt is None:
            self.app.say("This attempt has not ended yet.")
        else:
            self._navigator.open_ended_attempt(self.state.run, attempt.id, diff=diff)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        phase, over = self.state.phase, self.state.phase in FINAL_PHASES
        allowed = {
            "diff": self.pane.selected is not None,
            "page": self._pages > 1,
            "pause": phase is RunPhase.RUNNING,
            "continue": phase is RunPhase.PAUSED,
            "stop": phase in ACTIVE and phase is not RunPhase.STOPPING,
            "skip": phase in ACTIVE,
            "table": over and not self.pane.grid.has_cursor,
            "export": over,
        }
        reachable = not self.header.lost or action not in ("pause", "continue", "stop", "skip")
        return allowed.get(action, True) and reachable

    def action_page(self, step: int) -> None:
        page = (self._order.index(self.chosen) // self._per_page + step) % self._pages
        self.action_choose(self._order[page * self._per_page])

    def action_question(self) -> None:
        """Show the whole question and the system prompt, or fold them."""
        self.pane.stream.toggle_question()
        self.pane.sync_titles()

    def action_table(self) -> None:
        self._navigator.open_finished_run(self.state.run)

    def action_export(self) -> None:
        self._navigator.export_table(self.state.run)

    def action_zoom(self) -> None:
        self.zoomed = not self.zoomed
        self.lay_out()
        self.refresh_bindings()

    def action_follow(self) -> None:
        """Follow the stream, or stay."""
        self.pane.stream.toggle_follow()
        self.pane.sync_titles()

    def action_scroll_rows(self, rows: int) -> None:
        if self.pane.grid.has_cursor and abs(rows) == 1:
            self._move_on_grid(0, rows)
            return
        self.pane.stream.scroll_rows(rows)
        self.pane.sync_titles()

    def action_scroll_pages(self, pages: float) -> None:
        self.action_scroll_rows(round(pages * max(2, self.pane.stream.size.height)))

    def action_scroll_to_start(self) -> None:
        self.pane.stream.scroll_to_start()
        self.pane.sync_titles()

    def action_scroll_to_end(self) -> None:
        self.pane.stream.scroll_to_end()
        self.pane.sync_titles()

    def action_copy(self) -> None:
        transcript = self.pane.stream.transcript.plain()
        self.app.copy_text(transcript, f"the transcript of {self.pane.model.name}")

    def action_open(self) -> None:
        """The attempt under the grid's cursor; without a cursor the same as zoom."""
        if self.pane.grid.has_cursor:
            self._open_selected()
        else:
            self.action_zoom()

    @work(description="")
    async def action_leave(self) -> None:
        """Leave the score grid, then the zoom; else leave the view, asking about a run that was started here."""
        if self.pane.grid.has_cursor:
            self.action_grid()
        elif self.zoomed:
            self.action_zoom()
        else:
            await self.leave()

    def on_leaderboard_picked(self, message: Leaderboard.Picked) -> None:
        self.action_choose(message.index)

    def on_model_pane_picked(self, message: ModelPane.Picked) -> None:
        self.action_choose(list(self._by_model).index(message.model))
