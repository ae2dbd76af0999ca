"""The stub from outside: starting it, reading its log, and saying what it costs by itself."""

import contextlib
import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measuring import ROOT, Row, median, quantile

PACED = "stub-t5-i10-n100"
QUICK = "stub-n40"
_TOKEN = re.compile(rb'"content": "(\d{6,}) "')


@dataclass(frozen=True)
class Answered:
    """A request as the stub saw it; moments in perf_counter_ns."""

    path: str
    arrived: int
    writes: list[tuple[int, int]]
    due: list[int]
    body: dict[str, Any]

    @property
    def ended(self) -> int:
        """When the last byte of the answer left."""
        return self.writes[-1][0]

    @property
    def is_call(self) -> bool:
        """Whether it is one of a run's calls: not a warm-up, which offers no tools and says OK."""
        messages = self.body.get("messages", ())
        return bool(messages) and not any("Say OK" in str(message) for message in messages)


class Stub:
    """A stub that runs."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process, self._log = process, log
        assert process.stdout is not None
        self.port = int(process.stdout.readline())
        self.base_url = f"http://127.0.0.1:{self.port}/v1"

    def answered(self) -> list[Answered]:
        """The requests since the last time that this was asked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("log\n")
        self._process.stdin.flush()
        self._process.stdout.readline()
        lines = self._log.read_text(encoding="utf-8").splitlines()
        self._log.write_text("")
        told = [json.loads(line) for line in lines]
        return [
            Answered(one["path"], one["arrived"], one["writes"], one["due"], one.get("body", {}))
            for one in told
        ]

    def cpu_seconds(self) -> float:
        """CPU that the stub has used."""
        spent = psutil.Process(self._process.pid).cpu_times()
        return float(spent.user + spent.system)


@contextlib.contextmanager
def stub() -> Iterator[Stub]:
    """A stub in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        words = [sys.executable, "-m", "benchmarks.stub", "--log", str(log), "--bodies"]
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            yield Stub(process, log)
            process.communicate()


@dataclass(frozen=True)
class Calibration:
    """What the stub costs a reader that does nothing: all in milliseconds."""

    call: float
    stub_cpu: float
    seen: list[float]
    writing: list[float]
    late: list[float]


def calibrate(running: Stub, calls: int = 60) -> Calibration:
    """Read with a blocking socket: `calls` without delay, then one that is paced."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port)
    connection.connect()
    _ask(connection, QUICK)
    running.answered()
    before, start = running.cpu_seconds(), time.perf_counter()
    for _ in range(calls):
        _ask(connection, QUICK)
    wall = time.perf_counter() - start
    spent = running.cpu_seconds() - before
    seen = _ask(connection, PACED)
    connection.close()
    paced = running.answered()[-1]
    return Calibration(
        call=1000 * wall / calls,
        stub_cpu=1000 * spent / calls,
        seen=seen,
        writing=[(after - before) / 1e6 for before, after in paced.writes],
        late=[(at - due) / 1e6 for (at, _), due in zip(paced.writes[2:], paced.due, strict=False)],
    )


def _ask(connection: http.client.HTTPConnection, model: str) -> list[float]:
    """One streamed answer, read from the bare socket; milliseconds from write to sight for each token."""
    messages = [{"role": "user", "content": "Calibrate."}]
    body = json.dumps({"model": model, "stream": True, "messages": messages}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: stub\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sock.sendall(head.encode() + body)
    seen, end = [], b""
    while not end.endswith(b"\r\n0\r\n\r\n"):
        data = connection.sock.recv(65536)
        at = time.perf_counter_ns()
        seen += [(at - int(stamp)) / 1e6 for stamp in _TOKEN.findall(data)]
        end = (end + data)[-7:]
    return seen


def calibration_row(found: list[Calibration]) -> Row:
    """The calibrations of all rounds as a line: medians."""
    spread = [
        f"{median(quantile(values, share) for values in many):.3f}"
        for many in ([one.seen for one in found], [one.writing for one in found], [one.late for one in found])
        for share in (0.5, 0.99)
    ]
    costs = [f"{median(one.call for one in found):.2f}", f"{median(one.stub_cpu for one in found):.2f}"]
    return Row("blocking socket", [*costs, *spread])


CALIBRATION = (
    "the stub itself, ms",
    "a call",
    "its CPU",
    *("seen p50", "p99"),
    *("write p50", "p99"),
    *("late p50", "p99"),
)
