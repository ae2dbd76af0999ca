"""A list of single lines with a cursor, drawn line by line: its cost is the visible lines, not the list's.

It scrolls by itself: Textual's scroll view lays out the whole screen anew when lines come or go, and shows its bar, a
widget of its own, a layout later than the lines.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from milo_tui.tui.widgets.scroll_bar import bar_cell, top_at

rich_style = lru_cache(maxsize=1000)(attrgetter("rich_style"))
REMEMBERED = 200
"""How many drawn lines a list remembers: scrolling draws those anew that come into view."""


class LineList(Widget, can_focus=True):
    """The base of all lists: a subclass says how many lines there are and how each is drawn.

    `top` is the first line in sight, `room` the lines' place: without the scroll bar's column.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-list--cursor", "line-list--bar"}
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
    top: var[int] = var(0)

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
        self._pulled = False

    def line_count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

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

    @property
    def room(self) -> Size:
        """The cells and the rows that lines have."""
        width, height = self.size
        return Size(max(0, width - 1), height)

    def lines_changed(self) -> None:
        """Draw anew after the lines changed; the cursor stays within them."""
        self.cursor = self._standing(min(self.cursor, self.line_count() - 1), 1)
        self.scroll_to_line(self.top)
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.scroll_to_line(self.top)
        self._show_cursor()

    def scroll_to_line(self, top: int) -> None:
        """Have a line be the first in sight, as far as there are lines below it."""
        self.top = max(0, min(top, self.line_count() - self.room.height))

    def show_lines(self, first: int, last: int) -> None:
        """Scroll as little as it takes to see these lines; the first where there is no room for all."""
        height = self.room.height
        if not height:
            return
        if first < self.top or last - first >= height:
            self.scroll_to_line(first)
        elif last >= self.top + height:
            self.scroll_to_line(last - height + 1)

    def watch_top(self) -> None:
        self.refresh()

    def refresh_line(self, index: int) -> None:
        """Paint a line anew, if it is in sight."""
        if 0 <= index - self.top < self.size.height:
            self.refresh(Region(0, index - self.top, self.size.width, 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.line_count()

    def render_line(self, y: int) -> Strip:
        width, height = self.room
        index = y + self.top
        bar = self._bar(y, height)
        if not 0 <= index < self.line_count():
            return Strip([Segment(" " * width, self.visual_style.rich_style), bar], width + 1)
        marked = self.marked(index)
        line = self.line_key(index)
        key = None if line is None else (line, width, marked, self.app.theme)
        strip = self._drawn.get(key)
        if strip is None:
            strip = self._draw(index, width, marked)
            if key is not None:
                self._drawn[key] = strip
        return Strip([*strip, bar], width + 1)

    def _bar(self, y: int, height: int) -> Segment:
        glyph, inverted = bar_cell(y, height, self.line_count(), self.top)
        style = self.get_component_rich_style("line-list--bar")
        return Segment(glyph, style + Style(reverse=True) if inverted else style)

    def _draw(self, index: int, width: int, marked: bool) -> Strip:
        style = self.visual_style
        if marked:
            style = style + self.get_visual_style("line-list--cursor")
        content = self.draw(index, width).truncate(width, pad=True)
        parts = content.render(style, end="", parse_style=self.app.stylesheet.parse_style)
        return Strip([Segment(text, rich_style(part)) for text, part in parts], width)

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
        if self._on_bar(event) or not (0 <= index < self.line_count() and self.can_stand(index)):
            return
        again = index == self.cursor and event.chain > 1
        self.cursor = index
        if again:
            self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn_wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn_wheel(event, -1)

    def _turn_wheel(self, event: events.MouseEvent, direction: int) -> None:
        before = self.top
        self.scroll_to_line(self.top + direction * round(self.app.scroll_sensitivity_y))
        if self.top != before:
            event.stop()

    def _on_bar(self, event: events.MouseEvent) -> bool:
        return event.x >= self.outer_size.width - 1

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self._on_bar(event):
            self._pulled = True
            self.capture_mouse()
            self._pull(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._pulled:
            self._pull(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._pulled:
            self._pulled = False
            self.release_mouse()

    def _pull(self, event: events.MouseEvent) -> None:
        """Follow the mouse with the bar's thumb."""
        self.scroll_to_line(top_at(event.y, self.room.height, self.line_count()))


class Line(Widget):
    """A line (or a few) drawn anew for its width: column headings, titles, summaries."""

    def draw(self, width: int) -> Content:
        """What stands here at a width."""
        raise NotImplementedError

    def render(self) -> RenderResult:
        return self.draw(self.size.width)
