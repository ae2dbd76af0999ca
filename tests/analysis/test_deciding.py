"""The confidence sequence: it covers the pool's mean at all times at once, and decides."""

from collections import Counter

import numpy as np
import pytest

from milo_tui.analysis import deciding
from milo_tui.analysis.deciding import ConfidenceSequence, Decision, decide, narrowed
from milo_tui.analysis.exact import Interval

POOL = 400


def differences(rng: np.random.Generator, failing: tuple[float, float], pool: int = POOL) -> list[float]:
    """Two models' points on each question, as shares: a failed question loses one to three of its three points."""
    points = [
        3 - (rng.random(pool) < rate) * rng.choice([1, 2, 3], pool, p=[0.8, 0.15, 0.05]) for rate in failing
    ]
    return [float(d) for d in (points[0] - points[1]) / 3]


def plain_interval(answers: list[float], pool: int, alpha: float) -> tuple[float, float]:
    """The same rule written slowly, one mean and one stake at a time."""
    low, high = -1.0, 1.0
    means = [-1 + 2 * i / (deciding.GRID - 1) for i in range(deciding.GRID)]
    stakes = [0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 0.95]
    weights = [0.5, 0.5, 0.5, 1, 1, 1.5, 2, 2]
    capital = {(m, side, i): w / 18 for m in means for side in (1, -1) for i, w in enumerate(weights)}
    total = 0.0
    for asked, d in enumerate(answers):
        kept = []
        for m in means:
            expected = (pool * m - total) / (pool - asked)
            expected = min(1.0, max(-1.0, expected))
            for side in (1, -1):
                for i, stake in enumerate(stakes):
                    bound = max(1e-12, 1 + side * expected)
                    capital[m, side, i] *= 1 + (d - expected) * side * stake / bound
            if sum(capital[m, side, i] for side in (1, -1) for i in range(8)) < 1 / alpha:
                kept.append(m)
        total += d
        rest, step = pool - asked - 1, 2 / (deciding.GRID - 1)
        low, high = max(low, (total - rest) / pool), min(high, (total + rest) / pool)
        low, high = max(low, min(kept) - step), min(high, max(kept) + step)
    return low, high


def test_it_agrees_with_the_rule_written_plainly() -> None:
    answers = [0, 0, 1 / 3, 0, 0, 0, 0, -1 / 3, 0, 0, 2 / 3, 0, 0, 0, 1 / 3, 0, 0, 0, 0, 1] * 2
    interval = narrowed(POOL, answers).interval
    assert (interval.low, interval.high) == pytest.approx(plain_interval(answers, POOL, 0.05))


def test_every_pool_mean_is_covered_at_all_times() -> None:
    """60 pools of each kind: at 95 % three misses each are to be expected at most; bets are never that close."""
    rng = np.random.default_rng(17)
    missed = 0
    for failing in ((0.03, 0.03), (0.03, 0.06), (0.05, 0.2), (0.5, 0.45)):
        for _ in range(15):
            answers = differences(rng, failing, pool=120)
            mean = float(np.mean(answers))
            sequence = ConfidenceSequence(120)
            missed += any(
                not interval.low - 1e-9 <= mean <= interval.high + 1e-9
                for interval in map(sequence.add, answers)
            )
    assert missed <= 6


def test_equal_models_are_as_good_and_a_worse_one_is_found() -> None:
    rng = np.random.default_rng(3)
    found: dict[tuple[float, float], Counter[Decision]] = {}
    for failing in ((0.03, 0.03), (0.05, 0.2)):
        decisions = found.setdefault(failing, Counter())
        for _ in range(10):
            sequence = ConfidenceSequence(POOL)
            for difference in differences(rng, failing):
                decision = decide(sequence.add(difference), 0.05)
                if decision is not Decision.UNDECIDED:
                    break
            decisions[decision] += 1
    assert found[0.03, 0.03][Decision.AS_GOOD] >= 8
    assert found[0.05, 0.2][Decision.BETTER] >= 9
    assert found[0.05, 0.2][Decision.WORSE] == 0


@pytest.mark.parametrize(
    ("low", "high", "decision"),
    [
        (-0.2, 0.1, Decision.UNDECIDED),
        (-0.03, 0.04, Decision.AS_GOOD),
        (0.01, 0.2, Decision.BETTER),
        (0.01, 0.04, Decision.BETTER_WITHIN_MARGIN),
        (-0.2, -0.01, Decision.WORSE),
        (-0.05, -0.0025, Decision.WORSE_WITHIN_MARGIN),
    ],
)
def test_what_an_interval_decides(low: float, high: float, decision: Decision) -> None:
    assert decide(Interval(low, high), 0.05) is decision


def test_a_resumed_sequence_goes_on_exactly_where_it_was() -> None:
    answers = differences(np.random.default_rng(9), (0.1, 0.2))
    whole = ConfidenceSequence(POOL)
    intervals = [whole.add(difference) for difference in answers[:200]]
    again = narrowed(POOL, answers[:77])
    assert again.interval == intervals[76]
    assert [again.add(difference) for difference in answers[77:200]] == intervals[77:]


def test_the_whole_pool_leaves_nothing_open() -> None:
    answers = differences(np.random.default_rng(2), (0.1, 0.12), pool=60)
    interval = narrowed(60, answers).interval
    assert interval.low == pytest.approx(interval.high) == pytest.approx(float(np.mean(answers)))
    with pytest.raises(ValueError, match="all 60 questions"):
        narrowed(60, answers).add(0)


def test_what_is_left_is_foretold_from_the_answers_so_far() -> None:
    sequence = ConfidenceSequence(POOL)
    assert sequence.expected_more(0.05) is None
    answers = differences(np.random.default_rng(4), (0.03, 0.03))
    for difference in answers[:60]:
        sequence.add(difference)
    foretold = sequence.expected_more(0.05)
    assert foretold is not None
    asked = 60
    while decide(sequence.interval, 0.05) is Decision.UNDECIDED:
        sequence.add(answers[asked])
        asked += 1
    assert sequence.expected_more(0.05) == 0
    assert 0.3 * foretold <= asked - 60 <= 3 * foretold


def test_mistakes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one question"):
        ConfidenceSequence(0)
    with pytest.raises(ValueError, match="between -1 and 1"):
        ConfidenceSequence(10).add(1.5)
