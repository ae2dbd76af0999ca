"""pydantic's complaints about a file, each as one sentence that says what to do."""

import difflib
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from milo_tui.suite.json_text import show
from milo_tui.suite.variants import VariantError

_MUST_BE = {
    "string_type": "must be text; put it in quotes",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list: each item on a line of its own, after a dash",
    "dict_type": "must be a mapping, such as name: value",
    "model_type": "must be a mapping, such as name: value",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
}
_PATTERNS = {
    r"^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$": (
        "must be a tool's name: at most 64 letters, digits, _ and -, with no digit or - at the front"
    ),
    r"^[a-z0-9_.-]+/[A-Za-z0-9_.-]+$": "must be folder/file name, without .yaml and without spaces",
    r"^[a-z][a-z0-9_]{0,39}$": "must be a value's name: at most 40 of a-z, 0-9 and _, a letter at the front",
    r"^[a-z0-9_-][a-z0-9_.-]{0,99}$": "must be a folder's name of a-z, 0-9, _, - and .",
    r"^[A-Za-z0-9_.-]{1,200}$": "must be a file's name without .yaml, of letters, digits, _, - and .",
}


def sentence(model: type[BaseModel], error: Mapping[str, Any]) -> str:
    """One of `ValidationError.errors()` of `model` in words, without its place in the file."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_field(model, error["loc"])
    if kind == "missing":
        return "is missing; add it"
    if kind in ("too_short", "too_long"):
        return _wrong_number(error["loc"], error["input"], context)
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        message = _PATTERNS.get(context["pattern"], f"must match {context['pattern']}")
    elif kind in _MUST_BE:
        message = _MUST_BE[kind].format(**context).replace("'", "")
    else:
        message = str(error["msg"]).replace("Input should be", "must be")
    return f"{message} (found {show(error['input'], 60)})"


def place(error: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Where in the document one of `ValidationError.errors()` lies."""
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, VariantError):
        return cause.where
    return tuple(part for part in error["loc"] if part != "[key]")


def field_name(where: tuple[str | int, ...]) -> str:
    """A place as a person reads it, such as tools[0].replies."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")


def _unknown_field(model: type[BaseModel], where: tuple[str | int, ...]) -> str:
    known = _fields(_model_at(model, where[:-1]))
    near = difflib.get_close_matches(str(where[-1]), known, n=1, cutoff=0.6)
    if near:
        return f"there is no such field; is {near[0]} meant?"
    return f"there is no such field; take it out (the fields here are {', '.join(known)})"


def _fields(model: type[BaseModel]) -> list[str]:
    """The fields that an author fills in: those of the JSON Schema."""
    return list(model.model_json_schema(by_alias=True)["properties"])


def _model_at(model: type[BaseModel], where: tuple[str | int, ...]) -> type[BaseModel]:
    """The model that describes the mapping at a place of the file."""
    for part in where:
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                model = _model_in(field.annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(part) for part in typing.get_args(annotation))
    return next((model for model in found if model is not None), None)


def _wrong_number(where: tuple[str | int, ...], value: Any, context: Mapping[str, Any]) -> str:
    if where and where[-1] == "checks":
        return f"a prompt has three checks, a point each; this one has {len(value)}"
    if isinstance(value, dict):
        return f"must name one tool, as in tool_name: {{argument: value}}; this names {len(value) or 'none'}"
    if "min_length" in context:
        return f"must hold at least {context['min_length']} item{'s' * (context['min_length'] > 1)}"
    return f"must hold at most {context['max_length']} items, and holds {len(value)}"
