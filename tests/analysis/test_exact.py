"""The exact tests: worked figures, every sign choice and every deal by brute force, and scipy's permutation test."""

from fractions import Fraction
from itertools import combinations, product
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from milo_tui.analysis.exact import repeats_permuted, shift_interval, sign_flip, whole

differences = st.lists(st.integers(-9, 9), min_size=1, max_size=9)


@pytest.mark.parametrize(("prompts", "p"), [(1, 1.0), (2, 0.5), (5, 0.0625), (6, 0.03125), (20, 2.0**-19)])
def test_the_least_p_is_two_to_the_one_less_m(prompts: int, p: float) -> None:
    assert sign_flip([1] * prompts + [0] * 20) == p


def test_three_points_on_one_prompt_are_no_evidence() -> None:
    assert sign_flip([3] + [0] * 19) == 1.0


def test_no_difference_has_a_p_of_one() -> None:
    assert sign_flip([]) == sign_flip([0] * 20) == sign_flip([2, -2]) == 1.0


@given(differences)
def test_sign_flip_counts_every_sign_choice(values: list[int]) -> None:
    sums = [
        abs(sum(s * d for s, d in zip(signs, values, strict=True)))
        for signs in product((1, -1), repeat=len(values))
    ]
    assert sign_flip(values) == sum(found >= abs(sum(values)) for found in sums) / len(sums)


@settings(max_examples=25)
@given(st.lists(st.integers(-9, 9), min_size=2, max_size=10))
def test_sign_flip_is_what_scipy_says(values: list[int]) -> None:
    found = permutation_test(
        (np.array(values),),
        lambda x, axis: np.sum(x, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    assert sign_flip(values) == pytest.approx(found.pvalue)


def test_hundreds_of_prompts_are_still_exact() -> None:
    # Sums of ±1 are binomial: 300 of 500 the same way.
    values = [1] * 300 + [-1] * 200
    from scipy.stats import binomtest

    assert sign_flip(values) == pytest.approx(binomtest(300, 500).pvalue, rel=1e-9)


def test_fractions_become_counts_of_their_common_part() -> None:
    assert whole([Fraction(1, 3), Fraction(-1, 2), Fraction(2)]) == ([2, -3, 12], 6)
    assert whole([]) == ([], 1)


@given(differences)
def test_interval_and_test_never_disagree(values: list[int]) -> None:
    found = shift_interval(values)
    if found is not None:
        assert (found.low <= 0 <= found.high) == (sign_flip(values) >= 0.05)
        assert found.low <= sum(values) <= found.high


def test_an_interval_needs_six_prompts_that_differ() -> None:
    assert shift_interval([1] * 5 + [0] * 15) is None
    found = shift_interval([1] * 6 + [0] * 14)
    assert found is not None
    assert found.low > 0


def test_an_interval_is_every_shift_that_is_not_rejected() -> None:
    values = [3, 2, 2, 1, 1, -1, 0, 2]
    kept = [shift for shift in range(-24, 25) if sign_flip([8 * d - shift for d in values]) >= 0.05]
    found = shift_interval(values)
    assert found is not None
    assert (found.low, found.high) == (min(kept), max(kept))


def by_brute_force(prompts: list[tuple[list[int], list[int]]]) -> float:
    deals = []
    for a, b in prompts:
        pooled = [*a, *b]
        deals.append(
            [
                fmean(pooled[i] for i in chosen)
                - fmean(pooled[i] for i in range(len(pooled)) if i not in chosen)
                for chosen in combinations(range(len(pooled)), len(a))
            ]
        )
    observed = abs(sum(fmean(a) - fmean(b) for a, b in prompts))
    sums = [abs(sum(deal)) for deal in product(*deals)]
    return sum(found >= observed - 1e-9 for found in sums) / len(sums)


repeats = st.lists(st.integers(0, 3), min_size=1, max_size=3)


@given(st.lists(st.tuples(repeats, repeats), min_size=1, max_size=3))
def test_repeats_are_dealt_in_every_way(prompts: list[tuple[list[int], list[int]]]) -> None:
    assert repeats_permuted(prompts) == pytest.approx(by_brute_force(prompts))


def test_two_prompts_lost_in_every_repeat_are_a_change() -> None:
    lost = ([0, 0, 0], [3, 3, 3])
    kept = ([3, 3, 3], [3, 3, 3])
    assert repeats_permuted([lost, *[kept] * 19]) == pytest.approx(0.1)
    assert repeats_permuted([lost, lost, *[kept] * 18]) == pytest.approx(0.005)


@given(differences)
def test_one_repeat_a_prompt_makes_it_the_sign_flip_test(values: list[int]) -> None:
    assert repeats_permuted([([d], [0]) for d in values]) == pytest.approx(sign_flip(values))


def test_many_prompts_come_close_to_the_exact_p(monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = [([3, 3, i % 4], [3, i % 3, 2]) for i in range(60)]
    exactly = repeats_permuted(prompts)
    monkeypatch.setattr("milo_tui.analysis.exact.MANY_PROMPTS", 10)
    assert repeats_permuted(prompts) == pytest.approx(exactly, abs=0.02)
    assert repeats_permuted([([3], [3])] * 20) == 1.0
