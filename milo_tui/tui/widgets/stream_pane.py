"""A pane of streaming text, fit for a slow terminal.

It fills downwards, and when it is full moves up by half a page, so that most flushes rewrite one row: a tenth of the
bytes of scrolling line by line (which is there as an option).
"""

from collections.abc import Hashable

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip

from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.runner.transcript import Transcript
from milo_tui.tui.content import safe_line
from milo_tui.tui.widgets.line_view import LineView
from milo_tui.tui.widgets.wrapped_pieces import GUTTER, Kind, WrappedPieces
from milo_tui.tui.widgets.wrapping import wrap

SIGNS: dict[Kind, tuple[str, str]] = {
    "question": ("?", "bold"),
    "system": ("¶", "$dim"),
    "request": ("?", "bold"),
    "reasoning": ("▸", "$reasoning"),
    "text": ("»", "$foreground"),
    "tool call": ("⚙", "$tool-call"),
    "tool result": ("←", "$tool-result"),
    "tool error": ("✗", "$tool-error"),
    "note": ("!", "$warning"),
    "heading": ("─", "$dim"),
    "passed": ("✓", "bold $success"),
    "failed": ("✗", "bold $error"),
}
"""The sign and the style of each kind of text."""
_CURSOR = "▌"
_WHEEL = 3
_MOST_HELD = 10_000
"""Characters held back at most between two flushes."""


class StreamPane(LineView):
    """An attempt at a width. `add` takes pieces at any rate; `flush`, some ten times a second, draws them."""

    DEFAULT_CSS = "StreamPane { height: 1fr; overflow: hidden hidden; }"

    def __init__(self, *, by_line: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._transcript = WrappedPieces()
        self._held = Transcript()
        self.by_line = by_line
        self.follow = True
        self.streaming = False
        self._hint = ""
        self._changed: int | None = None

    @property
    def hint(self) -> str:
        """What the pane says while there is no text."""
        return self._hint

    @hint.setter
    def hint(self, text: str) -> None:
        if text != self._hint:
            self._hint = text
            self.refresh()

    @property
    def transcript(self) -> WrappedPieces:
        """All that was appended."""
        self._settle()
        return self._transcript

    @property
    def below(self) -> int:
        """Rows that lie below the last one shown."""
        return max(0, self.transcript.end - self.top - self.size.height)

    def add(self, piece: StreamPiece) -> None:
        """Take in a piece from outside; it is sanitised here. What belongs together is wrapped in one go."""
        self._held.add(piece)
        if self._held.size > _MOST_HELD:
            self._settle()

    def append(self, kind: Kind, text: str) -> None:
        """Take in a line of the view's own."""
        self._settle()
        self._row_changed(self._transcript.append(kind, text))

    def _settle(self) -> None:
        for piece in self._held.take():
            self._row_changed(self._transcript.add(piece))

    def _row_changed(self, row: int) -> None:
        self._changed = row if self._changed is None else min(self._changed, row)

    def set_streaming(self, streaming: bool) -> None:
        """Whether more is coming: then a cursor is shown at the end."""
        if streaming != self.streaming:
            self.streaming = streaming
            self._row_changed(max(0, self.transcript.end - 1))

    def flush(self) -> None:
        """Draw what came since the last time: only the rows that changed, unless the page moves."""
        self._settle()
        if self._changed is None or not self.size.height:
            return
        changed, self._changed = self._changed, None
        top = self._top_to_show()
        if top != self.top:
            self._move(top)
            return
        first, last = max(top, changed), min(top + self.size.height, self._transcript.end)
        if first < last:
            self.refresh_lines(first, last - first)

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

    def toggle_question(self) -> None:
        """Show the whole question of the attempt in hand and stay at it, or fold it and follow."""
        self._settle()
        asked = self._transcript.unfold(not self._transcript.unfolded)
        if self._transcript.unfolded:
            self.follow = False
            self._move(asked)
        else:
            self.scroll_to_end()
        self.refresh()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-_WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(_WHEEL)

    def on_resize(self, event: events.Resize) -> None:
        """Wrap anew; who reads further up stays at the same words."""
        if event.size.width != self._transcript.width and event.size.width:
            place = self._transcript.row(self.top)
            self._transcript.resize(event.size.width)
            self._move(self._transcript.find(place) if place is not None else 0)
        self._move(self._top_to_show())
        self.refresh()

    def line_count(self) -> int:
        return self._transcript.end

    def render_line(self, y: int) -> Strip:
        if not self._transcript.rows:
            lines = self._hint_lines()
            width = self.size.width
            return self.strip(lines[y] if y < len(lines) else Content(""), self.visual_style, width, width)
        return super().render_line(y)

    def line_key(self, index: int) -> Hashable | None:
        row = self._transcript.row(index)
        if row is None or index == self._transcript.end - 1:
            return None
        return index, row.line.kind, row.text, row.end < len(row.line.text)

    def draw(self, index: int, width: int) -> Content:
        """One row: sign, tool's name, text, cursor."""
        row = self._transcript.row(index)
        if row is None:
            return Content("")
        sign, style = SIGNS[row.line.kind]
        if row.line.kind == "heading":
            return self._rule(row.text, width)
        text = row.text.rstrip() if row.end < len(row.line.text) else row.text
        if row.line.kind == "question" and row.start and row.end < len(row.line.text):
            # The last row of a folded question.
            room = width - GUTTER - 2
            text = f"{text if len(text) <= room else text[:room].rpartition(' ')[0]} …"
        gutter = (sign if row.line.opens and row.start == 0 else "").ljust(GUTTER)
        if label := max(0, row.line.label - row.start):
            parts = [(gutter, style), (text[:label], "bold $tool-call"), (text[label:], style)]
        else:
            parts = [(gutter + text, style)]
        if self.streaming and index == self._transcript.end - 1:
            parts.append((_CURSOR, "$accent"))
        # Its text was sanitised when it was appended.
        return Content.assemble(*(part for part in parts if part[0]))

    def _rule(self, name: str, width: int) -> Content:
        """What begins an attempt: its name in a rule, without the category where that is too long."""
        sign, style = SIGNS["heading"]
        room = max(1, width - GUTTER - 2)
        name = name if cell_len(name) <= room else name.rpartition("/")[2]
        text = Content(f"{sign} {name}").truncate(GUTTER + room, ellipsis=True) + f" {sign * width}"
        return text.stylize(style)

    def _hint_lines(self) -> list[Content]:
        width = max(20, self.size.width)
        return [
            safe_line(part[start:end].rstrip(), "$reasoning")
            for part in self._hint.split("\n")
            for start, end in wrap(part, width)
        ]

    def _top_to_show(self) -> int:
        height, end, oldest = self.size.height, self._transcript.end, self._transcript.dropped
        top = max(self.top, oldest)
        if not self.follow or end - top <= height:
            return top
        return max(oldest, end - height if self.by_line else end - (height + 1) // 2)

    def _move(self, top: int) -> None:
        """Have a row be the first in sight, also where there is no full page below it."""
        self.virtual_size = Size(self.size.width, max(self._transcript.end, top + self.size.height))
        self.scroll_to(y=top, animate=False, force=True)

    def update_size(self) -> None:
        self._move(self.top)
