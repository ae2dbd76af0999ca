"""The statistics: the worked figures of the method, and independent libraries as oracles."""

from collections.abc import Callable
from itertools import combinations
from math import sqrt
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from milo_tui.analysis import stats

NEAR_PERFECT = 0.95

scores = st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=2, max_size=30)


def test_twenty_of_twenty_has_a_lower_bound_of_84_per_cent() -> None:
    low, high = stats.wilson(20, 20)
    assert round(low, 2) == 0.84
    assert high == 1.0


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_what_scipy_says(counts: tuple[int, int]) -> None:
    assert stats.wilson(*counts) == pytest.approx(_wilson(*counts), abs=1e-9)


def _wilson(solved: int, asked: int) -> tuple[float, float]:
    found = scipy_stats.binomtest(solved, asked).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def test_nothing_asked_says_nothing() -> None:
    assert stats.wilson(0, 0) == (0.0, 1.0)
    assert stats.mean_interval([], 3) == (0.0, 3.0)


@given(st.lists(st.sampled_from([0.0, 1 / 3, 1.0, 5 / 3, 2.0, 3.0]), min_size=1, max_size=60))
def test_the_interval_of_a_mean_holds_it_and_stays_within_the_points(means: list[float]) -> None:
    low, high = stats.mean_interval(means, 3)
    assert 0 <= low <= fmean(means) + 1e-12
    assert fmean(means) - 1e-12 <= high <= 3
    solved = [3.0 * (mean == 3.0) for mean in means]
    wilson = _wilson(solved.count(3.0), len(means))
    assert stats.mean_interval(solved, 3) == pytest.approx([3 * edge for edge in wilson], abs=1e-9)


def test_the_interval_of_a_mean_covers_near_the_ceiling() -> None:
    """20 prompts, most of them worth 3, some 2, a few 0: over all ways that they can come out."""
    chances = {3.0: 0.85, 2.0: 0.1, 0.0: 0.05}
    truth = sum(points * chance for points, chance in chances.items())
    held = 0.0
    for whole in range(21):
        for part in range(21 - whole):
            counts = [whole, part, 20 - whole - part]
            means = [points for points, n in zip(chances, counts, strict=True) for _ in range(n)]
            low, high = stats.mean_interval(means, 3)
            chance = float(scipy_stats.multinomial.pmf(counts, 20, list(chances.values())))
            held += chance * (low <= truth <= high)
    assert held > 0.92


def cover(interval: Callable[[int], tuple[float, float]]) -> float:
    """How often an interval over 20 prompts holds the true pass rate of 0.95, all three repeats being alike."""
    chance = [float(scipy_stats.binom.pmf(solved, 20, NEAR_PERFECT)) for solved in range(21)]
    held = [low <= NEAR_PERFECT <= high for low, high in map(interval, range(21))]
    return sum(p for p, holds in zip(chance, held, strict=True) if holds)


def as_sixty_attempts(solved: int) -> tuple[float, float]:
    share = solved / 20
    reach = float(scipy_stats.norm.ppf(0.975)) * sqrt(share * (1 - share) / 60)
    return share - reach, share + reach


def by_t(solved: int) -> tuple[float, float]:
    means = [1.0] * solved + [0.0] * (20 - solved)
    error = stats.error_over_prompts(means)
    assert error is not None
    reach = float(scipy_stats.t.ppf(0.975, 19)) * error
    return fmean(means) - reach, fmean(means) + reach


def by_bootstrap(solved: int) -> tuple[float, float]:
    low, high = scipy_stats.binom.ppf([0.025, 0.975], 20, solved / 20) / 20
    return float(low), float(high)


@pytest.mark.parametrize(
    ("interval", "simulated"),
    [
        (as_sixty_attempts, 0.56),
        (by_t, 0.65),
        (by_bootstrap, 0.63),
        (lambda solved: stats.wilson(solved, 20), 0.92),
    ],
    ids=["60 attempts", "t", "bootstrap", "Wilson"],
)
def test_only_wilson_covers_near_the_ceiling(
    interval: Callable[[int], tuple[float, float]], simulated: float
) -> None:
    assert cover(interval) == pytest.approx(simulated, abs=0.015)


@given(scores)
def test_the_error_over_prompts_is_the_means_standard_error(asked: list[list[int]]) -> None:
    means = stats.prompt_means(asked)
    assert stats.error_over_prompts(means) == pytest.approx(float(scipy_stats.sem(means)), abs=1e-12)


@given(scores)
def test_the_error_over_repeats_is_the_formula(asked: list[list[int]]) -> None:
    by_hand = sqrt(sum(float(np.var(repeats, ddof=1)) / 3 for repeats in asked)) / len(asked)
    assert stats.error_over_repeats(asked) == pytest.approx(by_hand, abs=1e-12)


def test_no_error_without_a_second_value() -> None:
    assert stats.error_over_prompts([3.0]) is None
    assert stats.error_over_repeats([[3], [2]]) is None
    assert stats.error_over_repeats([]) is None


def holm_rejects(p_values: list[float], level: float) -> set[int]:
    """Holm's procedure as he states it: from the smallest p on, against level/m, level/(m-1), … until one holds."""
    rejected: set[int] = set()
    for i in sorted(range(len(p_values)), key=p_values.__getitem__):
        if p_values[i] * (len(p_values) - len(rejected)) > level:
            break
        rejected.add(i)
    return rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.999))
def test_holm_rejects_what_his_procedure_rejects(p_values: list[float], level: float) -> None:
    adjusted = stats.holm(p_values)
    assert {i for i, p in enumerate(adjusted) if p <= level} == holm_rejects(p_values, level)


def test_holm_by_hand() -> None:
    assert stats.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    # Raw p of 0.01 to 0.05 times 5, 4, 3, 2, 1, and none below the one before.
    assert stats.holm([0.05, 0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.09, 0.09, 0.05, 0.09, 0.08])
    assert stats.holm([0.6, 0.7]) == [1.0, 1.0]
    assert stats.holm([]) == []


def drawn(solved: int, repeats: int, k: int) -> tuple[float, float]:
    """pass^k and pass@k of one prompt, by drawing every k of its repeats."""
    runs = [i < solved for i in range(repeats)]
    draws = list(combinations(runs, k))
    return sum(map(all, draws)) / len(draws), sum(map(any, draws)) / len(draws)


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n), min_size=1, max_size=8))
    )
)
def test_pass_k_is_what_drawing_every_k_repeats_gives(case: tuple[int, list[int]]) -> None:
    repeats, solved = case
    for k in range(1, repeats + 1):
        by_hand = [drawn(c, repeats, k) for c in solved]
        assert stats.pass_hat(solved, repeats, k) == pytest.approx(fmean(every for every, _ in by_hand))
        assert stats.pass_at(solved, repeats, k) == pytest.approx(fmean(some for _, some in by_hand))


def test_pass_k_by_hand() -> None:
    # Three prompts solved in 3, 2 and 0 of 3 repeats: pass^2 = (1 + 1/3 + 0)/3, pass@2 = (1 + 1 + 0)/3.
    assert stats.pass_hat([3, 2, 0], 3, 2) == pytest.approx(4 / 9)
    assert stats.pass_at([3, 2, 0], 3, 2) == pytest.approx(2 / 3)


def test_twenty_prompts_can_see_a_gap_of_23_of_180() -> None:
    gap = stats.smallest_gap(20, stats.USUAL_SPREAD)
    assert round(gap * 20 * 3) == 23
    assert stats.prompts_needed(gap, stats.USUAL_SPREAD) == pytest.approx(20)


def test_the_smallest_gap_is_found_four_times_in_five() -> None:
    gap = stats.smallest_gap(20, 1.0)
    shifted = scipy_stats.norm(loc=gap * sqrt(20))
    limit = scipy_stats.norm.ppf(0.975)
    assert float(shifted.sf(limit) + shifted.cdf(-limit)) == pytest.approx(0.8, abs=1e-4)


def test_latency_is_paired_by_prompt() -> None:
    found = stats.ratio_of_medians([([2.0, 4.0, 90.0], [1.0, 2.0, 3.0]), ([6.0], [3.0]), ([5.0], [])])
    assert found is not None
    assert (found.a, found.b, found.prompts) == (5.0, 2.5, 2)
    assert found.ratio == 2.0


def test_no_latency_in_common_is_no_ratio() -> None:
    assert stats.ratio_of_medians([([1.0], []), ([], [2.0])]) is None
    assert stats.ratio_of_medians([]) is None
