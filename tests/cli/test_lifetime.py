"""A run outlives what happens to it: killed, stopped, left, watched, it is finished with nothing twice or lost."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.cli.milo import MILO, demo, milo, milo_json, start, write_config
from tests.servers.fault_server import MLX, FaultServer, Pause, answer, end, text


def _stored(home: Path) -> int:
    try:
        with sqlite3.connect(f"file:{home / 'milo.db'}?mode=ro", uri=True) as database:
            found: int = database.execute("SELECT count(*) FROM attempt").fetchone()[0]
        database.close()
    except sqlite3.Error:
        return 0
    return found


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)


def _scores(number: str) -> dict[tuple[str, str, int], int]:
    rows = milo_json("show", number, "--format", "json")["attempts"]
    assert len(rows) == len({(row["model"], row["prompt"], row["repeat"]) for row in rows})
    return {(row["model"], row["prompt"], row["repeat"]): row["points"] for row in rows}


def test_killed_three_times_and_resumed_nothing_is_lost_and_nothing_twice(home: Path) -> None:
    """Its scores are those of a run that was never killed."""
    words: tuple[str, ...] = ("demo", "--plain", "--pace", "instant", "--repeats", "1", "--seed", "4")
    for wanted in (10, 20, 30):
        runner = start(*words)
        _wait(lambda wanted=wanted: _stored(home) >= wanted)  # type: ignore[misc]
        runner.send_signal(signal.SIGKILL)
        runner.wait()
        words = ("resume", "last", "--plain")
    assert milo_json("runs", "--json")[0]["phase"] == "incomplete"
    assert _stored(home) < 60
    milo(*words)
    scores = _scores("last")
    assert len(scores) == 60
    assert None not in scores.values()
    demo(seed=4)
    assert _scores("last") == scores


def test_interrupted_once_it_stops_after_the_attempts_in_hand(home: Path) -> None:
    runner = start("demo", "--plain", "--pace", "instant", "--repeats", "3", "--seed", "4")
    _wait(lambda: _stored(home) >= 5)
    runner.send_signal(signal.SIGINT)
    assert runner.wait(60) == 130
    (run,) = milo_json("runs", "--json")
    assert run["phase"] == "stopped"
    assert 0 < sum(model["scored"] for model in run["models"]) < 180


@pytest.mark.parametrize(
    ("number", "begun"), [(signal.SIGINT, b""), (signal.SIGTERM, text("There"))], ids=["ctrl+c", "SIGTERM"]
)
async def test_s7_one_signal_ends_an_answer_of_keep_alive_comments(
    home: Path, number: signal.Signals, begun: bytes
) -> None:
    """Without it the run would wait for the end of the time-outs, minutes later."""
    comments = (MLX + begun, *(step for _ in range(6000) for step in (b": keep-alive\n\n", Pause(0.02))))
    warm_up = (MLX + text("OK") + end("stop"),)
    async with FaultServer((answer({"data": []}),), warm_up, comments) as server:
        write_config(
            {
                "id": "m",
                "name": "M",
                "protocol": "openai",
                "where": "local",
                "base_url": server.url,
                "model": "x",
            }
        )
        runner = start("run", "--plain", "--prompt", "single_tool/well_flow", "--repeats", "1")
        try:
            async with asyncio.timeout(60):
                while server.sent < 900:
                    await asyncio.sleep(0.02)
                assert len(server.requests) == 3
                runner.send_signal(number)
                assert await asyncio.to_thread(runner.wait, 60) == 130
        finally:
            runner.kill()
    (run,) = milo_json("runs", "--json")
    assert run["phase"] == "stopped"


def test_a_detached_run_goes_on_is_watched_and_stopped(home: Path) -> None:
    Path("milo.toml").write_text(_SIMULATED, encoding="utf-8")
    number = milo("run", "--detach", "--seed", "4", "--repeats", "30").stdout.strip()
    assert number == "1"
    _wait(lambda: _stored(home) >= 3)
    watcher = subprocess.Popen([*MILO, "watch"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert watcher.stderr is not None
    assert watcher.stderr.readline(), "watch ended before it said anything"
    milo("resume", "last", "--plain", status=2)
    assert watcher.stderr is not None
    assert watcher.stderr.readline(), "it did not follow the run"
    assert "is stopping" in milo("stop", "last").stderr
    _, said = watcher.communicate(timeout=60)
    assert watcher.returncode == 0
    assert "run 1: stopped" in said
    _wait(lambda: milo_json("runs", "--json")[0]["phase"] == "stopped")
    assert "is not running" in milo("watch", "last", status=2).stderr
    log = (home / "logs" / "run-1.log").read_text()
    assert "run 1 is stopped" in log


def test_hanging_up_does_not_end_a_detached_run(home: Path) -> None:
    Path("milo.toml").write_text(_SIMULATED, encoding="utf-8")
    milo("run", "--detach", "--seed", "4", "--repeats", "1")
    _wait(lambda: _stored(home) >= 2)
    pid = _runner(home)
    psutil.Process(pid).send_signal(signal.SIGHUP)
    _wait(lambda: milo_json("runs", "--json")[0]["phase"] == "done")
    _wait(lambda: any(Path("bench_results").glob("*.json")))
    attempts = json.loads(next(Path("bench_results").glob("*.json")).read_text())["attempts"]
    assert len(attempts) == 20


def _runner(home: Path) -> int:
    with sqlite3.connect(home / "milo.db") as database:
        pid: int = database.execute("SELECT runner_pid FROM run").fetchone()[0]
    database.close()
    return pid


_SIMULATED = """\
[[model]]
id = "steady"
name = "Steady (simulated)"
protocol = "openai"
where = "local"
model = "simulated-steady"
[model.simulated]
profile = "steady"
pace = "fast"
"""
