"""`milo doctor`: versions, paths, terminal, database, models, servers; what is wrong and how to fix it."""

import asyncio
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from milo_tui.cli.common import current_settings
from milo_tui.cli.options import BELOW, common_options
from milo_tui.config import ConfigError, Settings, in_tmux, ssh_session
from milo_tui.endpoints.discovery import find_servers
from milo_tui.endpoints.endpoint import EndpointError
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.keys import fetch_key
from milo_tui.mlx.launch import is_path, weights_folder
from milo_tui.mlx.memory import available_gb, machine_gb
from milo_tui.mlx.server_notes import notes
from milo_tui.runner.fitting import cannot_fit
from milo_tui.sanitise import sanitise
from milo_tui.store.database import SQLITE, StoreError
from milo_tui.store.health import MOST_PROBLEMS, problems
from milo_tui.store.repair import repair

_PACKAGES = ("milo-tui", "textual", "httpx", "mlx-lm", "mlx")
_LEAST_FREE_GB = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the report; `fix` says what to do where it is not ok."""

    ok: bool
    text: str
    fix: str = ""


@click.command("doctor")
@click.option("--repair", "is_repair", is_flag=True, help="Write a repaired copy of the database beside it.")
@common_options
def command(is_repair: bool) -> None:
    """Check this installation and say how to fix what is wrong. Changes nothing."""
    if is_repair:
        _repair(current_settings().database)
        return
    all_ok, broken = True, ""
    try:
        settings = current_settings(models=True)
    except ConfigError as error:
        settings, broken = current_settings(without_file=True), str(error)
    for title, findings in _sections(settings, broken):
        click.echo(title)
        for finding in findings:
            all_ok = all_ok and finding.ok
            fix = f" → {finding.fix}" if finding.fix and not finding.ok else ""
            click.echo(sanitise(f"  {'✓' if finding.ok else '✗'} {finding.text}{fix}"))
    sys.exit(0 if all_ok else BELOW)


def _repair(path: Path) -> None:
    """Write the repaired copy of a database, and say what was done. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"There is no database {path}.")
    copy, changes = repair(path)
    for change in changes[:MOST_PROBLEMS]:
        click.echo(sanitise(f"  {change}"))
    if len(changes) > MOST_PROBLEMS:
        click.echo(f"  and {len(changes) - MOST_PROBLEMS} more")
    click.echo(
        sanitise(
            f"{copy} is the repaired copy; {path} was not changed. Try it with --db, then move it there."
        )
    )
    if left := asyncio.run(problems(copy)):
        raise StoreError(f"{copy} is still damaged: {left[0]}.")


def _sections(settings: Settings, broken: str) -> Iterator[tuple[str, list[Finding]]]:
    yield "Versions", list(_versions())
    yield "Files", list(_files(settings))
    yield "Terminal", list(_terminal())
    yield "Database", asyncio.run(_database(settings))
    models = [finding for entry in settings.models for finding in _model(entry)]
    no_model = (
        "milo.toml names none; `milo models init` or `milo models add` adds one, `milo demo` needs none"
    )
    if broken:
        models = [Finding(False, broken, "fix milo.toml; its models are not checked until then")]
    yield "Models", models or [Finding(True, no_model)]
    yield "Servers", [*asyncio.run(_servers()), *_orphans(settings)]


def _versions() -> Iterator[Finding]:
    found = {name: _version(name) for name in _PACKAGES}
    versions = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    yield Finding(True, f"{versions}, Python {platform.python_version()}, SQLite {SQLITE}")
    mlx_lm, mlx = found["mlx-lm"], found["mlx"]
    if mlx_lm is None or mlx is None:
        missing = "mlx-lm" if mlx_lm is None else "mlx"
        yield Finding(
            False,
            f"{missing} is not installed, so Milo cannot start a server itself",
            'pip install "mlx-lm[cpu]", or give the base_url of a running server',
        )
    elif problem := incompatibility(mlx_lm, mlx, sys.platform == "darwin"):
        yield Finding(False, problem, "upgrade both: pip install --upgrade mlx-lm mlx")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def incompatibility(mlx_lm: str, mlx: str, on_metal: bool) -> str:
    """Why these versions do not work together ("There is no Stream" at the first request); "" where they do."""
    if _numbers(mlx_lm) >= (0, 31, 3):
        return ""
    newest = (0, 31, 1) if on_metal else (0, 31, 2)
    if _numbers(mlx) <= newest:
        return ""
    limit = ".".join(map(str, newest))
    return f"mlx-lm {mlx_lm} hangs at its first request with mlx {mlx} (it works up to {limit})"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())


def _files(settings: Settings) -> Iterator[Finding]:
    places = "none in the working directory or in your configuration folder"
    yield Finding(True, f"milo.toml: {settings.config or places}")
    for name, path in (("home", settings.home), ("logs", settings.logs), ("results", settings.results)):
        existing = next(folder for folder in (path, *path.parents) if folder.exists())
        yield Finding(
            os.access(existing, os.W_OK),
            f"{name}: {path}" + ("" if path.exists() else " (created when needed)"),
            "fix its permissions, or set MILO_HOME",
        )
    existing = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    free = shutil.disk_usage(existing).free / 1e9
    yield Finding(free >= _LEAST_FREE_GB, f"{free:.1f} GB free on the disk", "free some space")


def _terminal() -> Iterator[Finding]:
    if not sys.stdout.isatty():
        yield Finding(True, "none: output goes to a file or a pipe")
        return
    size = shutil.get_terminal_size()
    is_large = size.columns >= 80 and size.lines >= 24
    yield Finding(is_large, f"{size.columns}×{size.lines}", "enlarge it to 80×24 or more")
    encoding = sys.stdout.encoding or ""
    is_utf8 = encoding.lower().replace("-", "") == "utf8"
    yield Finding(is_utf8, f"encoding {encoding}", "set LC_ALL to a UTF-8 locale")
    over = [name for name, true in (("SSH", ssh_session()), ("tmux", in_tmux())) if true]
    if over:
        yield Finding(True, f"over {' and '.join(over)}: text is copied by OSC 52")


async def _database(settings: Settings) -> list[Finding]:
    if not settings.database.exists():
        return [Finding(True, f"{settings.database}: none yet; the first run creates it")]
    size = settings.database.stat().st_size / 1e6
    try:
        found = await problems(settings.database)
    except StoreError as error:
        return [Finding(False, str(error))]
    fix = "`milo doctor --repair` writes a repaired copy"
    return [
        Finding(True, f"{settings.database}: {size:.1f} MB"),
        *(Finding(False, problem, fix) for problem in found),
    ]


def _model(entry: ModelEntry) -> Iterator[Finding]:
    if entry.api_key_env:
        try:
            fetch_key(entry.api_key_env)
            yield Finding(True, f"{entry.name}: {entry.api_key_env} is set")
        except EndpointError as error:
            yield Finding(False, f"{entry.name}: {error.message}")
    if entry.is_simulated or not (entry.api_key_env or entry.is_managed):
        yield Finding(True, f"{entry.name}: {entry.base_url or 'simulated'}")
    if entry.is_managed and entry.server is not None:
        for sentence in cannot_fit([entry], machine_gb()):
            yield Finding(False, sentence)
        folder = weights_folder(entry.server.weights)
        if folder is not None and not any(folder.glob("*.safetensors")):
            problem = "no *.safetensors file" if any(folder.iterdir()) else "nothing"
            fix = "download the weights again, or mend `weights`"
            yield Finding(False, f"{entry.name}: {folder} holds {problem}", fix)
        elif folder is not None:
            yield Finding(True, f"{entry.name}: the weights are here")
        elif is_path(entry.server.weights):
            yield Finding(False, f"{entry.name}: there is no folder {entry.server.weights}", "mend `weights`")
        else:
            yield Finding(
                True, f"{entry.name}: the weights are not here; mlx_lm.server downloads them at start"
            )


async def _servers() -> list[Finding]:
    memory = Finding(True, f"{available_gb():.1f} of {machine_gb():.1f} GB of memory free")
    servers = [
        Finding(True, f"{server.kind} at {server.base_url}: {', '.join(server.models) or 'lists no model'}")
        for server in await find_servers()
    ]
    return [memory, *(servers or [Finding(True, "no server listens at the usual ports")])]


def _orphans(settings: Settings) -> Iterator[Finding]:
    for note in notes(settings.home / "servers"):
        if note.left_behind:
            pids = ", ".join(str(process.pid) for process in note.left_behind)
            yield Finding(
                False,
                f"{note.model}: its server (pid {pids}) was left behind by a killed runner",
                "the next `milo run` ends it",
            )
