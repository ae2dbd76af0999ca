"""A list of single lines with a cursor, drawn line by line: its cost is the visible lines, not the list's."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from milo_tui.tui.widgets.scrolled_lines import ScrolledLines

REMEMBERED = 200
"""How many drawn lines a list remembers: scrolling draws those anew that come into view."""


class LineList(ScrolledLines, can_focus=True):
    """The base of all lists: a subclass says how many lines there are and how each is drawn."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-list--cursor"}
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

    @dataclass
    class Moved(Message):
        """The cursor stands on another line."""

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

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn: LRUCache[Hashable, Strip] = LRUCache(REMEMBERED)

    def draw(self, index: int, width: int) -> Content:
        """One line; what is too long is cut."""
        raise NotImplementedError

    def can_stand(self, index: int) -> bool:
        """Whether the cursor may stand on a line: headings say no."""
        return True

    def line_key(self, index: int) -> Hashable | None:
        """All that a line shows besides width, cursor and theme: with a key it is drawn once while that holds."""
        return None

    def marked(self, index: int) -> bool:
        """Whether a line is drawn as the one under the cursor."""
        return index == self.cursor

    def repaint(self, old: int, new: int) -> None:
        """Paint anew what looks different once the cursor has gone from one line to another."""
        self.refresh_line(old)
        self.refresh_line(new)

    def lines_changed(self) -> None:
        """Draw anew after the lines changed; the cursor stays within them."""
        self.cursor = self._standing(min(self.cursor, self.line_count() - 1), 1)
        self.scroll_to_line(self.top)
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.scroll_to_line(self.top)
        self._show_cursor()

    def render_line(self, y: int) -> Strip:
        width, index, bar = self.room.width, y + self.top, self.bar(y)
        if not 0 <= index < self.line_count():
            return Strip([self.blank(width), bar], width + 1)
        marked = self.marked(index)
        line = self.line_key(index)
        key = None if line is None else (line, width, marked, self.app.theme)
        strip = self._drawn.get(key)
        if strip is None:
            strip = self._draw(index, width, marked)
            if key is not None:
                self._drawn[key] = strip
        return Strip([*strip, bar], width + 1)

    def _draw(self, index: int, width: int, marked: bool) -> Strip:
        style = self.visual_style
        if marked:
            style = style + self.get_visual_style("line-list--cursor")
        return self.strip(self.draw(index, width), width, style)

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
        while first > 0 and not self.can_stand(first - 1):
            first -= 1
        self.show_lines(first, self.cursor)

    def _standing(self, index: int, step: int) -> int:
        """The nearest line that the cursor may stand on, first in the direction of `step`."""
        last = self.line_count() - 1
        index = max(0, min(index, last))
        for direction in (step, -step):
            place = index
            while 0 <= place <= last:
                if self.can_stand(place):
                    return place
                place += direction
        return 0

    def action_move(self, step: int) -> None:
        self.cursor = self._standing(self.cursor + step, 1 if step > 0 else -1)

    def action_page(self, step: int) -> None:
        self.action_move(step * max(1, self.room.height - 1))

    def action_top(self) -> None:
        self.cursor = self._standing(0, 1)

    def action_bottom(self) -> None:
        self.cursor = self._standing(self.line_count() - 1, -1)

    def action_open(self) -> None:
        if self.line_count():
            self.post_message(self.Opened(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.top
        if self.is_on_bar(event) or not (0 <= index < self.line_count() and self.can_stand(index)):
            return
        again = index == self.cursor and event.chain > 1
        self.cursor = index
        if again:
            self.action_open()


class Line(Widget):
    """A line (or a few) drawn anew for its width: column headings, titles, summaries."""

    def draw(self, width: int) -> Content:
        """What stands here at a width."""
        raise NotImplementedError

    def render(self) -> RenderResult:
        return self.draw(self.size.width)
