"""What a stream pane shows, apart from the drawing: kinds of text, wrapped to a width, of bounded size."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from milo_tui.endpoints.endpoint import PieceKind, StreamPiece
from milo_tui.sanitise import one_line, sanitise
from milo_tui.tui.widgets.wrapping import wrap

Kind = PieceKind | Literal["question", "system", "request", "heading", "passed", "failed"]

MAX_LINES = 4_000
MAX_CHARACTERS = 200_000
LONG_LINE = 4_000
GUTTER = 2
"""Cells at the left for a kind's sign."""
FOLDED_ROWS = 2
"""Rows that a question takes while it is folded; unfolded, the system prompt and the whole request stand instead."""


@dataclass(slots=True)
class Line:
    """One line of text (what stands between two newlines).

    `label` characters of it are a tool's name; it `opens` a segment, or `goes_on` from an overlong line.
    """

    kind: Kind
    text: str
    label: int = 0
    opens: bool = False
    goes_on: bool = False
    rows: int = 0


@dataclass(slots=True)
class Row:
    """One row of the screen: a stretch of a line."""

    line: Line
    start: int
    end: int

    @property
    def text(self) -> str:
        """The row's text."""
        return self.line.text[self.start : self.end]


@dataclass(slots=True)
class WrappedPieces:
    """Lines and the rows they make at a width. Rows are numbered from the first ever, dropped ones included."""

    width: int = 80
    lines: deque[Line] = field(default_factory=deque)
    rows: deque[Row] = field(default_factory=deque)
    dropped: int = 0
    characters: int = 0
    unfolded: bool = False
    _last: StreamPiece | None = None

    @property
    def end(self) -> int:
        """One past the number of the last row."""
        return self.dropped + len(self.rows)

    def add(self, piece: StreamPiece) -> int:
        """Add a piece, where it belongs to the last one to the same line; the first row that changed."""
        label = one_line(piece.name) if piece.kind == "tool call" and not piece.goes_on(self._last) else ""
        changed = self._append(piece.kind, piece.text, label, opens=not piece.goes_on(self._last))
        self._last = piece
        return changed

    def append(self, kind: Kind, text: str) -> int:
        """Add a line of the view's own; the first row that changed."""
        self._last = None
        return self._append(kind, text, "", opens=True)

    def _append(self, kind: Kind, text: str, label: str, *, opens: bool) -> int:
        changed = max(self.dropped, self.end - 1)
        first, *rest = sanitise(text).replace("\t", "    ").split("\n")
        if opens:
            self._add(Line(kind, f"{label} " if label else "", len(label), opens=True))
        self._grow(first)
        for text_line in rest:
            self._add(Line(kind, ""))
            self._grow(text_line)
        self._forget()
        return changed

    def resize(self, width: int) -> None:
        """Wrap everything to another width; rows are numbered from zero again."""
        self.width, self.dropped = width, 0
        self.rows.clear()
        for line in self.lines:
            line.rows = 0
            self._wrap(line)

    def row(self, number: int) -> Row | None:
        """The row of that number; None before the first or after the last."""
        index = number - self.dropped
        return self.rows[index] if 0 <= index < len(self.rows) else None

    def find(self, place: Row) -> int:
        """The number of the row that shows the same text, after a resize."""
        for number, row in enumerate(self.rows, self.dropped):
            if row.line is place.line and (
                row.start <= place.start < row.end or row.end >= len(row.line.text)
            ):
                return number
        return self.dropped

    def unfold(self, unfolded: bool) -> int:
        """Show whole questions, or two rows of each; return the number of the first row of the last question."""
        self.unfolded = unfolded
        self.resize(self.width)
        rows = enumerate(self.rows, self.dropped)
        asked = [number for number, row in rows if row.line.kind == "heading" and row.line.opens]
        return asked[-1] if asked else self.dropped

    def plain(self) -> str:
        """All of it, sanitised, without the signs."""
        lines = [line for line in self.lines if line.kind != "question"]
        return "".join(line.text if line.goes_on else f"\n{line.text}" for line in lines)[1:]

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        self.characters += len(line.text)
        self._wrap(line)

    def _grow(self, text: str) -> None:
        for piece in _pieces(text, LONG_LINE - len(self.lines[-1].text)):
            if piece.starts_line:
                self._add(Line(self.lines[-1].kind, piece.text, goes_on=True))
            else:
                self._extend(self.lines[-1], piece.text)

    def _extend(self, line: Line, text: str) -> None:
        line.text += text
        self.characters += len(text)
        start = 0
        if line.rows:
            line.rows -= 1
            start = self.rows.pop().start
        self._wrap(line, start)

    def _wrap(self, line: Line, start: int = 0) -> None:
        if self._is_hidden(line):
            return
        if line.kind == "heading":
            # A rule never wraps: it is cut where it is drawn.
            rows = [Row(line, 0, len(line.text))]
        else:
            rows = [Row(line, *span) for span in wrap(line.text, max(1, self.width - GUTTER), start)]
        if line.kind == "question":
            del rows[FOLDED_ROWS:]
        self.rows.extend(rows)
        line.rows += len(rows)

    def _is_hidden(self, line: Line) -> bool:
        return line.kind == "question" if self.unfolded else line.kind in ("system", "request")

    def _forget(self) -> None:
        while len(self.lines) > 1 and (len(self.lines) > MAX_LINES or self.characters > MAX_CHARACTERS):
            line = self.lines.popleft()
            self.characters -= len(line.text)
            self.dropped += line.rows
            for _ in range(line.rows):
                self.rows.popleft()


class _Piece(NamedTuple):
    text: str
    starts_line: bool


def _pieces(text: str, room: int) -> Iterator[_Piece]:
    """Cut what would make a line overlong: at a space past `room`, or without one a whole line later."""
    starts_line = False
    while len(text) > room:
        limit = max(0, room + LONG_LINE)
        space = text.find(" ", max(0, room), limit)
        cut = space if space >= 0 else limit
        yield _Piece(text[:cut], starts_line)
        text, room, starts_line = text[cut:], LONG_LINE, True
        if not text:
            return
    yield _Piece(text, starts_line)
