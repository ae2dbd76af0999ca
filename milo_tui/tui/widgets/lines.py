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
_ROLES = {"success": "good", "warning": "warn", "error": "bad"}
"""The inks of the colour roles that phases have."""


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
        self._width = 0
        self._inks: dict[str, Style] = {}

    def make_lines(self, width: int) -> list[Text]:
        """The lines to show in that many cells."""
        raise NotImplementedError

    def ink(self, name: str) -> Style:
        """One of the theme's inks, to be laid over the widget's own colours."""
        if name not in self._inks:
            ink = _ROLES.get(name, name)
            self._inks[name] = self.get_component_rich_style(f"lines--{ink}", partial=True)
        return self._inks[name]

    def sync(self) -> None:
        """Make the lines anew; repaint what changed."""
        old = self._lines
        self._make(self.size.width)
        if old is None or len(old) != len(self._lines or []):
            self.refresh(layout=True)
            return
        for y, (before, after) in enumerate(zip(old, self._lines or [], strict=True)):
            if before != after:
                self.refresh(Region(0, y, self.size.width, 1))

    def forget_lines(self) -> None:
        """Have the lines made anew when they are next needed."""
        self._lines = None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are lines."""
        return len(self._at(width))

    def _at(self, width: int) -> list[Text]:
        if self._lines is None or width != self._width:
            self._make(width)
        return self._lines or []

    def _make(self, width: int) -> None:
        # assemble() turns base styles into spans, and spans are what Text compares
        self._lines, self._width = [Text.assemble(line) for line in self.make_lines(width)], width

    def render_line(self, y: int) -> Strip:
        """A line, padded to the widget's width."""
        lines = self._at(self.size.width)
        style = self.rich_style
        if y >= len(lines):
            return Strip.blank(self.size.width, style)
        segments: list[Segment] = list(lines[y].render(self.app.console))
        strip = Strip(Segment.apply_style(segments, style))
        return strip.adjust_cell_length(self.size.width, style)

    def notify_style_update(self) -> None:
        """Another theme: other inks."""
        super().notify_style_update()
        self._inks.clear()
        self._lines = None
