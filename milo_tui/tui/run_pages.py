"""The runs of a list as far as they were read: the numbers of all, the lines of those near the cursor.

A person may go through tens of thousands of runs. A number is eight bytes, a line with its models a few
thousand, so lines that were left behind are dropped and read again should one come back to them.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from operator import neg

from milo_tui.store.summary import RunSummary

PAGE = 200
"""How many runs are read at once."""
KEPT = 10 * PAGE
"""How many lines are kept."""


class RunPages:
    """Runs, newest first, those that are live on top of them."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._lines: dict[int, RunSummary] = {}
        self._live: list[RunSummary] = []
        self.oldest: int | None = None
        """The lowest number read: the next page lies below it."""
        self.complete = False
        """Whether there is nothing below."""

    def __len__(self) -> int:
        return len(self._live) + len(self._numbers)

    @property
    def live(self) -> Sequence[RunSummary]:
        """The runs on top."""
        return self._live

    def number(self, index: int) -> int:
        """The number of the run at a place."""
        return self.numbers(index, index + 1)[0]

    def numbers(self, start: int = 0, end: int | None = None) -> list[int]:
        """The numbers of the runs from one place up to another."""
        top = len(self._live)
        live = [run.number for run in self._live[start:end]]
        return live + self._numbers[max(0, start - top) : None if end is None else max(0, end - top)]

    def line(self, index: int) -> RunSummary | None:
        """The run at a place; None where its line was dropped."""
        top = len(self._live)
        return self._live[index] if index < top else self._lines.get(self._numbers[index - top])

    def index_of(self, number: int) -> int | None:
        """The place of a run; None where it is not among these."""
        for index, run in enumerate(self._live):
            if run.number == number:
                return index
        place = self._place(number)
        there = place < len(self._numbers) and self._numbers[place] == number
        return len(self._live) + place if there else None

    def take(self, page: Sequence[RunSummary], below: int | None = None) -> None:
        """Take in a page that the store has below a number, or the newest one: it is right for all that it spans."""
        whole = len(page) >= PAGE
        last = page[-1].number if whole else 0
        start = 0 if below is None else self._place(below - 1)
        end = self._place(last - 1)
        if below is None and whole and self._numbers and self._numbers[0] < last:
            # More runs than a page are new: what lies between them and the old ones is not known.
            end = len(self._numbers)
            self.oldest = None
            self.complete = False
        live = {run.number for run in self._live}
        self._numbers[start:end] = [run.number for run in page if run.number not in live]
        if not whole:
            self.complete = True
        if page and (self.oldest is None or page[-1].number < self.oldest):
            self.oldest = page[-1].number
        self._lines.update((run.number, run) for run in page)

    def take_rest(self, numbers: Sequence[int]) -> None:
        """Take in the numbers of all runs below the oldest read, newest first; their lines are read when seen."""
        live = {run.number for run in self._live}
        self._numbers += [number for number in numbers if number not in live]
        if numbers:
            self.oldest = numbers[-1]
        self.complete = True

    def put(self, run: RunSummary) -> None:
        """Take in a newer line of a run that is among these."""
        if run.number in self._lines:
            self._lines[run.number] = run
        self._live = [run if run.number == other.number else other for other in self._live]

    def set_live(self, runs: Iterable[RunSummary]) -> None:
        """Say which runs are live now; those that were go back to their place."""
        before, self._live = self._live, sorted(runs, key=lambda run: -run.number)
        live = {run.number for run in self._live}
        for run in before:
            if run.number not in live and (self.complete or run.number >= (self.oldest or 0)):
                self._numbers.insert(self._place(run.number), run.number)
                self._lines.setdefault(run.number, run)
        for number in live:
            place = self._place(number)
            if place < len(self._numbers) and self._numbers[place] == number:
                del self._numbers[place]

    def remove(self, number: int) -> None:
        """Take a run out."""
        place = self._place(number)
        if place < len(self._numbers) and self._numbers[place] == number:
            del self._numbers[place]
        self._lines.pop(number, None)

    def drop(self, index: int) -> None:
        """Keep the lines around a place alone."""
        if len(self._lines) <= KEPT:
            return
        start = max(0, index - len(self._live) - KEPT // 2)
        near = self._numbers[start : start + KEPT]
        self._lines = {number: self._lines[number] for number in near if number in self._lines}

    def _place(self, number: int) -> int:
        """Where a number stands or would stand among those that are not live."""
        return bisect_left(self._numbers, -number, key=neg)


class SortedPages(RunPages):
    """Runs by another order than their number: those that were read at once, all of them kept."""

    def __init__(self, order: Callable[[RunSummary], tuple[float | str, ...]]) -> None:
        super().__init__()
        self._order = order
        self.complete = True

    def take(self, page: Sequence[RunSummary], below: int | None = None) -> None:
        """Show these, in order; those that are alike newest first."""
        live = {run.number for run in self._live}
        ordered = sorted(sorted(page, key=lambda run: -run.number), key=self._order)
        self._numbers = [run.number for run in ordered if run.number not in live]
        self._lines = {run.number: run for run in page}

    def drop(self, index: int) -> None:
        """Keep all."""

    def _place(self, number: int) -> int:
        return (
            self._numbers.index(number)
            if number in self._lines and number in self._numbers
            else len(self._numbers)
        )
