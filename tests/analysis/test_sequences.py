"""Which items of lists belong together: held against brute force."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from milo_tui.analysis.sequences import (
    MOST_EDITS,
    MOST_LIKENESSES,
    Alignment,
    aligned,
    common_rows,
    in_common,
    in_order,
    paired,
)

few = st.lists(st.integers(0, 3), max_size=8)


def alike(i: int, j: int) -> float:
    """Items that are not equal are all alike as little."""
    return 0.1


def longest(left: Sequence[int], right: Sequence[int]) -> int:
    """The length of the longest common subsequence, by its textbook table."""
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


def rises(pairs: Sequence[tuple[int, int]]) -> bool:
    """Whether both places rise from pair to pair."""
    return all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))


@given(few, few)
def test_what_two_lists_have_in_common_is_as_long_as_it_can_be(left: list[int], right: list[int]) -> None:
    pairs = in_common(left, right)
    assert rises(pairs)
    assert all(left[i] == right[j] for i, j in pairs)
    assert len(pairs) == longest(left, right)


def test_very_different_lists_still_keep_what_is_in_order() -> None:
    left = [*range(MOST_EDITS), *range(10_000, 10_005)]
    right = [*range(20_000, 20_000 + MOST_EDITS), *range(10_000, 10_005), 7]
    pairs = in_common(left, right)
    assert [left[i] for i, _ in pairs] == [*range(10_000, 10_005)]


@given(few, few)
def test_no_item_is_paired_twice_and_equal_ones_are_paired_first(left: list[int], right: list[int]) -> None:
    found = aligned(left, right, alike)
    lefts, rights = [i for i, _ in found.pairs], [j for _, j in found.pairs]
    assert lefts == sorted(set(lefts))
    assert len(set(rights)) == len(rights)
    assert rises([pair for pair in found.pairs if pair[0] not in found.moved])
    equal = sum(left[i] == right[j] for i, j in found.pairs)
    assert equal == sum(min(left.count(value), right.count(value)) for value in set(left))


def test_what_is_equal_and_stands_elsewhere_has_moved() -> None:
    found = aligned("abcd", "dabc", alike)
    assert found.pairs == ((0, 1), (1, 2), (2, 3), (3, 0))
    assert found.moved == {3}
    assert not aligned("abcd", "dabc", alike, moves=False).moved


def test_one_that_was_put_in_between_shifts_no_other() -> None:
    found = aligned("abc", "axbc", alike)
    assert found.pairs == ((0, 0), (1, 2), (2, 3))
    assert found.extras() == {1: [1]}


def test_unequal_items_are_paired_by_likeness() -> None:
    weights = [[0.1, 0.9], [0.1, 0.1]]
    assert paired([0, 1], [0, 1], lambda i, j: weights[i][j]) == [(0, 1)]


def test_too_many_unequal_items_are_paired_by_their_place_and_that_is_told() -> None:
    side = round(MOST_LIKENESSES**0.5)
    assert not aligned(range(side), range(-side, 0), alike).by_place
    found = aligned(range(side + 1), range(-side - 1, 0), alike)
    assert found.by_place
    assert found.pairs == tuple((i, i) for i in range(side + 1))


@given(st.permutations(range(8)))
def test_most_of_what_rises_keeps_its_order(order: list[int]) -> None:
    kept = in_order(list(enumerate(order)))
    assert rises(kept)
    assert len(kept) == longest(range(8), order)


@given(few, st.lists(few, min_size=1, max_size=3))
def test_every_item_of_every_list_is_in_one_row(left: list[int], rights: list[list[int]]) -> None:
    alignments = [aligned(left, right, alike) for right in rights]
    for anywhere in (False, True):
        rows = common_rows(alignments, rights, anywhere=anywhere)
        assert [row[0] for row in rows if row[0] is not None] == [*range(len(left))]
        for side, right in enumerate(rights, 1):
            places = [place for row in rows if (place := row[side]) is not None]
            assert sorted(places) == [*range(len(right))]
        for row in rows:
            values = {right[place] for right, place in zip(rights, row[1:], strict=True) if place is not None}
            assert row[0] is not None or len(values) == 1


@given(few, st.lists(few, min_size=1, max_size=3))
def test_where_nothing_moved_every_list_keeps_its_order(left: list[int], rights: list[list[int]]) -> None:
    alignments = [aligned(left, right, alike, moves=False) for right in rights]
    for side, row in enumerate(zip(*common_rows(alignments, rights), strict=True)):
        places = [place for place in row if place is not None]
        assert side == 0 or places == sorted(places)


def test_what_several_lists_have_beyond_the_first_shares_a_row() -> None:
    lists = ["xa", "ayx", "axy"]
    alignments = [aligned("a", one, alike) for one in lists]
    assert common_rows(alignments, lists, anywhere=True) == [
        (None, 0, 2, 1),
        (0, 1, 0, 0),
        (None, None, 1, 2),
    ]
    assert common_rows(alignments, lists) == [
        (None, 0, None, None),
        (0, 1, 0, 0),
        (None, None, 1, None),
        (None, None, 2, 1),
        (None, None, None, 2),
    ]


@given(few, st.lists(few, min_size=1, max_size=3))
def test_anywhere_equal_lone_items_share_as_few_rows_as_can_be(
    left: list[int], rights: list[list[int]]
) -> None:
    alignments = [aligned(left, right, alike) for right in rights]
    lone = [
        Counter(right[j] for places in alignment.extras().values() for j in places)
        for alignment, right in zip(alignments, rights, strict=True)
    ]
    rows = common_rows(alignments, rights, anywhere=True)
    most = {value: max(count[value] for count in lone) for value in set().union(*lone)}
    assert sum(row[0] is None for row in rows) == sum(most.values())


def test_without_lists_there_are_no_rows() -> None:
    assert common_rows([], []) == []
    assert common_rows([Alignment((), 0, 0)], [[]]) == []
