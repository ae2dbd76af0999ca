"""YAML as data with line numbers, and what is refused."""

from typing import Any

import pytest

from milo_tui.suite.yaml_lines import YamlError, load

pytestmark = pytest.mark.usefixtures("yaml_loader")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", "yes"),
        ("a: on", "on"),
        ("a: 12:30", "12:30"),
        ("a: 2026-03-14", "2026-03-14"),
        ("a: 0x1F", "0x1F"),
        ("a: 007", "007"),
        ("a: 1_000", "1_000"),
        ("a: .5", ".5"),
        ("a: .inf", ".inf"),
        ("a: Null", "Null"),
        ("a: True", "True"),
        ("a: true", True),
        ("a: null", None),
        ("a:", None),
        ("a: -12", -12),
        ("a: 84.50", 84.5),
        ("a: 1e3", 1000.0),
        ("a: '5'", "5"),
        ("a: !!str 5", "5"),
        ("b: &x [1]\na: *x", [1]),
        ("\ufeffa: 1", 1),
    ],
)
def test_scalars_are_what_json_would_make_of_them(text: str, value: Any) -> None:
    found = load(text).value["a"]
    assert (found, type(found)) == (value, type(value))


def test_every_value_has_its_line() -> None:
    document = load("a: 1\nb:\n  - x\n  - c:\n      d: |\n        text\n")
    assert document.line_of(("a",)) == 1
    assert document.line_of(("b",)) == 2
    assert document.line_of(("b", 1, "c", "d")) == 5
    assert document.line_of(("b", 1, "c", "missing", 3)) == 4
    assert document.line_of(("nowhere",)) == 1


LAUGHS = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


REFUSED = [
    ("a: 1\nb: 2\na: 3", 3, "the key a is given twice, first in line 1; keep one of them"),
    ("a:\n\t- b", 2, "a tab stands where only spaces may; indent with spaces"),
    ("a: @b", 1, "a value cannot begin with this character; put the value in quotes"),
    ("a: 1\n---\nb: 2", 2, "a second document begins here (---); a file holds one"),
    ("a: b: c", 1, "a colon where none may be; put a text with a colon in quotes"),
    ("x: 1\na: 'b", 2, "a quote or bracket is opened and never closed"),
    ("a:\n  b: 1\n c: 2", 3, "the indentation, a quote or a bracket is wrong here or just before"),
    ("a: *x", 1, "not valid YAML: found undefined alias"),
    ("x: 1\na: \x00", 2, "a character that YAML does not allow (U+0000); take it out"),
    ("a: !!python/name:os.system x", 1, "the tag !!python/name:os.system is not allowed; take it out"),
    ("a: !!python/object/apply:os.system [ls]", 1, "the tag !!python/object/apply:os.system is not"),
    ("a: !!binary aGVsbG8=", 1, "the tag !!binary is not allowed"),
    ("a: !!timestamp 2026-01-01", 1, "the tag !!timestamp is not allowed"),
    ("a: !thing {b: 1}", 1, "the tag !thing is not allowed"),
    ("a: !!int x", 1, "not a number that can be read: x"),
    ("a: " + "1" * 5000, 1, "not a number that can be read: 1111"),
    ("a: 1e999", 1, "not a finite number: 1e999"),
    ("a: !!float .inf", 1, "not a finite number: .inf"),
    ("? [a]\n: 1", 1, "a key must be text"),
    ("[" * 200_000, 1, "nested more than 60 deep"),
    ("- " * 200_000, 1, "nested more than 60 deep"),
    ("? " * 200_000, 1, "nested more than 60 deep"),
    ("".join(f"{' ' * i}a:\n" for i in range(70)), 61, "nested more than 60 deep"),
    ("".join(f"{' ' * i}a:\n{' ' * i}-\n" for i in range(40)), 61, "nested more than 60 deep"),
    (LAUGHS, 1, "too many values, or an alias that holds itself"),
    ("a: &a [*a]", 1, "too many values, or an alias that holds itself"),
]


@pytest.mark.parametrize(("text", "line", "sentence"), REFUSED, ids=[row[2][:30] for row in REFUSED])
def test_what_is_refused(text: str, line: int, sentence: str) -> None:
    with pytest.raises(YamlError) as caught:
        load(text)
    assert caught.value.message.startswith(sentence)
    assert caught.value.line == line


def test_an_empty_file_holds_nothing() -> None:
    assert load("").value is None
    assert load("# a comment\n").value is None
