"""The list of runs, live ones on top, and the names of its columns."""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from milo_tui.store.summary import RunSummary
from milo_tui.tui.content import styled
from milo_tui.tui.run_pages import RunPages, SortedPages
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.line_view import ContentLine
from milo_tui.tui.widgets.run_columns import SORTS, Needs, heading, needs_of, run_line


class RunHeading(ContentLine):
    """The names of the list's columns."""

    needs: reactive[Needs] = reactive(Needs())
    sort: reactive[str] = reactive("")

    def draw(self, width: int) -> Content:
        return heading(width, self.needs, self.sort)


class RunList(LineList):
    """Runs, newest first, live ones pinned on top. It asks for the lines that it lacks; the cursor stays on its run."""

    @dataclass
    class Missing(Message):
        """A line that is to be drawn was dropped and must be read again."""

        index: int

    class EndWanted(Message):
        """The oldest run of all is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.pages = RunPages()
        self.needs = Needs()
        self.picked: list[int] = []
        self._asked = False

    @property
    def current(self) -> RunSummary | None:
        """The run under the cursor."""
        return self.pages.line(self.cursor) if self.cursor < len(self.pages) else None

    def is_live(self, number: int) -> bool:
        """Whether a runner carries this run out now."""
        return any(run.number == number for run in self.pages.live)

    def begin(self, page: Sequence[RunSummary], live: Sequence[RunSummary], sort: str = "") -> None:
        """Show other runs, the newest page of which is this, or these in the order of a column."""
        with self._staying():
            self.pages = SortedPages(SORTS[sort]) if sort else RunPages()
            self.needs = needs_of(live)
            self.pages.set_live(live)
            self._take(page)

    def take(self, page: Sequence[RunSummary], below: int | None = None) -> None:
        """Take in a page of those that are shown: what lies below a number, or the newest."""
        with self._staying():
            self._take(page, below)

    def _take(self, page: Sequence[RunSummary], below: int | None = None) -> None:
        self._asked = False
        self.pages.take(page, below)
        self.needs |= needs_of(page)

    def put(self, run: RunSummary) -> None:
        """Take in a newer line of a run."""
        self.pages.put(run)
        self.needs |= needs_of([run])
        self.refresh()

    def set_live(self, runs: Sequence[RunSummary]) -> None:
        """Say which runs are live now."""
        with self._staying():
            self.pages.set_live(runs)
            self.needs |= needs_of(runs)

    def take_out(self, number: int) -> None:
        """Take a run out; the next one comes under the cursor."""
        if number in self.picked:
            self.picked.remove(number)
        with self._staying():
            self.pages.remove(number)

    def go_to(self, number: int) -> None:
        """Put the cursor on a run, if it is among these."""
        place = self.pages.index_of(number)
        if place is not None:
            self.cursor = place

    def pick(self) -> None:
        """Pick the run under the cursor for a comparison, or leave it; the third picked drops the first."""
        run = self.current
        if run is None:
            return
        if run.number in self.picked:
            self.picked.remove(run.number)
        else:
            self.picked = [*self.picked[-1:], run.number]
        self.refresh()

    @contextmanager
    def _staying(self) -> Iterator[None]:
        """Change what is shown; the cursor stays on its run, or else at its place."""
        number = self.pages.number(self.cursor) if self.cursor < len(self.pages) else None
        yield
        place = None if number is None else self.pages.index_of(number)
        self.cursor = max(0, min(self.cursor if place is None else place, len(self.pages) - 1))
        self.pages.drop(self.cursor)
        self.lines_changed()

    def line_count(self) -> int:
        return len(self.pages)

    def line_key(self, index: int) -> Hashable | None:
        run = self.pages.line(index)
        if run is None:
            return None
        # "today" is another day tomorrow.
        return run, self.is_live(run.number), run.number in self.picked, self.needs, date.today()

    def action_bottom(self) -> None:
        if self.pages.complete:
            super().action_bottom()
        else:
            self.post_message(self.EndWanted())

    def draw(self, index: int, width: int) -> Content:
        run = self.pages.line(index)
        if run is None:
            if not self._asked:
                self._asked = True
                self.post_message(self.Missing(index))
            return styled((f"{self.pages.number(index):>{self.needs.number}}  …", "$dim"))
        line = run_line(run, width, self.needs)
        return styled(("◆", "bold $accent")) + line[1:] if run.number in self.picked else line
