"""Starting the work: a run is stored, then carried out here or by a process of its own.

A new run and a resumed one are the same to the runner: it does what the store says is left.
"""

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from milo_tui import config as environment
from milo_tui.analysis.phases import RunPhase
from milo_tui.analysis.record import ModelRecord, RunRecord
from milo_tui.config import Settings, socket_path
from milo_tui.endpoints.endpoint import Endpoint
from milo_tui.endpoints.factory import make_endpoint
from milo_tui.errors import MiloError
from milo_tui.mlx.memory import machine_gb
from milo_tui.mlx.process import ServerHome
from milo_tui.mlx.server import ManagedEndpoint, ServerCallbacks
from milo_tui.mlx.server_notes import end_orphans
from milo_tui.processes import process_started
from milo_tui.runner.attempt import RetryPolicy
from milo_tui.runner.channel import Channel, SocketFeed, attach
from milo_tui.runner.consent import require_consent
from milo_tui.runner.demo import script
from milo_tui.runner.events import Event, ServerNoted
from milo_tui.runner.fitting import cannot_fit
from milo_tui.runner.runner import Runner
from milo_tui.runner.scorer import Scorer
from milo_tui.sanitise import sanitise
from milo_tui.simulated.models import SimulatedModels
from milo_tui.store.export_run import write_results
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store

_ATTACH_TIMEOUT = 30.0
"""Seconds that a detached runner may take until its socket answers."""

log = logging.getLogger("milo")
# Where no log file is asked for, what would stand in it is told by the run's events already.
log.addHandler(logging.NullHandler())


class LaunchError(MiloError):
    """A run that cannot be started; one sentence."""


async def create_run(settings: Settings, run: RunRecord) -> int:
    """Store a new run; its number. Raises StoreError, and LaunchError where this machine cannot hold a model."""
    entries = [model.entry for model in run.models]
    if problems := cannot_fit(entries, machine_gb()):
        raise LaunchError("\n".join(problems))
    store = await Store.open(settings.database)
    try:
        return await store.create_run(run)
    finally:
        await store.aclose()


async def execute_run(
    settings: Settings,
    number: int,
    publish: Callable[[Event], None] = lambda event: None,
    *,
    on_start: Callable[[Runner], None] = lambda runner: None,
    retry_policy: RetryPolicy | None = None,
    warn: Callable[[str], None] = log.error,
) -> RunPhase:
    """Do what is left of a run in this process, open to viewers; then write its raw JSON.

    Where that cannot be written, `warn` is told: the run is in the database all the same.
    Raises StoreError (also where another process is at it already), ConsentError and ChannelError.
    """
    reader = await Reader.open(settings.database)
    store = await Store.open(settings.database)
    try:
        run = await reader.run(number)
        require_consent(run)
        await store.claim(number, os.getpid(), process_started(os.getpid()))
        async with AsyncExitStack() as stack:
            servers = await _simulated(stack, run)
            home = server_home(settings, run)
            _end_orphans(home)
            runner = Runner(
                run,
                await reader.attempts(number),
                store,
                lambda model: _endpoint(model, servers, home, runner),
                lambda event: _publish(channel, publish, event),
                retry_policy,
                await stack.enter_async_context(Scorer()),
            )
            channel = Channel(socket_path(settings.runtime, number), runner.state, runner.command)
            await stack.enter_async_context(channel)
            on_start(runner)
            phase = await runner.run()
            log.info("run %d is %s", number, phase.value)
            await _write_results(settings, reader, number, warn)
            return phase
    finally:
        await store.aclose()
        await reader.aclose()


async def _write_results(
    settings: Settings, reader: Reader, number: int, warn: Callable[[str], None]
) -> None:
    try:
        log.info("raw JSON in %s", await write_results(reader, number, settings.results))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        warn(
            f"Run {number} is stored, but its raw JSON could not be written to {settings.results}: {reason}; "
            f"`milo show {number} --format json -o FILE` writes it elsewhere."
        )


def _publish(channel: Channel, publish: Callable[[Event], None], event: Event) -> None:
    channel.publish(event)
    publish(event)
    if isinstance(event, ServerNoted):
        log.warning("%s: %s", event.model, event.text)


async def _simulated(stack: AsyncExitStack, run: RunRecord) -> str | None:
    """Start the simulated models that the run has, if any; their address."""
    entries = [model.entry for model in run.models]
    if not any(entry.is_simulated for entry in entries):
        return None
    models = await stack.enter_async_context(SimulatedModels(script(run, entries)))
    return models.base_url


@asynccontextmanager
async def _endpoint(
    model: ModelRecord, simulated: str | None, home: ServerHome, runner: Runner
) -> AsyncIterator[Endpoint]:
    entry = model.entry
    if entry.is_managed:
        callbacks = ServerCallbacks(
            lambda text: runner.loading(model.id, text), lambda text: runner.note(model.id, text)
        )
        async with ManagedEndpoint(entry, home, callbacks) as managed:
            yield managed
        return
    endpoint = make_endpoint(entry, base_url=simulated if entry.is_simulated else None)
    try:
        yield endpoint
    finally:
        await endpoint.aclose()


def server_home(settings: Settings, run: RunRecord | None = None) -> ServerHome:
    """Where the servers that Milo starts have their files, and their environment: without anybody's API key."""
    entries = [model.entry for model in run.models] if run else settings.models
    keys = [entry.api_key_env for entry in entries if entry.api_key_env]
    return ServerHome(settings.logs, settings.home / "servers", environment.server_environment(keys))


def _end_orphans(home: ServerHome) -> None:
    for model in end_orphans(home.notes):
        log.warning("ended the server of %s, which a runner that was killed had left behind", model)


def start_detached(settings: Settings, number: int) -> int:
    """Start a process that carries the run out and outlives this terminal; its pid.

    A session of its own, so that a dropped SSH connection ends views and not the run; its output goes to
    the run's log.
    """
    settings.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    output = os.open(log_path(settings, number), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "milo_tui", "--db", str(settings.database)),
                *("work", str(number), "--results", str(settings.results)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=environment.child_environment(PYTHONUNBUFFERED="1"),
        )
    finally:
        os.close(output)
    # The runner outlives its parent on purpose: nobody waits for it.
    process.returncode = 0
    return process.pid


async def attach_when_up(settings: Settings, number: int, runner: int | None = None) -> SocketFeed:
    """Join a run as soon as it answers; `runner` is the pid from start_detached, where this process started it.

    What the store says of the run does not count: a run that is resumed is "stopped" there until its runner is up.
    Raises LaunchError, with the log's last line, when the runner has ended or does not answer in time.
    """
    until = time.monotonic() + _ATTACH_TIMEOUT
    ended = False
    while not ended and time.monotonic() < until:
        ended = runner is not None and _has_ended(runner)
        try:
            return await attach(number, settings.runtime)
        except ConnectionError:
            await asyncio.sleep(0.05)
    raise LaunchError(f"Run {number} did not start: {_last_line(log_path(settings, number))}")


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:
        return True


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else f"see {path}"


def log_path(settings: Settings, number: int) -> Path:
    """The log of a run's detached runner."""
    return settings.logs / f"run-{number}.log"


class _SafeFormatter(logging.Formatter):
    """Lines that hold nothing a terminal obeys: messages quote servers."""

    def format(self, record: logging.LogRecord) -> str:
        return sanitise(super().format(record))


def log_to_file(path: Path) -> None:
    """Send this process's log to a file: rotated at 1 MB, three kept, for their owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=3, encoding="utf-8")
    path.chmod(0o600)
    handler.setFormatter(_SafeFormatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
