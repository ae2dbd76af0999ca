"""Filter as you type: `/` opens it, enter goes back to the list, esc clears it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from milo_tui.tui.content import ContentStatic, SafeInput, styled


class FilterBar(Horizontal):
    """A line with the text to look for in what is narrowed by it; hidden while there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear filter", id="filter.clear"),
        # By priority, so that the next key is the list's however fast it comes.
        Binding("down,enter", "back", "Back to the list", show=False, priority=True, id="filter.back"),
    ]

    @dataclass
    class Changed(Message):
        """The text to look for is another."""

        text: str

    def __init__(self, hint: str, narrowed: Callable[[], Widget]) -> None:
        super().__init__()
        self._hint = hint
        self._narrowed = narrowed

    def compose(self) -> ComposeResult:
        yield ContentStatic(styled("/"), classes="filter-sign")
        yield SafeInput(placeholder=self._hint, compact=True, select_on_focus=False)

    def open(self) -> None:
        """Show the line and write in it."""
        self.add_class("-open")
        self.query_one(Input).focus()

    def put(self, text: str) -> None:
        """Show the line with a text, without writing in it."""
        self.add_class("-open")
        with self.prevent(Input.Changed):
            self.query_one(Input).value = text

    @property
    def text(self) -> str:
        """What is looked for."""
        return self.query_one(Input).value.strip()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value.strip()))

    def action_back(self) -> None:
        self.set_class(bool(self.text), "-open")
        self.screen.set_focus(self._narrowed())

    def action_clear(self) -> None:
        self.query_one(Input).value = ""
        self.action_back()
