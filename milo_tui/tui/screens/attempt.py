"""An attempt: the conversation turn by turn, what went over the wire, where the time went, and the checks."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.questions import asked
from milo_tui.analysis.record import Attempt, AttemptDetail, ModelRecord, PromptRecord, RunRecord
from milo_tui.errors import MiloError
from milo_tui.store.queries import Reader
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import Pane, TabbedScreen
from milo_tui.tui.content import join, safe_line, styled, wrapped
from milo_tui.tui.navigator import DiffStart, Navigator
from milo_tui.tui.widgets.conversation import Piece, as_plain, checks, conversation, piece_lines, summary
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.raw_exchange import RawExchange, RawFoot
from milo_tui.tui.widgets.tab_line import TabLine
from milo_tui.tui.widgets.text_view import LinesFor, TextView
from milo_tui.tui.widgets.title_bar import TitleBar
from milo_tui.tui.widgets.turn_timing import timing

TABS = ("conversation", "raw", "timing", "checks")
SHORT = 8_000
"""Characters of an attempt up to which its lines are made at once: that takes less than a second layout."""


class AttemptScreen(TabbedScreen):
    """One attempt of a run, with keys to its other repeats, models and prompts."""

    app: BaseApp
    TABS = TABS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(i + 1), f"tab({i})", name.title(), show=False, id=f"attempt.{name}")
            for i, name in enumerate(TABS)
        ),
        Binding("tab", "next_tab(1)", "Tab", key_display="tab", id="attempt.next_tab", tooltip="Next tab"),
        Binding("shift+tab", "next_tab(-1)", "Previous tab", show=False, id="attempt.previous_tab"),
        Binding(
            "left_square_bracket", "repeat(-1)", "Repeat", key_display="[ ]", id="attempt.previous_repeat"
        ),
        Binding("right_square_bracket", "repeat(1)", "Next repeat", show=False, id="attempt.next_repeat"),
        Binding(
            "left_curly_bracket", "prompt(-1)", "Prompt", key_display="{ }", id="attempt.previous_prompt"
        ),
        Binding("right_curly_bracket", "prompt(1)", "Next prompt", show=False, id="attempt.next_prompt"),
        Binding("left,h", "model(-1)", "Model", key_display="← →", id="attempt.previous_model"),
        Binding("right,l", "model(1)", "Next model", show=False, id="attempt.next_model"),
        Binding("d", "diff(False)", "Diff", id="attempt.diff", tooltip="Compare with the next model"),
        Binding("b", "diff(True)", "Compare with another side", show=False, id="attempt.other_side"),
        TabbedScreen.FIND,
        Binding("y", "copy", "Copy", id="attempt.copy", tooltip="Copy this tab; on Raw the section"),
        Binding("escape,q", "leave", "Back", key_display="esc", id="attempt.back"),
    ]

    def __init__(
        self,
        reader: Reader,
        run: RunRecord,
        attempts: list[Attempt],
        row: Attempt,
        navigator: Navigator,
        words: Sequence[str] = (),
    ) -> None:
        """Make the screen for an attempt; `words` are what a search found in it, to be shown marked."""
        super().__init__()
        self._reader = reader
        self._navigator = navigator
        self._run = run
        self._attempts = attempts
        self._last = latest_attempts(attempts)
        self._row = row
        self._words = list(words)
        self._attempt: AttemptDetail | None = None

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield TabLine(*(name.title() for name in TABS))
        yield self.pane(TABS[0])
        yield self.filter_bar()
        yield KeyLine()

    def parts(self, tab: str) -> Widget:
        if tab == "conversation":
            return Pane(TextView(id="conversation"), TextView(id="checks"))
        if tab == "raw":
            raw = RawExchange()
            return Pane(raw, RawFoot(raw))
        return TextView()

    def front(self, tab: str) -> str:
        return {"conversation": "#conversation", "raw": "RawExchange"}.get(tab, f"#tab-{tab}")

    def on_mount(self) -> None:
        self._show_title()
        if self._attempt is None:
            self.load()
        else:
            self.refill()
        self.focus_tab()

    async def read(self) -> None:
        """Read the attempt; before the screen is shown it is drawn whole at once. Raises StoreError."""
        self._attempt = await self._reader.attempt(self._row.id)

    @work(exclusive=True, description="")
    async def load(self) -> None:
        """Read the attempt and show it, or why that cannot be done."""
        why = ""
        try:
            await self.read()
        except MiloError as error:
            self._attempt, why = None, str(error)
        self._show_title()
        self.refill()
        if why:
            self._show_problem(why)

    def _show_problem(self, why: str) -> None:
        """Show why the attempt could not be read."""
        for block in self.query(TextView):
            block.show(lambda width: [])
        for raw in self.query(RawExchange):
            raw.show(())
        self.query_one("#conversation", TextView).show(
            lambda width: list(wrapped(why, width, style="$error"))
        )
        self.app.say(why, severity="error")

    def fill(self, tab: str) -> bool:
        attempt = self._attempt
        if attempt is None:
            return False
        long = _length(attempt) > SHORT
        if tab == "raw":
            self.query_one(RawExchange).show(attempt.turns)
        elif tab == "timing":
            self._put("#tab-timing", partial(timing, attempt))
        elif tab == "checks":
            self._put("#tab-checks", partial(_check_lines, attempt), long)
        else:
            self._put("#conversation", partial(_conversation_lines, self._prompt, attempt), long)
            if self._words:
                self.query_one("#conversation", TextView).find(self._words, below="turn 1")
            self._put("#checks", partial(_check_lines, attempt), long)
        return True

    def _put(self, place: str, lines_for: LinesFor, in_thread: bool = True) -> None:
        self.query_one(place, TextView).show(lines_for, in_thread=in_thread)

    @on(LineList.Moved)
    def _refresh_foot(self) -> None:
        self.query_one(RawFoot).refresh()

    @property
    def _prompt(self) -> PromptRecord:
        prompt = next(prompt for prompt in self._run.prompts if prompt.id == self._row.prompt)
        return asked(self._run, prompt, self._row.repeat)

    @property
    def _model(self) -> ModelRecord:
        return self._run.model(self._row.model)

    def _show_title(self) -> None:
        bar = self.query_one(TitleBar)
        bar.place = join(
            [
                styled(f"run {self._run.number}"),
                safe_line(self._model.name, "bold"),
                safe_line(self._prompt.id),
            ],
            styled((" · ", "$dim")),
        )
        simulated = styled(("simulated", "$simulated")) if self._model.simulated else Content("")
        bar.detail = safe_line(self._prompt.title, "$dim")
        variant = "" if self._run.pool_seed is None else f" · variant {self._run.variant(self._row.repeat)}"
        repeat = styled(f"repeat {self._row.repeat} of {self._run.repeats}{variant}")
        bar.status = join([simulated, repeat], styled((" · ", "$dim")))

    def _go(self, model: str, prompt: str, repeat: int) -> None:
        """Show another attempt if it was run."""
        row = self._last.get((model, prompt, repeat))
        if row is None or row.id == self._row.id:
            self.app.say("This attempt was not run." if row is None else "There is no other one.")
            return
        self._row, self._words = row, []
        self.load()

    def action_repeat(self, step: int) -> None:
        repeat = (self._row.repeat - 1 + step) % self._run.repeats + 1
        self._go(self._row.model, self._row.prompt, repeat)

    def action_prompt(self, step: int) -> None:
        ids = [prompt.id for prompt in self._run.prompts]
        place = (ids.index(self._row.prompt) + step) % len(ids)
        self._go(self._row.model, ids[place], self._row.repeat)

    def action_model(self, step: int) -> None:
        ids = [model.id for model in self._run.models]
        place = (ids.index(self._row.model) + step) % len(ids)
        self._go(ids[place], self._row.prompt, self._row.repeat)

    def action_diff(self, choose: bool) -> None:
        row = self._row
        start = DiffStart(self._run, self._attempts, row.prompt, row.model, row.repeat)
        self._navigator.open_diff(start, choose=choose)

    def find(self) -> None:
        self._words = self.words
        for view in self.query(TextView):
            view.find(self._words)
        if self.tab == "raw":
            super().find()

    def action_copy(self) -> None:
        """Copy what the tab in front shows; of the raw exchange the section under the cursor."""
        attempt = self._attempt
        if attempt is None:
            return
        if self.tab == "raw":
            section = self.query_one(RawExchange).copied()
            self.app.copy_text(*section) if section else self.app.say("Nothing to copy here.")
        elif self.tab == "timing":
            self.app.copy_text(self.query_one("#tab-timing", TextView).plain, "the timing")
        elif self.tab == "checks":
            self.app.copy_text(as_plain(_checked(attempt)), "the checks")
        else:
            pieces = [*conversation(self._prompt, attempt), *_checked(attempt)]
            self.app.copy_text(as_plain(pieces), "the conversation")


def _length(attempt: AttemptDetail) -> int:
    """About how many characters the model wrote."""
    return sum(
        len(turn.text) + len(turn.reasoning) + sum(len(call.arguments_text) for call in turn.calls)
        for turn in attempt.turns
    )


def _checked(attempt: AttemptDetail) -> list[Piece]:
    return [Piece("sum", summary(attempt)), *checks(attempt)]


def _check_lines(attempt: AttemptDetail, width: int) -> list[Content]:
    return piece_lines(_checked(attempt), width)


def _conversation_lines(prompt: PromptRecord, attempt: AttemptDetail, width: int) -> list[Content]:
    return piece_lines(conversation(prompt, attempt), width)
