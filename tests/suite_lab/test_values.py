"""The values that mutations put in a value's place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.suite.json_text import equal
from milo_tui.suite.schemas import validator
from milo_tui.suite_lab.values import example, near, places, put, retyped, schema_at, take_out

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (7, [8, 70]),
        (0, [1, 10]),
        (84.5, [85.5, 84]),
        (True, [False]),
        (None, ["unknown"]),
        ("ORD-5512", ["ORD-5513"]),
        ("KX-099", ["KX-100"]),
        ("2026-02-28", ["2026-03-01"]),
        ("9999-12-31", ["9999-12-32"]),
        ("smoked paprika", ["smoked"]),
        ("Ann", ["nn"]),
        ("", ["x"]),
        (["a", "b"], [["a"], ["a", "b", "b"]]),
        ([], [["unknown"], [0]]),
        ({"a": 1}, []),
    ],
)
def test_a_nearby_value(value: Any, found: list[Any]) -> None:
    assert list(near(value, {})) == found


def test_an_enum_s_neighbours_are_its_other_values() -> None:
    assert list(near("b", {"enum": ["a", "b", "c", "d", 5]})) == ["a", "c"]
    assert list(near("b", {"enum": ["b"]})) == ["bx"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a", [["a"]]),
        (84.5, ["84.5"]),
        (True, ["true"]),
        (None, ["null"]),
        (["a"], ["a"]),
        (["a", "b"], ["a, b"]),
        ([1, 2], ["[1, 2]"]),
        ({"a": 1}, ['{"a": 1}']),
    ],
)
def test_a_value_as_another_type(value: Any, found: list[Any]) -> None:
    assert list(retyped(value)) == found


@given(JSON_VALUES)
def test_what_is_changed_differs_and_leaves_the_original_alone(value: Any) -> None:
    whole = {"a": [value, {"b": value}]}
    before = str(whole)
    for path, item in places(whole):
        for other in [*near(item, {}), *retyped(item)]:
            assert not equal(item, other)
            assert not equal(put(whole, path, other), whole)
        assert not equal(take_out(whole, path), whole)
    assert str(whole) == before


def test_places_and_their_schemas() -> None:
    schema = {"properties": {"a": {"items": {"properties": {"b": {"type": "string"}}}}, "c": True}}
    assert schema_at(schema, ("a", 0, "b")) == {"type": "string"}
    assert schema_at(schema, ("c", "d")) == {}
    assert schema_at(schema, ("x", 0)) == {}
    assert [path for path, _ in places({"a": [{"b": 1}]})] == [("a",), ("a", 0), ("a", 0, "b")]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "minLength": 12},
        {"type": "string", "maxLength": 3},
        {"type": "string", "format": "date"},
        {"type": "integer", "minimum": 5},
        {"type": "number", "maximum": -2},
        {"type": ["integer", "null"]},
        {"type": "boolean"},
        {"type": "null"},
        {"enum": ["x", "y"]},
        {"const": 7},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]},
        True,
        {},
    ],
)
def test_an_example_satisfies_its_schema(schema: Any) -> None:
    assert schema is True or validator(schema).is_valid(example(schema))
