"""What really goes to a terminal: hostile text streamed through the live screen on a pty, byte by byte."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from milo_tui.analysis.phases import ModelPhase
from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.runner.events import AttemptStarted, ModelChanged, ServerNoted, Streamed, ToolAnswered
from tests.tui.live_feed import LiveApp, MemoryFeed, make_state

PAYLOADS = {
    "clipboard, ST": "\x1b]52;c;ZXZpbA==\x1b\\",
    "clipboard, BEL": "\x1b]52;c;ZXZpbA==\x07",
    "title": "\x1b]0;owned\x07",
    "colours": "\x1b[31;5;7mred",
    "alternate screen": "\x1b[?1049lgone",
    "C1": "\x9b31m\x9d52;c;x\x9c",
    "ENQ, SO": "\x05\x0e",
    "bidirectional": "\u202egnp",
    "surrogate": "\ud83d",
    "markup": "[/nope][@click=app.quit]x[/]",
}
LEAKS = [
    b"\x1b]52", b"ZXZpbA==\x1b", b"\x1b]0;owned", b"\x1b[31;5;7m", b"\x1b[?1049lgone",
    b"\xc2\x9b", b"\xc2\x9d", b"\x05", b"\x0e", b"\xe2\x80\xae", b"\\ud83d",
]  # fmt: skip
LAST = "all payloads were sent"
PATIENCE = 60
"""Seconds after which a screen that never showed the last line is taken for dead."""


class HostileFeed(MemoryFeed):
    """Every payload in every field, then a line to wait for."""

    def fill(self) -> "HostileFeed":
        """Put it all in."""
        evil = "".join(PAYLOADS.values())
        for model in self.state.models.values():
            model.name = model.note = evil
        self.queue.put_nowait(ModelChanged("m3", ModelPhase.LOADING, evil))
        self.queue.put_nowait(AttemptStarted("m1", evil, 1))
        for turn, payload in enumerate(PAYLOADS.values()):
            for character in payload:
                self.queue.put_nowait(Streamed("m1", StreamPiece("reasoning", character, turn=turn)))
            self.queue.put_nowait(Streamed("m1", StreamPiece("tool call", payload, 0, payload, turn=turn)))
            self.queue.put_nowait(ToolAnswered("m1", payload, payload, turn % 2 == 1))
            self.queue.put_nowait(ServerNoted("m1", payload))
        self.queue.put_nowait(Streamed("m1", StreamPiece("text", LAST, turn=99)))
        return self


def read_until(master: int, wanted: bytes) -> bytes:
    """All that comes until `wanted` was in it."""
    seen, end = b"", time.monotonic() + PATIENCE
    while wanted not in seen and select.select([master], [], [], max(0, end - time.monotonic()))[0]:
        try:
            seen += os.read(master, 65536)
        except OSError:  # Linux's way of saying that the other side is closed
            break
    return seen


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")
def test_no_payload_reaches_the_terminal() -> None:
    master, slave = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "160", "LINES": "45"}
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.tui.test_pty"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    os.close(slave)
    try:
        seen = read_until(master, LAST.encode())
    finally:
        child.kill()
        child.wait()
        os.close(master)
    assert LAST.encode() in seen
    assert {leak for leak in LEAKS if leak in seen} == set()


if __name__ == "__main__":
    LiveApp(HostileFeed(make_state(3)).fill()).run()
