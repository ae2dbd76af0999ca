"""A run's events to other processes, and their commands back, over a Unix socket.

A line of JSON each way. Whoever connects first gets `{"state": …}`, the snapshot, then `{"event": …}` lines,
each with nothing missing before it but text deltas: a viewer that reads slowly loses those, never another
event, and never makes the runner wait. A viewer sends `Command` lines.

The runner writes lines and reads commands without pydantic: to build its schemas takes tens of milliseconds, in which
no time stamp could be taken. A viewer reads with it.
"""

import asyncio
import contextlib
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import Field, TypeAdapter

from milo_tui.config import socket_path
from milo_tui.errors import MiloError
from milo_tui.runner.events import ACTIONS, Command, Event, Streamed
from milo_tui.runner.state import RunState

CLOSE_TIMEOUT = 2.0
"""Seconds that a viewer waits for the runner to have read its last command."""
LINE_LIMIT = 64 * 1024 * 1024
"""The longest line a viewer reads: a snapshot of many models with long transcripts."""

QUEUED_DELTAS = 2_000
"""How many text deltas wait for a slow viewer before the oldest are dropped."""


class ChannelError(MiloError):
    """The socket cannot be made; one sentence."""


class Feed(Protocol):
    """A live run as a viewer sees it: over a Unix socket (SocketFeed), or in memory for tests.

    `state` is the snapshot got on joining. The viewer applies each event to it as it draws; the feed does not.
    """

    state: RunState

    def events(self) -> AsyncIterator[Event]:
        """The events after the snapshot, until the runner ends or goes away."""
        ...

    async def send(self, command: Command) -> None:
        """Ask the runner for something; what comes of it is seen in the events. Raises ConnectionError."""
        ...

    async def aclose(self) -> None:
        """Leave. The run goes on."""
        ...


class _Viewer:
    """One connection's queue. Deltas are dropped oldest first; other events wait as long as it takes."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.lines: deque[tuple[bytes, bool]] = deque()
        self._deltas = 0
        self._wake = asyncio.Event()

    def offer(self, line: bytes, *, is_delta: bool) -> None:
        """Queue a line; never waits."""
        self.lines.append((line, is_delta))
        self._deltas += is_delta
        if self._deltas > QUEUED_DELTAS:
            self._drop_oldest_deltas()
        self._wake.set()

    def _drop_oldest_deltas(self) -> None:
        kept: deque[tuple[bytes, bool]] = deque()
        surplus = self._deltas - QUEUED_DELTAS // 2
        for line, is_delta in self.lines:
            if is_delta and surplus > 0:
                surplus -= 1
                self._deltas -= 1
            else:
                kept.append((line, is_delta))
        self.lines = kept

    async def write_on(self) -> None:
        """Write what is queued, as fast as the viewer reads."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.lines:
                line, is_delta = self.lines.popleft()
                self._deltas -= is_delta
                self.writer.write(line)
                await self.writer.drain()


class Channel:
    """The runner's end. Use as an async context manager; `publish` is cheap and never waits."""

    def __init__(self, path: Path, state: RunState, on_command: Callable[[Command], None]) -> None:
        self._path = path
        self._state = state
        self._on_command = on_command
        self._viewers: set[_Viewer] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Channel":
        try:
            _private_folder(self._path.parent)
            self._path.unlink(missing_ok=True)
            before = os.umask(0o177)
            try:
                self._server = await asyncio.start_unix_server(self._joined, self._path, limit=LINE_LIMIT)
            finally:
                os.umask(before)
        except OSError as error:
            raise ChannelError(
                f"The run's socket {self._path} cannot be made ({error.strerror or error})."
            ) from None
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        await self._drain_viewers()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _drain_viewers(self) -> None:
        """Let viewers that read have what is queued, for a moment."""
        for _ in range(50):
            if not any(viewer.lines for viewer in self._viewers):
                return
            await asyncio.sleep(0.02)

    def publish(self, event: Event) -> None:
        """Send an event to every viewer."""
        if self._viewers:
            line = event_line(event)
            for viewer in self._viewers:
                viewer.offer(line, is_delta=isinstance(event, Streamed))

    def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Not in _serve: a task that is cancelled before its first step never gets there.
        task.add_done_callback(lambda _: writer.close())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        viewer = _Viewer(writer)
        viewer.offer(state_line(self._state), is_delta=False)
        self._viewers.add(viewer)
        writing = asyncio.create_task(viewer.write_on())
        try:
            await self._listen(reader)
        except (ConnectionError, asyncio.LimitOverrunError, ValueError):
            pass  # a viewer that broke off, or sent nonsense, is gone; the run goes on
        finally:
            self._viewers.discard(viewer)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self._on_command(read_command(line))


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise PermissionError(None, "its folder belongs to another user")
    if status.st_mode & 0o077:
        folder.chmod(0o700)


class SocketFeed:
    """A viewer's end: a Feed over the run's socket."""

    def __init__(self, state: RunState, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.state = state
        self._reader = reader
        self._writer = writer

    async def events(self) -> AsyncIterator[Event]:
        """The events after the snapshot, until the runner ends or goes away."""
        while True:
            try:
                line = await self._reader.readline()
            except (ConnectionError, ValueError):
                return
            if not line.endswith(b"\n"):
                return
            yield read_event(line)

    async def send(self, command: Command) -> None:
        """Ask the runner for something. Raises ConnectionError where it is gone."""
        self._writer.write(command_line(command))
        await self._writer.drain()

    async def aclose(self) -> None:
        """Leave, once the runner has read what it was asked for. The run goes on.

        A socket that is closed with events unread is reset: the runner would find that before a command sent last.
        """
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            self._writer.write_eof()
            async with asyncio.timeout(CLOSE_TIMEOUT):
                while await self._reader.read(LINE_LIMIT):
                    pass
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def attach(run: int, folder: Path) -> SocketFeed:
    """Join a run that is going on. Raises ConnectionError where no runner answers."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket_path(folder, run), limit=LINE_LIMIT)
    except OSError:
        raise ConnectionError(f"Run {run} is not running.") from None
    line = await reader.readline()
    if not line.endswith(b"\n"):
        writer.close()
        raise ConnectionError(f"Run {run} has just ended.")
    return SocketFeed(read_state(line), reader, writer)


def state_line(state: RunState) -> bytes:
    """The snapshot that a newcomer gets first."""
    return _line({"state": state})


def event_line(event: Event) -> bytes:
    """An event."""
    return _line({"event": event})


def command_line(command: Command) -> bytes:
    """A command."""
    return _line(command)


def _line(value: object) -> bytes:
    """A line of JSON. A lone surrogate (legal in a model's JSON, not in UTF-8) becomes a question mark."""
    text = json.dumps(value, default=_fields, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def read_state(line: bytes) -> RunState:
    """The snapshot of a line. Raises ValueError."""
    return _state().validate_python(json.loads(line)["state"])


def read_event(line: bytes) -> Event:
    """The event of a line. Raises ValueError."""
    return _event().validate_python(json.loads(line)["event"])


def read_command(line: bytes) -> Command:
    """The command of a line. Raises ValueError."""
    try:
        value = json.loads(line)
    except RecursionError:
        raise ValueError("not a command") from None
    match value:
        case {"action": str(action), "model": str(model), "now": bool(now)} if action in ACTIONS:
            return Command(action, model, now)  # type: ignore[arg-type]
    raise ValueError("not a command")


@cache
def _state() -> "TypeAdapter[RunState]":
    return TypeAdapter(RunState)


@cache
def _event() -> "TypeAdapter[Event]":
    return TypeAdapter(Annotated[Event, Field(discriminator="type")])
