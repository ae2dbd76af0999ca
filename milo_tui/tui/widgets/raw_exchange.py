"""An attempt's requests and responses as they were sent and received: a list that folds."""

import asyncio
import re
from collections.abc import Collection, Sequence
from typing import ClassVar

from textual import events, work
from textual.binding import Binding, BindingType
from textual.content import Content

from milo_tui.analysis.record import TurnRecord
from milo_tui.tui.content import fit, safe_line, styled
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.line_view import ContentLine
from milo_tui.tui.widgets.raw_sections import Key, Row, Section, named, place_of, rows, sections, whole

_NAME = re.compile(r'\s*[{\[]*("(?:[^"\\]|\\.)*"): ')
"""A name in pretty JSON, at the beginning of a line."""


class RawExchange(LineList):
    """The list. What is open stays open from one attempt to the next; reading long bodies is a thread's work."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "open", "Fold or unfold", show=False, id="raw.fold"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._turns: Sequence[TurnRecord] = ()
        self._tree: list[Section] = []
        self._rows: list[Row] = []
        self._toggled: set[Key] = set()
        self._keep: Key = ()
        self._width = 0

    def show(self, turns: Sequence[TurnRecord]) -> None:
        """Show an attempt's turns, the cursor in the section that it was in before."""
        self._keep = self.section.key if self.section else self._keep
        self._turns, self._tree, self._rows = turns, [], []
        self._remake()

    @work(exclusive=True, group="raw", description="")
    async def _remake(self, *, unfolded: bool = False) -> None:
        """Make the rows anew, in a thread; the cursor goes to the section to be kept."""
        width = self.line_width
        if not width:
            # Not in sight yet: the resize that brings it there asks again.
            self._width = 0
            return
        tree = self._tree or await asyncio.to_thread(sections, self._turns)
        opened = {section.key for section in tree} ^ self._toggled
        made, place = await asyncio.to_thread(_made, tree, opened, width, self._keep)
        more = len(made) - len(self._rows)
        self._tree, self._rows, self._width = tree, made, width
        self.lines_changed()
        self.cursor = place
        self.post_message(self.Moved(self, self.cursor))
        if unfolded and more > 0:
            self.show_lines(place, place + min(more, self.size.height - 1))

    @property
    def section(self) -> Section | None:
        """The section that the cursor is in."""
        return self._rows[self.cursor][0] if self.cursor < len(self._rows) else None

    def copied(self) -> tuple[str, str] | None:
        """The text of the section under the cursor, and its name in words; None where there is none."""
        section = self.section
        return None if section is None else (whole(section), named(section.key))

    def action_open(self) -> None:
        section = self.section
        if section is not None and not section.empty:
            self._toggled ^= {section.key}
            self._keep = section.key
            self._remake(unfolded=True)

    def on_resize(self, event: events.Resize) -> None:
        if self.line_width != self._width:
            self._keep = self.section.key if self.section else self._keep
            self._remake()

    def line_count(self) -> int:
        return len(self._rows)

    def draw(self, index: int, width: int) -> Content:
        section, line = self._rows[index]
        if line is not None:
            return styled(" " * section.indent) + _json_line(line)
        after = self._rows[index + 1][0].key if index + 1 < len(self._rows) else ()
        depth = len(section.key)
        is_open = after[:depth] == section.key
        return _heading(section, is_open, width)


class RawFoot(ContentLine):
    """Where the cursor is, and what the keys do there."""

    def __init__(self, raw: RawExchange) -> None:
        super().__init__()
        self._raw = raw

    def draw(self, width: int) -> Content:
        section = self._raw.section
        if section is None:
            return styled(("No turn came to its end, so no request and no response was kept.", "$dim"))
        keys = styled(
            ("enter", "bold $accent"), (" folds  ", "$dim"), ("y", "bold $accent"), (" copies it", "$dim")
        )
        keys = Content("") if section.empty else keys
        return fit(styled(named(section.key)), width - keys.cell_length - 1) + " " + keys


def _made(tree: Sequence[Section], opened: Collection[Key], width: int, keep: Key) -> tuple[list[Row], int]:
    found = rows(tree, opened, width)
    return found, place_of(found, keep)


def _heading(section: Section, is_open: bool, width: int) -> Content:
    sign = " " if section.empty else "▾" if is_open else "▸"
    start = styled("  " * section.depth, (f"{sign} ", "$accent"))
    if section.depth < 2:
        return start + styled((section.title, "bold")) + safe_line(f"  {section.detail}", "$dim")
    name = safe_line(f" {section.detail}", "$tool-call") if section.detail else Content("")
    skipped = styled(("… ", "$dim")) if section.alike and not is_open else Content("")
    begin = section.alike if skipped.plain else 0
    shown = safe_line(section.text[begin : begin + width])
    return start + styled((section.title, "$dim")) + name + " " + skipped + shown


def _json_line(text: str) -> Content:
    """A line of JSON with its name in colour."""
    line, name = safe_line(text), _NAME.match(text)
    return line if name is None else line.stylize("$accent", *name.span(1))
