"""milo.toml and the environment → typed settings; where files live.

The one place that reads the environment, but for the fetching of a key (endpoints/keys.py). Without pydantic, which
is imported once a milo.toml must be checked: to list runs needs none of its models.
"""

import hashlib
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from platformdirs import user_config_path, user_data_path, user_runtime_path

from milo_tui.errors import MiloError

if TYPE_CHECKING:
    from milo_tui.endpoints.entry import ModelEntry

SOCKET_PATH_LIMIT = 103
"""The longest path of a Unix socket on macOS, in bytes (sun_path holds 104 with its final NUL)."""


class ConfigError(MiloError):
    """milo.toml, or what the environment says, cannot be used; its text is one sentence a problem."""


@dataclass(frozen=True)
class Settings:
    """Everything that the program was told."""

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
        """The folder in which milo.toml is looked for after the working directory."""
        return config_folder()

    @property
    def prices(self) -> Path:
        """The user's own prices.toml: beside the milo.toml in use, else in the configuration folder."""
        beside = self.config.parent / "prices.toml" if self.config is not None else None
        return beside if beside is not None and beside.is_file() else self.config_folder / "prices.toml"

    def choose(self, ids: list[str] | None) -> "list[ModelEntry]":
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
        twice = [id for place, id in enumerate(ids) if id in ids[:place]]
        if twice:
            raise ConfigError(f"Model {twice[0]} is named twice; a run asks each model once per repeat.")
        return [by_id[id] for id in ids]

    def with_models(self) -> "Settings":
        """These settings with milo.toml's models as they are now, where it was read without. Raises ConfigError."""
        if self.models or self.config is None:
            return self
        return replace(self, models=tuple(_read(self.config, models=True)["model"]))


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
    *,
    config: Path | None = None,
    database: Path | None = None,
    results: Path | None = None,
    models: bool = True,
) -> Settings:
    """Read milo.toml (given, else the working directory's, else the user's) and the environment.

    Without `models`, milo.toml's models are neither checked nor given. Raises ConfigError with file, line and key.
    """
    home_given = os.environ.get("MILO_HOME")
    home = Path(home_given).expanduser().absolute() if home_given else user_data_path("milo", appauthor=False)
    found = config if config is not None else _find_config()
    file = _read(found, models=models) if found is not None else {}
    database_given = database or (Path(given) if (given := os.environ.get("MILO_DB")) else None)
    path = (database_given or home / "milo.db").expanduser().absolute()
    return Settings(
        home=home,
        database=path,
        config=found,
        results=(results or Path(file.get("results") or "bench_results")).expanduser().absolute(),
        runtime=_runtime_folder(path),
        models=tuple(file.get("model", ())) if models else (),
        theme=file.get("theme") or "",
        scroll=file.get("scroll", "page"),
        keymap=dict(file.get("keymap", {})),
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


def _read(path: Path, *, models: bool) -> dict[str, Any]:
    """What milo.toml holds by its keys; with `models`, those as ModelEntry. Raises ConfigError."""
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
    if not models and _is_plain(data):
        return data
    from milo_tui.milo_toml import check

    return dict(check(path, text, data))


_KINDS = {"model": list, "results": str, "theme": str, "scroll": str, "keymap": dict}


def _is_plain(data: dict[str, Any]) -> bool:
    """Whether all but the models is as it should be; what is wrong, milo_toml.py says."""
    known = all(name in _KINDS and isinstance(value, _KINDS[name]) for name, value in data.items())
    return (
        known
        and data.get("scroll", "page") in ("page", "line")
        and all(isinstance(key, str) for key in data.get("keymap", {}).values())
    )


def _toml_sentence(path: Path, message: str) -> str:
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = found[1] if found else "1"
    return f"{path}:{line}: not valid TOML: {message.split(' (at')[0]}."
