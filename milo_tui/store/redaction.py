"""Redaction of a run that is passed on (`milo show --share`): no host names, addresses, paths, users and notes.

Model names, sampling, versions and the kind of machine stay: without them a figure says nothing.
"""

import getpass
import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from milo_tui.analysis.record import ModelRecord, RunRecord, TurnRecord
from milo_tui.endpoints.entry import ModelEntry

Value = TypeVar("Value")

_PRIVATE_KEYS = frozenset({"base_url", "api_key_env", "lane", "args", "log", "pid", "port", "command"})
_NOT_PRIVATE = frozenset(
    {"localhost", "127.0.0.1", "::1", "root", "user", "admin", "ubuntu", "runner", "milo"}
)
_MESSAGES = frozenset({"error", "server", "note", "problem", "lost"})
"""Fields that hold messages of a server or of Milo: every host, address and path in them goes."""
_BYTES_AND_HEADERS: Mapping[str, Any] = {"request": b"", "response": b"", "headers": {}}
_COMPONENT = r"[^\\/\s:;,\"'<>()]+(?: [^\\/\s:;,\"'<>()]+)*"
_RULES = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE), "[address]"),
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.])"), "[host]"),
    (re.compile(r"(?<![\w.-])[A-Za-z][\w-]*(?:\.[\w-]+)*\.?:\d{2,5}\b"), "[host]"),
    (re.compile(r"(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:local|lan|internal|home)\b\.?"), "[host]"),
    (
        re.compile(
            rf"(?:(?<![\w./~…-])~?|\b[A-Za-z]:)(?:[\\/]{_COMPONENT}(?=[\\/]))*[\\/]([^\\/\s:;,\"'<>()]+)"
        ),
        r"…/\1",
    ),
)


class Redaction:
    """Removes what is private in one run from everything that its reports are made of.

    What a model wrote loses the hosts and paths of milo.toml, this machine's name, and the user's name and home;
    the rest of it is the benchmark's own. Messages lose every host, address and path.
    """

    def __init__(self, run: RunRecord) -> None:
        hosts = sorted({form for host in _hosts(run) for form in _forms(host)}, key=len, reverse=True)
        home, user = str(Path.home()), _user()
        patterns = [(re.escape(path), f"…/{Path(path).name}") for path in _paths(run)]
        patterns += [(re.escape(home), "~")] if len(home) > len("/root") else []
        patterns += [(rf"(?:{'|'.join(map(_host_pattern, hosts))})\.?", "[host]")] if hosts else []
        if len(user) > 2 and user not in _NOT_PRIVATE:
            patterns.append((rf"(?<![A-Za-z0-9]){re.escape(user)}(?![A-Za-z0-9])", "[user]"))
        self._private = [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in patterns]

    def run(self, run: RunRecord) -> RunRecord:
        """The run without its note, and its models without addresses and paths."""
        shared = self.apply(replace(run, note="", models=(), machine={}))
        models = tuple(self._model(model) for model in run.models)
        return replace(shared, models=models, machine=self._values(run.machine))

    def apply(self, value: Value) -> Value:
        """Attempts, evidence or anything else that holds texts: the same with every text redacted.

        Raw bytes and headers are left out; they name keys' owners, hosts and paths of weights.
        """
        return self._walk(value, self.text)  # type: ignore[no-any-return]

    def message(self, text: str) -> str:
        """A message of the program or of a server, without any host, address or path."""
        text = self.text(text)
        for pattern, instead in _RULES:
            text = pattern.sub(instead, text)
        return text

    def text(self, text: str) -> str:
        """A text without what is known to be private."""
        for pattern, instead in self._private:
            text = pattern.sub(instead, text)
        return text

    def _walk(self, value: Any, clean: Any) -> Any:
        if isinstance(value, Enum) or value is None:
            return value
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, Mapping):
            return {self._walk(key, clean): self._walk(item, clean) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._walk(item, clean) for item in value)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{field.name: self._field(field.name, value) for field in fields(value)})
        return value

    def _field(self, name: str, owner: Any) -> Any:
        if isinstance(owner, TurnRecord) and name in _BYTES_AND_HEADERS:
            return _BYTES_AND_HEADERS[name]
        return self._walk(getattr(owner, name), self.message if name in _MESSAGES else self.text)

    def _model(self, model: ModelRecord) -> ModelRecord:
        entry = {**self._values(model.entry.as_dict()), "id": self.text(model.entry.id)}
        return replace(
            model,
            id=self.text(model.id),
            name=self.text(model.name),
            sampling=self.text(model.sampling),
            note=self.message(model.note),
            entry=ModelEntry.read_back(entry),
            manifest=self._values(model.manifest),
        )

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self.text(key): self._value(item) for key, item in values.items() if key not in _PRIVATE_KEYS}

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.message(value)
        if isinstance(value, Mapping):
            return self._values(value)
        return [self._value(item) for item in value] if isinstance(value, list | tuple) else value


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _hosts(run: RunRecord) -> Iterator[str]:
    """The hosts of the models' servers, and this machine's name."""
    for model in run.models:
        host = urlsplit(model.entry.base_url or "").hostname
        if host:
            yield host.rstrip(".")
    yield platform.node()
    yield platform.node().partition(".")[0]


def _forms(host: str) -> Iterator[str]:
    """A host as it is, and in Unicode and in ASCII where it is an international name."""
    if len(host) < 4 or host.lower() in _NOT_PRIVATE:
        return
    yield host
    with suppress(UnicodeError):
        yield host.encode("idna").decode("ascii")
    with suppress(UnicodeError):
        yield host.encode("ascii").decode("idna")


def _host_pattern(host: str) -> str:
    """Short names without a dot only as a word of their own."""
    pattern = re.escape(host)
    return pattern if "." in host or len(host) > 8 else rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"


def _paths(run: RunRecord) -> Iterator[str]:
    """The paths that the models' entries name."""
    for model in run.models:
        server = model.entry.server
        for path in (server.weights, server.python, server.hosts) if server else ():
            if path and path.startswith(("/", "~", ".")) and len(path) > 2:
                yield path
