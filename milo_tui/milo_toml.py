"""milo.toml's form, and every mistake in it as a sentence with file, line and key."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from milo_tui.config import ConfigError
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.factory import entry_problem


class File(BaseModel):
    """milo.toml as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: list[ModelEntry] = Field(default_factory=list)
    results: str | None = Field(None, description="The folder of finished runs' raw JSON.")
    theme: str | None = None
    scroll: Literal["page", "line"] = Field("page", description="How a live pane makes room for new text.")
    keymap: dict[str, str] = Field(default_factory=dict)


def check(path: Path, text: str, data: dict[str, Any]) -> File:
    """The file at `path`, whose text holds this data. Raises ConfigError."""
    try:
        file = File.model_validate(data)
    except ValidationError as error:
        sentences = [_sentence(path, text, dict(details)) for details in error.errors()]
        raise ConfigError("\n".join(dict.fromkeys(sentences))) from None
    ids = [model.id for model in file.model]
    for number, id in enumerate(ids):
        if id in ids[:number]:
            line = line_of(text, ("model", number, "id"))
            raise ConfigError(
                f"{path}:{line}: model[{number}].id: {id} is the id of a model above; give another."
            )
        if problem := entry_problem(file.model[number]):
            key, what = problem
            raise ConfigError(
                f"{path}:{line_of(text, ('model', number, key))}: model[{number}].{key}: {what}."
            )
    return file


def _sentence(path: Path, text: str, details: dict[str, Any]) -> str:
    where: tuple[str | int, ...] = details["loc"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
    kind, message = details["type"], str(details["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        message = f"there is no such key{_suggestion(where)}; mend its spelling or take it out"
    elif kind == "missing":
        message = "is missing; add it to this table"
    elif not isinstance(details["input"], dict | list):
        message = f"{message[:1].lower()}{message[1:]}, found {details['input']!r}"
    return f"{path}:{line_of(text, where)}: {key}: {message}."


def _suggestion(where: tuple[str | int, ...]) -> str:
    known: list[str] = list(File.model_fields)
    if where[0] == "model":
        known = list(ModelEntry.model_fields)
    close = get_close_matches(str(where[-1]), known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


_HEADER = re.compile(r"^\s*\[{1,2}\s*([A-Za-z0-9_.\-\" ]+?)\s*\]{1,2}\s*(?:#.*)?$")


def line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line (from 1) on which the key at `path` stands, or the header of the table that should hold it.

    tomllib gives values without places; this reads headers and keys only, which is enough to point at them.
    """
    tables: list[tuple[tuple[str | int, ...], int]] = [((), 1)]
    counts: dict[str, int] = {}
    best = (0, 1)
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            names = [part.strip(' "') for part in header[1].split(".")]
            tables.append((_table_path(names, line.lstrip().startswith("[["), counts), number))
            best = max(best, (_shared(tables[-1][0], path), number), key=lambda item: item[0])
        elif assignment := re.match(r'^\s*"?([A-Za-z0-9_\-.]+)"?\s*=', line):
            here = (*tables[-1][0], *assignment[1].split("."))
            best = max(best, (_shared(here, path), number), key=lambda item: item[0])
    return best[1]


def _table_path(names: list[str], is_array: bool, counts: dict[str, int]) -> tuple[str | int, ...]:
    if is_array and len(names) == 1:
        counts[names[0]] = counts.get(names[0], -1) + 1
    path: list[str | int] = []
    for name in names:
        path.append(name)
        if name in counts:
            path.append(counts[name])
    return tuple(path)


def _shared(here: tuple[str | int, ...], path: tuple[str | int, ...]) -> int:
    """How much of `path` a place stands for: all of `here` must lie on it."""
    return len(here) if path[: len(here)] == here else 0
