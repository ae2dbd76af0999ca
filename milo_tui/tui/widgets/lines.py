"""The base of tables that are redrawn while one watches: whole lines, of which only the changed are repainted."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

INKS = (
    "dim strong accent good warn bad bar track simulated live "
    "score-3 score-2 score-1 score-0 hole pending here"
).split()


class Lines(Widget):
    """Lines of text, made by `make_lines`. `sync` makes them anew and repaints those that differ."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{ink}" for ink in INKS}

    DEFAULT_CSS = """
    Lines { height: auto; background: $background; color: $foreground; }
    .lines--dim { color: $dim; }
    .lines--strong { color: $foreground; text-style: bold; }
    .lines--accent { color: $accent; text-style: bold; }
    .lines--good { color: $success; }
    .lines--warn { color: $warning; }
    .lines--bad { color: $error; }
    .lines--bar { color: $bar; }
    .lines--track { color: $track; }
    .lines--simulated { color: $simulated; }
    .lines--live { color: $live; text-style: bold; }
    .lines--score-3 { color: $score-3; }
    .lines--score-2 { color: $score-2; }
    .lines--score-1 { color: $score-1; }
    .lines--score-0 { color: $score-0; text-style: bold; }
    .lines--hole { color: $hole; text-style: bold; }
    .lines--pending { color: $dim; }
    .lines--here { color: $accent; text-style: bold; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Text] | None = None

    def make_lines(self, width: int) -> list[Text]:
        """The lines to show in that many cells."""
        raise NotImplementedError

    def ink(self, name: str) -> Style:
        """One of the theme's inks, to be laid over the widget's own colours."""
        return self.get_component_rich_style(f"lines--{name}", partial=True)

    def sync(self) -> None:
        """Make the lines anew; repaint what changed."""
        old, self._lines = self._lines, self._made()
        if old is None or len(old) != len(self._lines):
            self.refresh(layout=True)
            return
        for y, (before, after) in enumerate(zip(old, self._lines, strict=True)):
            if before != after:
                self.refresh(Region(0, y, self.size.width, 1))

    def _made(self) -> list[Text]:
        # assemble() turns base styles into spans, and spans are what Text compares
        return [Text.assemble(line) for line in self.make_lines(self.size.width)]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are lines."""
        return len(self.make_lines(width))

    def render_line(self, y: int) -> Strip:
        """A line, padded to the widget's width."""
        if self._lines is None:
            self._lines = self._made()
        style = self.rich_style
        if y >= len(self._lines):
            return Strip.blank(self.size.width, style)
        segments: list[Segment] = list(self._lines[y].render(self.app.console))
        strip = Strip(Segment.apply_style(segments, style))
        return strip.adjust_cell_length(self.size.width, style)

    def on_resize(self) -> None:
        """Lines depend on the width."""
        self._lines = None

    def notify_style_update(self) -> None:
        """And on the theme."""
        super().notify_style_update()
        self._lines = None
