"""Decide between two models while the answers arrive: a confidence sequence over a finite pool of questions.

Each question of the pool is asked once of both models, in one random order. d is the difference of their points on a
question as a share of the possible ones, in [-1, 1]; the target is the mean of d over the whole pool. The interval
after each answer holds at all times at once, so one may look at it after every answer and stop whenever one likes.

Method: betting, for sampling without replacement. A pool mean m implies that the next question's expected difference
is (N·m − S) / (N − t) after t answers with sum S. For each m on a grid, capital is bet against that expectation with
a fixed mixture of stakes; an m whose capital reaches 1/α is rejected (Ville's inequality). No factor can be negative:
a stake's bound is its side's own, 1 / (1 + m) upwards and 1 / (1 − m) downwards. Sources: Waudby-Smith and
Ramdas, Estimating means of bounded random variables by betting, arXiv 2010.09686, and Confidence sequences for
sampling without replacement, arXiv 2006.04347.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from milo_tui.analysis.exact import Interval

Floats = NDArray[np.float64]

GRID = 1601
"""Pool means that are tried, evenly from -1 to 1. A bound is the outermost one that is rejected, so that a true mean
between two of them is covered too."""

_STAKES = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.95])
"""Stakes as fractions of the largest at which no answer can ruin the bettor, on either side."""

_WEIGHTS = np.array([0.5, 0.5, 0.5, 1, 1, 1.5, 2, 2])
"""How much of the capital each stake begins with: most where good models, that rarely differ, are told apart soon."""


_TINY = 1e-12


class Decision(StrEnum):
    """What an interval says of the first model of a pair, seen from the second."""

    UNDECIDED = "undecided"
    BETTER = "better"
    WORSE = "worse"
    AS_GOOD = "as good"
    BETTER_WITHIN_MARGIN = "better, but by less than the margin"
    WORSE_WITHIN_MARGIN = "worse, but by less than the margin"


def decide(interval: Interval, margin: float) -> Decision:
    """The decision that an interval of the mean difference allows, with a margin as a share (0.05 for 5 %)."""
    within = -margin <= interval.low and interval.high <= margin
    if interval.low > 0:
        return Decision.BETTER_WITHIN_MARGIN if within else Decision.BETTER
    if interval.high < 0:
        return Decision.WORSE_WITHIN_MARGIN if within else Decision.WORSE
    return Decision.AS_GOOD if within else Decision.UNDECIDED


class ConfidenceSequence:
    """The interval of one pair of models, narrowed by each answer.

    `pool` is the number of questions, `alpha` the chance of ever missing the true mean (0.05, or divided by the
    number of pairs). Raises ValueError for an empty pool, an alpha outside (0, 1), or more answers than questions.
    """

    def __init__(self, pool: int, alpha: float = 0.05) -> None:
        if pool < 1 or not 0 < alpha < 1:
            raise ValueError("a pool holds at least one question, and alpha lies between 0 and 1")
        self.pool = pool
        self.asked = 0
        self.interval = Interval(-1.0, 1.0)
        self._threshold = 1 / alpha
        self._sum = 0.0
        self._bets = _Bets(np.linspace(-1, 1, GRID))
        self._differences: list[float] = []

    def add(self, difference: float) -> Interval:
        """Take in the next question's difference, in [-1, 1]; the interval after it."""
        if self.asked >= self.pool:
            raise ValueError(f"all {self.pool} questions of the pool are answered")
        if not -1 <= difference <= 1:
            raise ValueError("a difference lies between -1 and 1")
        bets = self._bets
        bets.settle(difference, self._sum, self.asked, self.pool)
        self._sum += difference
        self.asked += 1
        self._differences.append(difference)
        # What the questions that are left can still make of the mean, whatever is answered.
        rest = self.pool - self.asked
        low = max(self.interval.low, (self._sum - rest) / self.pool)
        high = min(self.interval.high, (self._sum + rest) / self.pool)
        kept = np.flatnonzero(bets.capital < self._threshold)
        if len(kept):
            low = max(low, float(bets.means[max(kept[0] - 1, 0)]))
            high = min(high, float(bets.means[min(kept[-1] + 1, len(bets.means) - 1)]))
        self.interval = Interval(low, high)
        bets.keep_between(low, high)
        return self.interval

    def expected_more(self, margin: float) -> int | None:
        """About how many more questions the decision takes, if they turn out like those answered so far.

        At most the rest of the pool, since all of it leaves nothing open; 0 once decided, None before any answer.
        """
        if decide(self.interval, margin) is not Decision.UNDECIDED:
            return 0
        if not self._differences:
            return None
        # Only the means at which a decision turns are followed: both margins and zero.
        bets = self._bets.nearest((-margin, 0.0, margin))
        rejected = np.array([self.interval.low > -margin, False, self.interval.high < margin])
        total = self._sum
        for ahead in range(self.pool - self.asked):
            # The answers so far, in an even order: each appears as often as it did.
            difference = self._differences[(ahead * _STRIDE) % len(self._differences)]
            bets.settle(difference, total, self.asked + ahead, self.pool)
            total += difference
            rejected |= bets.capital >= self._threshold
            if rejected[1] or (rejected[0] and rejected[2]):
                return ahead + 1
        return self.pool - self.asked


_STRIDE = 7919
"""A prime, so that it walks through any number of answers but a multiple of itself."""


class _Bets:
    """Capital bet against each of some pool means, by a mixture of stakes of either sign."""

    def __init__(self, means: Floats) -> None:
        self.means = means
        weights = np.concatenate([_WEIGHTS, _WEIGHTS]) / (2 * _WEIGHTS.sum())
        self._each = np.tile(weights, (len(means), 1))

    @property
    def capital(self) -> Floats:
        """The mixture's capital against each mean; it began at 1."""
        totals: Floats = self._each.sum(axis=1)
        return totals

    def settle(self, difference: float, total: float, asked: int, pool: int) -> None:
        """Pay out the bets on one question; `total` is the sum of the differences of the `asked` ones before."""
        expected = ((pool * self.means - total) / (pool - asked)).clip(-1, 1)[:, None]
        # The largest stakes of either sign at which no factor is negative, whatever d in [-1, 1] comes.
        upward = _STAKES / (1 + expected).clip(_TINY)
        downward = -_STAKES / (1 - expected).clip(_TINY)
        self._each *= 1 + (difference - expected) * np.concatenate([upward, downward], axis=1)

    def keep_between(self, low: float, high: float) -> None:
        """Forget the means outside and not next to the bounds: an interval never widens again."""
        first = max(int(np.searchsorted(self.means, low)) - 1, 0)
        last = min(int(np.searchsorted(self.means, high, side="right")) + 1, len(self.means))
        self.means, self._each = self.means[first:last], self._each[first:last]

    def nearest(self, means: Sequence[float]) -> "_Bets":
        """A copy with the means of the grid that are nearest to these."""
        rows = [int(np.abs(self.means - mean).argmin()) for mean in means]
        copy = _Bets(self.means[rows])
        copy._each = self._each[rows].copy()
        return copy


def narrowed(pool: int, differences: Iterable[float], alpha: float = 0.05) -> ConfidenceSequence:
    """The sequence after some answers: what a resumed run goes on from."""
    sequence = ConfidenceSequence(pool, alpha)
    for difference in differences:
        sequence.add(difference)
    return sequence
