"""JSON Schema (draft 2020-12) as prompts use it: whole in one file, never fetched from anywhere."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from milo_tui.suite import json_text

Path = tuple[str | int, ...]
Fault = tuple[Path, str]
"""Where in a schema something is wrong, and what."""


def validator(schema: dict[str, Any]) -> Any:
    """A validator for a schema; made once for schemas that are alike."""
    return _validator(json_text.canonical(schema))


@lru_cache(maxsize=1024)
def _validator(schema: str) -> Any:
    # An empty registry: a reference to another document is an error, not a download.
    return Draft202012Validator(json_text.parse(schema), registry=Registry())


def fault_of(schema: dict[str, Any]) -> Fault | None:
    """What is wrong with a schema, and at which path in it; None where it can be used."""
    if (fault := _bounds_fault(schema)) is not None or _is_plain(schema):
        return fault
    try:
        Draft202012Validator.check_schema(schema)
        return _reference_fault(schema) or _loop_of(schema)
    except SchemaError as error:
        return tuple(error.absolute_path), _in_words(error)
    except (Unresolvable, ValueError, TypeError, LookupError, AttributeError):
        return (), "is a JSON Schema whose $id, $anchor or references cannot be followed"


_MOST_DEPTH, _MOST_NODES, _MOST_EXPANDED = 40, 5_000, 20_000
_MOST_PATTERN = 1_000
_MOST_COUNTS = {"minLength": 10_000, **dict.fromkeys(("minItems", "minProperties", "minContains"), 1_000)}


def pattern_fault(pattern: Any) -> str | None:
    """Why a pattern cannot be used; None where it can."""
    if not isinstance(pattern, str):
        return f"is not a regular expression (found {json_text.show(pattern, 60)})"
    if len(pattern) > _MOST_PATTERN:
        return f"is a regular expression of more than {_MOST_PATTERN} characters; make it shorter"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError, MemoryError) as error:
        return f"is not a regular expression: {error}"
    return None


def _bounds_fault(schema: Any) -> Fault | None:
    """Where a schema is larger than any that a tool has: checking and using it would take for ever."""
    level: list[tuple[Path, Any]] = [((), schema)]
    nodes = 0
    for _ in range(_MOST_DEPTH):
        nodes += len(level)
        if nodes > _MOST_NODES:
            return (), f"is a JSON Schema of more than {_MOST_NODES} values; make it smaller"
        for path, value in level:
            if (fault := _value_fault(path, value)) is not None:
                return fault
        level = [
            ((*path, key), inner)
            for path, value in level
            if not _is_any_value(path)
            for key, inner in (
                value.items()
                if isinstance(value, dict)
                else enumerate(value)
                if isinstance(value, list)
                else ()
            )
        ]
        if not level:
            return None
    return level[0][0], f"is nested more than {_MOST_DEPTH} deep"


_RING = "is a JSON Schema whose references lead back to itself"
_SAME_VALUE = (
    "$ref",
    "$dynamicRef",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
)


def _is_ring(resolver: Any, reference: str, before: tuple[str, ...]) -> bool:
    """Whether following a reference comes back to it with the same value in hand: it would never end."""
    if reference in before:
        return True
    part = resolver.lookup(reference).contents
    same = {key: part[key] for key in _SAME_VALUE if isinstance(part, dict) and key in part}
    inner = {
        str(found)
        for path, found in _references(same, ())
        if "properties" not in path and "items" not in path
    }
    return any(_is_ring(resolver, found, (*before, reference)) for found in inner)


def _is_any_value(path: Path) -> bool:
    """Whether a value at this place is no schema and holds none."""
    return (
        bool(path)
        and path[-1] in ("const", "default", "enum", "examples")
        and "properties" not in path[-2:-1]
    )


def _value_fault(path: Path, value: Any) -> Fault | None:
    key = path[-1] if path else None
    in_properties = len(path) > 1 and path[-2] == "properties"
    if key in _MOST_COUNTS and not in_properties and _is_number(value) and value > _MOST_COUNTS[key]:
        return path, f"is more than {_MOST_COUNTS[key]}; nothing could ever be so long"
    if key == "multipleOf" and not in_properties and _is_number(value) and abs(value) < 1e-9:
        return path, "is too small for a step between numbers"
    patterns = [value] if key == "pattern" and not in_properties else []
    if key == "patternProperties" and isinstance(value, dict):
        patterns += value
    for pattern in patterns:
        if (fault := pattern_fault(pattern)) is not None:
            return path, fault
    return None


def _reference_fault(schema: dict[str, Any]) -> Fault | None:
    """A reference that leads outside, to nothing or to no schema, and references that multiply without end."""
    resolver = Registry().resolver_with_root(DRAFT202012.create_resource(schema))
    for path, reference in _references(schema, ()):
        shown = json_text.cut(str(reference), 60)
        if not isinstance(reference, str) or not reference.startswith("#"):
            text = f"{shown} lies outside this schema; only references such as #/$defs/name are followed"
            return path, text
        try:
            found = resolver.lookup(reference).contents
        except Unresolvable:
            return path, f"there is no {shown} in this schema"
        if not isinstance(found, dict | bool):
            return path, f"{shown} is no JSON Schema"
    sizes: dict[str, int] = {}

    def expanded(part: Any) -> int:
        """How many references are followed for a part, at most; a recursion counts once."""
        total = 0
        for _, reference in _references(part, ()):
            if reference not in sizes:
                sizes[reference] = 0
                sizes[reference] = min(_MOST_EXPANDED, 1 + expanded(resolver.lookup(reference).contents))
            total += sizes[reference]
        return total

    if expanded(schema) >= _MOST_EXPANDED:
        return (), "is a JSON Schema whose references multiply without end"
    if any(_is_ring(resolver, str(reference), ()) for _, reference in _references(schema, ())):
        return (), _RING
    return None


_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def _is_plain(schema: Any) -> bool:
    """Whether a schema holds only what tools mostly need, and that rightly.

    The meta-schema says the same of any schema, but takes milliseconds for it; a suite may hold thousands.
    """
    return isinstance(schema, dict) and all(
        key in _PLAIN and _PLAIN[key](value) for key, value in schema.items()
    )


def _are_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(name, str) for name in value)
        and len(set(value)) == len(value)
    )


def _are_types(value: Any) -> bool:
    return (
        value in _TYPES
        if isinstance(value, str)
        else bool(value) and _are_names(value) and {*value} <= _TYPES
    )


def _is_plain_or_bool(value: Any) -> bool:
    return isinstance(value, bool) or _is_plain(value)


def _are_plain(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_plain_or_bool, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_pattern(value: Any) -> bool:
    return pattern_fault(value) is None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_PLAIN: dict[str, Callable[[Any], bool]] = {
    "type": _are_types,
    "title": _is_text,
    "description": _is_text,
    "format": _is_text,
    "default": lambda value: True,
    "const": lambda value: True,
    "enum": lambda value: isinstance(value, list),
    "pattern": _is_pattern,
    "properties": lambda value: isinstance(value, dict) and all(map(_is_plain_or_bool, value.values())),
    "required": _are_names,
    "additionalProperties": _is_plain_or_bool,
    "items": _is_plain_or_bool,
    "prefixItems": _are_plain,
    "contains": _is_plain_or_bool,
    "uniqueItems": lambda value: isinstance(value, bool),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _are_plain),
    **dict.fromkeys(("not", "if", "then", "else"), _is_plain_or_bool),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength"), _is_count),
}


def _in_words(error: SchemaError) -> str:
    if error.absolute_path and error.absolute_path[-1] == "type":
        known = "object, array, string, number, integer, boolean and null"
        return f"the types of JSON Schema are {known} (found {json_text.show(error.instance, 60)})"
    if error.validator == "format":
        return f"is not a regular expression (found {json_text.show(error.instance, 60)})"
    return f"is not valid in a JSON Schema: {json_text.cut(error.message)}"


def _loop_of(schema: dict[str, Any]) -> Fault | None:
    try:
        validator(schema).is_valid({})
    except RecursionError:
        return (), _RING
    return None


def _references(schema: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    items = (
        schema.items() if isinstance(schema, dict) else enumerate(schema) if isinstance(schema, list) else ()
    )
    for key, value in items:
        if key in ("$ref", "$dynamicRef") and not isinstance(value, dict):
            yield (*path, key), value
        else:
            yield from _references(value, (*path, key))
