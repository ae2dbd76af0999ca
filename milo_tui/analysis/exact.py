"""Exact tests of two models' difference, over whole numbers: nothing is drawn at random.

All count the ways in which chance alone could have dealt the scores, by convolution over the possible sums:
hundreds of prompts take milliseconds.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, gcd, lcm, sqrt
from statistics import NormalDist

from milo_tui.analysis.stats import CONFIDENCE

MANY_PROMPTS = 150
"""Beyond so many prompts an interval, and the permutation of repeats, would take seconds if exact."""

_FINENESS = 20
"""Into how many steps an interval divides a unit of the differences, at most."""


def sign_flip(differences: Iterable[int]) -> float:
    """The exact two-sided p of "no difference": the share of all sign choices with a sum as far from 0.

    Over the m differences that are not 0: p = #{ε ∈ {±1}^m : |Σ ε_i d_i| ≥ |Σ d_i|} / 2^m. Fisher's
    randomisation test (The Design of Experiments, 1935, section 21); its least value is 2^(1−m).
    """
    given = list(differences)
    steps = [abs(difference) for difference in given if difference]
    if not sum(given):
        return 1.0
    shared = gcd(*steps)
    sizes = [step // shared for step in steps]
    # The counts of all sums are the digits of one large number, so that a step is a shift and an addition.
    # Flipping a sign moves the sum by twice its size; counts stay below 2^width, so no digit carries over.
    width = len(sizes) + 1
    counts = 1
    for size in sizes:
        counts += counts << (2 * size * width)
    as_far = counts >> ((sum(sizes) + abs(sum(given)) // shared) * width)
    # The sum of a number's digits is its remainder by the base less one.
    ways: int = as_far % ((1 << width) - 1)
    return 2 * ways / (1 << len(sizes))


def whole(values: Sequence[Fraction]) -> tuple[list[int], int]:
    """Fractions as counts of their common part 1/p, and p: the tests count over whole numbers."""
    part = lcm(*(value.denominator for value in values))
    return [value.numerator * (part // value.denominator) for value in values], part


@dataclass(frozen=True, slots=True)
class Interval:
    """The bounds of a difference, in the unit that was asked in."""

    low: float
    high: float


def shift_interval(differences: Sequence[int], confidence: float = CONFIDENCE) -> Interval | None:
    """The differences in the sum that `sign_flip` does not reject: the test turned round, so they never disagree.

    Only where the test can reject at all: with fewer than six prompts that differ it cannot, and None says so.
    It takes the prompts' differences as spread alike on both sides (Tukey's and Hodges-Lehmann's inversion).
    """
    alpha, n = 1 - confidence, len(differences)
    moved = sum(difference != 0 for difference in differences)
    if not moved or 2 ** (1 - moved) > alpha:
        return None
    fine = min(n, _FINENESS)

    def kept(shift: int) -> bool:
        return sign_flip([fine * difference - shift for difference in differences]) >= alpha

    middle = round(fine * sum(differences) / n)
    reach = fine * max(abs(difference) for difference in differences)
    low = _edge(kept, middle, -reach - 1)
    high = _edge(kept, middle, reach + 1)
    return Interval(low * n / fine, high * n / fine)


def _edge(kept: Callable[[int], bool], inside: int, outside: int) -> int:
    """The last shift on the way from `inside` to `outside` that is kept, by bisection."""
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if kept(middle):
            inside = middle
        else:
            outside = middle
    return inside


Asked = tuple[Sequence[int], Sequence[int]]
"""A prompt's points in two runs: those of A's repeats, those of B's."""


def repeats_permuted(prompts: Sequence[Asked]) -> float:
    """The two-sided p of "the same prompts, asked anew, would have scored alike".

    Within each prompt every repeat could have belonged to either run (a permutation test, stratified by prompt):
    exact up to MANY_PROMPTS; beyond, by the normal distribution with the exact variance. Repeats that are the same
    conversation again must come in as one: they are no evidence of their own. Where each run has one repeat a
    prompt, this is `sign_flip`.
    """
    part = lcm(*(len(side) for asked in prompts for side in asked))
    observed = abs(sum(part // len(a) * sum(a) - part // len(b) * sum(b) for a, b in prompts))
    dealt = [_dealt(a, b, part) for a, b in prompts]
    if len(prompts) > MANY_PROMPTS:
        return _normal_p(observed, sum(map(_variance, dealt)))
    ways = {0: 1}
    for more in dealt:
        ways = _added(ways, more)
    as_far = sum(count for difference, count in ways.items() if abs(difference) >= observed)
    return as_far / sum(ways.values())


def _normal_p(observed: float, variance: float) -> float:
    return 2 * NormalDist().cdf(-observed / sqrt(variance)) if variance else 1.0


def _variance(ways: dict[int, int]) -> float:
    """The variance of one prompt's difference; its mean is 0."""
    return sum(count * difference**2 for difference, count in ways.items()) / sum(ways.values())


def _dealt(a: Sequence[int], b: Sequence[int], part: int) -> dict[int, int]:
    """In how many ways the repeats can be dealt to A and B, by the difference of the means times `part`."""
    chosen: dict[tuple[int, int], int] = {(0, 0): 1}
    together = Counter([*a, *b])
    for points, there in together.items():
        more: dict[tuple[int, int], int] = defaultdict(int)
        for (taken, total), count in chosen.items():
            for extra in range(min(there, len(a) - taken) + 1):
                more[taken + extra, total + extra * points] += count * comb(there, extra)
        chosen = more
    everything = sum(a) + sum(b)
    for_a, for_b = part // len(a), part // len(b)
    return {
        for_a * total - for_b * (everything - total): count
        for (taken, total), count in chosen.items()
        if taken == len(a)
    }


def _added(ways: dict[int, int], more: dict[int, int]) -> dict[int, int]:
    """The ways of the sums, from those of the summands."""
    found: dict[int, int] = defaultdict(int)
    for first, count in ways.items():
        for second, times in more.items():
            found[first + second] += count * times
    return found
