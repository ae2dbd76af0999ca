"""doctor: versions, paths, terminal, database, servers; what is missing, and how to mend it."""

import asyncio
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import BELOW, common, settings

if TYPE_CHECKING:
    from milo_tui.config import Settings
    from milo_tui.endpoints.entry import ModelEntry

_PACKAGES = ("milo-tui", "textual", "httpx", "mlx-lm", "mlx")
_LEAST_FREE_GB = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A line: whether it is well, what was found, and what to do where it is not."""

    ok: bool
    text: str
    mend: str = ""


@click.command()
@common
def doctor() -> None:
    """What Milo finds here, what is missing, and how to mend it. Nothing is changed."""
    from milo_tui.sanitise import sanitise

    fine = True
    for title, findings in _sections(settings()):
        click.echo(title)
        for finding in findings:
            fine = fine and finding.ok
            mend = f" → {finding.mend}" if finding.mend and not finding.ok else ""
            click.echo(sanitise(f"  {'✓' if finding.ok else '✗'} {finding.text}{mend}"))
    sys.exit(0 if fine else BELOW)


def _sections(where: "Settings") -> Iterator[tuple[str, list[Finding]]]:
    yield "Versions", list(_versions())
    yield "Files", list(_files(where))
    yield "Terminal", list(_terminal())
    yield "Database", asyncio.run(_database(where))
    yield "Models", [finding for entry in where.models for finding in _model(entry)] or [_no_model()]
    yield "Servers", [*asyncio.run(_servers()), *_left_behind(where)]


def _versions() -> Iterator[Finding]:
    from milo_tui.store.health import SQLITE

    found = {name: _version(name) for name in _PACKAGES}
    told = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    yield Finding(True, f"{told}, Python {platform.python_version()}, SQLite {SQLITE}")
    mlx_lm, mlx = found["mlx-lm"], found["mlx"]
    if mlx_lm is None or mlx is None:
        missing = "mlx-lm" if mlx_lm is None else "mlx"
        yield Finding(
            False,
            f"{missing} is not installed, so Milo can start no server itself",
            'pip install "mlx-lm[cpu]", or give base_url of a server that runs',
        )
    elif problem := misfit(mlx_lm, mlx, sys.platform == "darwin"):
        yield Finding(False, problem, "upgrade both: pip install --upgrade mlx-lm mlx")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def misfit(mlx_lm: str, mlx: str, on_metal: bool) -> str:
    """Why these two do not work together ("There is no Stream" at the first request); empty where they do."""
    if _numbers(mlx_lm) >= (0, 31, 3):
        return ""
    newest = (0, 31, 1) if on_metal else (0, 31, 2)
    if _numbers(mlx) <= newest:
        return ""
    return f"mlx-lm {mlx_lm} hangs at its first request with mlx {mlx} (it works up to {'.'.join(map(str, newest))})"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())


def _files(where: "Settings") -> Iterator[Finding]:
    yield Finding(
        True, f"milo.toml: {where.config or 'none; the working directory and your configuration folder'}"
    )
    for name, path in (("home", where.home), ("logs", where.logs), ("results", where.results)):
        there = next(folder for folder in (path, *path.parents) if folder.exists())
        yield Finding(
            os.access(there, os.W_OK),
            f"{name}: {path}" + ("" if path.exists() else " (made when it is needed)"),
            "mend its permissions, or set MILO_HOME",
        )
    there = next(folder for folder in (where.home, *where.home.parents) if folder.exists())
    free = shutil.disk_usage(there).free / 1e9
    yield Finding(free >= _LEAST_FREE_GB, f"{free:.1f} GB free on the disk", "make room")


def _terminal() -> Iterator[Finding]:
    from milo_tui.config import in_tmux, ssh_session

    if not sys.stdout.isatty():
        yield Finding(True, "none: output goes to a file or a pipe")
        return
    size = shutil.get_terminal_size()
    yield Finding(
        size.columns >= 80 and size.lines >= 24,
        f"{size.columns}×{size.lines}",
        "make it at least 80×24",
    )
    yield Finding(
        (sys.stdout.encoding or "").lower().replace("-", "") == "utf8",
        f"encoding {sys.stdout.encoding}",
        "set LC_ALL to a UTF-8 locale",
    )
    over = [name for name, true in (("SSH", ssh_session()), ("tmux", in_tmux())) if true]
    if over:
        yield Finding(True, f"over {' and '.join(over)}: text is copied by OSC 52")


async def _database(where: "Settings") -> list[Finding]:
    from milo_tui.store.database import StoreError
    from milo_tui.store.health import problems

    if not where.database.exists():
        return [Finding(True, f"{where.database}: none yet; the first run makes it")]
    size = where.database.stat().st_size / 1e6
    try:
        found = await problems(where.database)
    except StoreError as error:
        return [Finding(False, str(error))]
    mend = "move it away; `milo import` brings runs back from bench_results"
    return [
        Finding(True, f"{where.database}: {size:.1f} MB"),
        *(Finding(False, problem, mend) for problem in found),
    ]


def _no_model() -> Finding:
    return Finding(
        True, "none is named; `milo models init` or `milo models add` begins, `milo demo` needs none"
    )


def _model(entry: "ModelEntry") -> Iterator[Finding]:
    from milo_tui.endpoints.endpoint import EndpointError
    from milo_tui.endpoints.keys import fetch_key
    from milo_tui.mlx.launch import weights_folder
    from milo_tui.mlx.memory import machine_gb
    from milo_tui.runner.fitting import cannot_fit

    if entry.api_key_env:
        try:
            fetch_key(entry.api_key_env)
            yield Finding(True, f"{entry.name}: {entry.api_key_env} is set")
        except EndpointError as error:
            yield Finding(False, f"{entry.name}: {error.message}")
    if entry.is_managed and entry.server is not None:
        for sentence in cannot_fit([entry], machine_gb()):
            yield Finding(False, sentence)
        here = weights_folder(entry.server.weights) is not None
        told = "are here" if here else "are not here: mlx_lm.server will download them when it is started"
        yield Finding(True, f"{entry.name}: the weights {told}")


async def _servers() -> list[Finding]:
    from milo_tui.endpoints.discovery import find_servers
    from milo_tui.mlx.memory import available_gb, machine_gb

    memory = Finding(True, f"{available_gb():.1f} of {machine_gb():.1f} GB of memory are free")
    found = await find_servers()
    lines = [
        Finding(True, f"{server.kind} at {server.base_url}: {', '.join(server.models) or 'names no model'}")
        for server in found
    ]
    return [memory, *(lines or [Finding(True, "none listens at the usual ports")])]


def _left_behind(where: "Settings") -> Iterator[Finding]:
    from milo_tui.mlx.ledger import notes

    for note in notes(where.home / "servers"):
        if note.left_behind:
            pids = ", ".join(str(process.pid) for process in note.left_behind)
            yield Finding(
                False,
                f"{note.model}: its server (pid {pids}) was left behind by a runner that was killed",
                "the next `milo run` ends it",
            )
