"""Argument matchers, facts in an answer's text, and the optimal assignment of expected calls to calls made.

A matcher is a JSON value. A literal means JSON equality: 5 equals 5.0, true is not 1, the order of keys is
free, the order of a list counts. An object with one key that begins with `$` is an operator; some match values,
some find facts in an answer's text, some both. OPERATORS at the end of this file has them all; those that hold
no further matcher are defined in operators.py.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from milo_tui.suite.facts import has_number
from milo_tui.suite.json_text import JSON, cut, equal, show
from milo_tui.suite.operators import LEAF_OPERATORS, Operator, expected
from milo_tui.suite.statements import has_id, has_statement

Matcher = Any

_ID = re.compile(r"(?=.*[A-Za-z])(?=.*\d)[\w.-]{5,}")
"""Text that is found as an id: where another one of its form stands after it, that one counts."""


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
    return next(mismatches(matcher, value, path), None)


def mismatches(matcher: Matcher, value: JSON, path: str = "") -> Iterator[str]:
    """Every way in which `value` does not match, through objects and lists."""
    operator = operator_of(matcher)
    if operator is not None and (match := OPERATORS[operator].match) is not None:
        sentence = match(matcher[operator], value, path)
        yield from () if sentence is None else (sentence,)
    elif isinstance(matcher, dict):
        yield from _object_mismatches(matcher, value, path)
    elif isinstance(matcher, list):
        yield from _list_mismatches(matcher, value, path)
    elif not equal(matcher, value):
        yield expected(path, show(matcher), value)


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
        if isinstance(item, int | float):
            return has_number(text, item)
        return has_id(text, item) if is_id(item) else has_statement(text, item)
    in_text = OPERATORS[operator].in_text
    return in_text is not None and in_text(item[operator], text)


def is_id(item: Any) -> bool:
    """Whether a fact is found as an id: text with letters and digits, such as PY-904415."""
    return isinstance(item, str) and _ID.fullmatch(item) is not None


def describe(matcher: Matcher) -> str:
    """What a matcher asks for, in words for a message."""
    operator = operator_of(matcher)
    return show(matcher) if operator is None else OPERATORS[operator].describe(matcher[operator])


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
    call_of = {pattern: call for call, pattern in enumerate(taken_by) if pattern is not None}
    return [call_of.get(pattern) for pattern in range(expected)]


def _object_mismatches(
    matcher: dict[str, Matcher], value: JSON, path: str, *, others_allowed: bool = False
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield expected(path, "an object", value)
        return
    for key in dict.fromkeys([*matcher, *value]):
        where = f"{path}.{key}" if path else key
        if key not in matcher:
            if not others_allowed:
                yield f"{cut(where)}: expected to be left out, found {show(value[key])}"
        elif key in value:
            yield from mismatches(matcher[key], value[key], where)
        elif not is_optional(matcher[key]):
            yield f"{where}: expected {describe(matcher[key])}, but it is missing"


def _list_mismatches(matcher: list[Matcher], value: JSON, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield expected(path, "a list", value)
    elif len(matcher) != len(value):
        yield f"{path or 'the list'}: expected {len(matcher)} items, found {len(value)}: {show(value)}"
    else:
        for i, (wanted, item) in enumerate(zip(matcher, value, strict=True)):
            yield from mismatches(wanted, item, f"{path}[{i}]")


def _any_of(options: Any, value: JSON, path: str) -> str | None:
    if any(matches(option, value) for option in options):
        return None
    return expected(path, " or ".join(describe(option) for option in options), value)


def _unordered(argument: Any, value: JSON, path: str) -> str | None:
    if not isinstance(value, list):
        return expected(path, "a list", value)
    if len(argument) == len(value):
        found = assign(len(argument), len(value), lambda i, j: matches(argument[i], value[j]))
        if None not in found:
            return None
    return expected(path, f"in any order {show(argument)}", value)


def _includes(argument: Any, value: JSON, path: str) -> str | None:
    return next(_object_mismatches(argument, value, path, others_allowed=True), None)


_LIST = {"type": "array", "minItems": 1}
_A_LIST = "a list of one value or more"

OPERATORS: dict[str, Operator] = {
    "$any_of": Operator(
        takes=_A_LIST,
        argument=_LIST,
        nested=True,
        match=_any_of,
        in_text=lambda options, text: any(text_has(option, text) for option in options),
        describe=lambda options: " or ".join(map(describe, options)),
        meaning="one of these",
        example=["a", {"$number": 3}],
        yes=["a", 3.0],
        no=["b", 4, None],
    ),
    "$unordered": Operator(
        takes=_A_LIST,
        argument=_LIST,
        nested=True,
        match=_unordered,
        meaning="a list with these items in any order",
        example=["a", "b"],
        yes=[["a", "b"], ["b", "a"]],
        no=[["a"], ["a", "b", "b"], "ab"],
    ),
    "$includes": Operator(
        takes="an object, such as {city: Oslo}",
        argument={
            "type": "object",
            "not": {"maxProperties": 1, "minProperties": 1, "propertyNames": {"pattern": r"^\$"}},
        },
        nested=True,
        match=_includes,
        meaning="an object with these keys, and any others",
        example={"city": "Oslo"},
        yes=[{"city": "Oslo"}, {"city": "Oslo", "day": 2}],
        no=[{"day": 2}, {"city": "Bergen"}, [], None],
    ),
    "$optional": Operator(
        takes="a value",
        argument={},
        nested=True,
        match=mismatch,
        describe=lambda argument: f"nothing or {describe(argument)}",
        meaning="an argument that may be left out",
        example="a",
        yes=["a"],
        no=["b", None],
    ),
    **LEAF_OPERATORS,
}
"""Every operator by name."""
