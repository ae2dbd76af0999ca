"""`milo run` as a process of its own on managed tiny models, and what it leaves in its home."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from milo_tui.analysis.record import Attempt, RunRecord
from milo_tui.store.queries import Reader

from .conftest import MODELS, PATIENCE

QWEN, MINIMAX = MODELS / "tiny-qwen3", MODELS / "tiny-minimax-m2"


def entry(id: str, weights: Path, *, server: str = "", more: str = "") -> str:
    """A `[[model]]` with a server of Milo's own."""
    return f"""
[[model]]
id = "{id}"
name = "{id.title()}"
protocol = "openai"
where = "local"
temperature = 0.0
max_tokens = 400
{more}
[model.server]
weights = "{weights}"
stop_timeout = 5
{server}
"""


@dataclass
class Milo:
    """A `milo` process in a home and a working directory of the test's own."""

    home: Path
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def read_until(self, wanted: Callable[[str], bool]) -> str:
        """Read what it says on stderr up to the line that is wanted."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if wanted(line):
                return line
        raise AssertionError(f"it ended before that:\n{''.join(self.said)}")

    def finish(self) -> int:
        """Wait for its end; its exit status."""
        _, rest = self.process.communicate(timeout=PATIENCE)
        self.said.append(rest)
        return self.process.returncode

    @property
    def progress(self) -> str:
        """All that it said on stderr."""
        return "".join(self.said)

    def servers(self) -> list[int]:
        """The leaders of the servers that stand in its ledger."""
        return [data["processes"][0]["pid"] for data in self.ledger() if data["processes"]]

    def ledger(self) -> list[dict[str, Any]]:
        """Its ledger's files."""
        found = []
        for path in (self.home / "servers").glob("*.json"):
            try:
                found.append(json.loads(path.read_text()))
            except FileNotFoundError:
                continue
        return found

    async def result(self) -> tuple[RunRecord, list[Attempt]]:
        """The newest run as it is stored."""
        reader = await Reader.open(self.home / "milo.db")
        try:
            number = await reader.find_run("last")
            return await reader.run(number), await reader.attempts(number)
        finally:
            await reader.aclose()


@contextmanager
def milo(home: Path, config: str, *arguments: str) -> Iterator[Milo]:
    """Start `milo` with this milo.toml; whatever is left of it and of its servers at the end is killed."""
    Path("milo.toml").write_text(config)
    process = subprocess.Popen(
        [sys.executable, "-m", "milo_tui", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    running = Milo(home, process)
    try:
        with process:
            try:
                yield running
            finally:
                process.kill()
    finally:
        for pid in running.servers():
            # A test may have killed it by itself just now.
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def run(home: Path, config: str, *arguments: str) -> Milo:
    """`milo run --plain` from its beginning to its end."""
    with milo(home, config, "run", "--plain", *arguments) as running:
        running.finish()
    return running


def serving(weights: Path) -> list[int]:
    """The processes that serve these weights now, by their command lines."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = process.info["cmdline"] or []
        if str(weights) in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


def eventually(true: Callable[[], object]) -> bool:
    """Whether it becomes true within the patience of these tests."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False
