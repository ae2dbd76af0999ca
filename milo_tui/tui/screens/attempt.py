"""An attempt: the conversation turn by turn, and the three checks with their sentences."""

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Footer, Static

from milo_tui.bench.record import AttemptRecord, AttemptRow, ModelRecord, PromptRecord, RunRecord
from milo_tui.bench.table import counted
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.tui.cells import joined, one_line, said
from milo_tui.tui.diff_wanted import DiffWanted
from milo_tui.tui.milo_screen import MiloScreen
from milo_tui.tui.widgets.conversation import Piece, as_plain, checks, conversation, summary
from milo_tui.tui.widgets.key_scroll import KeyScroll
from milo_tui.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from milo_tui.tui.app import MiloApp


class AttemptScreen(MiloScreen):
    """One attempt of a run; steps to the same prompt's other repeats, other models and other prompts."""

    app: "MiloApp"
    BINDINGS: ClassVar[list[BindingType]] = [
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
        Binding("y", "copy", "Copy", id="attempt.copy", tooltip="Copy the conversation and the checks"),
        Binding("escape,q", "app.back", "Back", key_display="esc", id="attempt.back"),
    ]

    def __init__(self, reader: Reader, run: RunRecord, attempts: list[AttemptRow], row: AttemptRow) -> None:
        super().__init__()
        self._reader = reader
        self._run = run
        self._attempts = attempts
        self._last = counted(attempts)
        self._row = row
        self._pieces: list[Piece] = []

    def compose(self) -> ComposeResult:
        yield TitleBar()
        with Container(id="sides"):
            yield KeyScroll(id="conversation")
            yield KeyScroll(id="checks")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._show_title()
        self.query_one("#conversation").focus()
        self.load()

    @work(exclusive=True, description="")
    async def load(self) -> None:
        """Read the attempt and show it."""
        try:
            attempt = await self._reader.attempt(self._row.id)
        except StoreError as error:
            self.app.say(str(error), severity="error")
            return
        await self._show(attempt)

    async def _show(self, attempt: AttemptRecord) -> None:
        said_, checked = list(conversation(self._prompt, attempt)), list(checks(attempt))
        self._pieces = [*said_, Piece("turn", summary(attempt)), *checked]
        checked.insert(0, Piece("sum", summary(attempt)))
        with self.app.batch_update():
            for place, pieces in (("#conversation", said_), ("#checks", checked)):
                side = self.query_one(place)
                await side.remove_children()
                await side.mount_all(Static(piece.text, classes=f"piece-{piece.kind}") for piece in pieces)
                side.scroll_home(animate=False)

    @property
    def _prompt(self) -> PromptRecord:
        return next(prompt for prompt in self._run.prompts if prompt.id == self._row.prompt)

    @property
    def _model(self) -> ModelRecord:
        return self._run.model(self._row.model)

    def _show_title(self) -> None:
        bar = self.query_one(TitleBar)
        bar.place = joined(
            [
                said(f"run {self._run.number}"),
                one_line(self._model.name, "bold"),
                one_line(self._prompt.id),
            ],
            said((" · ", "$dim")),
        )
        simulated = said(("simulated", "$simulated")) if self._model.simulated else Content("")
        bar.detail = one_line(self._prompt.title, "$dim")
        repeat = said(f"repeat {self._row.repeat} of {self._run.repeats}")
        bar.status = joined([simulated, repeat], said((" · ", "$dim")))

    def _go(self, model: str, prompt: str, repeat: int) -> None:
        """Show another attempt if it was made."""
        row = self._last.get((model, prompt, repeat))
        if row is None or row.id == self._row.id:
            self.app.say("There is no attempt there." if row is None else "There is no other.")
            return
        self._row = row
        self._show_title()
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
        self.post_message(
            DiffWanted(self._run, self._attempts, row.prompt, row.model, row.repeat, choose=choose)
        )

    def action_copy(self) -> None:
        self.app.copy_text(as_plain(self._pieces), "the conversation")
