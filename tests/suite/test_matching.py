"""Matchers, and the assignment of expected calls to calls made."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.suite.json_text import equal
from milo_tui.suite.matching import OPERATORS, assign, call_fits, matches, mismatch, mismatches, text_has

GUIDE = Path(__file__).parents[2] / "docs" / "writing-a-suite.md"
SIMPLE = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
JSON_VALUES = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (5, 5.0, True),
        (True, 1, False),
        (0, False, False),
        (None, False, False),
        ("5", 5, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1.0}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1, 2], [2, 1], False),
        ([1, [2]], [1, [2.0]], True),
        ([], {}, False),
        (10**300, 1e300, False),
    ],
)
def test_a_literal_is_json_equality(left: Any, right: Any, same: bool) -> None:
    assert equal(left, right) is same
    assert equal(right, left) is same
    assert matches(left, right) is same


@pytest.mark.parametrize("name", OPERATORS)
def test_the_examples_of_each_operator(name: str) -> None:
    operator = OPERATORS[name]
    matcher = {name: operator.example}
    accepts = matches if operator.match is not None else text_has
    assert [value for value in operator.yes if not accepts(matcher, value)] == []
    assert [value for value in operator.no if accepts(matcher, value)] == []
    assert operator.yes
    assert operator.meaning in GUIDE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("matcher", "good", "bad"),
    [
        ({"$number": 84.5}, [84.5, 84.50], ["84.5", 84.51, True, None]),
        ({"$number": 0.3}, [0.1 + 0.2], [0.3001]),
        ({"$number": 1}, [1.0], [True, 10**290]),
        ({"$unordered": [1, {"$any_of": [1, 2]}]}, [[1, 2], [2, 1], [1, 1]], [[2, 2], [1], [1, 2, 3], "12"]),
        ({"a": 1, "b": {"$optional": 2}}, [{"a": 1}, {"b": 2, "a": 1}], [{"a": 1, "b": 3}, {"b": 2}, 7]),
        ({"$includes": {"a": {"$optional": 1}}}, [{}, {"b": 2}], [{"a": 2}, "a"]),
        ([{"$number": 1}, 2], [[1, 2]], [[2, 1], [1], [1, 2, 3], {}]),
    ],
)
def test_operators(matcher: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not matches(matcher, value)] == []
    assert [value for value in bad if matches(matcher, value)] == []


@pytest.mark.parametrize(
    ("matcher", "value", "sentence"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "a.b[1]: expected 2, found 3"),
        ({"a": 1}, {}, "a: expected 1, but it is missing"),
        ({}, {"a": 1}, "a: expected to be left out, found 1"),
        ({"a": {"$any_of": [1, 2]}}, {"a": 3}, "a: expected 1 or 2, found 3"),
        ([1], [1, 2], "the list: expected 1 items, found 2: [1, 2]"),
        ({"$number": [5, 0.5]}, 6, "the value: expected 5 ± 0.5, found 6"),
        ({"$schema": {"items": {"type": "string"}}}, ["a", 5], "[1]: 5 is not of type 'string'"),
        ({"a": {"$optional": 1}}, {"a": 2}, "a: expected 1, found 2"),
    ],
)
def test_a_mismatch_names_place_expected_and_found(matcher: Any, value: Any, sentence: str) -> None:
    assert mismatch(matcher, value) == sentence


def test_a_sentence_stays_short_and_printable_whatever_the_value() -> None:
    hostile = {"\ud800" * 10_000: "\udfff" * 10_000}
    matchers: list[Any] = [
        {},
        {"x": 1},
        "x",
        [],
        {"$schema": {"type": "string"}},
        {"$schema": {"maxProperties": 0}},
    ]
    for matcher in matchers:
        sentence = mismatch(matcher, hostile)
        assert sentence is not None
        assert len(sentence.encode()) < 2000


@given(JSON_VALUES)
def test_every_value_matches_itself_or_is_told_apart_without_raising(value: Any) -> None:
    assert equal(value, value)
    matchers: list[Any] = [
        {"$number": 1.5},
        {"$text": "a"},
        {"$regex": "a"},
        {"$unordered": [1]},
        {"a": 1},
        [1],
    ]
    for matcher in matchers:
        mismatch(matcher, value)


def test_a_call_fits_by_name_and_arguments() -> None:
    assert call_fits({"a": {"x": 1}}, "a", {"x": 1.0})
    assert call_fits({"a": {"$anything": True}}, "a", {"x": 1, "y": 2})
    assert not call_fits({"a": {}}, "b", {})
    assert not call_fits({"a": {}}, "a", None)


@pytest.mark.parametrize(
    ("item", "text", "found"),
    [
        ("ORD-5512", "Order **ord-5512** is done.", True),
        (5512, "ORD-5512", False),
        ({"$number": [10, 1]}, "about 10.9", True),
        ({"$date": "2026-03-14"}, "on March 14th", True),
        ({"$regex": "can(no|')t"}, "I CANNOT do that", True),
        ({"$any_of": ["denied", {"$number": 403}]}, "error 403", True),
        ({"$any_of": ["denied", {"$number": 403}]}, "error 404", False),
    ],
)
def test_facts_in_a_text(item: Any, text: str, found: bool) -> None:
    assert text_has(item, text) is found


def test_a_pattern_is_given_both_ends_of_a_long_text_only() -> None:
    text = "first " + "x" * 1_000_000 + " middle " + "x" * 1_000_000 + " last"
    assert text_has({"$regex": "first"}, text)
    assert text_has({"$regex": "last"}, text)
    assert not text_has({"$regex": "middle"}, text)


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), max_size=4))
def test_assignment_equals_brute_force(fits: list[list[bool]]) -> None:
    found = assign(len(fits), 4, lambda i, j: fits[i][j])
    placed = [place for place in found if place is not None]
    assert len(set(placed)) == len(placed)
    assert all(fits[i][place] for i, place in enumerate(found) if place is not None)
    best = max(
        sum(fits[i][place] for i, place in enumerate(order)) for order in permutations(range(4), len(fits))
    )
    assert len(placed) == best


def test_assignment_is_not_greedy() -> None:
    # The first pattern takes either call, the second the first call only.
    assert assign(2, 2, lambda i, j: i == 0 or j == 0) == [1, 0]


def test_every_difference_of_objects_and_lists_is_named() -> None:
    wanted = {"a": {"$any_of": [1, 2]}, "b": [{"c": 1}, {"c": 2}], "borrower": {"$anything": True}}
    assert list(mismatches(wanted, {"a": 3, "b": [{"c": 1}, {"c": 3, "e": 1}]})) == [
        "a: expected 1 or 2, found 3",
        "b[1].c: expected 2, found 3",
        "b[1].e: expected to be left out, found 1",
        "borrower: expected any value, but it is missing",
    ]
    assert not any(mismatches(wanted, {"a": 1, "b": [{"c": 1}, {"c": 2}], "borrower": None}))
