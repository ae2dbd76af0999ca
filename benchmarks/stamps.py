"""The truth of a timestamp: the runner's stamp of each piece against the moment the server wrote it.

    python -m benchmarks.stamps [--seconds 20] [--rounds 3]

Four models stream 100 tokens a second each from a stub server, through a whole run: endpoints, events, socket,
store. The same run with nobody looking, with the app drawing on a pty, with the app stopped by SIGSTOP, and
with its terminal closed; beside it a raw asyncio reader. Errors are stamp minus server's write, milliseconds.
"""

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import platform
import pty
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MODELS, RATE = 4, 100
ROWS, COLUMNS = 50, 200

_SUITE = "name: stamps\nversion: 1\ntitle: Stamps\ncategories: [{id: one, title: One}]\n"
_PROMPT = """\
id: one/stream
title: Stream
user: Stream.
reference: [{say: "1"}]
checks:
  - {title: a, no_call: true}
  - {title: b, no_call: true}
  - {title: c, no_call: true}
"""

_RUNNER = """\
import asyncio, json, sys
from pathlib import Path
from milo_tui.bench.attempt import Attempt
from milo_tui.bench.plan import new_run
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.launch import carry_out, create_run
from milo_tui.settings import load_settings
from milo_tui.suite.loading import load_suite

errors = []
told = Attempt._streamed
def streamed(self, delta, turn):
    errors.append((delta.at_ns - int(delta.text.split()[0])) / 1e6)
    told(self, delta, turn)
Attempt._streamed = streamed

async def main(url, folder, models, tokens):
    settings = load_settings()
    entries = [
        ModelEntry(id=f"m{i}", name=f"Model {i}", protocol="openai", where="api", base_url=url, max_tokens=tokens)
        for i in range(models)
    ]
    number = await create_run(settings, new_run(load_suite(Path(folder)), entries, 1, 1))
    print(number, flush=True)
    sys.stdin.readline()
    await carry_out(settings, number)
    print(json.dumps(errors), flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
"""


@contextlib.contextmanager
def _stub(tokens: int) -> Iterator[str]:
    words = [sys.executable, "-m", "benchmarks.stub", "--rate", str(RATE), "--tokens", str(tokens)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        process.communicate()


class _Viewer:
    """`milo watch` on a pty of its own, whose output a thread drains."""

    def __init__(self, run: int) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, [sys.executable, "-m", "milo_tui", "watch", str(run)])
        self.bytes = 0
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._terminal, 65536):
                self.bytes += len(data)

    def freeze(self) -> None:
        """Stop the viewer's process, as a laptop that sleeps would."""
        os.kill(self.pid, signal.SIGSTOP)

    def hang_up(self) -> None:
        """Close its terminal."""
        with contextlib.suppress(OSError):
            os.close(self._terminal)

    def end(self) -> None:
        """Be rid of it."""
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.hang_up()


def measure(seconds: float, act: Callable[[_Viewer], None] | None) -> tuple[list[float], int]:
    """One run with a viewer to whom `act` is done after two seconds; errors in ms and bytes drawn."""
    tokens = int(seconds * RATE)
    with tempfile.TemporaryDirectory() as folder, _stub(tokens) as url:
        suite = Path(folder) / "suite"
        (suite / "one").mkdir(parents=True)
        (suite / "suite.yaml").write_text(_SUITE)
        (suite / "one" / "stream.yaml").write_text(_PROMPT)
        environment = {**os.environ, "MILO_HOME": folder, "MILO_DB": f"{folder}/milo.db"}
        os.environ.update(environment)
        words = [sys.executable, "-c", _RUNNER, url, str(suite), str(MODELS), str(tokens)]
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder
        ) as runner:
            assert runner.stdout is not None
            assert runner.stdin is not None
            number = int(runner.stdout.readline())
            runner.stdin.write("go\n")
            runner.stdin.flush()
            viewer = None
            if act is not None:
                time.sleep(1)
                viewer = _Viewer(number)
                time.sleep(2)
                act(viewer)
            errors = json.loads(runner.stdout.readline())
            if viewer is not None:
                viewer.end()
        return errors, viewer.bytes if viewer else 0


async def _raw(url: str, tokens: int) -> list[float]:
    """The floor: a bare asyncio reader that stamps each chunk and does nothing else."""
    host, port = url.removeprefix("http://").split("/")[0].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"max_tokens": tokens}).encode()
    writer.write(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    errors = []
    while data := await reader.read(65536):
        at = time.perf_counter_ns()
        for line in data.split(b"\n"):
            if b'"content"' in line:
                delta = json.loads(line[6:])["choices"][0]["delta"]
                errors.append((at - int(delta["content"])) / 1e6)
    writer.close()
    return errors


def raw(seconds: float) -> tuple[list[float], int]:
    """Four bare readers at once."""

    async def all_of_them(url: str) -> list[float]:
        found = await asyncio.gather(*(_raw(url, int(seconds * RATE)) for _ in range(MODELS)))
        return [error for errors in found for error in errors]

    with _stub(int(seconds * RATE)) as url:
        return asyncio.run(all_of_them(url)), 0


def quantile(values: list[float], share: float) -> float:
    """The nearest-rank quantile."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


ROWS_OF_TABLE: dict[str, Callable[[float], tuple[list[float], int]]] = {
    "raw asyncio reader": raw,
    "milo, nobody looks": lambda seconds: measure(seconds, None),
    "milo, the app draws at 200×50": lambda seconds: measure(seconds, lambda viewer: None),
    "milo, the app is frozen (SIGSTOP)": lambda seconds: measure(seconds, _Viewer.freeze),
    "milo, its terminal is closed": lambda seconds: measure(seconds, _Viewer.hang_up),
}


def main() -> None:
    """Print the table: medians over rounds, and the worst of all."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")  # noqa: T201
    print(f"{MODELS} × {RATE} tokens/s, {given.seconds:g} s, {given.rounds} rounds; ms")  # noqa: T201
    found: dict[str, list[list[float]]] = {name: [] for name in ROWS_OF_TABLE}
    drawn: dict[str, list[float]] = {name: [] for name in ROWS_OF_TABLE}
    for _ in range(given.rounds):
        for name, take in ROWS_OF_TABLE.items():
            errors, size = take(given.seconds)
            found[name].append(errors)
            drawn[name].append(size / given.seconds / 1000)
    print(f"{'':36}{'p50':>8}{'p99':>8}{'max':>8}{'KB/s':>8}{'pieces':>9}")  # noqa: T201
    for name, rounds in found.items():
        p50, p99 = (statistics.median(quantile(errors, share) for errors in rounds) for share in (0.5, 0.99))
        worst = max(max(errors) for errors in rounds)
        pieces = sum(len(errors) for errors in rounds)
        print(f"{name:36}{p50:8.2f}{p99:8.2f}{worst:8.2f}{statistics.median(drawn[name]):8.1f}{pieces:9}")  # noqa: T201


if __name__ == "__main__":
    main()
