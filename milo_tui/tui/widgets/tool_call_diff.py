"""Conversations side by side, or one below the other: aligned rows that share one scroll."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from textual import events, work
from textual.content import Content
from textual.message import Message

from milo_tui.reports.diff_cells import Cell, Role, Row
from milo_tui.tui.content import fit, safe_line, styled
from milo_tui.tui.side_comparison import SingleThread
from milo_tui.tui.widgets.diff_layout import HANGING, Layout, Look, Place, lay_out
from milo_tui.tui.widgets.line_list import LineList

NARROW = 100
"""Below this width the sides stand one below the other by themselves."""
COLUMN = 40
"""The cells that a column has at least, about."""
SHORT = 10_000
"""Characters of rows up to which they are laid out at once: that takes less than a thread and a further paint."""
HATCH = "╱"
MOVED = "moved: "
SIGN_STYLES = {
    "=": "$dim",
    "~": "bold $warning",
    "!": "bold $warning",
    "-": "bold $error",
    "+": "bold $success",
    ">": "bold $accent",
}
MARK_STYLES = ("reverse $error", "reverse $success")


def name_of(side: int, sides: int) -> str:
    """What stands before a side's lines where sides stand one below the other."""
    return "-+"[side] if sides == 2 else str(side + 1)


def name_style(side: int, sides: int) -> str:
    """The style of that."""
    return SIGN_STYLES["-+"[side]] if sides == 2 else "$dim" if side == 0 else "bold"


class ToolCallDiff(LineList):
    """The rows of a diff. It draws what is in sight; they are laid out in a thread."""

    @dataclass
    class Shown(Message):
        """Rows have been laid out and are seen."""

    STOP = "difference"

    def __init__(self, thread: SingleThread) -> None:
        super().__init__()
        self.rows: Sequence[Row] = []
        self.wrapped = True
        self._one_column: bool | None = None
        self._thread = thread
        self._layout = Layout(Look())
        self._wanted: Sequence[Row] = []
        self._home = False
        self._laid_out = 0

    def show(self, rows: Sequence[Row], *, home: bool = True) -> None:
        """Show these rows, from the first difference on or from where the cursor stands."""
        self._wanted = rows
        self._home = self._home or home
        self.lay_out()

    def lay_out(self) -> None:
        """Find anew which line shows what, for the width and the modes; the cursor keeps its row."""
        rows = self._wanted
        look = Look(self.line_width, self.stacked, self.wrapped)
        if _length(rows) > SHORT:
            self._lay_out_long(rows, look)
        else:
            self.workers.cancel_group(self, "layout")
            self._take(rows, lay_out(rows, look))

    @work(exclusive=True, group="layout", description="rows are laid out")
    async def _lay_out_long(self, rows: Sequence[Row], look: Look) -> None:
        self._take(rows, await self._thread.run(lay_out, rows, look))

    def _take(self, rows: Sequence[Row], layout: Layout) -> None:
        row = 0 if self._home else min(self.row, len(rows) - 1)
        self.rows, self._layout = rows, layout
        self._laid_out += 1
        self.lines_changed()
        self.go_to(row)
        if self._home and rows and not rows[0].stop:
            self.step(1)
        self._home = False
        self.post_message(self.Shown())

    @property
    def row(self) -> int:
        """The row under the cursor."""
        places = self._layout.places
        return places[self.cursor].row if self.cursor < len(places) else 0

    @property
    def one_column(self) -> bool:
        """Whether the sides stand one below the other although there is room for columns."""
        return self.stacked and self.app.size.width >= NARROW

    @property
    def stacked(self) -> bool:
        """Whether the sides stand one below the other."""
        narrow = self.app.size.width < NARROW
        return narrow if self._one_column is None else self._one_column

    @property
    def most_sides(self) -> int:
        """How many sides are to be seen at once: one below the other any number, else two to four columns."""
        return 4 if self.stacked else max(2, min(4, self.app.size.width // COLUMN))

    def turn(self) -> None:
        """Stand the sides one below the other, or side by side, whatever the width would give."""
        wanted = not self.stacked
        narrow = self.app.size.width < NARROW
        self._one_column = None if wanted == narrow else wanted

    def on_resize(self, event: events.Resize) -> None:
        if self.line_width != self._layout.look.width:
            self.lay_out()

    def go_to(self, row: int) -> None:
        """Put the cursor on a row."""
        if 0 <= row < len(self._layout.first):
            self.cursor = self._layout.first[row]

    @property
    def stops(self) -> list[int]:
        """The rows in which differences begin."""
        return self._layout.stops

    def step(self, by: int) -> bool:
        """Go to the next or the previous difference, or to what has the words looked for; False where there is none."""
        if self.words:
            return super().step(by)
        here, stops = self.row, self.stops
        found = next(
            (stop for stop in (stops if by > 0 else reversed(stops)) if (stop - here) * by > 0), None
        )
        if found is None:
            return False
        self.go_to(found)
        self._show_around(found)
        return True

    def _show_around(self, row: int) -> None:
        """Bring the call that a difference is in into sight, too, where both fit."""
        head = next((index for index in range(row, -1, -1) if self.rows[index].role is Role.CALL), row)
        first, last = self._layout.first[head], self._layout.first[row]
        height = self.size.height
        top = first if last - first < height - 2 else max(0, last - 1)
        if not self.top <= top or last >= self.top + height:
            self.scroll_to_line(top)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "open"

    def line_count(self) -> int:
        return len(self._layout.places)

    def is_highlighted(self, index: int) -> bool:
        return self.has_focus and self._layout.places[index].row == self.row

    def repaint(self, old: int, new: int) -> None:
        """Paint anew the lines of the row that the cursor left, and of the row that it came to."""
        places, top = self._layout.places, self.top
        changed = {places[index].row for index in (old, new) if index < len(places)}
        for index in range(top, min(len(places), top + self.size.height)):
            if places[index].row in changed:
                self.refresh_line(index)

    def line_key(self, index: int) -> Hashable:
        return self._laid_out, index

    def draw(self, index: int, width: int) -> Content:
        place = self._layout.places[index]
        row = self.rows[place.row]
        if self._layout.look.stacked:
            side = place.sides[0]
            return self._names(row, place) + (
                styled((HATCH * self._room(row), "$track")) if place.gap else self._side(row, place, side)
            )
        line = [self._sign(row, place), self._side(row, place, 0)]
        for side in place.sides[1:]:
            line += [self._between(row, place, side), self._side(row, place, side)]
        return Content("").join(line)

    def _signed(self, row: Row, place: Place) -> bool:
        """Whether a line is the one that a row's signs stand on."""
        return place.part == 0 and (row.stop or not row.block)

    def _sign(self, row: Row, place: Place) -> Content:
        """The row's sign that says most, before its first line."""
        sign = row.sign if self._signed(row, place) else " "
        return styled((f"{sign} ", SIGN_STYLES.get(sign, "")))

    def _between(self, row: Row, place: Place, side: int) -> Content:
        """The line between two columns; of more than two, with the sign of the one behind it."""
        if len(row.cells) == 2:
            return styled((" │ ", "$frame"))
        sign = row.signs[side - 1] if self._signed(row, place) else " "
        return styled((" │", "$frame"), (f"{sign} ", SIGN_STYLES.get(sign, "")))

    def _names(self, row: Row, place: Place) -> Content:
        """The sign and the sides that a line is of, where sides stand one below the other."""
        count, first = len(row.cells), place.sides[0]
        sign = row.sign
        if count > 2:
            sign = row.sign if place.whole else row.signs[first - 1] if first else " "
        sign = sign if self._signed(row, place) else " "
        names = "" if place.whole or place.part else "".join(name_of(side, count) for side in place.sides)
        return styled((sign, SIGN_STYLES.get(sign, "")), (names.ljust(count), name_style(first, count)))

    def _room(self, row: Row) -> int:
        return self._layout.look.room(len(row.cells))

    def _side(self, row: Row, place: Place, side: int) -> Content:
        cell, room = row.cells[side], self._room(row)
        if cell is None:
            return styled((HATCH * room, "$track"))
        spans = self._layout.spans(self.rows, place.row, side)
        if place.part >= len(spans):
            return styled(" " * room)
        start, end = spans[place.part]
        if place.part + 1 < len(spans):
            end = start + len(cell.text[start:end].rstrip())
        # A line that is cut shows no more than its room: a character has at least one cell.
        content = cell_content(cell, row, side, start, min(end, start + room + 1))
        hanging = HANGING if place.part else 0
        line = content.pad_left(2 * cell.indent + hanging)
        left = room - line.rstrip().cell_length - 2
        for note in self._notes(row, place, side) if place.part == 0 else ():
            if note.cell_length <= left:
                return fit(line, room - note.cell_length) + note
        return fit(line, room)

    def _notes(self, row: Row, place: Place, side: int) -> Iterator[Content]:
        """What is said at a line's end, of two sides that share the line both; then the same in a word."""
        notes = [cell.note for cell in (row.cells[side],) if cell is not None]
        if self._layout.look.stacked and place.whole and len(row.cells) == 2:
            both = [cell.note for cell in row.cells if cell is not None]
            notes = [both[0], *(note.removeprefix(MOVED) for note in both[1:] if note != both[0])]
        text = " → ".join(notes)
        style = "$accent" if _sign_of(row, side) == ">" else "$dim"
        if text:
            yield safe_line(text, style)
        if text.startswith(MOVED):
            yield safe_line(MOVED.rstrip(": "), style)


def _length(rows: Sequence[Row]) -> int:
    """Characters in all cells."""
    return sum(len(cell.text) for row in rows for cell in row.cells if cell is not None)


def cell_content(cell: Cell, row: Row, side: int, start: int, end: int) -> Content:
    """A stretch of a cell's text with its colours: what it is, and what differs in it."""
    base, key = ("$warning", "") if cell.problem else _styles(row, side)
    content = safe_line(cell.text[start:end], base)
    if cell.key > start and key:
        content = content.stylize(key, 0, cell.key - start)
    for first, last in cell.marks:
        if first < end and last > start:
            content = content.stylize(MARK_STYLES[side > 0], max(0, first - start), last - start)
    return content


def _sign_of(row: Row, side: int) -> str:
    """A side's sign; the first one's where all others have the same, and a sign of change where they have not."""
    if side:
        return row.signs[side - 1]
    if len(set(row.signs)) == 1:
        return row.signs[0]
    return "~" if set(row.signs) & set("~!") else " "


def _styles(row: Row, side: int) -> tuple[str, str]:
    """The styles of a row's text and of its key."""
    sign = _sign_of(row, side)
    if row.role is Role.TITLE:
        return "bold", ""
    if row.role is Role.FOLD:
        return "$dim italic", ""
    if row.role is Role.PROBLEM:
        return "$warning", ""
    if row.role is Role.CALL:
        return ("$dim" if sign in "=> " else ""), "bold $tool-call"
    if sign in "-+":
        return ("$error" if side == 0 else "$success"), "$dim"
    if sign == " ":
        return "$dim", "$dim"
    return "", "$tool-result" if row.role is Role.RESULT else "$dim"
