"""Two conversations side by side, or one below the other: aligned rows that share one scroll."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content

from milo_tui.reports.diff_rows import Cell, Role, Row
from milo_tui.tui.cells import fit, one_line, said
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.wrapping import Span, wrap

NARROW = 100
"""Below this width the sides stand one below the other by themselves."""
BETWEEN = " │ "
GUTTER = 2
ONE_GUTTER = 3
HATCH = "╱"
HANGING = 2
SIGN_STYLES = {
    "=": "$dim",
    "~": "bold $warning",
    "!": "bold $warning",
    "-": "bold $error",
    "+": "bold $success",
    ">": "bold $accent",
}
MARK_STYLES = ("reverse $error", "reverse $success")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the screen: its row, the sides that it shows (0, 1 or both), and which line of the row it is."""

    row: int
    sides: tuple[int, ...]
    part: int


class ToolCallDiff(LineList):
    """The rows of a diff. It draws what is in sight; `layout_rows` alone walks over all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[Row] = []
        self.wrapped = True
        self.one_column = False
        self._places: list[Place] = []
        self._first: list[int] = []
        self._spans: dict[tuple[int, int], list[Span]] = {}
        self._width = 0

    def show(self, rows: Sequence[Row], *, home: bool = True) -> None:
        """Show these rows, from the first difference on or from where the cursor stands."""
        row = 0 if home else self.row
        self.rows = rows
        self.lay_out()
        self.go_to(min(row, len(rows) - 1))

    @property
    def row(self) -> int:
        """The row under the cursor."""
        return self._places[self.cursor].row if self.cursor < len(self._places) else 0

    @property
    def stacked(self) -> bool:
        """Whether the sides stand one below the other."""
        return self.one_column or self.app.size.width < NARROW

    def lay_out(self) -> None:
        """Find anew which line shows what, for the width and the modes; the cursor keeps its row."""
        row = self.row
        self._width = self.scrollable_content_region.width
        self._spans.clear()
        self._places, self._first = [], []
        for begin, end in self._blocks():
            self._first += [-1] * (end - begin)
            for side in (0, 1) if self.stacked and end - begin > 1 else (None,):
                for index in range(begin, end):
                    self._place(index, side)
        self.lines_changed()
        self.go_to(row)

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """Rows that stay together, side by side; where they begin and end."""
        begin = 0
        for index in range(1, len(self.rows) + 1):
            goes_on = index < len(self.rows) and self.rows[index].block and not self.rows[index].stop
            if not (goes_on and self.rows[begin].block):
                yield begin, index
                begin = index

    def _place(self, index: int, only: int | None) -> None:
        """Put a row's lines, or those of one side of it, below what stands already."""
        for sides in self._groups(self.rows[index]):
            if only is not None and only not in sides:
                continue
            if self._first[index] < 0:
                self._first[index] = len(self._places)
            parts = max(len(self._cut(index, side)) for side in sides)
            self._places += [Place(index, sides, part) for part in range(parts)]

    def _groups(self, row: Row) -> list[tuple[int, ...]]:
        """The sides that share lines: both, or each for itself where they stand one below the other."""
        if not self.stacked:
            return [(0, 1)]
        if row.left is None or row.right is None:
            return [(0,) if row.right is None else (1,)]
        differ = row.sign in ("~", "!") and (row.left.text != row.right.text or row.block)
        return [(0,), (1,)] if differ else [(0,)]

    def on_resize(self, event: events.Resize) -> None:
        if self.scrollable_content_region.width != self._width:
            self.lay_out()
        super().on_resize(event)

    def go_to(self, row: int) -> None:
        """Put the cursor on a row."""
        if 0 <= row < len(self._first):
            self.cursor = self._first[row]

    @property
    def stops(self) -> list[int]:
        """The rows in which differences begin."""
        return [index for index, row in enumerate(self.rows) if row.stop]

    def step(self, by: int) -> bool:
        """Go to the next or the previous difference; False where there is none."""
        here, stops = self.row, self.stops
        found = (
            [stop for stop in stops if stop > here] if by > 0 else [s for s in reversed(stops) if s < here]
        )
        if found:
            self.go_to(found[0])
            self._show_around(found[0])
        return bool(found)

    def _show_around(self, row: int) -> None:
        """Bring the call that a difference is in into sight, too, where both fit."""
        head = next((index for index in range(row, -1, -1) if self.rows[index].role is Role.CALL), row)
        first, last = self._first[head], self._first[row]
        height = self.scrollable_content_region.height
        top = first if last - first < height - 2 else max(0, last - 1)
        if not round(self.scroll_y) <= top or last >= round(self.scroll_y) + height:
            self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "open"

    def line_count(self) -> int:
        return len(self._places)

    def marked(self, index: int) -> bool:
        return self.has_focus and self._places[index].row == self.row

    def repaint(self, old: int, new: int) -> None:
        self.refresh()

    def draw(self, index: int, width: int) -> Content:
        place = self._places[index]
        row = self.rows[place.row]
        if self.stacked:
            return self._gutter(row, place) + self._side(row, place, place.sides[0])
        between = said((BETWEEN, "$frame"))
        return self._gutter(row, place) + self._side(row, place, 0) + between + self._side(row, place, 1)

    def _gutter(self, row: Row, place: Place) -> Content:
        """The row's sign on its first line; in one column also the sign of the side."""
        sign = row.sign if place.part == 0 and (row.stop or not row.block) else " "
        style = SIGN_STYLES.get(row.sign, "")
        if not self.stacked:
            return said((f"{sign} ", style))
        side = place.sides[0]
        both = row.block or len(self._groups(row)) == 2
        second = "-+"[side] if both and place.part == 0 else " "
        return said((sign, style), (f"{second} ", SIGN_STYLES["-+"[side]] if both else ""))

    def _room(self) -> int:
        """The cells of a side."""
        if self.stacked:
            return max(1, self._width - ONE_GUTTER)
        return max(1, (self._width - GUTTER - len(BETWEEN)) // 2)

    def _cut(self, index: int, side: int) -> list[Span]:
        """The stretches of a cell's text that stand on lines of their own."""
        row = self.rows[index]
        cell = (row.left, row.right)[side]
        if cell is None:
            return [(0, 0)]
        room = self._room() - 2 * cell.indent
        whole = (0, len(cell.text))
        if not self.wrapped or (len(cell.text) <= room and cell.text.isascii()):
            return [whole]
        if (index, side) not in self._spans:
            spans = list(wrap(cell.text, max(8, room)))
            hanging = list(wrap(cell.text, max(8, room - HANGING)))
            self._spans[index, side] = spans if len(spans) == 1 else hanging
        return self._spans[index, side]

    def _side(self, row: Row, place: Place, side: int) -> Content:
        cell, room = (row.left, row.right)[side], self._room()
        if cell is None:
            return said((HATCH * room, "$track"))
        spans = self._cut(place.row, side)
        if place.part >= len(spans):
            return said(" " * room)
        start, end = spans[place.part]
        content = styled(cell, row, side)[start:end]
        hanging = HANGING if place.part else 0
        line = content.pad_left(2 * cell.indent + hanging)
        note = self._note(row, cell) if place.part == 0 else Content("")
        if note.plain and line.rstrip().cell_length + note.cell_length + 2 <= room:
            return fit(line, room - note.cell_length) + note
        return fit(line, room)

    def _note(self, row: Row, cell: Cell) -> Content:
        """What is said of a call at its line's end; of both sides where they share the line."""
        notes = [cell.note]
        if self.stacked and len(self._groups(row)) == 1 and row.left and row.right:
            notes = list(dict.fromkeys([row.left.note, row.right.note]))
            notes = [notes[0], *(note.removeprefix("moved: ") for note in notes[1:])]
        return one_line(" → ".join(notes), "$accent" if row.sign == ">" else "$dim")


def styled(cell: Cell, row: Row, side: int) -> Content:
    """A cell's text with its colours: what it is, and what differs in it."""
    base, key = ("$warning", "") if cell.problem else _styles(row, side)
    content = one_line(cell.text, base)
    if cell.key and key:
        content = content.stylize(key, 0, cell.key)
    for start, end in cell.marks:
        content = content.stylize(MARK_STYLES[side], start, end)
    return content


def _styles(row: Row, side: int) -> tuple[str, str]:
    """The styles of a row's text and of its key."""
    if row.role is Role.TITLE:
        return "bold", ""
    if row.role is Role.FOLD:
        return "$dim italic", ""
    if row.role is Role.PROBLEM:
        return "$warning", ""
    if row.role is Role.CALL:
        return ("$dim" if row.sign in "=> " else ""), "bold $tool-call"
    if row.sign in "-+":
        return ("$error", "$success")[side], "$dim"
    if row.sign == " ":
        return "$dim", "$dim"
    return "", "$tool-result" if row.role is Role.RESULT else "$dim"
