"""A run in one line: what lists of runs show."""

from dataclasses import dataclass
from typing import Literal

from milo_tui.analysis.figures import Sums
from milo_tui.analysis.phases import Origin, RunPhase


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """A model's line in a run, with its stored sums."""

    id: str
    name: str
    where: Literal["local", "api"]
    figures: Sums


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
    origin: Origin = Origin.HERE
    margin: float | None = None

    @property
    def figures(self) -> Sums:
        """The figures of all models together: means are over all scored attempts."""
        return sum((model.figures for model in self.models), Sums())


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A model in one of its runs: its share of the points (0 to 1) and its mean latency in seconds."""

    run: int
    created: float
    suite_version: int
    share: float | None
    latency: float | None
