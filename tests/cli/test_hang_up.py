"""A view whose terminal is gone ends, also where the kernel has no SIGHUP for it."""

import os
import pty
import select
import subprocess
import time

import pytest

from tests.cli.milo import MILO, milo

PATIENCE = 60
"""Seconds after which a process that did not end is taken for stuck."""


@pytest.mark.parametrize("words", [(), ("demo", "--pace", "fast", "--repeats", "1")], ids=["idle", "drawing"])
def test_a_view_without_a_terminal_ends(
    words: tuple[str, ...], tmp_path: "os.PathLike[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    master, slave = pty.openpty()
    # A session of its own, which the pty does not control: nothing is told when it goes.
    child = subprocess.Popen([*MILO, *words], stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    try:
        seen, end = b"", time.monotonic() + PATIENCE
        while b"\x1b[?1049h" not in seen and time.monotonic() < end:
            if select.select([master], [], [], 1)[0]:
                seen += os.read(master, 65536)
        os.close(master)
        assert child.wait(PATIENCE) != 0
    finally:
        child.kill()
        child.wait()
    if words:
        milo("stop", "last")
