"""Settings: milo.toml, the environment, and where files live.

Only this module reads the environment, except for the function that reads a key (endpoints/keys.py).
"""

import hashlib
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from platformdirs import user_config_path, user_data_path, user_runtime_path

from milo_tui.errors import MiloError
from milo_tui.toml_lines import Key, line_of

if TYPE_CHECKING:
    from milo_tui.endpoints.entry import ModelEntry

SOCKET_PATH_LIMIT = 103
"""The longest path of a Unix socket on macOS, in bytes (sun_path holds 104 with its final NUL)."""


class ConfigError(MiloError):
    """milo.toml, a command's options or the environment cannot be used; one sentence per problem."""


KEYS: dict[str, tuple[type, str]] = {
    "model": (list, "[[model]] tables"),
    "results": (str, "the folder for the raw JSON of finished runs, in quotes"),
    "theme": (str, "the name of a theme, in quotes"),
    "scroll": (str, '"page" or "line": how a live pane scrolls as text arrives'),
    "keymap": (dict, "a table of keys"),
}
"""What milo.toml may hold: of which type, and its meaning."""


@dataclass(frozen=True)
class Settings:
    """What milo.toml, the environment and a command's options say."""

    home: Path
    database: Path
    config: Path | None
    results: Path
    runtime: Path
    models: "tuple[ModelEntry, ...]" = ()
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

    def choose(self, ids: list[str] | None) -> "list[ModelEntry]":
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


def socket_path(folder: Path, run: int) -> Path:
    """Where the run's socket lies."""
    return folder / f"{run}.sock"


def live_runs(folder: Path) -> list[int]:
    """The numbers of the runs that have a socket here, newest first; a stale one fails to attach."""
    found = [int(path.stem) for path in folder.glob("*.sock") if path.stem.isdigit()]
    return sorted(found, reverse=True)


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
    without_file: bool = False,
) -> Settings:
    """Read milo.toml (given, else the working directory's, else the user's) and the environment.

    Without `models`, milo.toml's models are neither checked nor returned; `without_file` goes on where it cannot be
    read. Raises ConfigError with file, line and key.
    """
    home_given = os.environ.get("MILO_HOME")
    home = _expand(Path(home_given)).absolute() if home_given else user_data_path("milo", appauthor=False)
    found = config if config is not None else _find_config()
    file, entries = ({}, ()) if found is None or without_file else _read(found, models=models)
    database_given = database or (Path(given) if (given := os.environ.get("MILO_DB")) else None)
    path = _expand(database_given or home / "milo.db").absolute()
    return Settings(
        home=home,
        database=path,
        config=found,
        results=_expand(results or Path(file.get("results") or "bench_results")).absolute(),
        runtime=_runtime_folder(path),
        models=entries,
        theme=file.get("theme", ""),
        scroll=file.get("scroll", "page"),
        keymap=file.get("keymap", {}),
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


def _read(path: Path, *, models: bool) -> "tuple[dict[str, Any], tuple[ModelEntry, ...]]":
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
    mistakes = list(_mistakes(data))
    entries: list[ModelEntry] = []
    if models and not mistakes:
        # To check models takes pydantic and an HTTP client, which take long to import; most commands need none.
        from milo_tui.endpoints.configured import read_models  # noqa: PLC0415

        entries, mistakes = read_models(data.get("model", []))
    if mistakes:
        told = (f"{path}:{line_of(text, key)}: {_written(key)}: {message}." for key, message in mistakes)
        raise ConfigError("\n".join(dict.fromkeys(told)))
    return data, tuple(entries)


def _mistakes(data: dict[str, Any]) -> Iterator[tuple[Key, str]]:
    """What is wrong in milo.toml but for what a model's table holds: the place, and a sentence's end."""
    for key, value in data.items():
        kind, meaning = KEYS.get(key, (object, ""))
        fits = isinstance(value, kind) and (key != "scroll" or value in ("page", "line"))
        if key not in KEYS:
            close = get_close_matches(key, KEYS, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            yield (key,), f"unknown key{hint}; fix its spelling or remove it"
        elif not fits:
            yield (key,), f"should be {meaning}, found {value!r}"
        elif key == "model":
            for place, table in enumerate(value):
                if not isinstance(table, dict):
                    yield (key, place), f"should be a [[model]] table, found {table!r}"
        elif key == "keymap":
            for name, keys in value.items():
                if not isinstance(keys, str):
                    yield (key, name), f'should be keys in quotes, such as "f2,ctrl+z", found {keys!r}'


def _written(place: Key) -> str:
    """A place as TOML's readers know it: `model[0].id`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def _syntax_sentence(path: Path, message: str) -> str:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = found[1] if found else "1"
    return f"{path}:{line}: not valid TOML: {message.split(' (at')[0]}."
