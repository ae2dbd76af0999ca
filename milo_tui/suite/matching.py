"""Argument matchers, facts in an answer's text, and the optimal assignment of expected calls to calls made.

A matcher is a JSON value. A literal means JSON equality: 5 equals 5.0, true is not 1, the order of keys is
free, the order of a list counts. An object with one key that begins with `$` is an operator; OPERATORS at the
end of this file is the one list of them. Some match values, some find facts in an answer's text, some both.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jsonschema.exceptions import best_match

from milo_tui.suite import bfcl_rules
from milo_tui.suite.facts import has_date, has_number, has_phrase
from milo_tui.suite.json_text import JSON, cut, equal, show
from milo_tui.suite.schemas import Fault, fault_of, validator
from milo_tui.suite.statements import Quantity, has_claim, has_denial, has_id, has_pairs, has_time

Matcher = Any

_ID = re.compile(r"(?=.*[A-Za-z])(?=.*\d)[\w.-]{5,}")
"""Text that is found as an id: where another one of its form stands after it, that one counts."""

_MOST_SEARCHED = 20_000
"""How much text a prompt's regular expression is given: beyond that, both ends of the text."""


@dataclass(frozen=True)
class Operator:
    """A `$` operator: everything that Milo knows of it.

    `takes` completes the sentence "$number takes …" for an argument that breaks the JSON Schema `argument`;
    `fault` finds what a schema cannot say. `match` returns why a value does not match, or None; `in_text`
    returns whether a fact stands in an answer. One that is None: the operator does not work there.
    `nested`: the argument holds further matchers. `yes` and `no` are values (or texts, where only `in_text`
    is given) that `example` must match and must not match: documentation, and run by the tests.
    """

    takes: str
    argument: dict[str, Any]
    example: Any
    meaning: str
    match: Callable[[Any, JSON, str], str | None] | None = None
    in_text: Callable[[Any, str], bool] | None = None
    describe: Callable[[Any], str] = show
    fault: Callable[[Any], Fault | None] = lambda argument: None
    nested: bool = False
    yes: list[Any] = field(default_factory=list)
    no: list[Any] = field(default_factory=list)


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
    if operator is not None and (match := OPERATORS[operator].match) is not None:
        return match(matcher[operator], value, path)
    if isinstance(matcher, dict):
        return _object_mismatch(matcher, value, path)
    if isinstance(matcher, list):
        return _list_mismatch(matcher, value, path)
    return None if equal(matcher, value) else _expected(path, show(matcher), value)


def mismatches(matcher: Matcher, value: JSON, path: str = "") -> list[str]:
    """Return every way in which `value` does not match, through objects and lists of equal length."""
    if operator_of(matcher) is None:
        if isinstance(matcher, dict) and isinstance(value, dict):
            return _object_mismatches(matcher, value, path)
        if isinstance(matcher, list) and isinstance(value, list) and len(matcher) == len(value):
            pairs = enumerate(zip(matcher, value, strict=True))
            return [found for i, pair in pairs for found in mismatches(*pair, f"{path}[{i}]")]
    found = mismatch(matcher, value, path)
    return [found] if found else []


def _object_mismatches(matcher: dict[str, Matcher], value: dict[str, JSON], path: str) -> list[str]:
    found: list[str] = []
    for key in dict.fromkeys([*matcher, *value]):
        where = f"{path}.{key}" if path else key
        if key not in matcher:
            found.append(f"{cut(where)}: expected to be left out, found {show(value[key])}")
        elif key in value:
            found += mismatches(matcher[key], value[key], where)
        elif not is_optional(matcher[key]):
            found.append(f"{where}: missing")
    return found


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
        return has_id(text, item) if _ID.fullmatch(item) else has_phrase(text, item)
    in_text = OPERATORS[operator].in_text
    return in_text is not None and in_text(item[operator], text)


def describe(matcher: Matcher) -> str:
    """What a matcher asks for, in words for a message."""
    operator = operator_of(matcher)
    return show(matcher) if operator is None else OPERATORS[operator].describe(matcher[operator])


def _searched(pattern: str, text: str, flags: int = 0) -> bool:
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
            return f"{where}: expected {describe(wanted)}, but it is missing"
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
    return _expected(path, " or ".join(describe(option) for option in options), value)


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
    if isinstance(value, str) and _searched(argument, value):
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


def _includes(argument: Any, value: JSON, path: str) -> str | None:
    return _object_mismatch(argument, value, path, others_allowed=True)


def _bfcl(argument: Any, value: JSON, path: str) -> str | None:
    fault = bfcl_rules.fault(argument["parameters"], argument["accepted"], value)
    return None if fault is None else f"{path}.{fault}".lstrip(".")


def _regex_fault(pattern: Any) -> Fault | None:
    try:
        re.compile(pattern)
    except re.error as error:
        return (), f"is not a regular expression: {error}"
    return None


def _date_fault(argument: Any) -> Fault | None:
    try:
        if date.fromisoformat(argument).isoformat() == argument:
            return None
    except ValueError:
        pass
    return (), f"$date takes {OPERATORS['$date'].takes} (found {show(argument, 60)})"


def _bfcl_fault(argument: Any) -> Fault | None:
    if bfcl_rules.is_readable(argument):
        return None
    return (), f"$bfcl takes {OPERATORS['$bfcl'].takes}; see milo prompts import"


def _patterns_fault(patterns: Any) -> Fault | None:
    for i, pattern in enumerate(patterns):
        if fault := _regex_fault(pattern):
            return (i,), fault[1]
    return None


def _names_fault(argument: Any) -> Fault | None:
    return _patterns_fault([*argument.get("values", {}), *argument.get("units", {})])


def _time_fault(argument: Any) -> Fault | None:
    if re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", str(argument)):
        return None
    return (), f"$time takes {OPERATORS['$time'].takes} (found {show(argument, 60)})"


_NUMBERS = {"type": "object", "additionalProperties": {"type": "number"}}
_PATTERNS = {"type": "array", "minItems": 1, "items": {"type": "string"}}
_LIST = {"type": "array", "minItems": 1}
_SIGN = {"pattern": r"^\$"}
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
    "$number": Operator(
        takes="a number, or [number, tolerance]",
        argument={
            "type": ["number", "array"],
            "items": {"type": "number"},
            "minItems": 2,
            "maxItems": 2,
        },
        match=_number,
        in_text=lambda argument, text: has_number(text, *_number_argument(argument)),
        meaning="a number, within a tolerance; in an answer as 84.50, $84.50 or 84,5 too",
        example=[84.5, 0.1],
        yes=[84.4, 84.6],
        no=["84.5", 84.39, 84.61, True, None],
    ),
    "$date": Operator(
        takes="a day such as 2026-03-14",
        argument={},
        fault=_date_fault,
        in_text=lambda day, text: has_date(text, day),
        meaning="in an answer: that day, however it is written",
        example="2026-03-14",
        yes=["on March 14th", "14.03.2026"],
        no=["on March 15th", "14.03.2025"],
    ),
    "$time": Operator(
        takes="a time of day such as 16:40",
        argument={},
        fault=_time_fault,
        in_text=lambda time, text: has_time(text, time),
        meaning="in an answer: that time of day, on a clock of 24 hours or of 12",
        example="16:40",
        yes=["at 16:40", "1640 hrs", "4:40 in the afternoon", "twenty to five p.m."],
        no=["4:40", "4:40 am", "at 16:45"],
    ),
    "$quantity": Operator(
        takes="{value, units: {spelling: factor}}, and perhaps tolerance, bare: true, beside: [value, …]",
        argument={
            "type": "object",
            "required": ["value"],
            "properties": {
                "value": {"type": "number"},
                "tolerance": {"type": "number", "minimum": 0},
                "units": _NUMBERS,
                "bare": {"type": "boolean"},
                "beside": {"type": "array", "items": {"type": "number"}},
            },
            "additionalProperties": False,
        },
        fault=_names_fault,
        in_text=lambda argument, text: Quantity.read(argument).is_stated(text),
        describe=lambda argument: f"the quantity {argument['value']}",
        meaning="in an answer: a value with one of its units, the last such value being the answer",
        example={"value": 21.87, "units": {"cents?|ct|p": 1, "£|pounds?": 100}},
        yes=["21.87 cents", "£0.2187", "0.2187 pounds", "not 18.46 p but 21.87 p"],
        no=["£21.87", "0.2187 cents", "21.87 cents, no: 18.46 cents", "it is not 21.87 p"],
    ),
    "$pairs": Operator(
        takes="{values: {name: value}}, and perhaps units: {spelling: factor}, beside: [value, …]",
        argument={
            "type": "object",
            "required": ["values"],
            "properties": {
                "values": {**_NUMBERS, "minProperties": 2},
                "units": _NUMBERS,
                "bare": {"type": "boolean"},
                "beside": {"type": "array", "items": {"type": "number"}},
            },
            "additionalProperties": False,
        },
        fault=_names_fault,
        in_text=lambda argument, text: has_pairs(text, argument),
        describe=lambda argument: ", ".join(f"{name}: {value}" for name, value in argument["values"].items()),
        meaning="in an answer: each name with its own value, in a sentence, a list or a table",
        example={"values": {"Oslo": 4.5, "Bergen": 6}, "units": {"m": 1, "cm": 0.01}},
        yes=["Oslo 4.5 m, Bergen 6.0 m", "6 m at Bergen and 450 cm at Oslo", "Oslo and Bergen: 4.5 m, 6 m"],
        no=["Oslo 6 m, Bergen 4.5 m", "Oslo 4.5 cm, Bergen 6 cm", "Oslo 4.5 m"],
    ),
    "$claim": Operator(
        takes="a list of regular expressions",
        argument=_PATTERNS,
        fault=_patterns_fault,
        in_text=lambda patterns, text: has_claim(text, patterns),
        meaning="in an answer: a clause that states one of these, not negated, and no wish, offer or question",
        example=["\\bmoved\\b"],
        yes=["Sure. I moved it.", "It has been moved"],
        no=["I could not move it; nothing was moved", "Shall it be moved?", "Once it is moved, call me"],
    ),
    "$denial": Operator(
        takes="a list of regular expressions",
        argument=_PATTERNS,
        fault=_patterns_fault,
        in_text=lambda patterns, text: has_denial(text, patterns),
        meaning="in an answer: a clause that denies one of these",
        example=["\\bmoved?\\b"],
        yes=["I can't move it", "It was not moved.", "I am unable to move it"],
        no=["I moved it", "No problem. I moved it."],
    ),
    "$text": Operator(
        takes="a text; put it in quotes",
        argument={"type": "string"},
        match=_text,
        meaning="this text, whatever its case and spaces",
        example="Main St",
        yes=["main  st ", "MAIN ST"],
        no=["Main Street", 5, None],
    ),
    "$regex": Operator(
        takes="a regular expression; put it in quotes",
        argument={"type": "string"},
        fault=_regex_fault,
        match=_regex,
        in_text=lambda pattern, text: _searched(pattern, text, re.IGNORECASE),
        meaning="text in which the pattern (Python's re) is found; in an answer, whatever its case",
        example="^ORD-",
        yes=["ORD-1"],
        no=["XORD-1", "ord-1", 5],
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
        argument={"type": "object", "not": {"maxProperties": 1, "minProperties": 1, "propertyNames": _SIGN}},
        nested=True,
        match=_includes,
        meaning="an object with these keys, and any others",
        example={"city": "Oslo"},
        yes=[{"city": "Oslo"}, {"city": "Oslo", "day": 2}],
        no=[{"day": 2}, {"city": "Bergen"}, [], None],
    ),
    "$schema": Operator(
        takes="a JSON Schema, such as {type: string}",
        argument={"type": "object"},
        fault=fault_of,
        match=_schema,
        meaning="whatever satisfies the JSON Schema",
        example={"type": "integer", "minimum": 3},
        yes=[3, 4.0],
        no=[2, "3", True],
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
    "$anything": Operator(
        takes="true",
        argument={"const": True},
        match=lambda argument, value, path: None,
        describe=lambda argument: "any value",
        meaning="anything; in place of a call's arguments, any arguments",
        example=True,
        yes=[None, [], {}],
    ),
    "$bfcl": Operator(
        takes="{parameters: BFCL's, accepted: {argument: [value, …]}}",
        argument={},
        fault=_bfcl_fault,
        match=_bfcl,
        meaning="in place of a call's arguments: what BFCL's own rules take",
        example={"parameters": {"properties": {"n": {"type": "integer"}}}, "accepted": {"n": [5]}},
        yes=[{"n": 5}],
        no=[{"n": 5.0}, {}],
    ),
}
"""Every operator by name."""
