"""The processes of one server: a group of their own, a log, a note on disk, and an end without remains."""

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from milo_tui.mlx import memory, server_notes
from milo_tui.mlx.launch import is_path, refused
from milo_tui.mlx.memory import Memory
from milo_tui.mlx.server_notes import ServerNote

_TAIL = 64 * 1024
_KILL_TIMEOUT = 10.0
_MEMORY_TIMEOUT = 60.0
"""Seconds after which the next model is loaded even if the system has not told of the memory given back."""


@dataclass(frozen=True, slots=True)
class ServerHome:
    """Where a server's files lie: the folders of logs and of notes; the environment that it is started in."""

    logs: Path
    notes: Path
    environment: Mapping[str, str]


class ServerProcess:
    """A server's process group. Its leader ends with this process, killed or not: see mlx_guard.py."""

    def __init__(self, process: asyncio.subprocess.Process, note: ServerNote, log: Path) -> None:
        self._process = process
        self._note = note
        self._log = log
        self._peak_gb = 0.0

    @classmethod
    async def start(cls, command: Sequence[str], model: str, home: ServerHome) -> Self:
        """Start the command in a session of its own, its output in the log. Raises EndpointError."""
        log = home.logs / f"server-{model}.log"
        home.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=dict(home.environment),
            )
        except OSError as error:
            raise refused(f"{command[0]} cannot be started: {error.strerror}.") from None
        finally:
            os.close(output)
        return cls(process, server_notes.note_server(home.notes, model, [process.pid]), log)

    @property
    def group(self) -> int:
        """The process group, which is its leader's pid."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the leader is gone."""
        return self._process.returncode is not None

    @property
    def status(self) -> int | None:
        """The leader's exit status once it is gone."""
        return self._process.returncode

    @property
    def peak_gb(self) -> float:
        """The most memory that was seen, in gigabytes."""
        return self._peak_gb

    def memory(self) -> Memory:
        """The group's memory now; keeps the peak, since it cannot be asked for any more when the group is gone."""
        found = memory.of_group(self.group)
        self._peak_gb = max(self._peak_gb, found.peak_gb)
        return found

    def note_members(self) -> None:
        """Write every process of the group into the note: ranks outlive a launcher that is killed."""
        others = [pid for pid in memory.members(self.group) if pid != self.group]
        folder, model = self._note.path.parent, self._note.model
        self._note = server_notes.note_server(folder, model, [self.group, *others])

    def listens_on(self, port: int) -> bool:
        """Whether the listener on this port is one of the group's; taken for granted where that is not told."""
        for pid in memory.members(self.group):
            try:
                connections = psutil.Process(pid).net_connections("tcp")
            except psutil.AccessDenied:
                return True
            except psutil.Error:
                continue
            if any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
                for connection in connections
            ):
                return True
        return False

    def log_tail(self) -> str:
        """The end of the log."""
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def cause(self, weights: str) -> str:
        """What the log gives as the cause of an end, in one line, and where to read on."""
        return f"{_cause(self.log_tail(), weights)} (log: {self._log.name})"

    async def stop(self, timeout: float) -> None:
        """End the group: SIGTERM, SIGKILL after `timeout` seconds; return when its memory is back."""
        held, available = self.memory().now_gb, memory.available_gb()
        if not await self._end(signal.SIGTERM, timeout):
            await self._end(signal.SIGKILL, _KILL_TIMEOUT)
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()
        self._note.remove()
        await _wait_for_memory(held, available)

    async def _end(self, sign: signal.Signals, timeout: float) -> bool:
        for number in (sign, signal.SIGCONT):
            # SIGCONT: a stopped process takes no other signal in.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.group, number)
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if not any(memory.members(self.group)):
                return True
            await asyncio.sleep(0.05)
        return False


_NAMED = re.compile(r"generation thread died: (.+)")
_ERROR = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt)\b.*|.*\berror: .*", re.MULTILINE)

_NOT_FOUND = re.compile(r"Repo id must|cached snapshot folder|on the Hub|LocalEntryNotFound|OfflineMode")
"""What Hugging Face's client says where it can neither find weights on this machine nor ask the hub for them."""


def _cause(log: str, weights: str) -> str:
    named, errors = _NAMED.findall(log), _ERROR.findall(log)
    if any(map(_NOT_FOUND.search, [*named, *errors])):
        if is_path(weights) and not Path(weights).expanduser().is_dir():
            return f"there is no folder {weights}: mend `weights`, or name a repository as owner/name"
        return (
            f"{weights} is not whole on this machine and Hugging Face cannot be reached: connect to it, "
            "or download the model and give its folder as `weights`"
        )
    lines = log.strip().splitlines()
    text = (named or errors or lines or ["it says nothing"])[-1]
    return " ".join(text.replace(str(Path.home()), "~").split())[:200]


async def _wait_for_memory(held: float, available: float) -> None:
    """Wait until the system has most of `held` gigabytes back: a Mac unwires a model's memory after its end.

    What is missing of less than a twentieth of the machine is noise of others, and no reason to wait.
    """
    until, noise = time.monotonic() + _MEMORY_TIMEOUT, memory.machine_gb() / 20
    while time.monotonic() < until:
        missing = 0.9 * held - (memory.available_gb() - available)
        if missing < noise:
            return
        await asyncio.sleep(0.25)
