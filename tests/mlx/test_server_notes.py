"""Who is ended at the next start: whoever matches in pid, start and command line, and nobody else."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.mlx import server_notes
from milo_tui.mlx.server_notes import Process, ServerNote, end_orphans, note_server, notes

DEAD = Process(2**22 - 1, 1.0, ("milo",))


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def orphaned(folder: Path, pid: int) -> ServerNote:
    """A file that names this process as a server whose runner is gone."""
    note = replace(note_server(folder, "qwen", [pid]), runner=DEAD)
    note.write()
    return note


def test_a_file_can_be_read_by_its_owner_alone_and_again(
    tmp_path: Path, child: subprocess.Popen[bytes]
) -> None:
    note = note_server(tmp_path / "servers", "qwen", [child.pid])
    assert note.path.stat().st_mode & 0o777 == 0o600
    assert notes(tmp_path / "servers") == [note]
    assert not note.left_behind
    note.remove()
    note.remove()
    assert not notes(tmp_path / "servers")


def test_an_orphan_is_ended(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    orphaned(tmp_path, child.pid)
    assert end_orphans(tmp_path) == ["qwen"]
    assert Process.of(child.pid) is None
    assert not notes(tmp_path)


@pytest.mark.parametrize("changes", [{"started": 1.0}, {"command": ("another",)}], ids=["start", "command"])
def test_another_process_by_the_same_pid_is_left_alone(
    tmp_path: Path, child: subprocess.Popen[bytes], changes: dict[str, object]
) -> None:
    note = orphaned(tmp_path, child.pid)
    other = replace(note.processes[0], **changes)  # type: ignore[arg-type]
    replace(note, processes=(other,)).write()
    assert end_orphans(tmp_path) == []
    assert child.poll() is None
    assert not notes(tmp_path)


def test_a_server_whose_runner_lives_is_left_alone(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    note_server(tmp_path, "qwen", [child.pid])
    assert end_orphans(tmp_path) == []
    assert child.poll() is None
    assert len(notes(tmp_path)) == 1


def test_servers_of_other_runs_are_told_from_ones_own(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    note = note_server(tmp_path, "qwen", [child.pid])
    assert server_notes.models_of_other_runs(tmp_path) == []
    runner = Process.of(child.pid)
    assert runner is not None
    replace(note, runner=runner).write()
    assert server_notes.models_of_other_runs(tmp_path) == ["qwen"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"model": 1}', '{"model": "m", "runner": {}, "processes": []}']
)
def test_a_file_that_says_nothing_harms_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "1-1.json").write_text(text)
    assert notes(tmp_path) == []
    assert end_orphans(tmp_path) == []
