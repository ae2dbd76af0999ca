"""Text made for a width, that scrolls or is redrawn while a person looks on."""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style

from milo_tui.tui.widgets.line_view import LineView

NARROWEST = 20
"""Cells that text is wrapped to at least."""

LinesFor = Callable[[int], Sequence[Content]]
"""Lines for a width in cells; may be called in a thread, so it must be pure."""


class TextView(LineView, can_focus=True):
    """Text made for a width, without a cursor: it scrolls by keys, and the mouse selects in it.

    Lines are made only where they are seen; a long text's in a thread.
    """

    DEFAULT_CSS = "TextView { padding: 0 0 0 2; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "by(1)", "Down", show=False, id="scroll.down"),
        Binding("up,k", "by(-1)", "Up", show=False, id="scroll.up"),
        Binding("pagedown,ctrl+d,space", "page(1)", "Page down", show=False, id="scroll.page_down"),
        Binding("pageup,ctrl+u", "page(-1)", "Page up", show=False, id="scroll.page_up"),
        Binding("g,home", "top", "Beginning", show=False, id="scroll.first"),
        Binding("G,end", "bottom", "End", show=False, id="scroll.last"),
    ]
    GAP = 1

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines_for: LinesFor = self.make_lines
        self._in_thread = False
        self._lines: list[Content] = []
        self._made_for = 0
        self._found: re.Pattern[str] | None = None
        self._hits: list[int] = []
        self._go_below: str | None = None

    def make_lines(self, width: int) -> Sequence[Content]:
        """The lines for a width in cells, unless `show` gives others."""
        return ()

    def show(self, lines_for: LinesFor, *, in_thread: bool = False, stay: bool = False) -> None:
        """Draw the lines that a function makes, from the first on, or to `stay` where it was scrolled to.

        `in_thread` for a text so long that making its lines would hold up the screen.
        """
        self._lines_for, self._in_thread = lines_for, in_thread
        self.remake(stay=stay)

    def find(self, words: Iterable[str], below: str = "") -> None:
        """Mark where any of the words stands; without words mark nothing.

        Scrolls to the first place, or to the first below a line that begins with `below`.
        """
        longest_first = sorted((re.escape(word) for word in words if word), key=len, reverse=True)
        self._found = re.compile("|".join(longest_first), re.IGNORECASE) if longest_first else None
        self._go_below = None if self._found is None else below
        self.remake()

    def step(self, step: int) -> bool:
        """Scroll to the next line that was found, or the one before; return whether there is one."""
        if step > 0:
            place = next((hit for hit in self._hits if hit > self.top), None)
        else:
            place = next((hit for hit in reversed(self._hits) if hit < self.top), None)
        if place is not None:
            self.scroll_to_line(place)
        return place is not None

    def _mark(self, lines: Sequence[Content]) -> list[Content]:
        """The lines with what was found marked."""
        self._hits = []
        if self._found is None:
            return list(lines)
        marked = []
        for index, line in enumerate(lines):
            spans = [match.span() for match in self._found.finditer(line.plain)]
            self._hits += [index] * bool(spans)
            for start, end in spans:
                line = line.stylize("reverse", start, end)
            marked.append(line)
        return marked

    def remake(self, *, stay: bool = True) -> None:
        """Make all lines anew: what they show has changed."""
        self._made_for = 0
        if not stay:
            self.scroll_to_line(0)
        if self.is_on_screen and self.size.width:
            self._make(self.line_width)
        else:
            self._lines = []
        self.refresh(layout=self.styles.is_auto_height)

    def sync(self) -> None:
        """Make all lines anew, at once, and repaint those that differ."""
        old, width = self._lines, self.line_width
        self._lines, self._made_for = list(self._lines_for(max(NARROWEST, width))), width
        if len(old) != len(self._lines):
            self.lines_changed()
            return
        for index, (before, after) in enumerate(zip(old, self._lines, strict=True)):
            if not before.is_same(after):
                self.refresh_line(index)

    @property
    def plain(self) -> str:
        """All of it as text, as wide as it is drawn."""
        return "\n".join(line.plain.rstrip() for line in self._lines)

    def line_count(self) -> int:
        return len(self._lines)

    def draw(self, index: int, width: int) -> Content:
        return self._selected(self._lines[index], index)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        bar = self.styles.scrollbar_size_vertical if self.styles.overflow_y == "scroll" else 0
        self._make_soon(max(0, width - bar - self.GAP))
        return len(self._lines)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._make_soon(self.line_width)
        return super().render_lines(crop)

    def _make_soon(self, width: int) -> None:
        """Make the lines for a width; during a layout no worker can be started."""
        if width == self._made_for or not width:
            return
        if self._in_thread:
            self.call_next(self._make, width)
        else:
            self._make(width)

    def _make(self, width: int) -> None:
        if width == self._made_for:
            return
        self._made_for = width
        if self._in_thread:
            self._make_in_thread(width)
        else:
            self.workers.cancel_group(self, "lines")
            self._take(self._lines_for(max(NARROWEST, width)))

    @work(exclusive=True, group="lines", description="make lines")
    async def _make_in_thread(self, width: int) -> None:
        self._take(await asyncio.to_thread(self._lines_for, max(NARROWEST, width)))
        self.lines_changed()

    def _take(self, lines: Sequence[Content]) -> None:
        self._lines = self._mark(lines)
        top, below, self._go_below = self.top, self._go_below, None
        if below is not None and self._hits:
            starts = (place for place, line in enumerate(lines) if line.plain.startswith(below))
            start = next(starts, 0)
            top = next((hit for hit in self._hits if hit >= start), self._hits[0])
        self.scroll_to_line(top)

    def render_line(self, y: int) -> Strip:
        return super().render_line(y).apply_offsets(0, y + self.top)

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
        self.action_by(step * max(1, self.size.height - 1))

    def action_top(self) -> None:
        self.scroll_to_line(0)

    def action_bottom(self) -> None:
        self.scroll_to_line(self.line_count())


class FixedLines(TextView, can_focus=False):
    """All lines of a table that is redrawn while a person looks on: no scrollbar, no keys."""

    DEFAULT_CSS = "FixedLines { height: auto; overflow: hidden hidden; padding: 0; }"
    GAP = 0
