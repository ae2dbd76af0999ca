"""A pane of streaming text, fit for a slow terminal.

It fills downwards, and when it is full moves up by half a page, so that most flushes rewrite one row: a tenth of the
bytes of scrolling line by line (which is there as an option).
"""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from milo_tui.sanitise import sanitise
from milo_tui.tui.widgets.transcript import GUTTER, STREAMED, Kind, Row, Transcript
from milo_tui.tui.widgets.wrapping import wrap

SIGNS: dict[Kind, str] = {
    "reasoning": "▸",
    "text": "»",
    "tool call": "⚙",
    "tool result": "←",
    "tool error": "✗",
    "note": "!",
    "heading": "─",
    "outcome": "=",
}
_CURSOR = "▌"
_WHEEL = 3
_HELD = 1_000
"""Pieces held back at most between two flushes."""


class StreamPane(Widget):
    """A transcript at a width. `append` takes text at any rate; `flush`, some ten times a second, draws it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"stream-pane--{kind.replace(' ', '-')}" for kind in SIGNS),
        "stream-pane--name",
        "stream-pane--cursor",
    }

    DEFAULT_CSS = """
    StreamPane { height: 1fr; background: $background; color: $foreground; }
    .stream-pane--reasoning { color: $reasoning; }
    .stream-pane--text { color: $foreground; }
    .stream-pane--tool-call { color: $tool-call; }
    .stream-pane--tool-result { color: $tool-result; }
    .stream-pane--tool-error { color: $tool-error; }
    .stream-pane--note { color: $warning; }
    .stream-pane--heading { color: $dim; }
    .stream-pane--outcome { color: $foreground; text-style: bold; }
    .stream-pane--name { color: $tool-call; text-style: bold; }
    .stream-pane--cursor { color: $accent; }
    """

    def __init__(self, *, by_line: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._transcript = Transcript()
        self._held: list[str] = []
        self._held_place: tuple[Kind, int, int] = ("note", 0, 0)
        self._held_name = ""
        self._inks: dict[str, Style] = {}
        self.by_line = by_line
        self.follow = True
        self.streaming = False
        self.top = 0
        self._hint: list[str] = []
        self._changed: int | None = None

    @property
    def hint(self) -> str:
        """What stands in the pane while there is no text."""
        return "\n".join(self._hint)

    @hint.setter
    def hint(self, text: str) -> None:
        lines = [line for part in sanitise(text).split("\n") for line in self._wrapped(part)]
        if lines != self._hint:
            self._hint = lines
            self.refresh()

    @property
    def transcript(self) -> Transcript:
        """All that was appended."""
        self._settle()
        return self._transcript

    @property
    def below(self) -> int:
        """Rows that lie below the last one shown."""
        return max(0, self.transcript.end - self.top - self.size.height)

    def append(self, kind: Kind, text: str, name: str = "", turn: int = 0, call: int = 0) -> None:
        """Take in text from outside; it is sanitised here. What belongs together is wrapped in one go."""
        place = (kind, turn, call)
        if kind not in STREAMED or place != self._held_place or len(self._held) >= _HELD:
            self._settle()
            self._held_place, self._held_name = place, name
        self._held.append(text)

    def _settle(self) -> None:
        if self._held:
            kind, turn, call = self._held_place
            changed = self._transcript.append(kind, "".join(self._held), self._held_name, turn, call)
            self._held.clear()
            self._changed = changed if self._changed is None else min(self._changed, changed)

    def set_streaming(self, streaming: bool) -> None:
        """Whether more is coming: then a cursor stands at the end."""
        if streaming != self.streaming:
            self.streaming = streaming
            last = max(0, self.transcript.end - 1)
            self._changed = last if self._changed is None else min(self._changed, last)

    def flush(self) -> None:
        """Draw what came since the last time: only the rows that changed, unless the page moves."""
        self._settle()
        if self._changed is None or not self.size.height:
            return
        changed, self._changed = self._changed, None
        top = self._top_to_show()
        if top != self.top:
            self.top = top
            self.refresh()
            return
        first, last = max(0, changed - top), min(self.size.height, self._transcript.end - top)
        if first < last:
            self.refresh(Region(0, first, self.size.width, last - first))

    def scroll_rows(self, rows: int) -> None:
        """Scroll by rows. Up pauses following; down to the last row resumes it."""
        last_page = self._transcript.end - self.size.height
        lowest = max(self._transcript.dropped, last_page, self.top)
        top = min(max(self.top + rows, self._transcript.dropped), lowest)
        self.follow = rows > 0 and top >= last_page
        self._move(top)

    def scroll_to_start(self) -> None:
        """To the oldest row that is still there."""
        self.follow = False
        self._move(self._transcript.dropped)

    def scroll_to_end(self) -> None:
        """To the newest row, and follow."""
        self.follow = True
        self._move(max(self._transcript.dropped, self._transcript.end - self.size.height))

    def toggle_follow(self) -> None:
        """Stay here, or go to the end and follow."""
        if self.follow:
            self.follow = False
        else:
            self.scroll_to_end()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls too."""
        event.stop()
        self.scroll_rows(-_WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls too."""
        event.stop()
        self.scroll_rows(_WHEEL)

    def on_resize(self, event: events.Resize) -> None:
        """Wrap anew; who reads further up stays at the same words."""
        if event.size.width != self._transcript.width and event.size.width:
            place = self._transcript.row(self.top)
            self._transcript.resize(event.size.width)
            self.top = self._transcript.find(place) if place is not None else 0
        self.top = self._top_to_show()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row: sign, tool's name, text, cursor."""
        width, number = self.size.width, self.top + y
        row = self._transcript.row(number)
        if row is None:
            told = self._hint[y] if not self._transcript.rows and y < len(self._hint) else ""
            return Strip([Segment(told, self._ink("reasoning"))]).adjust_cell_length(width, self._ink("text"))
        style = self._ink(row.line.kind)
        segments = self._segments(row, style)
        if row.line.kind == "heading":
            segments.append(Segment(" " + SIGNS["heading"] * width, style))
        elif self.streaming and number == self._transcript.end - 1:
            segments.append(Segment(_CURSOR, self._ink("cursor")))
        return Strip(segments).adjust_cell_length(width, self._ink("text"))

    def _segments(self, row: Row, style: Style) -> list[Segment]:
        sign = SIGNS[row.line.kind] if row.line.opens and row.start == 0 else ""
        text = row.text.rstrip() if row.end < len(row.line.text) else row.text
        label = max(0, row.line.label - row.start)
        parts = [Segment(sign.ljust(GUTTER), style)]
        if label:
            parts.append(Segment(text[:label], self._ink("name")))
        parts.append(Segment(text[label:], style))
        return parts

    def _wrapped(self, text: str) -> list[str]:
        return [text[start:end].rstrip() for start, end in wrap(text, max(20, self.size.width))]

    def notify_style_update(self) -> None:
        """Another theme: other inks."""
        super().notify_style_update()
        self._inks.clear()

    def _ink(self, name: str) -> Style:
        if name not in self._inks:
            self._inks[name] = self.get_component_rich_style(f"stream-pane--{name.replace(' ', '-')}")
        return self._inks[name]

    def _top_to_show(self) -> int:
        height, end, oldest = self.size.height, self._transcript.end, self._transcript.dropped
        top = max(self.top, oldest)
        if not self.follow or end - top <= height:
            return top
        return max(oldest, end - height if self.by_line else end - (height + 1) // 2)

    def _move(self, top: int) -> None:
        if top != self.top:
            self.top = top
            self.refresh()
