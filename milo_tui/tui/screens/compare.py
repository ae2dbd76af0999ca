"""Compare: two runs paired by prompt; settings that differ and the verdicts, and below them prompt by prompt."""

import asyncio
from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from milo_tui.analysis.comparison import Comparison, Measured, compare
from milo_tui.errors import MiloError
from milo_tui.reports import comparison
from milo_tui.reports import verdict_text as answer
from milo_tui.reports.diff_sides import Side
from milo_tui.store.queries import Reader
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import FindingScreen
from milo_tui.tui.content import safe_line, styled, wrapped
from milo_tui.tui.navigator import DiffStart, Navigator
from milo_tui.tui.widgets.compare_table import CompareHeading, CompareTable
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.text_view import TextView
from milo_tui.tui.widgets.title_bar import TitleBar


class CompareScreen(FindingScreen):
    """Two runs side by side: in sentences, and as a table of prompts from which a diff opens."""

    app: BaseApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "hit(1)", "Next", key_display="n N", id="compare.next", tooltip="Next difference"),
        Binding("a", "differing", "Differing", id="compare.differing", tooltip="Only what differs, or all"),
        FindingScreen.FIND,
        Binding("tab", "other_part", "Text", id="compare.part", tooltip="To the sentences, or to the table"),
        Binding("s", "swap", "Swap", id="compare.swap", tooltip="Exchange the two runs"),
        Binding("y", "copy", "Copy", id="compare.copy", tooltip="Copy the comparison as text"),
        Binding("escape,q", "leave", "Back", key_display="esc", id="compare.back"),
    ]

    def __init__(self, reader: Reader, navigator: Navigator, a: int, b: int) -> None:
        super().__init__()
        self._reader = reader
        self._navigator = navigator
        self._measured: tuple[Measured, Measured] | None = None
        self._runs = (a, b)
        self._found: Comparison | None = None

    def compose(self) -> ComposeResult:
        table = CompareTable()
        yield TitleBar()
        yield TextView(id="comparison")
        yield CompareHeading(table)
        yield table
        yield self.filter_bar()
        yield KeyLine()

    @property
    def table(self) -> CompareTable:
        """The prompts."""
        return self.query_one(CompareTable)

    def searched(self) -> Widget:
        text = self.query_one("#comparison", TextView)
        return text if text.has_focus else self.table

    def on_mount(self) -> None:
        self.set_focus(self.table)
        self._load()

    @work(exclusive=True, description="")
    async def _load(self) -> None:
        a, b = self._runs
        self.query_one(TitleBar).place = styled("compare · ", (f"run {a} vs run {b}", "bold"))
        try:
            self._measured = measured_a, measured_b = await self._read(a), await self._read(b)
            # The exact tests, and the intervals that the sentences state, take too long for the event loop.
            self._found = found = await asyncio.to_thread(compare, measured_a, measured_b)
        except MiloError as error:
            reason = str(error)
            self.query_one(TextView).show(lambda width: list(wrapped(reason, width, style="$warning")))
            return
        self.query_one(TextView).show(lambda width: list(comparison_lines(found, width)), in_thread=True)
        self.table.show(found, measured_a, measured_b)
        self.query_one(CompareHeading).refresh()

    @on(LineList.Moved)
    def _moved(self) -> None:
        self.query_one(CompareHeading).refresh()

    @on(LineList.Opened)
    def _opened(self) -> None:
        """Open the diff of the cell under the cursor, at the first repeat that differs."""
        if self._measured is None or (spot := self.table.spot) is None:
            return
        a, b = self._measured
        prompt, model, other, cell = spot
        side = Side(b.run.number, other, min(cell.repeat, b.run.repeats))
        self._navigator.open_diff(DiffStart(a.run, list(a.attempts), prompt, model, cell.repeat, side))

    def action_differing(self) -> None:
        self.table.toggle_differing()

    def action_other_part(self) -> None:
        """Give the keys to the sentences, to scroll in them, or to the table."""
        text = self.query_one("#comparison", TextView)
        self.set_focus(self.table if text.has_focus else text)

    async def _read(self, number: int) -> Measured:
        reader = self._reader
        return Measured(
            await reader.run(number), await reader.attempts(number), await reader.evidence(number)
        )

    def action_swap(self) -> None:
        """Exchange the two runs."""
        self._runs = (self._runs[1], self._runs[0])
        self._load()

    def action_copy(self) -> None:
        if self._found is not None:
            lines = (line.plain.rstrip() for line in comparison_lines(self._found, 100))
            self.app.copy_text("\n".join(lines), "the comparison")


def comparison_lines(found: Comparison, width: int) -> Iterator[Content]:
    """The comparison in lines for a width."""
    yield from wrapped(comparison.heading(found), width, style="bold")
    for sentence in comparison.before(found):
        yield from wrapped(sentence, width)
    for model in found.models:
        yield Content("")
        yield safe_line(answer.headline(model.pair), "bold $accent")
        for fact in comparison.facts(model):
            yield from wrapped(fact.text, width, fact.label)
    if not found.models:
        yield from wrapped(comparison.nothing(found), width)
