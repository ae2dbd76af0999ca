"""JSON out of what models write."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.suite import json_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (' {"a": [1, 2.5, null, true]} \n', {"a": [1, 2.5, None, True]}),
        ('"\\ud83d\\ude00"', "😀"),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("[" * 50 + "]" * 50, None),
    ],
)
def test_json_is_read(text: str, value: Any) -> None:
    assert value is None or json_text.parse(text) == value
    json_text.parse(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("NaN", "NaN is not JSON"),
        ("[Infinity]", "Infinity is not JSON"),
        ("1e999", "a number is too large"),
        ("9" * 301, "a number is too large"),
        ("9" * 5000, "a number is too large"),
        ("[" * 51 + "]" * 51, "nested too deeply"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        (f"[{'0,' * 30_000}0]", "more values than can be checked"),
        ("{'a': 1}", "Expecting property name"),
        ('{"a": 1,}', "Expecting property name|trailing comma"),
        ("", "Expecting value"),
        ('{"a": 1} and more', "Extra data"),
    ],
)
def test_what_is_not_json_is_refused_with_a_reason(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        json_text.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1]}',
        'Here you are:\n\n{"a": [1]}\n\nAnything else?',
        '```json\n{"a": [1]}\n```',
        'Sure!\n```\n{"a": [1]}\n```\nDone.',
        '```json {"a": [1]} ```',
        'As [1] says: {"a": [1]}',
        'For {name}: {"a": [1]}',
        'In braces: {{"a": [1]}}',
    ],
)
def test_json_is_found_in_an_answer(text: str) -> None:
    assert json_text.find(text) == {"a": [1]}


def test_the_longest_value_is_found_behind_any_number_of_brackets() -> None:
    before = "see [" + "[1]," * 150 + "[1]]"
    assert json_text.find(f'{before} and {{"a": "{"x" * 1000}"}}') == {"a": "x" * 1000}
    assert json_text.find('{"a": [1, [2]]} or {"b": 1}') == {"a": [1, [2]]}


@pytest.mark.parametrize("text", ["", "no JSON here", "{", '{"a": 1', "5 apples", "{name}", "[" * 100_000])
def test_where_there_is_no_json_none_is_found(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON value in the text"):
        json_text.find(text)


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_raises_anything_else(text: str) -> None:
    for read in (json_text.parse, json_text.find):
        with contextlib.suppress(ValueError):
            json_text.show(read(text))


@given(st.text(st.characters(exclude_categories=[])))
def test_what_is_shown_can_be_encoded(text: str) -> None:
    json_text.show([text]).encode()
    json_text.cut(text, 40).encode()


def test_a_value_is_shown_on_one_printable_line() -> None:
    assert json_text.show({"a": "Grüße\n"}) == '{"a": "Grüße\\n"}'
    long = json_text.show(["x" * 1000])
    assert long.startswith('["xxx')
    assert " … " in long
    assert len(long) == 159
    assert json_text.show("\ud800") == '"\\ud800"'


def test_equal_values_have_one_canonical_text() -> None:
    assert json_text.canonical({"b": "é", "a": [1]}) == json_text.canonical({"a": [1], "b": "é"})
    assert json.loads(json_text.canonical({"b": "\ud800"})) == {"b": "\ud800"}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        ("", "a string"),
        ([], "a list"),
        ({}, "an object"),
    ],
)
def test_kinds_have_names(value: Any, kind: str) -> None:
    assert json_text.kind_of(value) == kind
