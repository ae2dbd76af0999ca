"""Lines of `Content` drawn one by one on Textual's line API: a list, table or text costs what is in sight of it."""

from collections.abc import Hashable
from functools import lru_cache
from operator import attrgetter
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.app import RenderResult
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

CACHED_LINES = 200

# Content.render makes new styles each time: converting them anew would cost more than the rest of a line.
rich_style = lru_cache(maxsize=1000)(attrgetter("rich_style"))


class LineView(ScrollView, inherit_bindings=False):
    """The base: a subclass says how many lines there are and draws those in sight.

    Its scrollbar always has its column, and other lines need no layout of the screen, unless the height is auto.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-view--cursor"}
    DEFAULT_CSS = """
    LineView { overflow: hidden scroll; background: $background; color: $foreground; }
    .line-view--cursor { background: $panel; text-style: bold; }
    """
    GAP: ClassVar[int] = 0
    """Blank cells before the scrollbar."""

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._strips: LRUCache[Hashable, Strip] = LRUCache(CACHED_LINES)

    def line_count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def draw(self, index: int, width: int) -> Content:
        """One line; what is too long is cut."""
        raise NotImplementedError

    def line_key(self, index: int) -> Hashable | None:
        """All that a line shows besides width, cursor and theme: with a key it is drawn once while that holds."""
        return None

    def is_highlighted(self, index: int) -> bool:
        """Whether a line is drawn as the one under the cursor."""
        return False

    @property
    def line_width(self) -> int:
        """The cells that a line has."""
        return max(0, self.size.width - self.scrollbar_size_vertical - self.GAP)

    @property
    def top(self) -> int:
        """The first line in sight."""
        return self.scroll_offset.y

    def watch_virtual_size(self, size: Size) -> None:
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = size.height

    def lines_changed(self) -> None:
        """Draw anew after lines came, went or changed; the sight stays within them."""
        self.scroll_to_line(self.top)
        self.refresh(layout=self.styles.is_auto_height)

    def scroll_to_line(self, top: int) -> None:
        """Have a line be the first in sight, as far as there are lines below it."""
        self.update_size()
        self.scroll_to(y=top, animate=False, force=True)

    def update_size(self) -> None:
        """Say how far there is to scroll."""
        self.virtual_size = Size(self.line_width, self.line_count())

    def show_lines(self, first: int, last: int) -> None:
        """Scroll as little as it takes to see these lines; the first where there is no room for all."""
        height = self.size.height
        if not height:
            return
        if first < self.top or last - first >= height:
            self.scroll_to_line(first)
        elif last >= self.top + height:
            self.scroll_to_line(last - height + 1)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.line_count()

    def on_resize(self, event: events.Resize) -> None:
        self.scroll_to_line(self.top)

    def render_line(self, y: int) -> Strip:
        total, index = self.size.width, y + self.top
        if not 0 <= index < self.line_count():
            return Strip.blank(total, self.visual_style.rich_style)
        width = max(0, total - self.scrollbar_size_vertical - self.GAP)
        highlighted, line = self.is_highlighted(index), self.line_key(index)
        key = None if line is None else (line, width, highlighted, self.app.theme)
        strip = self._strips.get(key)
        if strip is None:
            style = self.visual_style
            if highlighted:
                style = style + self.get_visual_style("line-view--cursor")
            strip = self.strip(self.draw(index, width), style, width, total)
            if key is not None:
                self._strips[key] = strip
        return strip

    def strip(self, line: Content, style: Style, width: int, total: int) -> Strip:
        """A line as it is painted: cut or filled to `width` cells, then blank up to `total`."""
        used = line.cell_length
        if used > width:
            line, used = line.truncate(width), width
        parts = line.render(style, end="", parse_style=self.app.stylesheet.parse_style)
        pieces = [(text, rich_style(part)) for text, part in parts]
        pieces.append((" " * (width - used), rich_style(style)))
        pieces.append((" " * (total - width), rich_style(self.visual_style)))
        # A style is fifty bytes to the terminal: pieces of one style are one.
        return Strip(Segment.simplify(Segment(text, style) for text, style in pieces if text), total)


class ContentLine(Widget):
    """A line (or a few) drawn anew for its width: column headings, titles, summaries."""

    def draw(self, width: int) -> Content:
        """What is shown at a width."""
        raise NotImplementedError

    def render(self) -> RenderResult:
        return self.draw(self.size.width)
