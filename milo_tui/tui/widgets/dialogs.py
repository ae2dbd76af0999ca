"""Questions: with a few answers, or answered by a line of text. Escape is always the harmless way out."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from milo_tui.tui.content import ContentStatic, SafeInput, safe_content, styled


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its name in the program, and what it says."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, with the default answer first."""

    title: str
    text: str
    answers: tuple[Answer, ...]


LEAVE_RUNNING, STOP_AFTER, STOP_NOW, STAY, SKIP = "leave", "after", "now", "stay", "skip"

_AFTER = Answer(STOP_AFTER, "Finish current attempts, then stop")
_NOW = Answer(STOP_NOW, "Stop now, discard current attempts")


def leaving(run: int) -> Question:
    """Asked on leaving a run that was started here."""
    running = Answer(LEAVE_RUNNING, f"Leave it running (milo watch {run} returns to it)")
    return Question(f"Leave run {run}?", "It continues without this view.", (running, _AFTER, _NOW))


def stopping(run: int) -> Question:
    """Asked before a run is stopped."""
    stay = Answer(STAY, "Let it run on")
    text = f"Finished attempts are kept; milo resume {run} continues."
    return Question(f"Stop run {run}?", text, (_AFTER, _NOW, stay))


def skipping(model: str) -> Question:
    """Asked before the rest of a model is skipped."""
    answers = (Answer(SKIP, "Skip the rest of it"), Answer(STAY, "Let it run on"))
    return Question("Skip this model?", f"{model}: finished attempts are kept.", answers)


class QuestionDialog(ModalScreen[str | None]):
    """Asks, and returns the chosen answer's name; None where the person changed their mind."""

    DEFAULT_CSS = """
    QuestionDialog { align: center middle; background: $background 60%; }
    QuestionDialog > Vertical { width: 64; max-width: 96%; height: auto; max-height: 96%; padding: 1 2;
        border: round $frame-focus; border-title-color: $foreground; border-title-style: bold;
        background: $surface; }
    QuestionDialog Static { margin-bottom: 1; color: $foreground; background: $surface; }
    QuestionDialog OptionList, QuestionDialog OptionList:focus { height: auto; border: none; padding: 0;
        margin-bottom: 1; background: $surface; }
    QuestionDialog Static.-keys { margin: 0; color: $dim; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "Back", id="dialog.cancel"),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        """A frame with the question and its answers."""
        answers = [Option(safe_content(answer.text), id=answer.name) for answer in self.question.answers]
        with Vertical() as frame:
            frame.border_title = safe_content(self.question.title)
            yield ContentStatic(safe_content(self.question.text))
            yield OptionList(*answers)
            yield ContentStatic(safe_content("enter chooses · esc goes back"), classes="-keys")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """An answer was chosen."""
        self.dismiss(event.option.id)

    def action_cancel(self) -> None:
        """Nothing happens."""
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        """The arrows' neighbours on the home row."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if step > 0 else options.action_cursor_up()


class Ask(ModalScreen[str | None]):
    """Asks for a line of text; esc leaves things as they are (the answer is None)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="ask.cancel")]

    def __init__(self, question: Content, text: str = "", limit: int = 500) -> None:
        super().__init__()
        self._question = question
        self._text = text
        self._limit = limit

    def compose(self) -> ComposeResult:
        keys = styled(("enter", "bold $accent"), " keep    ", ("esc", "bold $accent"), " cancel")
        with Vertical(classes="box"):
            yield ContentStatic(self._question)
            yield SafeInput(self._text, max_length=self._limit, select_on_focus=False)
            yield ContentStatic(keys, classes="box-keys")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        self.dismiss(None)
