"""What the views read: one connection, queries only, lists by the page."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from milo_tui.store import lists
from milo_tui.store.summary import RunSummary, TrendPoint
from milo_tui.store.thread import DatabaseThread

if TYPE_CHECKING:
    from milo_tui.analysis.evidence import Evidence
    from milo_tui.analysis.record import Attempt, AttemptDetail, RunRecord
    from milo_tui.store.search import Hit


class Reader:
    """Reads runs and attempts. Raises StoreError with one sentence where it cannot."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the database for reading; an absent one is made empty. Raises StoreError."""
        return cls(await DatabaseThread.open(path, write=False))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._database.aclose()

    async def runs(
        self, before: int | None = None, limit: int = 200, words: Sequence[str] = (), *, binned: bool = False
    ) -> list[RunSummary]:
        """A page of runs, newest first: below `before`, with every one of `words` in its line; or the bin's."""
        return await self._database.read(lists.runs, before, limit, words, binned)

    async def run_numbers(
        self, before: int | None = None, words: Sequence[str] = (), *, binned: bool = False
    ) -> list[int]:
        """The numbers of all the runs that pages from `before` on would hold, newest first."""
        return await self._database.read(lists.run_numbers, before, words, binned)

    async def summary(self, run: int) -> RunSummary:
        """One run's line. Raises StoreError where there is none."""
        return await self._database.read(lists.summary, run)

    async def find_run(self, wanted: str) -> int:
        """The number of the run that a person names: a number, the beginning of its key, or `last`."""
        return await self._database.read(lists.find_run, wanted)

    async def run_of_key(self, key: str) -> int | None:
        """The number of the run with this key, whether in the bin or not."""
        return await self._database.read(lists.run_of_key, key)

    async def trend(
        self, model: str, suite: str, *, simulated: bool = False, limit: int = 200
    ) -> list[TrendPoint]:
        """A model's newest `limit` runs of a suite, the oldest first; simulated ones apart from the others."""
        return await self._database.read(lists.trend, model, suite, simulated, limit)

    async def search(self, text: str, after: "Hit | None" = None, limit: int = 50) -> "list[Hit]":
        """Where all words of `text` stand, newest first; what comes `after` a hit, for a next page."""
        from milo_tui.store import search

        return await self._database.read(search.search, text, after, limit)

    async def past_latencies(self) -> dict[str, float]:
        """For each model id the mean latency of an attempt in its newest run that has one, in seconds."""
        return await self._database.read(lists.past_latencies)

    async def run(self, number: int) -> "RunRecord":
        """A run whole, without its attempts. Raises StoreError where there is none."""
        from milo_tui.store import records

        return await self._database.read(records.run, number)

    async def attempts(self, run: int) -> "list[Attempt]":
        """The narrow rows of all attempts of a run, retries among them, in the order they were stored."""
        from milo_tui.store import records

        return await self._database.read(records.attempts, run)

    async def attempt_ids(
        self, run: int, after: int = 0, limit: int = 200, *, scored: bool = False
    ) -> list[int]:
        """A page of the ids of a run's attempts, those after `after`, in the order they were stored."""
        from milo_tui.store import records

        return await self._database.read(records.attempt_ids, run, after, limit, scored)

    async def attempt(self, id: int) -> "AttemptDetail":
        """An attempt whole, with its newest score. Raises StoreError where there is none."""
        from milo_tui.store import records

        return await self._database.read(records.attempt, id)

    async def every_attempt(self, run: int) -> "AsyncIterator[AttemptDetail]":
        """All attempts of a run with their conversations, page by page, so that memory does not grow with the run."""
        last = 0
        while page := await self.whole_attempts(run, last):
            last = page[-1].attempt.id
            for attempt in page:
                yield attempt

    async def whole_attempts(self, run: int, after: int = 0, limit: int = 20) -> "list[AttemptDetail]":
        """A page of a run's attempts whole, those after the id `after`, in the order they were stored."""
        from milo_tui.store import records

        return await self._database.read(records.whole_attempts, run, after, limit)

    async def evidence(self, run: int) -> "Evidence":
        """What lies behind a run's points: failed checks, and what was answered, by attempt."""
        from milo_tui.store import records

        return await self._database.read(records.evidence, run)
