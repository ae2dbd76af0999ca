"""A question in a box that a line of text answers."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from milo_tui.tui.content import ContentStatic, styled
from milo_tui.tui.widgets.safe_input import SafeInput


class Ask(ModalScreen[str | None]):
    """Asks for a line of text; esc leaves things as they are (the answer is None)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", id="ask.cancel")]

    def __init__(self, question: Content, text: str = "", limit: int = 500) -> None:
        super().__init__()
        self._question = question
        self._text = text
        self._limit = limit

    def compose(self) -> ComposeResult:
        keys = styled(("enter", "bold $accent"), " keep    ", ("esc", "bold $accent"), " leave as it was")
        with Vertical(classes="box"):
            yield ContentStatic(self._question)
            yield SafeInput(self._text, max_length=self._limit, select_on_focus=False)
            yield ContentStatic(keys, classes="box-keys")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        self.dismiss(None)
