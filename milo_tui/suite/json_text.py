"""JSON out of text that a model wrote: strictly, and as leniently as a person would read it."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

JSON = Any
"""A value as `json.loads` gives it."""

MOST_DEPTH = 50
"""How deep a value may be nested. Deeper ones come from models gone astray; walking them would exhaust the
stack."""

_MOST_DIGITS = 300
"""Numbers beyond the range of a double are refused: nothing can compare, store or print them reliably."""

_MOST_VALUES = 20_000
"""How many values one JSON text may hold: checking a list for twins takes quadratic time."""

_MOST_STARTS = 100
"""How many brackets are tried as the start of JSON in prose."""

_MOST_SEARCHED = 100_000
"""How much of an answer is searched for JSON in prose: a megabyte of brackets must not cost quadratic time."""

_BRACKET = re.compile(r"[{\[]")
_FENCE = re.compile(r"```[a-zA-Z0-9_-]*[ \t]*\n(.*?)```", re.DOTALL)


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError("a number is too large")
    return int(text)


def _fraction(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


_DECODER = json.JSONDecoder(parse_constant=_reject_constant, parse_int=_integer, parse_float=_fraction)


def parse(text: str) -> Any:
    """Read `text` as JSON (RFC 8259): no NaN, no Infinity; of a key given twice, the last counts.

    Raises ValueError, also for nesting deeper than MOST_DEPTH, for numbers that no double holds, and for more
    than 20,000 values: the text comes from a model, and nothing in it may end the program or hold it up.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _bounded(value)


def find(text: str) -> Any:
    """The JSON value in an answer that may wrap it in prose or a Markdown fence. Raises ValueError.

    Tried in turn: the whole text, each fenced block, then the longest JSON value that begins with a bracket
    anywhere in the text. So prose around good JSON costs the point for the form, not those for the values.
    """
    for candidate in (text, *_FENCE.findall(text)):
        try:
            return parse(candidate)
        except ValueError:
            continue
    found = list(_embedded(text[:_MOST_SEARCHED]))
    if not found:
        raise ValueError("no JSON value in the text")
    return max(found, key=lambda item: item[0])[1]


def _embedded(text: str) -> Iterator[tuple[int, Any]]:
    """Every JSON object or list in prose that lies in no other, with its length."""
    end = 0
    for _ in range(_MOST_STARTS):
        match = _BRACKET.search(text, end)
        if match is None:
            return
        end = match.end()
        try:
            value, end = _DECODER.raw_decode(text, match.start())
            yield end - match.start(), _bounded(value)
        except (ValueError, RecursionError):
            continue


def _bounded(value: Any) -> Any:
    """The value itself, unless it is nested too deeply or holds too many values."""
    level, count = [value], 1
    for _ in range(MOST_DEPTH):
        level = [item for outer in level if isinstance(outer, dict | list) for item in _inside(outer)]
        count += len(level)
        if count > _MOST_VALUES:
            raise ValueError("more values than can be checked")
        if not level:
            return value
    raise ValueError("nested too deeply")


def _inside(outer: Any) -> Any:
    return outer.values() if isinstance(outer, dict) else outer


def kind_of(value: Any) -> str:
    """The JSON type of a value, in words: "a string", "a number", "null"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def equal(left: JSON, right: JSON) -> bool:
    """JSON equality: numbers by value, booleans apart from numbers, keys in any order, lists in order."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return kind_of(left) == kind_of(right) and bool(left == right)


def show(value: Any, limit: int = 160) -> str:
    """A value as compact JSON on one line, cut in the middle where it is longer than `limit` characters."""
    return cut(json.dumps(value, ensure_ascii=False, separators=(", ", ": "), default=str), limit)


def cut(text: str, limit: int = 160) -> str:
    """Text fit for a sentence: cut in the middle beyond `limit` characters, half surrogate pairs escaped (no
    encoding takes them)."""
    if len(text) > limit:
        half = (limit - 3) // 2
        text = f"{text[:half]} … {text[-half:]}"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def canonical(value: Any) -> str:
    """A value as compact JSON with sorted keys: equal values give equal text."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
