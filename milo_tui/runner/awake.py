"""Keeping a Mac awake while a run goes on: a benchmark that sleeps at lunch is no benchmark."""

import contextlib
import os
import subprocess
import sys


def keep_awake() -> None:
    """Let macOS not sleep while this process lives (`caffeinate -w`); nothing on other systems.

    The display may sleep. caffeinate ends by itself with this process, killed or not.
    """
    if sys.platform != "darwin":
        return
    with contextlib.suppress(OSError):
        subprocess.Popen(
            ["caffeinate", "-i", "-m", "-s", "-w", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
