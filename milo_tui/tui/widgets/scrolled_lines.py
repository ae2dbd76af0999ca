"""Lines that scroll by themselves, with their bar at the right.

Textual's scroll view lays out the whole screen anew when lines come or go, and shows its bar, a widget of its own, a
layout later than the lines.
"""

from functools import lru_cache
from operator import attrgetter
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import var
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from milo_tui.tui.widgets.scroll_bar import bar_cell, top_at

INVERTED = RichStyle(reverse=True)
rich_style = lru_cache(maxsize=1000)(attrgetter("rich_style"))


class ScrolledLines(Widget):
    """The base: a subclass says how many lines there are, and draws those in sight.

    `top` is the first line in sight, `room` the lines' place: without the bar's column.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"scrolled-lines--bar"}

    top: var[int] = var(0)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pulled = False

    def line_count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    @property
    def room(self) -> Size:
        """The cells and the rows that lines have."""
        width, height = self.size
        return Size(max(0, width - 1), height)

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

    def strip(self, line: Content, width: int, style: Style) -> Strip:
        """A line as it is painted, cut or filled to a width."""
        parts = line.truncate(width, pad=True).render(
            style, end="", parse_style=self.app.stylesheet.parse_style
        )
        return Strip([Segment(text, rich_style(part)) for text, part in parts], width)

    def blank(self, width: int) -> Segment:
        """So many cells of nothing."""
        return Segment(" " * width, rich_style(self.visual_style))

    def bar(self, y: int) -> Segment:
        """The bar beside row `y`."""
        glyph, inverted = bar_cell(y, self.room.height, self.line_count(), self.top)
        style = self.get_component_rich_style("scrolled-lines--bar")
        return Segment(glyph, style + INVERTED if inverted else style)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn_wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn_wheel(event, -1)

    def _turn_wheel(self, event: events.MouseEvent, direction: int) -> None:
        before = self.top
        self.scroll_to_line(self.top + direction * round(self.app.scroll_sensitivity_y))
        if self.top != before:
            event.stop()

    def is_on_bar(self, event: events.MouseEvent) -> bool:
        """Whether the mouse is on the bar."""
        return event.x >= self.outer_size.width - 1

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self.is_on_bar(event):
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
