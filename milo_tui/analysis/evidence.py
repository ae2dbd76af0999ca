"""What lies behind a run's points: the checks that failed, repeats that are the same again, what a cache gave.

The store reads it (Reader.evidence); without it a verdict still stands, but not where the points were lost.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from milo_tui.analysis.figures import mean_of
from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt, ModelRecord

_MOSTLY = 0.5
"""From this share of its prompt on, a request counts as warm: shared beginnings alone do not make it so."""


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A point that an attempt did not earn. `position` is 1, 2 or 3."""

    position: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReplyDigest:
    """What an attempt's model wrote, as a digest; and its first request's prompt, in tokens."""

    digest: str
    input_tokens: int | None = None
    cached_tokens: int | None = None

    @property
    def warm(self) -> bool | None:
        """Whether most of the first request's prompt came from a cache; None where the server does not tell."""
        if self.cached_tokens is None or not self.input_tokens:
            return None
        return self.cached_tokens / self.input_tokens >= _MOSTLY


@dataclass(frozen=True, slots=True)
class Evidence:
    """Both by attempt id."""

    failed: Mapping[int, Sequence[FailedCheck]] = field(default_factory=dict)
    answered: Mapping[int, ReplyDigest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LostPoint:
    """One of a prompt's three points that a model lost in `times` of its repeats."""

    prompt: str
    position: int
    title: str
    times: int


@dataclass(frozen=True, slots=True)
class CacheUse:
    """What the server's prompt cache did for a model. Shares are fractions; latencies mean seconds.

    `share` is of all input tokens of the attempts whose server tells; cold and warm are attempts whose first
    request found less or more than half of its prompt in the cache.
    """

    share: float | None = None
    cold: int = 0
    warm: int = 0
    cold_latency: float | None = None
    warm_latency: float | None = None


def digest(turns: Iterable[tuple[str, str, Sequence[tuple[str, str]]]]) -> str:
    """A digest of what a model wrote: each turn's reasoning, text and calls (name, arguments), byte for byte.

    A call's id is not among it: servers draw it at random.
    """
    found = hashlib.sha256()
    for reasoning, text, calls in turns:
        for part in (reasoning, text, *(part for call in calls for part in call)):
            data = part.encode("utf-8", "surrogatepass")
            found.update(len(data).to_bytes(8, "big") + data)
        found.update(b"\xff" * 8)
    return found.hexdigest()


def lost_points(rows: Iterable[Attempt], evidence: Evidence) -> tuple[LostPoint, ...]:
    """Where one model lost its points, in the order of the rows' prompts; `rows` are those that count."""
    times: Counter[tuple[str, int, str]] = Counter()
    for row in rows:
        if row.points is not None:
            for check in evidence.failed.get(row.id, ()):
                times[row.prompt, check.position, check.title] += 1
    order = {prompt: place for place, prompt in enumerate(dict.fromkeys(key[0] for key in times))}
    keys = sorted(times, key=lambda key: (order[key[0]], key[1]))
    return tuple(LostPoint(*key, times[key]) for key in keys)


def same_repeats(rows: Iterable[Attempt], evidence: Evidence) -> tuple[int, int]:
    """Of how many prompts all repeats are the same byte for byte, and how many were asked more than once."""
    digests: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.points is not None and row.id in evidence.answered:
            digests[row.prompt].append(evidence.answered[row.id].digest)
    several = [found for found in digests.values() if len(found) > 1]
    return sum(len(set(found)) == 1 for found in several), len(several)


def cache_use(rows: Sequence[Attempt], evidence: Evidence) -> CacheUse:
    """What the prompt cache did for one model's attempts."""
    told = [row for row in rows if row.cached_tokens is not None and row.input_tokens]
    total = sum(row.input_tokens or 0 for row in told)
    by_warmth: dict[bool | None, list[float | None]] = defaultdict(list)
    for row in rows:
        if row.points is not None and row.id in evidence.answered:
            by_warmth[evidence.answered[row.id].warm].append(row.latency)
    return CacheUse(
        share=sum(row.cached_tokens or 0 for row in told) / total if total else None,
        cold=len(by_warmth[False]),
        warm=len(by_warmth[True]),
        cold_latency=mean_of(by_warmth[False]),
        warm_latency=mean_of(by_warmth[True]),
    )


def latencies(model: ModelRecord, rows: Sequence[Attempt]) -> dict[str, list[float]]:
    """A model's latencies that may be compared, by prompt, in seconds.

    Left out: attempts that failed or that a server's loss cut short, and the first request after a load. That is
    the warm-up, timed by itself as the cold start; where a model has none on record, its first attempt.
    """
    fit = [row for row in rows if row.outcome is Outcome.SCORED and row.latency is not None]
    if model.cold_start is None and rows:
        first = min(rows, key=lambda row: row.started)
        fit = [row for row in fit if row is not first]
    found: dict[str, list[float]] = defaultdict(list)
    for row in fit:
        found[row.prompt].append(row.latency or 0.0)
    return dict(found)
