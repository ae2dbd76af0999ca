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
    if _is_plain(schema):
        return None
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return tuple(error.absolute_path), _in_words(error)
    for path, reference in _references(schema, ()):
        if not isinstance(reference, str) or not reference.startswith("#"):
            return (
                path,
                f"{reference} lies outside this schema; only references such as #/$defs/name are followed",
            )
        try:
            Registry().resolver_with_root(DRAFT202012.create_resource(schema)).lookup(reference)
        except Unresolvable:
            return path, f"there is no {reference} in this schema"
    return _loop_of(schema)


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
    try:
        re.compile(value)
    except (re.error, TypeError, OverflowError, RecursionError):
        return False
    return isinstance(value, str)


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
        return (), "is a JSON Schema whose references lead back to itself"
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
