"""Keys as a terminal sends them, read in a process on a pty."""

import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual import events

from milo_tui.tui.base_app import BaseApp
from tests.tui.runs_data import settings

PATIENCE = 30
"""Seconds after which a key that was not told is taken for lost."""


class KeysApp(BaseApp):
    """Writes the keys that it gets to a file, a line each."""

    def __init__(self, told: Path) -> None:
        super().__init__(settings(told.parent))
        self.told = told

    def on_mount(self) -> None:
        self.tell("up and running")

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste):
            self.tell(event.key if isinstance(event, events.Key) else f"pasted {event.text}")
        else:
            await super().on_event(event)

    def tell(self, what: str) -> None:
        """Write a line."""
        with self.told.open("a") as file:
            file.write(what + "\n")


@contextmanager
def keys_app(told: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """The app on a pty of its own: its keyboard, and its process."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.tui.test_keyboard", str(told)],
        stdin=slave,
        stdout=subprocess.DEVNULL,
        stderr=slave,
        env=os.environ | {"TERM": "xterm-256color"},
        cwd=Path(__file__).parents[2],
    )
    os.close(slave)
    try:
        yield master, child
    finally:
        child.kill()
        child.wait()
        os.close(master)


def wait_for(told: Path, lines: list[str]) -> None:
    """Wait until these were told and nothing else was before them."""
    end = time.monotonic() + PATIENCE
    found: list[str] = []
    while found != lines and time.monotonic() < end:
        time.sleep(0.01)
        found = told.read_text().splitlines() if told.exists() else []
    assert found == lines


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")
def test_a_lone_esc_an_arrow_a_paste_and_a_letter_in_two_pieces_are_told_each_as_what_it_is(
    tmp_path: Path,
) -> None:
    told = tmp_path / "told"
    with keys_app(told) as (keyboard, _):
        expected = ["up and running"]
        wait_for(told, expected)
        for sent, *keys in (
            (b"\x1b[B", "down"),
            (b"\x1b", "escape"),
            (b"\x1b\x1b[A", "escape", "up"),
            (b"\xc3",),
            (b"\xa9", "é"),
            (b"\x1b[200~one line\x1b[201~", "pasted one line"),
            (b"q", "q"),
            (b"\x1b", "escape"),
        ):
            os.write(keyboard, sent)
            expected += keys
            wait_for(told, expected)


if __name__ == "__main__":
    KeysApp(Path(sys.argv[1])).run()
