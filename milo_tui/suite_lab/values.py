"""Values that are nearly right, of another type, or merely valid: what mutations put in a value's place."""

import json
import math
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from milo_tui.suite.json_text import JSON

Path = tuple[str | int, ...]
"""The way to a value inside a JSON value: keys and list positions."""


def places(value: JSON, path: Path = ()) -> Iterator[tuple[Path, JSON]]:
    """Every value inside a JSON value, itself left out: (path, value), the outer before the inner."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key), item
        yield from places(item, (*path, key))


def put(value: JSON, path: Path, new: JSON) -> JSON:
    """A copy of `value` in which `new` stands at `path` (a key that is not there yet is added)."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = put(value[path[0]], path[1:], new) if len(path) > 1 else new
    return copy


def take_out(value: JSON, path: Path) -> JSON:
    """A copy of `value` without what stands at `path`, which is not empty."""
    copy = value.copy()
    if len(path) > 1:
        copy[path[0]] = take_out(value[path[0]], path[1:])
    else:
        del copy[path[0]]
    return copy


def schema_at(schema: JSON, path: Path) -> dict[str, Any]:
    """What a JSON Schema says of the value at `path`, or {} where it says nothing in a plain way."""
    for part in path:
        if not isinstance(schema, dict):
            return {}
        schema = schema.get("items", {}) if isinstance(part, int) else schema.get("properties", {}).get(part)
    return schema if isinstance(schema, dict) else {}


def near(value: JSON, schema: dict[str, Any]) -> Iterator[JSON]:
    """Plausible wrong values of the same type: off by one, a neighbouring enum value, another id."""
    others = [item for item in schema.get("enum", []) if item != value and type(item) is type(value)]
    if others:
        yield from others[:2]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
        yield int(value) if value != int(value) else value * 10 or 10
    elif isinstance(value, str):
        yield _near_text(value)
    elif isinstance(value, list):
        yield value[:-1] if value else ["unknown"]
        yield [*value, value[-1]] if value else [0]
    elif value is None:
        yield "unknown"


def _near_text(text: str) -> str:
    """Another id, the day after, or the text without its last word or letter."""
    try:
        return (date.fromisoformat(text) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        pass
    digits = list(re.finditer(r"[0-9]+", text))
    if digits:
        last = digits[-1]
        return f"{text[: last.start()]}{int(last[0]) + 1:0{len(last[0])}}{text[last.end() :]}"
    words = text.split()
    if len(words) > 1:
        return " ".join(words[:-1])
    return text[1:] if len(text) > 1 else f"{text}x"


def retyped(value: JSON) -> Iterator[JSON]:
    """The same value in another type, as models are wont to send it: 5 as "5", {…} as text."""
    if isinstance(value, str):
        yield [value]
    elif isinstance(value, list) and len(value) == 1:
        yield value[0]
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        yield ", ".join(value)
    else:
        yield json.dumps(value, ensure_ascii=False)


def example(schema: JSON) -> JSON:
    """A value that satisfies a plain JSON Schema: its required parts only. A pattern is not obeyed."""
    if not isinstance(schema, dict):
        return "example"
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if schema.get(key):
            return schema[key][0]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return example(schema[key][0])
    kind = schema.get("type", "string")
    return _example_of(kind[0] if isinstance(kind, list) else kind, schema)


def _example_of(kind: str, schema: dict[str, Any]) -> JSON:
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example(properties.get(name, {})) for name in schema.get("required", [])}
    if kind == "array":
        return [example(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
    if kind in ("integer", "number"):
        return min(max(1, schema.get("minimum", 1)), schema.get("maximum", math.inf))
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    if schema.get("format") == "date":
        return "2031-01-15"
    return "example".ljust(schema.get("minLength", 0), "e")[: schema.get("maxLength", 100)]
