"""A run in one line: what lists of runs show."""

from dataclasses import dataclass
from typing import Literal

from milo_tui.analysis.phases import RunPhase


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A model's line in a run: points of those possible, mean latency in seconds, attempts scored."""

    id: str
    name: str
    where: Literal["local", "api"]
    points: int
    scored: int
    planned: int
    latency: float | None
    ttft: float | None
    tokens_per_second: float | None

    @property
    def share(self) -> float | None:
        """Points as a fraction of those that the scored attempts could have earned."""
        return self.points / (3 * self.scored) if self.scored else None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in a list. Times are seconds since the epoch; `binned` is when it was moved to the bin."""

    number: int
    key: str
    suite: str
    suite_title: str
    suite_version: int
    simulated: bool
    phase: RunPhase
    created: float
    finished: float | None
    repeats: int
    note: str
    models: tuple[ModelSummary, ...]
    binned: float | None = None

    @property
    def scored(self) -> int:
        """Attempts with a score, of all models."""
        return sum(model.scored for model in self.models)

    @property
    def planned(self) -> int:
        """Attempts planned, of all models."""
        return sum(model.planned for model in self.models)


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A model in one of its runs: its share of the points (0 to 1) and its mean latency in seconds."""

    run: int
    created: float
    suite_version: int
    share: float | None
    latency: float | None
