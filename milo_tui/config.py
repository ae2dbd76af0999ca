"""Settings: milo.toml, the environment, and where files live.

Only this module reads the environment, except for the function that reads a key (endpoints/keys.py).
"""

import hashlib
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

from platformdirs import user_config_path, user_data_path, user_runtime_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from milo_tui.endpoints.entry import ModelEntry
from milo_tui.errors import MiloError

SOCKET_PATH_LIMIT = 103
"""The longest path of a Unix socket on macOS, in bytes (sun_path holds 104 with its final NUL)."""

Model = TypeVar("Model", bound=BaseModel)
Key = tuple[str | int, ...]
"""The place of a value in milo.toml, such as ("model", 0, "id")."""


class ConfigError(MiloError):
    """milo.toml, a command's options or the environment cannot be used; one sentence per problem."""


class MiloToml(BaseModel):
    """The contents of milo.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: list[dict[str, Any]] = Field(default_factory=list, description="Read as ModelEntry.")
    results: str | None = Field(None, description="Folder for the raw JSON of finished runs.")
    theme: str | None = None
    scroll: Literal["page", "line"] = Field("page", description="How a live pane scrolls as text arrives.")
    keymap: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What milo.toml, the environment and a command's options say."""

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
        """The folder where milo.toml is looked for after the working directory."""
        return config_folder()

    @property
    def prices(self) -> Path:
        """The user's own prices.toml: beside the milo.toml in use, else in the configuration folder."""
        beside = self.config.parent / "prices.toml" if self.config is not None else None
        return beside if beside is not None and beside.is_file() else self.config_folder / "prices.toml"

    def choose(self, ids: list[str] | None) -> list[ModelEntry]:
        """The models with these ids, in this order; without ids, all models. Raises ConfigError."""
        if not ids:
            return list(self.models)
        by_id = {model.id: model for model in self.models}
        if unknown := [id for id in ids if id not in by_id]:
            known = ", ".join(by_id) or "none"
            raise ConfigError(
                f"There is no model {unknown[0]} in {self.config or 'milo.toml'} (there: {known})."
            )
        if twice := [id for place, id in enumerate(ids) if id in ids[:place]]:
            raise ConfigError(f"Model {twice[0]} is named twice; a run asks each model once per repeat.")
        return [by_id[id] for id in ids]

    def with_models(self) -> "Settings":
        """These settings with milo.toml's models as they are now, if it was read without. Raises ConfigError."""
        if self.models or self.config is None:
            return self
        return replace(self, models=_read(self.config, models=True)[1])


def data_folder(name: str) -> Path:
    """The folder of data that ships with Milo (`prompts`, `themes`): in the wheel, or at the top of a checkout."""
    package = Path(__file__).parent
    packaged = package / "_data" / name
    return packaged if packaged.is_dir() else package.parent / name


def config_folder() -> Path:
    """The user's configuration folder; MILO_HOME if that is set."""
    home = os.environ.get("MILO_HOME")
    return _expand(Path(home)) if home else user_config_path("milo", appauthor=False)


def ssh_session() -> bool:
    """Whether this is an SSH session."""
    return any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))


def in_tmux() -> bool:
    """Whether this is a tmux session."""
    return bool(os.environ.get("TMUX"))


def is_set(name: str) -> bool:
    """Whether an environment variable is set and not empty."""
    return bool(os.environ.get(name))


def child_environment(**extra: str) -> dict[str, str]:
    """The environment of a process that Milo starts."""
    return {**os.environ, **extra}


def server_environment(keys: Iterable[str]) -> dict[str, str]:
    """The environment of a model's server: without these variables and others whose names end in _API_KEY."""
    secret = set(keys)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in secret and not name.endswith("_API_KEY")
    }
    return {**kept, "PYTHONUNBUFFERED": "1"}


def load_settings(
    *,
    config: Path | None = None,
    database: Path | None = None,
    results: Path | None = None,
    models: bool = True,
) -> Settings:
    """Read milo.toml (given, else the working directory's, else the user's) and the environment.

    Without `models`, milo.toml's models are neither checked nor returned. Raises ConfigError with file, line and key.
    """
    home_given = os.environ.get("MILO_HOME")
    home = _expand(Path(home_given)).absolute() if home_given else user_data_path("milo", appauthor=False)
    found = config if config is not None else _find_config()
    file, entries = _read(found, models=models) if found is not None else (MiloToml(), ())
    database_given = database or (Path(given) if (given := os.environ.get("MILO_DB")) else None)
    path = _expand(database_given or home / "milo.db").absolute()
    return Settings(
        home=home,
        database=path,
        config=found,
        results=_expand(results or Path(file.results or "bench_results")).absolute(),
        runtime=_runtime_folder(path),
        models=entries,
        theme=file.theme or "",
        scroll=file.scroll,
        keymap=dict(file.keymap),
    )


def _expand(path: Path) -> Path:
    """The path with `~` replaced. Raises ConfigError for the home of a user that does not exist."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ConfigError(f"{path}: there is no such user; give a path without ~.") from None


def _find_config() -> Path | None:
    for folder in (Path.cwd(), config_folder()):
        if (folder / "milo.toml").is_file():
            return folder / "milo.toml"
    return None


def _runtime_folder(database: Path) -> Path:
    """The folder of the sockets of this database's runs: short, for macOS, and different for each database."""
    tag = hashlib.sha256(str(database).encode()).hexdigest()[:10]
    fallback = f"milo-{os.getuid()}"
    # Whoever creates a socket in the folder makes it 0700 and checks its owner first.
    candidates = [Path(tempfile.gettempdir()) / fallback, Path("/tmp") / fallback]
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given and os.access(given, os.W_OK):
        candidates.insert(0, Path(given) / "milo")
    elif sys.platform == "darwin":
        candidates.insert(0, user_runtime_path("milo", appauthor=False))
    fitting = (folder / tag for folder in candidates if len(bytes(folder / tag)) + 20 <= SOCKET_PATH_LIMIT)
    return next(fitting, candidates[-1] / tag)


def _read(path: Path, *, models: bool) -> tuple[MiloToml, tuple[ModelEntry, ...]]:
    """Read and check milo.toml; without `models`, its models are neither checked nor returned. Raises ConfigError."""
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
        raise ConfigError(_syntax_sentence(path, str(error))) from None
    problems: list[str] = []
    file = _validated(MiloToml, data, (), path, text, problems)
    entries = _entries(file, path, text, problems) if file is not None and models else []
    if file is None or problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    return file, tuple(entries)


def _entries(file: MiloToml, path: Path, text: str, problems: list[str]) -> list[ModelEntry]:
    """The models of milo.toml; what is wrong with them is added to `problems`."""
    # The protocols need an HTTP client, which takes long to import; most commands need no model.
    from milo_tui.endpoints.factory import entry_problem  # noqa: PLC0415

    entries: list[ModelEntry] = []
    for number, table in enumerate(file.model):
        place: Key = ("model", number)
        entry = _validated(ModelEntry, table, place, path, text, problems)
        if entry is None:
            continue
        problem = entry_problem(entry)
        if any(entry.id == other.id for other in entries):
            problem = ("id", f"{entry.id} is the id of a model above; use another id")
        if problem is not None:
            key, message = problem
            problems.append(f"{path}:{line_of(text, (*place, key))}: model[{number}].{key}: {message}.")
        entries.append(entry)
    return entries


def _validated(
    kind: type[Model], data: dict[str, Any], place: Key, path: Path, text: str, problems: list[str]
) -> Model | None:
    """The table at `place` as a `kind`; what is wrong with it is added to `problems`."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        for details in error.errors():
            problems.append(_sentence(path, text, {**details, "loc": (*place, *details["loc"])}))
        return None


def _syntax_sentence(path: Path, message: str) -> str:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = found[1] if found else "1"
    return f"{path}:{line}: not valid TOML: {message.split(' (at')[0]}."


def _sentence(path: Path, text: str, details: dict[str, Any]) -> str:
    """A mistake that pydantic found, with the line and the key."""
    place: Key = details["loc"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    message = str(details["msg"]).removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        message = f"unknown key{_suggestion(place)}; fix its spelling or remove it"
    elif details["type"] == "missing":
        message = "is missing; add it to this table"
    elif not isinstance(details["input"], dict | list):
        message = f"{message[:1].lower()}{message[1:]}, found {details['input']!r}"
    return f"{path}:{line_of(text, place)}: {key}: {message}."


def _suggestion(place: Key) -> str:
    known = ModelEntry.model_fields if place[0] == "model" else MiloToml.model_fields
    close = get_close_matches(str(place[-1]), list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


_HEADER = re.compile(r"^\s*\[{1,2}\s*([A-Za-z0-9_.\-\" ]+?)\s*\]{1,2}\s*(?:#.*)?$")


def line_of(text: str, key: Key) -> int:
    """The line (from 1) of a key, or of the header of the table that should hold it.

    tomllib gives no lines; this reads only headers and keys, which is enough to point at them.
    """
    table: Key = ()
    counts: dict[str, int] = {}
    best = (0, 1)
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            names = [part.strip(' "') for part in header[1].split(".")]
            table = _table_key(names, line.lstrip().startswith("[["), counts)
            best = max(best, (_shared(table, key), number), key=lambda item: item[0])
        elif assignment := re.match(r'^\s*"?([A-Za-z0-9_\-.]+)"?\s*=', line):
            here = (*table, *assignment[1].split("."))
            best = max(best, (_shared(here, key), number), key=lambda item: item[0])
    return best[1]


def _table_key(names: list[str], is_array: bool, counts: dict[str, int]) -> Key:
    if is_array and len(names) == 1:
        counts[names[0]] = counts.get(names[0], -1) + 1
    path: list[str | int] = []
    for name in names:
        path.append(name)
        if name in counts:
            path.append(counts[name])
    return tuple(path)


def _shared(here: Key, key: Key) -> int:
    """The length of `here` if `key` lies in it, else 0."""
    return len(here) if key[: len(here)] == here else 0
