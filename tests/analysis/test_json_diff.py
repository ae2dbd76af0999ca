"""JSON values compared by meaning: what is one difference, and what is none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.analysis.json_diff import BY_PLACE, NOTHING, Kind, key_of, kind_between, leaves
from milo_tui.suite.json_text import equal

values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, 2.0]) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


def told(left: Any, right: Any) -> list[tuple[str, Kind]]:
    """What differs, by path."""
    return [(leaf.path, leaf.kind) for leaf in leaves(left, right) if leaf.kind is not Kind.SAME]


def test_an_item_put_in_between_is_one_difference() -> None:
    assert told({"lines": [1, 2, 3]}, {"lines": [1, 9, 2, 3]}) == [("lines[1]", Kind.RIGHT_ONLY)]
    orders = [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}]
    assert told([*orders], [{"sku": "Z", "n": 7}, *orders]) == [("[0]", Kind.RIGHT_ONLY)]


def test_a_missing_item_is_one_difference() -> None:
    assert told([1, 2, 3, 4], [1, 3, 4]) == [("[1]", Kind.LEFT_ONLY)]


def test_an_item_that_changed_is_compared_with_what_it_was() -> None:
    left = [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}, {"sku": "C", "n": 3}]
    right = [{"sku": "A", "n": 1}, {"sku": "X", "n": 0}, {"sku": "B", "n": 5}, {"sku": "C", "n": 3}]
    assert told(left, right) == [("[1]", Kind.RIGHT_ONLY), ("[1].n", Kind.VALUE)]
    assert told([1, 2, 3], [1, 5, 3]) == [("[1]", Kind.VALUE)]
    assert told(["a pear", "a fig"], ["two plums", "a pears"]) == [
        ("[0]", Kind.RIGHT_ONLY),
        ("[0]", Kind.VALUE),
        ("[1]", Kind.LEFT_ONLY),
    ]


def test_a_moved_item_has_moved_and_is_a_difference() -> None:
    assert told({"to": ["a", "b", "c"]}, {"to": ["c", "a", "b"]}) == [("to[2]", Kind.MOVED)]
    (moved,) = [leaf for leaf in leaves(["a", "b", "c"], ["c", "a", "b"]) if leaf.kind is Kind.MOVED]
    assert moved.to == 0
    assert kind_between(["a", "b"], ["b", "a"]) is Kind.VALUE


def test_numbers_count_by_value_and_other_types_never() -> None:
    assert told({"b": [5], "a": 1}, {"a": 1.0, "b": [5.0]}) == []
    assert told([True, "5"], [1, 5]) == [("[0]", Kind.TYPE), ("[1]", Kind.TYPE)]


def test_what_is_absent_is_not_null() -> None:
    (leaf,) = [leaf for leaf in leaves({"a": None}, {}) if leaf.kind is not Kind.SAME]
    assert leaf.left is None
    assert leaf.right is NOTHING
    assert leaf.kind is Kind.LEFT_ONLY


def test_lists_too_long_to_be_told_apart_are_compared_by_place_and_that_is_said() -> None:
    found = list(leaves({"x": list(range(1000))}, {"x": list(range(5000, 6000))}))
    assert found[0].remark == BY_PLACE
    assert found[0].path == "x"
    assert [leaf.kind for leaf in found[1:]] == [Kind.VALUE] * 1000
    assert [leaf.path for leaf in found[1:3]] == ["x[0]", "x[1]"]


@pytest.mark.parametrize("other", [list(range(1, 1000)), [*range(500), -1, *range(500, 1000)]])
def test_long_lists_of_which_one_item_differs_have_one_difference(other: list[int]) -> None:
    assert len(told(list(range(1000)), other)) == 1


@given(values, values)
def test_a_key_is_the_same_for_equal_values_alone(one: Any, other: Any) -> None:
    assert (key_of(one) == key_of(other)) == equal(one, other)


@given(values, values)
def test_values_differ_where_a_leaf_differs(one: Any, other: Any) -> None:
    assert (told(one, other) == []) == equal(one, other)
    assert told(one, one) == []
