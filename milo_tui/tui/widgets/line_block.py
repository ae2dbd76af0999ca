"""Many lines of text made for a width, drawn one by one: their cost is the lines in sight. A long text's are made in a
thread."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import events, work
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style

from milo_tui.tui.widgets.key_scroll import KeyScroll
from milo_tui.tui.widgets.scrolled_lines import ScrolledLines

NARROWEST = 20

Make = Callable[[int], list[Content]]
"""Lines for a width in cells; called in a thread, so it must be pure."""


class LineBlock(ScrolledLines, can_focus=True):
    """Draws the lines that it is shown, and scrolls by keys; they are made only where they are seen."""

    BINDINGS: ClassVar[list[BindingType]] = KeyScroll.BINDINGS
    GAP: ClassVar[int] = 1
    """Blank cells before the bar."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._make: Make = lambda width: []
        self._at_once = False
        self._lines: list[Content] = []
        self._asked_for = 0

    def show(self, make: Make, *, at_once: bool = False, stay: bool = False) -> None:
        """Draw the lines that `make` gives, from the first on, or to `stay` where it was scrolled to.

        `at_once` where they are so few that no thread is worth its while.
        """
        self._make, self._at_once = make, at_once
        self._asked_for = 0
        if not stay:
            self.top = 0
        if self.is_on_screen and self.size.width:
            self._ask(self.room.width)
            self.scroll_to_line(self.top)
        else:
            self._lines = []
        self._redraw()

    @property
    def room(self) -> Size:
        """The lines' place: without the bar's column, and the gap before it."""
        width, height = self.size
        return Size(self.beside_bar(width), height)

    def beside_bar(self, width: int) -> int:
        """The cells of text that such a width has."""
        return max(0, width - 1 - self.GAP)

    @property
    def plain(self) -> str:
        """All of it as text, as wide as it is drawn."""
        return "\n".join(line.plain.rstrip() for line in self._lines)

    def line_count(self) -> int:
        return len(self._lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        self._ask_soon(self.beside_bar(width))
        return len(self._lines)

    def on_resize(self, event: events.Resize) -> None:
        self.scroll_to_line(self.top)

    def _redraw(self) -> None:
        self.refresh(layout=self.styles.height is not None and self.styles.height.is_auto)

    def _ask_soon(self, width: int) -> None:
        """Have the lines made for a width from within a layout or a paint, where no worker can be started."""
        if width != self._asked_for:
            self._ask(width) if self._at_once else self.call_next(self._ask, width)

    def _ask(self, width: int) -> None:
        """Have the lines made for a width, once."""
        if width == self._asked_for:
            return
        self._asked_for = width
        if self._at_once:
            self.workers.cancel_group(self, "lines")
            self._lines = self._make(max(NARROWEST, width))
        else:
            self._remake(width)

    @work(exclusive=True, group="lines", description="lines are made")
    async def _remake(self, width: int) -> None:
        self._lines = await asyncio.to_thread(self._make, max(NARROWEST, width))
        self.scroll_to_line(self.top)
        self._redraw()

    def render_lines(self, crop: Region) -> list[Strip]:
        self._ask_soon(self.room.width)
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width, index = self.size.width - 1, y + self.top
        if not 0 <= index < len(self._lines):
            return Strip([self.blank(width), self.bar(y)], width + 1)
        strip = self.strip(self._selected(self._lines[index], index), width, self.visual_style)
        return Strip([*strip.apply_offsets(0, index), self.bar(y)], width + 1)

    def _selected(self, line: Content, index: int) -> Content:
        """The line with what the mouse selected of it marked."""
        selection = self.text_selection
        if selection is None or (span := selection.get_span(index)) is None:
            return line
        style = Style.from_styles(self.screen.get_component_styles("screen--selection"))
        return line.stylize(style, span[0], None if span[1] == -1 else span[1])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What the mouse selected, and how it goes on to the next widget."""
        return selection.extract(self.plain), "\n"

    def action_by(self, lines: int) -> None:
        self.scroll_to_line(self.top + lines)

    def action_page(self, step: int) -> None:
        self.action_by(step * max(1, self.room.height - 1))

    def action_top(self) -> None:
        self.scroll_to_line(0)

    def action_bottom(self) -> None:
        self.scroll_to_line(len(self._lines))
