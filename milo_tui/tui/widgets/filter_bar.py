"""Filter as you type: `/` opens it, enter goes back to the list, esc clears it."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class FilterBar(Horizontal):
    """A line with the text to look for; hidden while there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear filter", id="filter.clear"),
        Binding("down,enter", "back", "Back to the list", show=False, id="filter.back"),
    ]

    @dataclass
    class Changed(Message):
        """The text to look for is another."""

        text: str

    class Left(Message):
        """The focus goes back to the list."""

    def __init__(self, hint: str) -> None:
        super().__init__()
        self._hint = hint

    def compose(self) -> ComposeResult:
        yield Static("/", classes="filter-sign")
        yield Input(placeholder=self._hint, compact=True, select_on_focus=False)

    def open(self) -> None:
        """Show the line and write in it."""
        self.add_class("-open")
        self.query_one(Input).focus()

    @property
    def text(self) -> str:
        """What is looked for."""
        return self.query_one(Input).value.strip()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value.strip()))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_back()

    def action_back(self) -> None:
        self.set_class(bool(self.text), "-open")
        self.post_message(self.Left())

    def action_clear(self) -> None:
        self.query_one(Input).value = ""
        self.action_back()
