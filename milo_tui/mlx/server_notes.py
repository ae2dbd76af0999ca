"""The servers that Milo started: one small file each, so that none outlives a runner that was killed.

A file names the runner and every process of the server by pid, start and command line; only what matches in
all three is ever ended. A server that the user started stands in no file, so it is never touched.
"""

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil

from milo_tui.processes import is_alive

_STOP_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it can be known again: `started` in seconds since the epoch."""

    pid: int
    started: float
    command: tuple[str, ...]

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process of this pid; None where it is gone."""
        try:
            process = psutil.Process(pid)
            return cls(pid, process.create_time(), tuple(process.cmdline()))
        except psutil.Error:
            return None

    @property
    def lives(self) -> bool:
        """Whether this very process still runs."""
        try:
            return (
                is_alive(self.pid, self.started) and tuple(psutil.Process(self.pid).cmdline()) == self.command
            )
        except psutil.Error:
            return False


@dataclass(frozen=True, slots=True)
class ServerNote:
    """A server's file: the model, its runner, and its processes, the leader of their group first."""

    path: Path
    model: str
    runner: Process
    processes: tuple[Process, ...]

    def write(self) -> None:
        """Write the file, readable by its owner alone."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = {
            "model": self.model,
            "runner": asdict(self.runner),
            "processes": [asdict(process) for process in self.processes],
        }
        draft = self.path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(data, file)
        draft.replace(self.path)

    def remove(self) -> None:
        """The server is gone."""
        self.path.unlink(missing_ok=True)

    @property
    def left_behind(self) -> list[Process]:
        """Its processes that still run although their runner does not."""
        return [] if self.runner.lives else [process for process in self.processes if process.lives]


def note_server(folder: Path, model: str, pids: Iterable[int]) -> ServerNote:
    """Write the file of a server that this process started; the first pid leads its group."""
    runner = Process.of(os.getpid())
    assert runner is not None
    processes = tuple(process for pid in pids if (process := Process.of(pid)) is not None)
    leader = processes[0].pid if processes else 0
    note = ServerNote(folder / f"{os.getpid()}-{leader}.json", model, runner, processes)
    note.write()
    return note


def notes(folder: Path) -> list[ServerNote]:
    """All files of a folder that can be read."""
    found = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found.append(_read(path))
    return found


def _read(path: Path) -> ServerNote:
    data = json.loads(path.read_text(encoding="utf-8"))
    return ServerNote(
        path,
        str(data["model"]),
        _process(data["runner"]),
        tuple(_process(process) for process in data["processes"]),
    )


def _process(data: dict[str, object]) -> Process:
    command = data["command"]
    if not isinstance(command, list):
        raise TypeError("command is no list")
    return Process(int(str(data["pid"])), float(str(data["started"])), tuple(map(str, command)))


def models_of_other_runs(folder: Path) -> list[str]:
    """The models whose servers run on the account of another process that lives."""
    return [
        note.model
        for note in notes(folder)
        if note.runner.pid != os.getpid()
        and note.runner.lives
        and any(process.lives for process in note.processes)
    ]


def end_orphans(folder: Path) -> list[str]:
    """End every server whose runner is gone; the models that they served."""
    ended = []
    for note in notes(folder):
        if note.runner.lives:
            continue
        if left := note.left_behind:
            _end(left)
            ended.append(note.model)
        note.remove()
    return ended


def _end(processes: list[Process]) -> None:
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found.append(psutil.Process(process.pid))
            found[-1].terminate()
    _, left = psutil.wait_procs(found, timeout=_STOP_TIMEOUT)
    for stubborn in left:
        with contextlib.suppress(psutil.Error):
            stubborn.kill()
    psutil.wait_procs(left, timeout=_STOP_TIMEOUT)
