"""Milo starts, watches, starts again and stops unmodified servers, and leaves no process behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from milo_tui.analysis.phases import RunPhase
from milo_tui.mlx import guard as mlx_guard
from milo_tui.mlx.memory import machine_gb

from .milo_process import MINIMAX, QWEN, Milo, entry, eventually, milo, run, serving
from .shardable import shardable

PROMPTS = (
    "--repeats",
    "1",
    "--seed",
    "5",
    "--prompt",
    "single_tool/library_hold",
    "--prompt",
    "single_tool/well_flow",
)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The Qwen model under a path of this test's own, so that its processes can be told from any other's."""
    link = tmp_path / "qwen"
    link.symlink_to(QWEN, target_is_directory=True)
    return link


@contextmanager
def watching(running: Milo) -> Iterator[list[set[int]]]:
    """All sets of servers that were up at the same time."""
    seen: list[set[int]] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            seen.append(set(running.servers()))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


async def test_two_models_that_do_not_fit_together_run_one_after_the_other(
    home: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder, weights in zip(folders, (QWEN, MINIMAX), strict=True):
        folder.symlink_to(weights, target_is_directory=True)
    half = f"memory_gb = {0.6 * machine_gb():.1f}"
    config = entry("first", folders[0], server=half) + entry("second", folders[1], server=half)
    with milo(home, config, "run", "--plain", *PROMPTS) as running, watching(running) as seen:
        assert running.finish() == 0, running.progress

    record, attempts = await running.result()
    assert record.phase is RunPhase.DONE
    assert all(row.points is not None for row in attempts)
    assert "One after another: First (" in running.progress
    assert max(map(len, seen)) == 1
    assert len(set().union(*seen)) == 2
    for model in record.models:
        assert model.peak_gb is not None
        assert 0.03 < model.peak_gb < 2
        assert model.manifest["managed"]["version"].startswith("0.32")
        assert model.manifest["managed"]["restarts"] == 0
    assert not [pid for folder in folders for pid in serving(folder)]
    assert not list((home / "servers").iterdir())
    for log in (home / "logs").glob("server-*.log"):
        assert log.stat().st_mode & 0o777 == 0o600

    # The control arm streams nothing and stands in the table of losses.
    running = run(home, config, *PROMPTS, "--models", "first", "--no-stream")
    assert running.process.returncode == 0, running.progress
    record, attempts = await running.result()
    assert record.models[0].entry.stream is False
    assert record.models[0].manifest["sent"]["stream"] is False
    assert all(row.points is not None for row in attempts)
    with milo(home, config, "models", "losses") as losses:
        assert losses.process.stdout is not None
        assert re.search(r"First +0 of 2 +0 of 2", losses.process.stdout.read())


async def test_a_server_that_is_killed_or_hangs_is_started_again_and_what_was_lost_is_asked_again(
    home: Path, weights: Path
) -> None:
    """One that hangs still holds its port, and the kernel still takes connections for it."""
    config = entry(
        "qwen", weights, server="probe_timeout = 3", more="first_byte_timeout = 5\nsilence_timeout = 5"
    )
    words = ("run", "--plain", *PROMPTS, "--prompt", "single_tool/museum_loan")
    with milo(home, config, *words) as running:
        for progress, sign in (("1/3", signal.SIGKILL), ("2/3", signal.SIGSTOP)):
            running.read_until(lambda line, progress=progress: line.startswith(progress))  # type: ignore[misc]
            os.kill(running.servers()[0], sign)
        assert running.finish() == 0, running.progress
    record, attempts = await running.result()
    assert record.models[0].manifest["managed"]["restarts"] == 2
    assert len({row.prompt for row in attempts if row.points is not None}) == 3
    assert "is gone: started again (1 of 2 times)" in running.progress
    assert "gave no token within 3 s" in running.progress
    assert not serving(weights)


async def test_a_port_that_is_taken_is_refused_in_one_sentence(home: Path, weights: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        running = run(home, entry("qwen", weights, server=f"port = {port}"), *PROMPTS)
    assert running.process.returncode == 3
    record, _ = await running.result()
    sentence = f"Port {port} is taken by another program: give another in [model.server], or leave port out."
    assert record.models[0].note == sentence
    assert not serving(weights)


async def test_weights_that_cannot_be_loaded_are_refused_in_one_sentence(home: Path, tmp_path: Path) -> None:
    empty = tmp_path / "nothing"
    empty.mkdir()
    running = run(home, entry("qwen", empty), *PROMPTS)
    assert running.process.returncode == 3
    record, attempts = await running.result()
    assert record.models[0].note.startswith("mlx_lm.server could not load the model: ")
    assert record.models[0].note.endswith("(log: server-qwen.log)")
    assert not attempts
    assert not serving(empty)


def test_a_runner_that_is_killed_takes_its_server_with_it(home: Path, weights: Path) -> None:
    with milo(home, entry("qwen", weights), "run", "--plain", *PROMPTS) as running:
        running.read_until(lambda line: line.startswith("1/2"))
        assert serving(weights)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()
        assert eventually(lambda: not serving(weights))


def test_a_server_left_behind_is_ended_at_the_next_start_and_nobody_elses(
    home: Path, weights: Path, tmp_path: Path
) -> None:
    """One stands in the ledger of a runner that is dead; the other is the user's, by the same command."""
    with _server(weights, "0") as left, _server(weights, "00") as theirs:
        _write_ledger(home, left.pid)
        run(home, entry("other", tmp_path / "none"), *PROMPTS)
        assert left.wait(timeout=10) == -signal.SIGTERM
        assert theirs.poll() is None
        assert not list((home / "servers").iterdir())


@contextmanager
def _server(weights: Path, port: str) -> Iterator[subprocess.Popen[bytes]]:
    guard = str(Path(mlx_guard.__file__))
    command = [sys.executable, guard, "mlx_lm.server", "--model", str(weights), "--port", port]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _write_ledger(home: Path, pid: int) -> None:
    process = psutil.Process(pid)
    (home / "servers").mkdir(parents=True)
    data = {
        "model": "qwen",
        "runner": {"pid": 2**22 - 1, "started": 1.0, "command": ["milo"]},
        "processes": [{"pid": pid, "started": process.create_time(), "command": process.cmdline()}],
    }
    (home / "servers" / "1-1.json").write_text(json.dumps(data))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Qwen model as two ranks can share it."""
    return shardable(QWEN, tmp_path_factory.mktemp("shardable") / "qwen")


async def test_two_ranks_score_like_one_and_a_lost_rank_starts_the_whole_again(
    home: Path, shared: Path, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts.json"
    local = {"ssh": "127.0.0.1", "ips": ["127.0.0.1"]}
    hosts.write_text(json.dumps({"backend": "ring", "hosts": [local, local]}))
    with milo(
        home, entry("hosts", shared, server=f'hosts = "{hosts}"'), "run", "--plain", *PROMPTS
    ) as running:
        running.read_until(lambda line: line.startswith("1/2"))
        launcher, *ranks = [process["pid"] for process in running.ledger()[0]["processes"]]
        assert len(ranks) == 2
        os.kill(ranks[1], signal.SIGKILL)
        assert running.finish() == 0, running.progress
    record, attempts = await running.result()
    # What one rank earns: test_models.py.
    assert [row.points for row in attempts if row.points is not None] == [3, 3]
    managed = record.models[0].manifest["managed"]
    assert (managed["ranks"], managed["restarts"]) == (2, 1)
    assert not serving(shared)
    assert not psutil.pid_exists(launcher)


def test_ranks_end_with_a_runner_that_is_killed(home: Path, shared: Path) -> None:
    with milo(home, entry("two", shared, server="ranks = 2"), "run", "--plain", *PROMPTS) as running:
        assert "  3/3  " in running.read_until(lambda line: line.startswith("1/2"))
        assert len(running.ledger()[0]["processes"]) == 3
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()
        assert eventually(lambda: not serving(shared))


def test_models_check_starts_the_server_tells_what_works_and_stops_it(home: Path, weights: Path) -> None:
    with milo(home, entry("qwen", weights), "models", "check") as checking:
        assert checking.process.stdout is not None
        printed = checking.process.stdout.read()
    for line in (
        "reachable: ",
        "streams: ",
        "usage: ",
        "server: 0.32",
        "parallel calls: ",
        "sampling: ",
        "memory: 0.",
    ):
        assert line in printed
    assert "✓ max_tokens: kept" in printed or "✓ max_tokens: not reached" in printed
    assert not serving(weights)
