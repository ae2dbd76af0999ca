"""A list of single lines with a cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var

from milo_tui.tui.widgets.line_view import LineView

_WHOLE = 400
"""Cells that a line is drawn to when words are looked for in it."""


class LineList(LineView, can_focus=True):
    """A list with a cursor."""

    DEFAULT_CSS = "LineList { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
        Binding("pagedown,ctrl+d", "page(1)", "Page down", show=False, id="list.page_down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="list.page_up"),
        Binding("g,home", "top", "First", show=False, id="list.first"),
        Binding("G,end", "bottom", "Last", show=False, id="list.last"),
        Binding("enter", "open", "Open", key_display="enter", id="list.open"),
    ]

    cursor: var[int] = var(0)
    STOP: ClassVar[str] = "hit"
    """What `step` goes to, in a word."""
    words: Sequence[str] = ()
    """What was looked for last."""

    @dataclass
    class Moved(Message):
        """The cursor is on another line."""

        lines: "LineList"
        index: int

        @property
        def control(self) -> "LineList":
            return self.lines

    @dataclass
    class Opened(Message):
        """The line under the cursor was chosen."""

        lines: "LineList"
        index: int

        @property
        def control(self) -> "LineList":
            return self.lines

    def find(self, words: Sequence[str]) -> None:
        """Go to the next line that has all of these words; a list that can be narrowed overrides this."""
        self.words = [word.casefold() for word in words]
        if self.words and not self.matches(self.cursor):
            self.step(1)

    def step(self, step: int) -> bool:
        """Go to the next line, or the one before, that has the words looked for; whether there is one."""
        places = range(self.cursor + step, self.line_count() if step > 0 else -1, step)
        found = next((place for place in places if self.words and self.matches(place)), None)
        if found is not None:
            self.cursor = found
        return found is not None

    def matches(self, index: int) -> bool:
        """Whether the cursor may be on a line that has all words looked for."""
        text = self.draw(index, _WHOLE).plain.casefold()
        return self.selectable(index) and all(word in text for word in self.words)

    def selectable(self, index: int) -> bool:
        """Whether the cursor may be on a line: headings say no."""
        return True

    def is_highlighted(self, index: int) -> bool:
        return index == self.cursor

    def repaint(self, old: int, new: int) -> None:
        """Paint anew what looks different once the cursor has gone from one line to another."""
        self.refresh_line(old)
        self.refresh_line(new)

    def lines_changed(self) -> None:
        """Draw anew after the lines changed; the cursor stays within them."""
        super().lines_changed()
        self.cursor = self._nearest_selectable(min(self.cursor, self.line_count() - 1), 1)

    def on_resize(self, event: events.Resize) -> None:
        self._show_cursor()

    def watch_cursor(self, old: int, new: int) -> None:
        top = self.top
        self._show_cursor()
        if self.top == top:
            self.repaint(old, new)
        if self.line_count():
            self.post_message(self.Moved(self, new))

    def _show_cursor(self) -> None:
        """Scroll so that the cursor is seen, with the headings above the first line too."""
        first = self.cursor
        while first > 0 and not self.selectable(first - 1):
            first -= 1
        self.show_lines(first, self.cursor)

    def _nearest_selectable(self, index: int, step: int) -> int:
        """The nearest line that the cursor may be on, first in the direction of `step`."""
        last = self.line_count() - 1
        index = max(0, min(index, last))
        for direction in (step, -step):
            place = index
            while 0 <= place <= last:
                if self.selectable(place):
                    return place
                place += direction
        return 0

    def action_move(self, step: int) -> None:
        self.cursor = self._nearest_selectable(self.cursor + step, 1 if step > 0 else -1)

    def action_page(self, step: int) -> None:
        self.action_move(step * max(1, self.size.height - 1))

    def action_top(self) -> None:
        self.cursor = self._nearest_selectable(0, 1)

    def action_bottom(self) -> None:
        self.cursor = self._nearest_selectable(self.line_count() - 1, -1)

    def action_open(self) -> None:
        if self.line_count():
            self.post_message(self.Opened(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        index = -1 if offset is None else offset.y + self.top
        if not (0 <= index < self.line_count() and self.selectable(index)):
            return
        again = index == self.cursor and event.chain > 1
        self.cursor = index
        if again:
            self.action_open()
