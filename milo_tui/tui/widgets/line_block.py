"""Many lines made for a width in a thread, drawn one by one: in a scroll, their cost is the lines in sight."""

import asyncio
from collections.abc import Callable

from textual import work
from textual.content import Content
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual
from textual.widget import Widget

NARROWEST = 20

Make = Callable[[int], list[Content]]
"""Lines for a width in cells; called in a thread, so it must be pure."""


class LineBlock(Widget):
    """Draws the lines that it is shown, as high as they are; they are made only where they are seen."""

    DEFAULT_CSS = "LineBlock { height: auto; }"

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._make: Make = lambda width: []
        self._at_once = False
        self._lines: list[Content] = []
        self._asked_for = 0

    def show(self, make: Make, *, at_once: bool = False) -> None:
        """Draw the lines that `make` gives; `at_once` where they are so few that no thread is worth its while."""
        self._make, self._at_once = make, at_once
        self._asked_for = 0
        if self.is_on_screen and self.size.width:
            self._ask(self.size.width)
            if at_once:
                self.refresh(layout=True)
        else:
            self._lines = []
            self.refresh(layout=True)

    @property
    def plain(self) -> str:
        """All of it as text, as wide as it is drawn."""
        return "\n".join(line.plain.rstrip() for line in self._lines)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        if width != self._asked_for:
            self._ask(width) if self._at_once else self.call_next(self._ask, width)
        return len(self._lines)

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
        self.refresh(layout=True)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not 0 <= y < len(self._lines):
            return Strip.blank(width, self.visual_style.rich_style)
        line = self._selected(self._lines[y], y).truncate(width, pad=True)
        (strip,) = Visual.to_strips(self, line, width, 1, self.visual_style, apply_selection=False)
        return strip.apply_offsets(0, y)

    def _selected(self, line: Content, y: int) -> Content:
        """The line with what the mouse selected of it marked."""
        selection = self.text_selection
        if selection is None or (span := selection.get_span(y)) is None:
            return line
        style = Style.from_styles(self.screen.get_component_styles("screen--selection"))
        return line.stylize(style, span[0], None if span[1] == -1 else span[1])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What the mouse selected, and how it goes on to the next widget."""
        return selection.extract(self.plain), "\n"
