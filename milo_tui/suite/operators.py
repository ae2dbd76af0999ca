"""The `$` operators of matchers, but for those that hold further matchers (matching.py has these and the engine)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from jsonschema.exceptions import best_match

from milo_tui.suite import bfcl_rules
from milo_tui.suite.dates import has_date, has_other_date, has_other_time, has_time
from milo_tui.suite.facts import has_number
from milo_tui.suite.json_text import JSON, cut, show
from milo_tui.suite.schemas import Fault, fault_of, pattern_fault, validator
from milo_tui.suite.statements import Quantity, has_claim, has_denial, has_pairs

_MOST_SEARCHED = 20_000
"""How much text a prompt's regular expression is given: beyond that, both ends of the text."""


@dataclass(frozen=True)
class Operator:
    """A `$` operator: everything that Milo knows of it.

    `takes` completes the sentence "$number takes …" for an argument that breaks the JSON Schema `argument` or
    that `is_valid` refuses; `fault` says what is wrong inside of it. `match` returns why a value does not
    match, or None; `in_text` returns whether a fact stands in an answer. One that is None: the operator does
    not work there. `nested`: the argument holds further matchers. `yes` and `no` are values (or texts, where
    only `in_text` is given) that `example` must match and must not match: documentation, and run by the tests.
    """

    takes: str
    argument: dict[str, Any]
    example: Any
    meaning: str
    match: Callable[[Any, JSON, str], str | None] | None = None
    in_text: Callable[[Any, str], bool] | None = None
    describe: Callable[[Any], str] = show
    is_valid: Callable[[Any], bool] = lambda argument: True
    fault: Callable[[Any], Fault | None] = lambda argument: None
    nested: bool = False
    yes: list[Any] = field(default_factory=list)
    no: list[Any] = field(default_factory=list)


def expected(path: str, wanted: str, value: JSON) -> str:
    """Return the sentence for a value that does not match."""
    return f"{cut(path) or 'the value'}: expected {wanted}, found {show(value)}"


def _number_argument(argument: Any) -> tuple[float, float]:
    number, tolerance = argument if isinstance(argument, list) else (argument, 0.0)
    return number, tolerance


def _number(argument: Any, value: JSON, path: str) -> str | None:
    number, tolerance = _number_argument(argument)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A hair above the tolerance, so that 0.1 + 0.2 is within 0 of 0.3.
    if is_number and abs(value - number) <= tolerance + 1e-9 * max(1.0, abs(number)):
        return None
    return expected(path, f"{number}" if not tolerance else f"{number} ± {tolerance}", value)


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _text(argument: Any, value: JSON, path: str) -> str | None:
    if isinstance(value, str) and _fold(value) == _fold(str(argument)):
        return None
    return expected(path, f"{show(argument)} in any case", value)


def _regex(argument: Any, value: JSON, path: str) -> str | None:
    if isinstance(value, str) and _searched(argument, value):
        return None
    return expected(path, f"text that matches {argument}", value)


def _searched(pattern: str, text: str, flags: int = 0) -> bool:
    if len(text) > _MOST_SEARCHED:
        text = f"{text[: _MOST_SEARCHED // 2]}\n{text[-_MOST_SEARCHED // 2 :]}"
    return re.search(pattern, text, flags) is not None


def _schema(argument: Any, value: JSON, path: str) -> str | None:
    error = best_match(validator(argument).iter_errors(value))
    if error is None:
        return None
    where = path + "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    )
    return f"{cut(where.lstrip('.')) or 'the value'}: {cut(error.message, 240)}"


def _bfcl(argument: Any, value: JSON, path: str) -> str | None:
    fault = bfcl_rules.fault(argument["parameters"], argument["accepted"], value)
    return None if fault is None else f"{path}.{fault}".lstrip(".")


def _regex_fault(pattern: Any) -> Fault | None:
    fault = pattern_fault(pattern)
    return None if fault is None else ((), fault)


def _is_day(argument: Any) -> bool:
    try:
        return date.fromisoformat(argument).isoformat() == str(argument)
    except (TypeError, ValueError):
        return False


def _patterns_fault(patterns: Any) -> Fault | None:
    for i, pattern in enumerate(patterns):
        if fault := _regex_fault(pattern):
            return (i,), fault[1]
    return None


def _names_fault(argument: Any) -> Fault | None:
    names = [*argument["values"]] if isinstance(argument.get("values"), dict) else []
    return _patterns_fault([*names, *argument.get("units", {})])


_A_LIST = {"type": "array", "minItems": 1}
_TIME = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_NUMBERS = {"type": "object", "additionalProperties": {"type": "number"}}
_IN_UNITS = {
    "units": _NUMBERS,
    "bare": {"type": "boolean"},
    "beside": {"type": "array", "items": {"type": "number"}},
}
_PATTERNS = {"type": "array", "minItems": 1, "items": {"type": "string"}}

LEAF_OPERATORS: dict[str, Operator] = {
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
        is_valid=_is_day,
        in_text=lambda day, text: has_date(text, day),
        meaning="in an answer: that day, however it is written",
        example="2026-03-14",
        yes=["on March 14th", "14.03.2026"],
        no=["on March 15th", "14.03.2025"],
    ),
    "$other_date": Operator(
        takes="a list of days such as 2026-03-14",
        argument=_A_LIST,
        is_valid=lambda days: all(map(_is_day, days)),
        in_text=lambda days, text: has_other_date(text, days),
        describe=lambda days: f"a day other than {' and '.join(days)}",
        meaning="in an answer: a day that is none of these, or one of them with a wrong weekday",
        example=["2026-03-14", "2026-03-12"],
        yes=["on March 15th", "14.03.2025", "Friday, 14 March 2026"],
        no=["on March 14th, not 12 March", "Saturday the 14th"],
    ),
    "$time": Operator(
        takes="a time of day such as 16:40, or {time: …, rivals: [a time that is not the answer, …]}",
        argument={
            "oneOf": [
                _TIME,
                {
                    "type": "object",
                    "required": ["time", "rivals"],
                    "properties": {"time": _TIME, "rivals": {"type": "array", "items": _TIME}},
                    "additionalProperties": False,
                },
            ]
        },
        in_text=lambda time, text: has_time(text, **(time if isinstance(time, dict) else {"time": time})),
        meaning="in an answer: that time of day, on a clock of 24 hours or of 12",
        example={"time": "16:40", "rivals": ["11:00"]},
        yes=["at 16:40", "1640 hrs", "4:40 in the afternoon", "twenty to five p.m.", "16:40, not 11:00"],
        no=["4:40", "4:40 am", "at 16:45", "It says 16:40, but planned was 11:00, so expect it at 11:00"],
    ),
    "$other_time": Operator(
        takes="a list of times of day such as 16:40",
        argument={**_A_LIST, "items": _TIME},
        in_text=lambda times, text: has_other_time(text, times),
        describe=lambda times: f"a time other than {' and '.join(times)}",
        meaning="in an answer: a time of day that is none of these",
        example=["16:40", "11:00"],
        yes=["at 16:45", "4:40 am", "11:00 p.m."],
        no=["4:40 pm instead of 11:00", "11 am"],
    ),
    "$quantity": Operator(
        takes="{value, units: {spelling: factor}}, and perhaps tolerance, bare: true, beside: [value, …], rivals",
        argument={
            "type": "object",
            "required": ["value"],
            "properties": {
                "value": {"type": "number"},
                "tolerance": {"type": "number", "minimum": 0},
                "rivals": {"type": "array", "items": {"type": "number"}},
                **_IN_UNITS,
            },
            "additionalProperties": False,
        },
        fault=_names_fault,
        in_text=lambda argument, text: Quantity.read(argument).is_stated(text),
        describe=lambda argument: f"the quantity {argument['value']}",
        meaning="in an answer: a value with one of its units, the last such value being the answer",
        example={"value": 21.87, "units": {"cents?|ct|p": 1, "£|pounds?": 100}, "rivals": [24.15]},
        yes=["21.87 cents", "£0.2187", "not 18.46 p but 21.87 p", "21.87 p, so less than the usual 24.15 p"],
        no=["£21.87", "0.2187 cents", "21.87 p, no: 18.46 p", "it is not 21.87 p", "not 21.87 p, so 24.15 p"],
    ),
    "$other_quantity": Operator(
        takes="{values: [number, …], units: {spelling: factor}}, and perhaps tolerance",
        argument={
            "type": "object",
            "required": ["values", "units"],
            "properties": {
                "values": {**_A_LIST, "items": {"type": "number"}},
                "tolerance": {"type": "number", "minimum": 0},
                "units": _NUMBERS,
            },
            "additionalProperties": False,
        },
        fault=_names_fault,
        in_text=lambda argument, text: Quantity.read(
            {**argument, "value": argument["values"][0], "beside": argument["values"]}
        ).is_contradicted(text),
        describe=lambda argument: f"a quantity other than {' and '.join(map(str, argument['values']))}",
        meaning="in an answer: a value with one of these units that is none of these values",
        example={"values": [27, 31], "units": {"minutes?|min": 1, "hours?": 60}},
        yes=["in 28 minutes", "half or 2 hours"],
        no=["in 27 min", "27 minutes, not 28 minutes", "28 km", "27 minutes, 4 minutes less than 31 minutes"],
    ),
    "$pairs": Operator(
        takes="{values: {name: value}}, and perhaps units: {spelling: factor}, beside: [value, …]",
        argument={
            "type": "object",
            "required": ["values"],
            "properties": {
                "values": {**_NUMBERS, "minProperties": 2},
                **_IN_UNITS,
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
        takes="{parameters: BFCL's, accepted: {argument: [value, …]}}, as milo prompts import writes it",
        argument={},
        is_valid=bfcl_rules.is_readable,
        match=_bfcl,
        meaning="in place of a call's arguments: what BFCL's own rules take",
        example={"parameters": {"properties": {"n": {"type": "integer"}}}, "accepted": {"n": [5]}},
        yes=[{"n": 5}],
        no=[{"n": 5.0}, {}],
    ),
}
"""Every operator whose argument holds no further matcher."""
