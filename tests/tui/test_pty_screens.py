"""Hostile text on every screen but Live (test_pty.py has that), walked by keys on a real pty, byte by byte."""

import itertools
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.store.store import Store
from tests.tui.hostile import ALL
from tests.tui.runs_data import attempt
from tests.tui.test_pty import LEAKS, PAYLOADS
from tests.tui.test_run import hostile

# A lone surrogate is stored as its escape, which is harmless text.
ESCAPES = [leak for leak in LEAKS if leak != b"\\ud83d"]

MODEL = """\
[[model]]
id = "evil"
name = "\\u001b]52;c;ZXZpbA==\\u0007\\u001b[31;5;7mred[/nope][@click=app.quit]x[/]\\u009b31m\\u202egnp"
protocol = "openai"
where = "local"
base_url = "http://127.0.0.1:9/v1"
"""

PASTED = "".join(PAYLOADS.values()).replace("\ud83d", "")

WALK = (
    ("", b"runs"),
    ("\r", b"Table"),
    ("2", b"Prompts"),
    ("3", b"Score by category"),
    ("4", b"suite digest"),
    ("5", b"Log"),
    ("6", b"How close is local"),
    ("2", b"Prompts"),
    ("\r", b"turn"),
    ("2", b"response headers"),
    ("j", b"request"),
    ("\r", b"the request of turn 1"),
    ("3", b"waiting"),
    ("4", b"Checks"),
    ("\x1b", b"Prompts"),
    ("d", b"diff"),
    ("\x1b", b"Prompts"),
    ("\x1b", b"when"),
    ("l", b"trend"),
    ("m", b"Note of run"),
    ("\x1b", b"when"),
    ("\x06", b"Type what to look for"),
    (f"\x1b[200~{PASTED}\x1b[201~", b"No hits for"),
    ("\x15", b"Type what to look for"),
    ("bold", b"hits"),
    ("\r", b"Copy"),
    ("\r", b"run 2"),
    ("\x1b", b"hits"),
    ("jjj\r", b"turn"),
    ("\x1b", b"hits"),
    ("\x1b", b"when"),
    ("\x7f", b"is in the bin"),
    ("B", b"deletes these runs"),
    ("u", b"is restored"),
    ("\x1b", b"when"),
    ("n", b"new run"),
)
"""Keys, and what the screen that they lead to shows."""

QUIET = 0.3
PATIENCE = 60.0


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    """Two runs in which everything is hostile."""
    record, spoil = hostile(ALL + PASTED)
    store = await Store.open(tmp_path / "milo.db")
    for key in ("one", "two"):
        number = await store.create_run(replace(record, key=key))
        for model, prompt in itertools.product(range(3), range(2)):
            await store.add_attempt(number, spoil(attempt(record, model, prompt, 1, 1)))
    await store.aclose()
    return tmp_path / "milo.db"


def _read(master: int, wanted: bytes) -> bytes:
    """What comes until `wanted` was in it and the terminal is quiet; or until patience ends."""
    seen, end = b"", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if not select.select([master], [], [], QUIET)[0]:
            if wanted in seen:
                break
            continue
        try:
            seen += os.read(master, 65536)
        except OSError:
            break
    return seen


def _walk(master: int) -> Iterator[tuple[str, bytes, bytes]]:
    for key, wanted in WALK:
        os.write(master, key.encode())
        yield key, wanted, _read(master, wanted)


def test_no_payload_reaches_the_terminal_on_any_screen(database: Path) -> None:
    Path("milo.toml").write_text(MODEL, encoding="utf-8")
    master, slave = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "160", "LINES": "45"}
    child = subprocess.Popen(
        [sys.executable, "-m", "milo_tui", "--db", str(database)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
    )
    os.close(slave)
    try:
        for key, wanted, seen in _walk(master):
            assert wanted in seen, f"after {key!r} the screen never showed {wanted!r}"
            assert {leak for leak in ESCAPES if leak in seen} == set(), f"after {key!r}"
            assert child.poll() is None, f"{key!r} ended the app"
    finally:
        child.kill()
        child.wait()
        os.close(master)
