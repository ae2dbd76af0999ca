"""JSON out of text that a model wrote: strictly, and as leniently as a person would read it."""

import json
import re
from itertools import islice
from typing import Any, NoReturn

JSON = Any
"""A value as `json.loads` gives it."""

_MOST_STARTS = 200
"""How many braces are tried: a megabyte of opening brackets must not cost quadratic time."""

_FENCE = re.compile(r"```[a-zA-Z0-9_-]*[ \t]*\n(.*?)```", re.DOTALL)


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse(text: str) -> Any:
    """Read `text` as JSON (RFC 8259): no NaN, no Infinity, no duplicate rescue. Raises ValueError.

    Numbers too long for Python's integer conversion and nesting past the recursion limit are ValueErrors
    as well: both come from a model, neither may end the program.
    """
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def find(text: str) -> Any:
    """The JSON value in an answer that may wrap it in prose or a Markdown fence. Raises ValueError.

    Tried in turn: the whole text, each fenced block, then from the first brace or bracket that starts a
    JSON value. So prose around good JSON costs the point for the form, not those for the values.
    """
    for candidate in (text, *_FENCE.findall(text)):
        try:
            return parse(candidate)
        except ValueError:
            continue
    decoder = json.JSONDecoder(parse_constant=_reject_constant)
    for start in islice(re.finditer(r"[{\[]", text), _MOST_STARTS):
        try:
            value, _ = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        return value
    raise ValueError("no JSON value in the text")


def kind_of(value: Any) -> str:
    """The JSON type of a value, in words: "a string", "a number", "null"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    names = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def show(value: Any, limit: int = 160) -> str:
    """A value as compact JSON on one line, cut in the middle where it is longer than `limit` characters."""
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "), default=str)
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    return f"{text[:half]} … {text[-half:]}"


def canonical(value: Any) -> str:
    """A value as compact JSON with sorted keys: equal values give equal text."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
