"""The models of a milo.toml, each checked."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.factory import entry_problem
from milo_tui.toml_lines import Key


def read_models(tables: Sequence[dict[str, Any]]) -> tuple[list[ModelEntry], list[tuple[Key, str]]]:
    """The entries of `[[model]]` tables, and what is wrong: the place in the file, and a sentence's end."""
    entries: list[ModelEntry] = []
    mistakes: list[tuple[Key, str]] = []
    for number, table in enumerate(tables):
        place: Key = ("model", number)
        try:
            entry = ModelEntry.model_validate(table)
        except ValidationError as error:
            mistakes += [((*place, *details["loc"]), _mistake(details)) for details in error.errors()]
            continue
        if any(entry.id == other.id for other in entries):
            mistakes.append(((*place, "id"), f"{entry.id} is the id of a model above; use another id"))
        elif problem := entry_problem(entry):
            key, message = problem
            mistakes.append(((*place, key), message))
        entries.append(entry)
    return entries, mistakes


def _mistake(details: Any) -> str:
    """A mistake that pydantic found, in words."""
    if details["type"] == "extra_forbidden":
        close = get_close_matches(str(details["loc"][-1]), list(ModelEntry.model_fields), n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        return f"unknown key{hint}; fix its spelling or remove it"
    if details["type"] == "missing":
        return "is missing; add it to this table"
    message = str(details["msg"]).removeprefix("Value error, ")
    if isinstance(details["input"], dict | list):
        return message
    return f"{message[:1].lower()}{message[1:]}, found {details['input']!r}"
