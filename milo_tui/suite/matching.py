"""Argument matchers, facts in an answer's text, and the optimal assignment of expected calls to calls made.

A matcher is a JSON value. A literal means JSON equality: 5 equals 5.0, true is not 1, the order of keys is
free, the order of a list counts. An object with one key that begins with `$` is an operator:

    {$any_of: [a, b]}        one of these matchers
    {$number: 84.5}          this number; {$number: [84.5, 0.01]} within a tolerance
    {$text: "Main St"}       this text, whatever its case and spacing
    {$regex: "^ORD-"}        a string in which the pattern (Python's re) is found
    {$unordered: [a, b]}     a list with these items in any order
    {$schema: {...}}         a value that satisfies the JSON Schema
    {$optional: a}           as an object's value: the key may be left out, or matches a
    {$includes: {a: 1}}      an object with these keys, and any others
    {$anything: true}        any value at all; in place of a call's arguments, any arguments
    {$bfcl: {...}}           in place of a call's arguments: what BFCL's own rules take (bfcl_rules.py)

In an answer's text (`contains_all` and its kin) an item is text, found as whole words whatever its case and
spacing, or {$number: …} in any format a person would accept, {$date: 2026-03-14} likewise, {$regex: …},
or {$any_of: […]}.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from jsonschema.exceptions import best_match

from milo_tui.suite import bfcl_rules
from milo_tui.suite.facts import has_date, has_number, has_phrase
from milo_tui.suite.json_text import JSON, cut, equal, show
from milo_tui.suite.schemas import validator

Matcher = Any

OPERATORS = frozenset(
    {
        "$any_of",
        "$anything",
        "$bfcl",
        "$includes",
        "$number",
        "$optional",
        "$regex",
        "$schema",
        "$text",
        "$unordered",
    }
)
_MOST_SEARCHED = 20_000
"""How much text a prompt's regular expression is given: beyond that, both ends of the text."""

TEXT_OPERATORS = frozenset({"$number", "$date", "$regex", "$any_of"})


def operator_of(matcher: Matcher) -> str | None:
    """The operator's name where the matcher is one."""
    if isinstance(matcher, dict) and len(matcher) == 1:
        key = next(iter(matcher))
        return key if isinstance(key, str) and key.startswith("$") else None
    return None


def operator_in(value: Any) -> str | None:
    """The first operator anywhere in a value; None in a value that is plain JSON."""
    if operator_of(value) in OPERATORS:
        return operator_of(value)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for item in inside if (found := operator_in(item))), None)


def is_optional(matcher: Matcher) -> bool:
    """Whether an object's key with this matcher may be left out."""
    return operator_of(matcher) == "$optional"


def mismatch(matcher: Matcher, value: JSON, path: str = "") -> str | None:
    """The first way in which `value` does not match, as "path: expected X, found Y"; None where it does."""
    operator = operator_of(matcher)
    if operator is not None:
        return _OPERATIONS[operator](matcher[operator], value, path)
    if isinstance(matcher, dict):
        return _object_mismatch(matcher, value, path)
    if isinstance(matcher, list):
        return _list_mismatch(matcher, value, path)
    return None if equal(matcher, value) else _expected(path, show(matcher), value)


def call_fits(pattern: dict[str, Any], name: str, arguments: JSON) -> bool:
    """Whether a call is the one that the pattern `{tool name: arguments}` asks for."""
    wanted, matcher = next(iter(pattern.items()))
    return wanted == name and isinstance(arguments, dict) and matches(matcher, arguments)


def matches(matcher: Matcher, value: JSON) -> bool:
    """Whether `value` satisfies the matcher."""
    return mismatch(matcher, value) is None


def text_has(item: Any, text: str) -> bool:
    """Whether a fact (text, or an operator for text) stands in an answer."""
    operator = operator_of(item)
    if operator is None:
        return has_number(text, item) if isinstance(item, int | float) else has_phrase(text, str(item))
    argument = item[operator]
    if operator == "$any_of":
        return any(text_has(option, text) for option in argument)
    if operator == "$number":
        number, tolerance = _number_argument(argument)
        return has_number(text, number, tolerance)
    if operator == "$date":
        return has_date(text, str(argument))
    return _found(argument, text, re.IGNORECASE)


def _found(pattern: str, text: str, flags: int = 0) -> bool:
    if len(text) > _MOST_SEARCHED:
        text = f"{text[: _MOST_SEARCHED // 2]}\n{text[-_MOST_SEARCHED // 2 :]}"
    return re.search(pattern, text, flags) is not None


def assign(expected: int, made: int, fits: Callable[[int, int], bool]) -> list[int | None]:
    """The largest possible assignment of `expected` patterns to `made` calls, each used once.

    Returns for each pattern the index of its call, or None. Maximum bipartite matching by augmenting paths
    (Kuhn 1955; Berge 1957): no pattern goes without a call that some other order would have left it.
    """
    taken_by: list[int | None] = [None] * made

    def place(pattern: int, tried: set[int]) -> bool:
        for call in range(made):
            if call in tried or not fits(pattern, call):
                continue
            tried.add(call)
            holder = taken_by[call]
            if holder is None or place(holder, tried):
                taken_by[call] = pattern
                return True
        return False

    for pattern in range(expected):
        place(pattern, set())
    result: list[int | None] = [None] * expected
    for call, holder in enumerate(taken_by):
        if holder is not None:
            result[holder] = call
    return result


def _expected(path: str, wanted: str, value: JSON) -> str:
    return f"{cut(path) or 'the value'}: expected {wanted}, found {show(value)}"


def _object_mismatch(
    matcher: dict[str, Matcher], value: JSON, path: str, *, others_allowed: bool = False
) -> str | None:
    if not isinstance(value, dict):
        return _expected(path, "an object", value)
    for key, wanted in matcher.items():
        where = f"{path}.{key}" if path else key
        if key not in value:
            if is_optional(wanted):
                continue
            return f"{where}: expected {_wanted(wanted)}, but it is missing"
        if found := mismatch(wanted, value[key], where):
            return found
    for key in value:
        if key not in matcher and not others_allowed:
            where = f"{path}.{key}" if path else key
            return f"{cut(where)}: expected to be left out, found {show(value[key])}"
    return None


def _list_mismatch(matcher: Sequence[Matcher], value: JSON, path: str) -> str | None:
    if not isinstance(value, list):
        return _expected(path, "a list", value)
    for i, (wanted, item) in enumerate(zip(matcher, value, strict=False)):
        if found := mismatch(wanted, item, f"{path}[{i}]"):
            return found
    if len(matcher) != len(value):
        return f"{path or 'the list'}: expected {len(matcher)} items, found {len(value)}: {show(value)}"
    return None


def _any_of(options: Any, value: JSON, path: str) -> str | None:
    if any(matches(option, value) for option in options):
        return None
    return _expected(path, " or ".join(_wanted(option) for option in options), value)


def _number_argument(argument: Any) -> tuple[float, float]:
    number, tolerance = argument if isinstance(argument, list) else (argument, 0.0)
    return number, tolerance


def _number(argument: Any, value: JSON, path: str) -> str | None:
    number, tolerance = _number_argument(argument)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A hair above the tolerance, so that 0.1 + 0.2 is within 0 of 0.3.
    if is_number and abs(value - number) <= tolerance + 1e-9 * max(1.0, abs(number)):
        return None
    return _expected(path, f"{number}" if not tolerance else f"{number} ± {tolerance}", value)


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _text(argument: Any, value: JSON, path: str) -> str | None:
    if isinstance(value, str) and _fold(value) == _fold(str(argument)):
        return None
    return _expected(path, f"{show(argument)} in any case", value)


def _regex(argument: Any, value: JSON, path: str) -> str | None:
    if isinstance(value, str) and _found(argument, value):
        return None
    return _expected(path, f"text that matches {argument}", value)


def _unordered(argument: Any, value: JSON, path: str) -> str | None:
    if not isinstance(value, list):
        return _expected(path, "a list", value)
    if len(argument) == len(value):
        found = assign(len(argument), len(value), lambda i, j: matches(argument[i], value[j]))
        if None not in found:
            return None
    return _expected(path, f"in any order {show(argument)}", value)


def _schema(argument: Any, value: JSON, path: str) -> str | None:
    error = best_match(validator(argument).iter_errors(value))
    if error is None:
        return None
    where = path + "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    )
    return f"{cut(where.lstrip('.')) or 'the value'}: {cut(error.message, 240)}"


def _optional(argument: Any, value: JSON, path: str) -> str | None:
    return mismatch(argument, value, path)


def _includes(argument: Any, value: JSON, path: str) -> str | None:
    return _object_mismatch(argument, value, path, others_allowed=True)


def _bfcl(argument: Any, value: JSON, path: str) -> str | None:
    found = bfcl_rules.fault(argument["parameters"], argument["accepted"], value)
    return None if found is None else f"{path}.{found}".lstrip(".")


def _anything(argument: Any, value: JSON, path: str) -> str | None:
    return None


_OPERATIONS: dict[str, Callable[[Any, JSON, str], str | None]] = {
    "$any_of": _any_of,
    "$number": _number,
    "$text": _text,
    "$regex": _regex,
    "$unordered": _unordered,
    "$schema": _schema,
    "$optional": _optional,
    "$anything": _anything,
    "$includes": _includes,
    "$bfcl": _bfcl,
}


def _wanted(matcher: Matcher) -> str:
    operator = operator_of(matcher)
    if operator is None:
        return show(matcher)
    argument = matcher[operator]
    if operator == "$any_of":
        return " or ".join(_wanted(option) for option in argument)
    if operator == "$optional":
        return f"nothing or {_wanted(argument)}"
    if operator == "$anything":
        return "any value"
    return show(argument)
