"""Many lines made for a width, drawn one by one: in a scroll, their cost is the lines in sight."""

from collections.abc import Callable

from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

NARROWEST = 20


class LineBlock(Widget):
    """Draws the lines that it is shown, as high as they are; they are made only where they are seen."""

    DEFAULT_CSS = "LineBlock { height: auto; }"

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._make: Callable[[int], list[Content]] = lambda width: []
        self._lines: list[Content] = []
        self._made_for = 0

    def show(self, make: Callable[[int], list[Content]]) -> None:
        """Draw the lines that `make` gives for a width in cells."""
        self._make = make
        self._made_for = 0
        self.refresh(layout=True)

    @property
    def plain(self) -> str:
        """All of it as text, as wide as it is drawn."""
        return "\n".join(line.plain.rstrip() for line in self.lines_at(self.size.width))

    def lines_at(self, width: int) -> list[Content]:
        """The lines for a width in cells."""
        if width != self._made_for:
            self._lines, self._made_for = self._make(max(NARROWEST, width)), width
        return self._lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines_at(width))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        lines = self.lines_at(width)
        if not 0 <= y < len(lines):
            return Strip.blank(width, self.visual_style.rich_style)
        return Visual.to_strips(self, lines[y].truncate(width, pad=True), width, 1, self.visual_style)[0]
