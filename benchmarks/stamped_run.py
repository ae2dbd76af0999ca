"""A run of Milo's whose every stamp is compared with the server's: a child of stamps.py and scaling.py.

    python -m benchmarks.stamped_run URL FOLDER STREAMS REPEATS MODEL

`execute_run` as `milo run` and a detached runner call it: endpoints, events, socket, store. Prints the run's number,
waits for a line, and at the end prints a report: the errors of all tokens in milliseconds and the CPU seconds used.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT, say, waited
from milo_tui.config import load_settings
from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.runner.attempt import RunningAttempt
from milo_tui.runner.launch import create_run, execute_run
from milo_tui.runner.machine import tune_gc
from milo_tui.runner.plan import new_run
from milo_tui.suite.loading import load_suite

SUITE = "name: stamps\nversion: 1\ntitle: Stamps\ncategories: [{id: one, title: One}]\n"
PROMPT = """\
id: one/stream
title: Stream
user: Stream.
reference: [{say: "1"}]
checks:
  - {title: a, no_call: true}
  - {title: b, no_call: true}
  - {title: c, no_call: true}
"""

_errors: list[float] = []
_told = RunningAttempt._streamed


def _compared(attempt: RunningAttempt, delta: StreamPiece, turn: int) -> None:
    if delta.text[:1].isdigit():
        _errors.append((delta.at_ns - int(delta.text)) / 1e6)
    _told(attempt, delta, turn)


async def _run(url: str, folder: Path, streams: int, repeats: int, model: str) -> dict[str, Any]:
    (folder / "one").mkdir(parents=True)
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    (folder / "one" / "stream.yaml").write_text(PROMPT, encoding="utf-8")
    settings = load_settings()
    entries = [
        ModelEntry(
            id=f"m{n}",
            name=f"Model {n}",
            protocol="openai",
            where="api",
            base_url=url,
            model=model,
            max_tokens=10**6,
        )
        for n in range(1, streams + 1)
    ]
    number = await create_run(settings, new_run(load_suite(folder), entries, repeats, 1))
    say(str(number))
    sys.stdin.readline()
    before, start, delay = time.process_time(), time.perf_counter(), waited()
    await execute_run(settings, number, on_start=lambda runner: tune_gc())
    used, took = time.process_time() - before, time.perf_counter() - start
    return {"errors": _errors, "cpu": used, "seconds": took, "waited": waited() - delay}


class Started:
    """A run that goes on in a child; its number, and the environment in which `milo watch` finds it."""

    def __init__(self, process: "subprocess.Popen[str]", environment: dict[str, str]) -> None:
        self._process, self.environment = process, environment
        assert process.stdin is not None
        self.number = int(self._line())
        process.stdin.write("go\n")
        process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def report(self) -> dict[str, Any]:
        """What it prints at its end."""
        told: dict[str, Any] = json.loads(self._line())
        return told

    def kill(self) -> None:
        """Nobody waits for its end."""
        self._process.kill()


@contextmanager
def started(url: str, streams: int, repeats: int, model: str) -> Iterator[Started]:
    """A run of so many models in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "MILO_HOME": home, "MILO_DB": f"{home}/milo.db"}
        words = [url, f"{home}/suite", str(streams), str(repeats), model]
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.stamped_run", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        ) as process:
            yield Started(process, environment)


def main() -> None:
    """Be what is measured."""
    url, folder, streams, repeats, model = sys.argv[1:]
    RunningAttempt._streamed = _compared  # type: ignore[method-assign,assignment]
    say(json.dumps(asyncio.run(_run(url, Path(folder), int(streams), int(repeats), model))))


if __name__ == "__main__":
    main()
