"""Compare: two runs paired by prompt; settings that differ first, then the verdicts."""

import asyncio
from collections.abc import Iterator
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from milo_tui.analysis.comparison import Comparison, Measured, compare
from milo_tui.reports import comparison
from milo_tui.reports import verdict_text as answer
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import BaseScreen
from milo_tui.tui.content import safe_line, styled, wrapped
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.text_view import TextView
from milo_tui.tui.widgets.title_bar import TitleBar


class CompareScreen(BaseScreen):
    """Two runs side by side, in sentences."""

    app: BaseApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "swap", "Swap sides", key_display="tab", id="compare.swap"),
        Binding("y", "copy", "Copy", id="compare.copy", tooltip="Copy the comparison as text"),
        Binding("escape,q", "app.back", "Back", key_display="esc", id="compare.back"),
    ]

    def __init__(self, reader: Reader, a: int, b: int) -> None:
        super().__init__()
        self._reader = reader
        self._runs = (a, b)
        self._found: Comparison | None = None

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield TextView(id="comparison")
        yield KeyLine()

    def on_mount(self) -> None:
        self.query_one(TextView).focus()
        self._load()

    @work(exclusive=True, description="")
    async def _load(self) -> None:
        a, b = self._runs
        self.query_one(TitleBar).place = styled("compare · ", (f"run {a} vs run {b}", "bold"))
        try:
            measured_a, measured_b = await self._measured(a), await self._measured(b)
        except StoreError as error:
            self.app.say(str(error), severity="error")
            return
        # The exact tests, and the intervals that the sentences state, take too long for the event loop.
        self._found = found = await asyncio.to_thread(compare, measured_a, measured_b)
        self.query_one(TextView).show(lambda width: list(comparison_lines(found, width)), in_thread=True)

    async def _measured(self, number: int) -> Measured:
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
