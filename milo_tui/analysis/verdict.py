"""How close is local to cloud: what each model reached, and what may be said of every two of them.

No verdict without its evidence, and none from holes: a model of which attempts are missing is not judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from math import ceil
from statistics import NormalDist
from typing import Literal

from milo_tui.analysis.evidence import (
    CacheUse,
    Evidence,
    LostPoint,
    cache_use,
    latencies,
    lost_points,
    same_repeats,
)
from milo_tui.analysis.exact import MANY_PROMPTS, Interval, shift_interval, sign_flip, whole
from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.prices import Cost
from milo_tui.analysis.record import Attempt, ModelRecord, RunRecord
from milo_tui.analysis.stats import (
    SIGNIFICANT,
    USUAL_SPREAD,
    MedianRatio,
    error_over_prompts,
    holm,
    pass_at,
    pass_hat,
    ratio_of_medians,
    smallest_gap,
    standard_deviation,
    wilson,
)
from milo_tui.analysis.table import ModelTotal, result_table
from milo_tui.suite.conversation import POINTS_PER_PROMPT

_ZERO = Fraction()
_LOCAL_TO_API = ("local", "api")

Finding = Literal["not judged", "no evidence", "better", "worse"]


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What one model reached. `solved` of `prompts` prompts earned 3 of 3 in every repeat, `interval` is Wilson's.

    `error` is the standard error of the points, for prompts like these; `steady` of `repeated` prompts were
    answered the same, byte for byte, in all their repeats. pass^k and pass@k are of k = the run's repeats.
    """

    model: str
    name: str
    where: Literal["local", "api"]
    simulated: bool
    memory_gb: float | None
    total: ModelTotal
    prompts: int
    repeats: int
    solved: int
    interval: tuple[float, float]
    pass_hat: float | None
    pass_at: float | None
    error: float | None
    lost: tuple[LostPoint, ...]
    steady: int
    repeated: int
    cache: CacheUse


@dataclass(frozen=True, slots=True)
class PromptDifference:
    """A prompt on which two models differ: by how many points of all its repeats, A less B."""

    prompt: str
    points: Fraction


@dataclass(frozen=True)
class Pair:
    """Two models, A and B, over the same prompts. Points are of `possible`, all repeats together.

    `blocked` says why nothing is judged, else it is empty. `p` is the exact sign-flip test's over prompts,
    `p_adjusted` after Holm over the `pairs` that were judged.
    """

    a: str
    b: str
    a_name: str
    b_name: str
    a_points: Fraction
    b_points: Fraction
    possible: int
    prompts: int
    differing: tuple[PromptDifference, ...]
    simulated: bool
    latency: MedianRatio | None
    blocked: str = ""
    p: float = 1.0
    p_adjusted: float = 1.0
    pairs: int = 1
    smallest_gap: int = 0

    @property
    def gap(self) -> Fraction:
        """Points that A has more than B."""
        return self.a_points - self.b_points

    @property
    def share(self) -> float | None:
        """A's points as a fraction of B's; None where B has none, or where attempts are missing."""
        return None if self.blocked or not self.b_points else float(self.a_points / self.b_points)

    @cached_property
    def interval(self) -> Interval | None:
        """Bounds of the gap in points, at the level that Holm's correction leaves this pair.

        So it holds 0 exactly where the corrected test finds nothing. None where nothing can be judged.
        """
        if self.blocked:
            return None
        points = [item.points for item in self.differing]
        by, part = whole([*points, *[_ZERO] * (self.prompts - len(points))])
        confidence = 1 - SIGNIFICANT * self.p / self.p_adjusted
        if len(by) <= MANY_PROMPTS:
            found = shift_interval(by, confidence)
            return Interval(found.low / part, found.high / part) if found else None
        error = (error_over_prompts(by) or 0.0) * len(by)
        reach = NormalDist().inv_cdf((1 + confidence) / 2) * error
        return Interval((sum(by) - reach) / part, (sum(by) + reach) / part)

    @property
    def finding(self) -> Finding:
        """What the evidence says of A against B."""
        if self.blocked:
            return "not judged"
        if self.p_adjusted >= SIGNIFICANT:
            return "no evidence"
        return "better" if self.gap > 0 else "worse"


@dataclass(frozen=True)
class Answer:
    """The answer to "How close is local to cloud?". `pairs` are all, the local-to-API ones turned local first.

    `costs` are by model id, of those that have a price.
    """

    run: RunRecord
    results: tuple[ModelResult, ...]
    pairs: tuple[Pair, ...]
    costs: Mapping[str, Cost] = field(default_factory=dict)

    @cached_property
    def places(self) -> Mapping[str, str]:
        """Where each model runs."""
        return {result.model: result.where for result in self.results}

    @property
    def local_to_api(self) -> tuple[Pair, ...]:
        """Each local model against each API model."""
        return local_to_api(self.run, self.pairs)

    @property
    def others(self) -> tuple[Pair, ...]:
        """The pairs of two local models or two API models."""
        return tuple(pair for pair in self.pairs if self.places[pair.a] == self.places[pair.b])

    def result(self, model: str) -> ModelResult:
        """A model's result. Raises StopIteration where there is none."""
        return next(result for result in self.results if result.model == model)


def answer(
    run: RunRecord,
    attempts: Iterable[Attempt],
    evidence: Evidence | None = None,
    costs: Mapping[str, Cost] | None = None,
) -> Answer:
    """Judge a run: each model, and every two of them."""
    attempts = list(attempts)
    sides = _sides(run, attempts)
    totals = result_table(run, attempts).totals
    results = tuple(
        _result(sides[model.id], totals[model.id], evidence or Evidence()) for model in run.models
    )
    return Answer(run, results, _pairs(run, sides), costs or {})


def headline_pairs(run: RunRecord, attempts: Iterable[Attempt]) -> tuple[Pair, ...]:
    """Each local model against each API model, judged as in the whole answer, without the rest of that."""
    return local_to_api(run, _pairs(run, _sides(run, list(attempts))))


def leading_pair(run: RunRecord, attempts: Iterable[Attempt]) -> tuple[Pair, ...]:
    """The pair of the two models with the most points, judged among all pairs; nothing for a single model."""
    sides = _sides(run, list(attempts))
    most_points_first = sorted(sides.values(), key=lambda one: -sum(map(sum, one.points.values())))
    best = {one.model.id for one in most_points_first[:2]}
    return tuple(pair for pair in _pairs(run, sides) if {pair.a, pair.b} == best)


def local_to_api(run: RunRecord, pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """The pairs of a local model and an API model."""
    return tuple(
        pair for pair in pairs if (run.model(pair.a).where, run.model(pair.b).where) == _LOCAL_TO_API
    )


def _sides(run: RunRecord, attempts: Sequence[Attempt]) -> dict[str, "Side"]:
    return {model.id: side(run, model, attempts) for model in run.models}


def _pairs(run: RunRecord, sides: Mapping[str, "Side"]) -> tuple[Pair, ...]:
    """Every two models, the local one first, Holm's correction over all pairs that can be judged."""
    chosen = [_local_first(a, b) for a, b in combinations(run.models, 2)]
    return tuple(corrected([pair_of(sides[a.id], sides[b.id]) for a, b in chosen]))


def _local_first(a: ModelRecord, b: ModelRecord) -> tuple[ModelRecord, ModelRecord]:
    return (b, a) if (a.where, b.where) == ("api", "local") else (a, b)


@dataclass(frozen=True)
class Side:
    """A model's attempts in one run, as one side of every pair that it is in. `points` are those of each prompt's
    repeats, of those alone that have a score."""

    run: RunRecord
    model: ModelRecord
    rows: tuple[Attempt, ...]
    points: Mapping[str, Sequence[int]]

    @cached_property
    def means(self) -> Mapping[str, Fraction]:
        """The mean points of each prompt that has a score."""
        return {prompt: Fraction(sum(points), len(points)) for prompt, points in self.points.items()}

    @cached_property
    def latencies(self) -> Mapping[str, Sequence[float]]:
        """Each prompt's latencies that may be compared, in seconds."""
        return latencies(self.model, self.rows)

    @cached_property
    def hole(self) -> str:
        """Why nothing can be judged of it: what is missing; empty where nothing is."""
        planned = self.run.planned_of(len(self.run.prompts), len(self.rows))
        scored = sum(len(points) for points in self.points.values())
        if scored == planned:
            return ""
        failed = sum(row.outcome.value == "failed: infrastructure" for row in self.rows)
        why = f" ({failed} infrastructure failures)" if failed else ""
        return f"{planned - scored} of {planned} attempts of {self.model.name} have no score{why}"


def side(run: RunRecord, model: ModelRecord, attempts: Iterable[Attempt]) -> Side:
    """One side of a pair: the attempts that count, in the order of prompts and repeats."""
    last = latest_attempts(row for row in attempts if row.model == model.id)
    rows = tuple(
        row
        for prompt in run.prompts
        for repeat in range(1, run.repeats + 1)
        if (row := last.get((model.id, prompt.id, repeat))) is not None
    )
    points: dict[str, list[int]] = {}
    for row in rows:
        if row.points is not None:
            points.setdefault(row.prompt, []).append(row.points)
    return Side(run, model, rows, points)


def pair_of(a: Side, b: Side, prompts: Sequence[str] | None = None) -> Pair:
    """Two sides over `prompts` (all of A's run without it), paired by prompt; not yet corrected."""
    prompts = [prompt.id for prompt in a.run.prompts] if prompts is None else prompts
    repeats = max(a.run.repeats, b.run.repeats)
    blocked = "; ".join(dict.fromkeys(filter(None, (a.hole, b.hole)))) or (
        "" if prompts else "no prompt in common"
    )
    a_means, b_means = ([one.means.get(prompt, _ZERO) for prompt in prompts] for one in (a, b))
    moved = [mine - theirs for mine, theirs in zip(a_means, b_means, strict=True)]
    pair = Pair(
        a=a.model.id,
        b=b.model.id,
        a_name=a.model.name,
        b_name=b.model.name,
        a_points=sum(a_means, _ZERO) * repeats,
        b_points=sum(b_means, _ZERO) * repeats,
        possible=POINTS_PER_PROMPT * len(prompts) * repeats,
        prompts=len(prompts),
        differing=tuple(
            PromptDifference(prompt, by * repeats) for prompt, by in zip(prompts, moved, strict=True) if by
        ),
        simulated=a.model.simulated or b.model.simulated,
        latency=_latency(a, b, prompts),
        blocked=blocked,
    )
    return pair if blocked else _tested(pair, moved, repeats)


def _tested(pair: Pair, moved: Sequence[Fraction], repeats: int) -> Pair:
    counts, part = whole(moved)
    p = sign_flip(counts)
    spread = max(USUAL_SPREAD, standard_deviation(counts) / part)
    gap = smallest_gap(len(moved), spread) * len(moved) * repeats
    return replace(pair, p=p, p_adjusted=p, smallest_gap=ceil(gap - 1e-9))


def corrected(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with Holm's correction over those that are judged."""
    judged = [pair for pair in pairs if not pair.blocked]
    adjusted = iter(holm([pair.p for pair in judged]))
    return [
        pair if pair.blocked else replace(pair, p_adjusted=next(adjusted), pairs=len(judged))
        for pair in pairs
    ]


def _latency(a: Side, b: Side, prompts: Sequence[str]) -> MedianRatio | None:
    return ratio_of_medians(
        [(a.latencies.get(prompt, ()), b.latencies.get(prompt, ())) for prompt in prompts]
    )


def _result(one: Side, total: ModelTotal, evidence: Evidence) -> ModelResult:
    run, model = one.run, one.model
    prompts, repeats = len(run.prompts), run.repeats
    perfect = [sum(points == POINTS_PER_PROMPT for points in asked) for asked in one.points.values()]
    solved = sum(count == repeats for count in perfect)
    means = [float(mean) for mean in one.means.values()]
    error = error_over_prompts(means) if total.complete and run.margin is None else None
    # Variants are different questions: that they are alike, or all solved, says nothing of repeats.
    alike = run.pool_seed is None
    steady, repeated = same_repeats(one.rows, evidence) if alike else (0, 0)
    return ModelResult(
        model=model.id,
        name=model.name,
        where=model.where,
        simulated=model.simulated,
        memory_gb=model.peak_gb or model.memory_gb,
        total=total,
        prompts=prompts,
        repeats=repeats,
        solved=solved,
        interval=wilson(solved, prompts),
        pass_hat=pass_hat(perfect, repeats, repeats) if alike and total.complete and perfect else None,
        pass_at=pass_at(perfect, repeats, repeats) if alike and total.complete and perfect else None,
        error=None if error is None else error * prompts * repeats,
        lost=lost_points(one.rows, evidence),
        steady=steady,
        repeated=repeated,
        cache=cache_use(one.rows, evidence),
    )
