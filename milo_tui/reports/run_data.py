"""What every report of a run is made from."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from milo_tui.analysis.evidence import Evidence
from milo_tui.analysis.prices import Cost, Prices, run_costs
from milo_tui.analysis.published import SUITE, Published, load_published
from milo_tui.analysis.record import Attempt, AttemptDetail, RunRecord
from milo_tui.config import data_folder
from milo_tui.store.queries import Reader
from milo_tui.store.redaction import Redaction


@dataclass(frozen=True, slots=True)
class RunData:
    """A run with its attempts, evidence and costs; conversations are read when they are needed.

    With `redaction`, everything here is already redacted. `published` is the published table, where it is of the
    run's suite and the run is not simulated.
    """

    run: RunRecord
    attempts: Sequence[Attempt]
    evidence: Evidence
    costs: Mapping[str, Cost]
    published: Published | None
    reader: Reader
    redaction: Redaction | None = None

    @classmethod
    async def read(cls, reader: Reader, number: int, prices: Prices, *, share: bool = False) -> "RunData":
        """Read a run; with `share`, redact it. Raises StoreError."""
        run, attempts = await reader.run(number), await reader.attempts(number)
        evidence = await reader.evidence(number)
        published = None
        if run.suite == SUITE and not run.simulated:
            published = load_published(data_folder("bench_results") / "published.json")
        # From the run as it is: a redacted one has no addresses, which prices depend on.
        data = cls(run, attempts, evidence, run_costs(run, attempts, prices), published, reader)
        return data.redacted() if share else data

    def redacted(self) -> "RunData":
        """The same without host names, addresses, paths and notes."""
        redaction = Redaction(self.run)
        return replace(
            self,
            run=redaction.run(self.run),
            attempts=redaction.apply(list(self.attempts)),
            evidence=redaction.apply(self.evidence),
            costs={redaction.text(id): cost for id, cost in self.costs.items()},
            redaction=redaction,
        )

    async def details(self, prompt: str | None = None) -> AsyncIterator[AttemptDetail]:
        """The conversations of all attempts, or of those at one prompt, in the order of their ids."""
        if prompt is None:
            async for attempt in self.reader.every_attempt(self.run.number):
                yield self._redact(attempt)
            return
        for row in self.attempts:
            if row.prompt == prompt:
                yield self._redact(await self.reader.attempt(row.id))

    def _redact(self, attempt: AttemptDetail) -> AttemptDetail:
        return self.redaction.apply(attempt) if self.redaction else attempt
