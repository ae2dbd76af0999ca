"""A scroll that knows the keys that lists know."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll


class KeyScroll(VerticalScroll):
    """Text longer than its place: arrows, j and k, pages, g and G."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "by(1)", "Down", show=False, id="scroll.down"),
        Binding("up,k", "by(-1)", "Up", show=False, id="scroll.up"),
        Binding("pagedown,ctrl+d,space", "page(1)", "Page down", show=False, id="scroll.page_down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="scroll.page_up"),
        Binding("g,home", "top", "Beginning", show=False, id="scroll.first"),
        Binding("G,end", "bottom", "End", show=False, id="scroll.last"),
    ]

    def action_by(self, lines: int) -> None:
        self.scroll_relative(y=lines, animate=False)

    def action_page(self, step: int) -> None:
        self.action_by(step * max(1, self.size.height - 1))

    def action_top(self) -> None:
        self.scroll_home(animate=False)

    def action_bottom(self) -> None:
        self.scroll_end(animate=False)
