"""The names of a screen's parts on one line, numbered by their keys."""

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from milo_tui.tui.content import join, styled
from milo_tui.tui.widgets.line_view import ContentLine


class TabLine(ContentLine):
    """`1 Table  2 Prompts  …`, the one in front marked."""

    active: reactive[int] = reactive(0)

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *names: str) -> None:
        super().__init__()
        self._names = names

    def draw(self, width: int) -> Content:
        return join([self._tab(index) for index in range(len(self._names))], " ")

    def _tab(self, index: int) -> Content:
        number, name = f" {index + 1} ", f"{self._names[index]} "
        if index == self.active:
            return styled((number, "bold $accent reverse"), (name, "bold $accent reverse"))
        return styled((number, "$accent"), (name, "$dim"))

    def on_click(self, event: events.Click) -> None:
        left = 0
        for index, name in enumerate(self._names):
            left += len(name) + 5
            if event.x < left:
                self.post_message(self.Chosen(index))
                return
