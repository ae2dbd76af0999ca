"""BFCL's Python-typed functions and lists of accepted values → JSON Schema, legal names, and matchers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from milo_tui.suite.json_text import JSON
from milo_tui.suite.matching import Matcher
from milo_tui.suite.schemas import validator

_TYPES = {"dict": "object", "float": "number", "tuple": "array"}
_KEPT = ("description", "default", "format", "minimum", "maximum", "minItems", "maxItems")
_LONGEST_NAME = 64
_LEGAL_ARGUMENT = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


def legal_names(names: Iterable[str]) -> dict[str, str]:
    """BFCL's name → one that every API takes (`spotify.play` → `spotify_play`), alike for no two functions."""
    legal: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:_LONGEST_NAME]
        base = plain if re.match(r"[a-zA-Z_]", plain) else f"_{plain}"[:_LONGEST_NAME]
        candidate, number = base, 1
        while candidate in legal.values():
            number += 1
            candidate = f"{base[: _LONGEST_NAME - 3]}_{number}"
        legal[name] = candidate
    return legal


def illegal_argument(parameters: Mapping[str, Any]) -> str | None:
    """The first argument whose name an API would refuse; None where there is none."""
    names = parameters.get("properties", {})
    return next((name for name in names if not _LEGAL_ARGUMENT.fullmatch(name)), None)


def json_schema(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter as BFCL types it → JSON Schema: `dict`, `float`, `tuple`, and `any` for no type at all."""
    kind = parameter["type"]
    schema: dict[str, Any] = {} if kind == "any" else {"type": _TYPES.get(kind, kind)}
    schema |= {key: parameter[key] for key in _KEPT if key in parameter}
    if "properties" in parameter:
        schema["properties"] = {name: json_schema(item) for name, item in parameter["properties"].items()}
    if parameter.get("required"):
        schema["required"] = parameter["required"]
    if "items" in parameter:
        schema["items"] = json_schema(parameter["items"])
    _put_enum(schema, parameter.get("enum"))
    return schema


def _put_enum(schema: dict[str, Any], enum: list[JSON] | None) -> None:
    """State the allowed values where JSON Schema wants them: of a list, BFCL states those of its items.

    Left out where no value could satisfy both them and the type: BFCL lists "True" and "False" for booleans.
    """
    place = schema["items"] if schema.get("type") == "array" and "items" in schema else schema
    only_type = {key: place[key] for key in ("type",) if key in place}
    if enum and all(validator(only_type).is_valid(value) for value in enum):
        place["enum"] = enum


def arguments_matcher(
    parameters: Mapping[str, Any], accepted: Mapping[str, list[JSON]]
) -> dict[str, Matcher]:
    """What is accepted for a call's arguments as a matcher. Raises ValueError where nothing can satisfy it."""
    required = parameters.get("required", [])
    for name in required:
        if name not in accepted:
            raise ValueError(f"its gold leaves out the argument {name}, which the function requires")
    matcher = {}
    for name, options in accepted.items():
        may_be_absent = "" in options and name not in required
        if name not in parameters["properties"]:
            if not may_be_absent:
                raise ValueError(f"its gold asks for the argument {name}, which the function does not have")
            continue
        choices = _choices(parameters["properties"][name]["type"], options)
        if choices:
            found = choices[0] if len(choices) == 1 else {"$any_of": choices}
            matcher[name] = {"$optional": found} if may_be_absent else found
        elif not may_be_absent:
            raise ValueError(f"its gold accepts no value for the argument {name}, nor its absence")
    return matcher


def _choices(kind: str, options: list[JSON]) -> list[Matcher]:
    choices = [_matcher(option) for option in options if option != ""]
    if "" in options and kind in ("string", "any"):
        choices.append("")
    if "" in options and kind in ("array", "tuple"):
        choices.append([])
    return choices


def _matcher(value: JSON) -> Matcher:
    """One accepted value. In a dict, each key has a list of accepted values of its own."""
    if isinstance(value, str):
        return {"$text": value}
    if isinstance(value, list):
        return [_matcher(item) for item in value]
    if isinstance(value, dict):
        return {key: _of_key(options) for key, options in value.items()}
    return value


def _of_key(options: list[JSON]) -> Matcher:
    choices = [_literal(option) for option in options]
    matcher = choices[0] if len(choices) == 1 else {"$any_of": choices}
    return {"$optional": matcher} if "" in options else matcher


def _literal(value: JSON) -> Matcher:
    """A value inside a dict: below it nothing is a list of accepted values any more."""
    if isinstance(value, str):
        return {"$text": value} if value else ""
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return {key: _literal(item) for key, item in value.items()} if isinstance(value, dict) else value


def gold_arguments(accepted: Mapping[str, list[JSON]], parameters: Mapping[str, Any]) -> dict[str, JSON]:
    """The arguments that BFCL means by the first accepted values; what may be left out by all of them is."""
    gold = {}
    for name, options in accepted.items():
        given = [option for option in options if option != ""]
        if name in parameters["properties"] and (given or name in parameters.get("required", [])):
            gold[name] = _gold(next(iter(given), ""))
    return gold


def _gold(value: JSON) -> JSON:
    if isinstance(value, list):
        return [_gold(item) for item in value]
    if isinstance(value, dict):
        first = {key: next((item for item in options if item != ""), "") for key, options in value.items()}
        return {key: item for key, item in first.items() if item != "" or "" not in value[key]}
    return value
