"""milo.toml and the environment → typed settings; where files live.

The one place that reads the environment, but for the fetching of a key (endpoints/keys.py).
"""

import hashlib
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_config_path, user_data_path, user_runtime_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from milo_tui.endpoints.entry import ModelEntry

SOCKET_PATH_LIMIT = 103
"""The longest path of a Unix socket on macOS, in bytes (sun_path holds 104 with its final NUL)."""


class ConfigError(Exception):
    """milo.toml, or what the environment says, cannot be used; its text is one sentence a problem."""


class _File(BaseModel):
    """milo.toml as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: list[ModelEntry] = Field(default_factory=list)
    results: str | None = Field(None, description="The folder of finished runs' raw JSON.")
    theme: str | None = None
    scroll: Literal["page", "line"] = Field("page", description="How a live pane makes room for new text.")
    keymap: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Everything that the program was told."""

    home: Path
    database: Path
    config: Path | None
    results: Path
    runtime: Path
    models: tuple[ModelEntry, ...] = ()
    theme: str = ""
    scroll: Literal["page", "line"] = "page"
    keymap: dict[str, str] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        """The folder of the runners' and servers' logs."""
        return self.home / "logs"

    @property
    def themes_folder(self) -> Path:
        """The folder of the user's own themes."""
        return self.config_folder / "themes"

    @property
    def config_folder(self) -> Path:
        """The folder in which milo.toml is looked for after the working directory."""
        return config_folder()

    def choose(self, ids: list[str] | None) -> list[ModelEntry]:
        """The models of these ids in their order, all of them without ids. Raises ConfigError."""
        if not ids:
            return list(self.models)
        by_id = {model.id: model for model in self.models}
        unknown = [id for id in ids if id not in by_id]
        if unknown:
            known = ", ".join(by_id) or "none"
            raise ConfigError(
                f"There is no model {unknown[0]} in {self.config or 'milo.toml'} (there: {known})."
            )
        return [by_id[id] for id in ids]


def data_folder(name: str) -> Path:
    """The folder of data that Milo ships (`prompts`, `themes`): in the wheel, or at the top of a checkout."""
    package = Path(__file__).parent
    packaged = package / "_data" / name
    return packaged if packaged.is_dir() else package.parent / name


def config_folder() -> Path:
    """The user's configuration folder: under MILO_HOME where that is set."""
    home = os.environ.get("MILO_HOME")
    return Path(home).expanduser() if home else user_config_path("milo", appauthor=False)


def ssh_session() -> bool:
    """Whether the program is used over SSH."""
    return any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))


def in_tmux() -> bool:
    """Whether the program is used within tmux."""
    return bool(os.environ.get("TMUX"))


def is_set(name: str) -> bool:
    """Whether an environment variable holds anything; its value stays where it is."""
    return bool(os.environ.get(name))


def child_environment(**extra: str) -> dict[str, str]:
    """The environment for a process that Milo starts."""
    return {**os.environ, **extra}


def server_environment(keys: Iterable[str]) -> dict[str, str]:
    """The environment for a model's server: no API key in it, neither these variables nor any named like one."""
    secret = set(keys)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in secret and not name.endswith("_API_KEY")
    }
    return {**kept, "PYTHONUNBUFFERED": "1"}


def load_settings(
    *, config: Path | None = None, database: Path | None = None, results: Path | None = None
) -> Settings:
    """Read milo.toml (given, else the working directory's, else the user's) and the environment.

    Raises ConfigError with file, line and key.
    """
    home_given = os.environ.get("MILO_HOME")
    home = Path(home_given).expanduser().absolute() if home_given else user_data_path("milo", appauthor=False)
    found = config if config is not None else _find_config()
    file = _read(found) if found is not None else _File()
    database_given = database or (Path(given) if (given := os.environ.get("MILO_DB")) else None)
    path = (database_given or home / "milo.db").expanduser().absolute()
    return Settings(
        home=home,
        database=path,
        config=found,
        results=(results or Path(file.results or "bench_results")).expanduser().absolute(),
        runtime=_runtime_folder(path),
        models=tuple(file.model),
        theme=file.theme or "",
        scroll=file.scroll,
        keymap=dict(file.keymap),
    )


def _find_config() -> Path | None:
    for folder in (Path.cwd(), config_folder()):
        if (folder / "milo.toml").is_file():
            return folder / "milo.toml"
    return None


def _runtime_folder(database: Path) -> Path:
    """Where the sockets of this database's runs lie: short, for macOS; apart for each database."""
    tag = hashlib.sha256(str(database).encode()).hexdigest()[:10]
    fallback = f"milo-{os.getuid()}"
    # The folder is made 0700 and its owner is checked before a socket is put into it.
    candidates = [Path(tempfile.gettempdir()) / fallback, Path("/tmp") / fallback]
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given and os.access(given, os.W_OK):
        candidates.insert(0, Path(given) / "milo")
    elif sys.platform == "darwin":
        candidates.insert(0, user_runtime_path("milo", appauthor=False))
    fitting = (folder / tag for folder in candidates if len(bytes(folder / tag)) + 20 <= SOCKET_PATH_LIMIT)
    return next(fitting, candidates[-1] / tag)


def _read(path: Path) -> _File:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; `milo models init` writes one.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({(error.strerror or 'error').lower()}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text; save it as UTF-8.") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_toml_sentence(path, str(error))) from None
    try:
        file = _File.model_validate(data)
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
    return file


def _toml_sentence(path: Path, message: str) -> str:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = found[1] if found else "1"
    return f"{path}:{line}: not valid TOML: {message.split(' (at')[0]}."


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
    known: list[str] = list(_File.model_fields)
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
