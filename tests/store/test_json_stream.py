"""A large file's list comes item by item, exactly as json reads it, and what is wrong is named by its line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milo_tui.store import json_stream
from milo_tui.store.json_stream import JsonProblem, members

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def _read(path: Path) -> tuple[dict[str, Any], list[Any]]:
    others: dict[str, Any] = {}
    items = []
    for name, value in members(path, "attempts"):
        if name == "attempts":
            items.append(value)
        else:
            others[name] = value
    return others, items


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=100)
@given(
    head=VALUES,
    items=st.lists(VALUES, max_size=6),
    tail=VALUES,
    chunk=st.integers(1, 60),
    indent=st.none() | st.integers(0, 2),
)
def test_any_json_comes_back_wherever_the_file_is_cut(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    head: Any,
    items: list[Any],
    tail: Any,
    chunk: int,
    indent: int | None,
) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", chunk)
    path = tmp_path / "run.json"
    path.write_text(
        json.dumps({"head": head, "attempts": items, "tail": tail}, indent=indent), encoding="utf-8"
    )
    assert _read(path) == ({"head": head, "tail": tail}, items)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: the file ends in the middle"),
        ("[]", "line 1: an object ({…}) is expected"),
        ("{} {}", "line 1: something stands after the end"),
        ('{"a": 1,\n "attempts": [1,\n 2', "line 3: the file ends in the middle"),
        ('{"a": 1,\n "attempts": [1,\n 2 3]}', "line 3: ',' or ']' is expected"),
        ('{"a": 1,\n "attempts": {}}', 'line 2: a list is expected as "attempts"'),
        ('{"a": \n\n nonsense}', "line 3: Expecting value"),
        ('{"a": "no end', "line 1: Unterminated string"),
        ("{1: 2}", "line 1: a name in double quotes is expected"),
        ('{"a" 2}', "line 1: ':' is expected after a name"),
        ('{"attempts": [1]\n "b": 2}', "line 2: ',' or '}' is expected"),
        ('{"a": ' + "[" * 100_000, "line 1: nested too deeply"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(JsonProblem) as told:
        _read(path)
    assert str(told.value).startswith(problem)


def test_what_is_no_utf8_is_said(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(b'{"a": 1,\n "b": "\xff"}')
    with pytest.raises(JsonProblem, match="not UTF-8"):
        _read(path)
