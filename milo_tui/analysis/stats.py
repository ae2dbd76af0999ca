"""What a run's scores say, and how surely. Pure: numbers in, numbers out.

The prompt is the unit, not the attempt: repeats of one prompt are often the same conversation again. So all that
speaks of "prompts like these" takes the means s̄_i of the prompts i = 1..n, each over its repeats k = 1..K; points
are 0 to 3 an attempt.

Sources: [Miller] Adding Error Bars to Evals, arXiv 2411.00640; [Bowyer] Don't use the CLT in LLM evals with fewer
than a few hundred datapoints, arXiv 2503.01747; [tau] tau-bench, arXiv 2406.12045; [Wilson] Probable inference,
JASA 22 (1927); [Holm] Scandinavian Journal of Statistics 6 (1979). The exact tests are in exact.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist, fmean, median, variance

CONFIDENCE = 0.95
SIGNIFICANT = 0.05
"""A p below this, after Holm's correction, is called evidence."""

USUAL_SPREAD = 0.6
"""Standard deviation, in points, of a prompt's difference between two models: what a plan assumes."""

Scores = Sequence[Sequence[int]]
"""The points of each prompt's repeats."""


def prompt_means(scores: Scores) -> list[float]:
    """s̄_i: each prompt's mean points."""
    return [fmean(repeats) for repeats in scores]


def standard_deviation(values: Sequence[int]) -> float:
    """Of whole numbers, over n − 1: exact but for the root. 0 below two."""
    n = len(values)
    return sqrt((n * sum(x * x for x in values) - sum(values) ** 2) / (n * (n - 1))) if n > 1 else 0.0


def error_over_prompts(means: Sequence[float]) -> float | None:
    """Standard error of the mean, the prompts seen as drawn from more like them; points. None below two.

    sqrt(Σ(s̄_i − μ̂)² / (n(n−1))) [Miller, 2.1].
    """
    return sqrt(variance(means) / len(means)) if len(means) > 1 else None


def error_over_repeats(scores: Scores) -> float | None:
    """Standard error of the mean, the same prompts asked anew; points. None where one was asked only once.

    (1/n)·sqrt(Σ σ̂_i² / K) [Miller, 2.3]: the question "did my server change?".
    """
    if not scores or any(len(repeats) < 2 for repeats in scores):
        return None
    return sqrt(sum(variance(map(float, repeats)) / len(repeats) for repeats in scores)) / len(scores)


def wilson(successes: float, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's interval of a share, as fractions; (0, 1) of nothing [Wilson; Bowyer: it holds at the ceiling].

    Centre (p̂ + z²/2n)/(1 + z²/n), half-width z·sqrt(p̂(1−p̂)/n + z²/4n²)/(1 + z²/n).
    """
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, scale = successes / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    # At 0 and n the bound is 0 or 1; rounding must not push it past.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    return low, 1.0 if successes == n else min(1.0, centre + half)


def mean_interval(means: Sequence[float], most: float) -> tuple[float, float]:
    """95 % interval of the prompts' mean points, of `most` each: Wilson's, a part of `most` counting as a part of one.

    A share of the points varies at most as all-or-nothing does, p̂(1−p̂), so it covers no less than Wilson's own:
    simulated at n = 20, 0.92 to 0.99. (0, most) of nothing.
    """
    low, high = wilson(sum(means) / most, len(means))
    return most * low, most * high


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: adjusted p in the order given [Holm]."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def pass_hat(solved: Sequence[int], repeats: int, k: int) -> float:
    """pass^k: the chance that k of a prompt's repeats, drawn at random, all earn 3 of 3 [tau, 3.2].

    (1/n) Σ C(c_i, k)/C(K, k); `solved` is c_i, the repeats of prompt i that earned 3 of 3, of K `repeats`.
    """
    return fmean(comb(c, k) / comb(repeats, k) for c in solved)


def pass_at(solved: Sequence[int], repeats: int, k: int) -> float:
    """pass@k: the chance that at least one of k repeats earns 3 of 3: (1/n) Σ [1 − C(K − c_i, k)/C(K, k)]."""
    return fmean(1 - comb(repeats - c, k) / comb(repeats, k) for c in solved)


@dataclass(frozen=True, slots=True)
class MedianRatio:
    """Two models' latency, paired by prompt: the medians over `prompts` prompts, in seconds."""

    a: float
    b: float
    prompts: int

    @property
    def ratio(self) -> float:
        """How many times as long A takes."""
        return self.a / self.b


def ratio_of_medians(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> MedianRatio | None:
    """The ratio of medians of latencies paired by prompt; a pair holds a prompt's latencies of A and of B.

    Each prompt counts once, by its median; a prompt that only one model has is left out. None without any.
    """
    both = [(median(a), median(b)) for a, b in pairs if a and b]
    if not both:
        return None
    found = MedianRatio(median(a for a, _ in both), median(b for _, b in both), len(both))
    return found if found.b > 0 else None


def smallest_gap(prompts: int, spread: float, power: float = 0.8) -> float:
    """The smallest difference in mean points of a prompt that is found with this power at p < 0.05.

    From n = (z_α/2 + z_β)² (ω² + σ²_A/K + σ²_B/K)/δ² [Miller, 5], solved for δ; `spread` is the root of the
    bracket: the standard deviation of d_i over prompts, which holds all three parts.
    """
    z = NormalDist().inv_cdf(1 - SIGNIFICANT / 2) + NormalDist().inv_cdf(power)
    return z * spread / sqrt(prompts)


def prompts_needed(gap: float, spread: float, power: float = 0.8) -> float:
    """How many prompts would show a difference of `gap` mean points: `smallest_gap` the other way round."""
    return (smallest_gap(1, spread, power) / gap) ** 2
