"""Gold calls of BFCL's, and many ways to change them: material for two checkers to agree on."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from milo_tui.suite_lab.bfcl import Record
from milo_tui.suite_lab.bfcl_schema import gold_arguments

Calls = list[dict[str, Any]]


def gold(record: Record) -> Calls:
    """The calls that BFCL means."""
    parameters = {function["name"]: function["parameters"] for function in record.functions}
    return [
        {name: gold_arguments(options, parameters[name])}
        for call in record.accepted or []
        for name, options in call.items()
    ]


def answers(record: Record) -> Iterator[tuple[str, Calls]]:
    """The gold calls, then every change of them, each with the name of the change."""
    calls = gold(record)
    yield "gold", calls
    yield from _other_calls(record, calls)
    for number in sorted({0, len(calls) - 1}):
        name, arguments = next(iter(calls[number].items()))
        options = next(iter((record.accepted or [])[number].values()))
        for kind, changed in _other_arguments(arguments, options):
            yield kind, [*calls[:number], {name: changed}, *calls[number + 1 :]]


def _other_calls(record: Record, calls: Calls) -> Iterator[tuple[str, Calls]]:
    name, arguments = next(iter(calls[0].items()))
    yield "no call", []
    yield "a call too many", [*calls, calls[0]]
    yield "two calls too many", [*calls, *calls[:1], *calls[:1]]
    yield "the calls the other way round", calls[::-1]
    yield "an unknown function", [{f"{name}_x": arguments}, *calls[1:]]
    yield "the function's name in capitals", [{name.upper(): arguments}, *calls[1:]]
    yield "no arguments", [{name: {}}, *calls[1:]]
    yield "an invented argument", [{name: {**arguments, "invented": 1}}, *calls[1:]]
    yield "an invented argument", [{name: {**arguments, "": ""}}, *calls[1:]]
    yield "an invented argument", [{name: {**arguments, "invented": None}}, *calls[1:]]
    if len(calls) > 1:
        yield "a call left out", calls[:-1]
        yield "the first call again for the last", [*calls[:-1], calls[0]]
        yield "calls turned by one", [*calls[1:], calls[0]]
    for function in record.functions:
        if function["name"] != name:
            yield "another function", [{function["name"]: arguments}, *calls[1:]]


def _other_arguments(arguments: Any, options: Any) -> Iterator[tuple[str, Any]]:
    for name, choices in options.items():
        if name not in arguments:
            yield "blank for what may be left out", {**arguments, name: ""}
            yield "a value for what may be left out", {**arguments, name: "any"}
            continue
        value = arguments[name]
        yield "an argument left out", {key: item for key, item in arguments.items() if key != name}
        for choice in choices[1:4]:
            yield "another accepted value as it stands", {**arguments, name: choice}
        for kind, changed in _other_values(value):
            yield kind, {**arguments, name: changed}


def _other_values(value: Any) -> Iterator[tuple[str, Any]]:
    yield "blank", ""
    yield "null", None
    yield "an empty list", []
    yield "an empty dict", {}
    yield "within a list", [value]
    if not isinstance(value, str):
        yield "as text", json.dumps(value)
    if isinstance(value, bool):
        yield "the other truth", not value
        yield "a number for a truth", int(value)
    elif isinstance(value, int | float):
        yield from _numbers(value)
    elif isinstance(value, str):
        yield from _texts(value)
    elif isinstance(value, list):
        yield from _lists(value)
    elif isinstance(value, dict):
        yield from _dicts(value)


def _numbers(value: float) -> Iterator[tuple[str, Any]]:
    yield "one more", value + 1
    yield "its negative", -value if value else 1
    yield "a truth for a number", bool(value)
    if isinstance(value, int):
        yield "a fraction for a whole number", float(value)
    elif value == int(value):
        yield "a whole number for a fraction", int(value)


def _texts(value: str) -> Iterator[tuple[str, Any]]:
    yield "in capitals", value.upper()
    yield "spaced out", f" {value.replace(' ', '  ')} "
    yield "without spaces", value.replace(" ", "")
    yield "with a hyphen and a full stop", f"{value.replace(' ', '-')}."
    yield "other quotes", f"'{value}'" if "'" not in value else value.replace("'", '"')
    yield "a word more", f"{value} please"
    yield "a letter less", value[:-1]
    yield "with an underscore", f"_{value}"


def _lists(value: list[Any]) -> Iterator[tuple[str, Any]]:
    yield "the list the other way round", value[::-1]
    yield "an item less", value[:-1]
    yield "an item more", [*value, *value[-1:]]
    for kind, changed in _other_values(value[0]) if value else ():
        yield f"first item: {kind}", [changed, *value[1:]]
    if value and all(isinstance(item, int) for item in value):
        yield "fractions for whole numbers", [float(item) for item in value]
    if value and all(isinstance(item, float) for item in value):
        yield "whole numbers for fractions", [int(item) for item in value]


def _dicts(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "a key more", {**value, "invented": 1}
    yield "keys the other way round", dict(reversed(deepcopy(value).items()))
    for key, item in value.items():
        yield "a key less", {name: other for name, other in value.items() if name != key}
        for kind, changed in _other_values(item):
            yield f"in a dict: {kind}", {**value, key: changed}
