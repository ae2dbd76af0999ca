"""The figures of a set of attempts, from the attempts themselves or from sums that were stored."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import fsum
from statistics import fmean
from typing import TYPE_CHECKING, Any, Self

from milo_tui.analysis.phases import Outcome
from milo_tui.suite.conversation import POINTS_PER_PROMPT

if TYPE_CHECKING:
    from milo_tui.analysis.record import Attempt


@dataclass(frozen=True, slots=True)
class Sums:
    """What adds up over scored attempts: seconds, tokens a second, and of how many attempts each is the sum.

    The figure of several models together is that of their sums: the mean over all of their scored attempts.
    """

    planned: int = 0
    scored: int = 0
    points: int = 0
    latency_sum: float = 0.0
    latency_count: int = 0
    ttft_sum: float = 0.0
    ttft_count: int = 0
    speed_sum: float = 0.0
    speed_count: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        names = [field.name for field in fields(Sums)]
        return Sums(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def possible(self) -> int:
        """Points that the scored attempts could have earned."""
        return POINTS_PER_PROMPT * self.scored

    @property
    def share(self) -> float | None:
        """Points as a fraction of those possible."""
        return self.points / self.possible if self.scored else None

    @property
    def mean_points(self) -> float | None:
        """Mean points of an attempt, of 3."""
        return self.points / self.scored if self.scored else None

    @property
    def complete(self) -> bool:
        """Whether every planned attempt has a score."""
        return self.scored >= self.planned

    @property
    def unscored(self) -> int:
        """Planned attempts that have no score, not yet made or failed."""
        return self.planned - self.scored

    @property
    def latency(self) -> float | None:
        """Mean latency in seconds."""
        return self.latency_sum / self.latency_count if self.latency_count else None

    @property
    def ttft(self) -> float | None:
        """Mean time to first token in seconds."""
        return self.ttft_sum / self.ttft_count if self.ttft_count else None

    @property
    def tokens_per_second(self) -> float | None:
        """Mean decode speed."""
        return self.speed_sum / self.speed_count if self.speed_count else None


@dataclass(frozen=True, slots=True)
class Figures(Sums):
    """All figures of a set of attempts.

    `p95_latency` is the nearest rank, in seconds. `missing` counts attempts that the infrastructure failed and
    that were not made again; `retries` those that were. `lost_by_server` are scored. Tokens are of the attempts
    that count, scored or not.
    """

    p95_latency: float | None = None
    missing: int = 0
    lost_by_server: int = 0
    retries: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @classmethod
    def of(cls, latest: "Iterable[Attempt]", planned: int, *, retries: int = 0, **more: Any) -> Self:
        """Derive the figures of attempts, none of which replaces another (see `latest_attempts`).

        `more` is what a subclass holds beside them.
        """
        rows = list(latest)
        scored = [row for row in rows if row.points is not None]
        latencies = sorted(row.latency for row in scored if row.latency is not None)
        ttfts = [row.ttft for row in scored if row.ttft is not None]
        speeds = [row.tokens_per_second for row in scored if row.tokens_per_second is not None]
        return cls(
            planned=planned,
            scored=len(scored),
            points=sum(row.points or 0 for row in scored),
            latency_sum=fsum(latencies),
            latency_count=len(latencies),
            ttft_sum=fsum(ttfts),
            ttft_count=len(ttfts),
            speed_sum=fsum(speeds),
            speed_count=len(speeds),
            p95_latency=latencies[-(-95 * len(latencies) // 100) - 1] if latencies else None,
            missing=sum(row.outcome is Outcome.INFRASTRUCTURE for row in rows),
            lost_by_server=sum(row.outcome is Outcome.SERVER for row in rows),
            retries=retries,
            input_tokens=sum(row.input_tokens or 0 for row in rows),
            output_tokens=sum(row.output_tokens or 0 for row in rows),
            **more,
        )


def latest_attempts(attempts: "Iterable[Attempt]") -> "dict[tuple[str, str, int], Attempt]":
    """The attempt that counts for each model, prompt and repeat: the last one made."""
    last: dict[tuple[str, str, int], Attempt] = {}
    for row in sorted(attempts, key=lambda row: row.number):
        last[row.model, row.prompt, row.repeat] = row
    return last


def count_retries(attempts: "Iterable[Attempt]") -> dict[str, int]:
    """By model, how many attempts the infrastructure failed and that were made again."""
    rows = list(attempts)
    final = {row.id for row in latest_attempts(rows).values()}
    retries = dict.fromkeys((row.model for row in rows), 0)
    for row in rows:
        retries[row.model] += row.outcome is Outcome.INFRASTRUCTURE and row.id not in final
    return retries


def mean_of(values: list[float | None]) -> float | None:
    """The mean of those values that are there; None where none is."""
    present = [value for value in values if value is not None]
    return fmean(present) if present else None
