"""The machine that a run is made on: as its manifest remembers it (no host name, no user, no path), kept awake, and
with a runner's process that Python's own housekeeping does not disturb.
"""

import contextlib
import gc
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

_SWITCH = 0.0005
"""Seconds for which the database's thread may keep the interpreter from the event loop; Python's default is ten times
that, and showed in one stamp of a hundred."""
_COLLECT_AFTER = 700
"""New objects between two collections: a fraction of a millisecond each."""
_PACKAGES = ("milo-tui", "mlx-lm", "mlx", "httpx")


def machine() -> dict[str, Any]:
    """System, processor, cores, memory in gigabytes (10^9 bytes), and the versions that could change a figure."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": psutil.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    if sys.platform == "darwin":
        told = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False
        )
        return told.stdout.strip() or platform.machine()
    return platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def keep_awake() -> None:
    """Let macOS not sleep while this process lives (`caffeinate -w`): a benchmark that sleeps at lunch is no benchmark.

    Nothing on other systems. The display may sleep. caffeinate ends by itself with this process, killed or not.
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


def tune_gc() -> None:
    """For a process that does nothing but carry a run out, once all stands that it needs.

    Nothing must come between a byte and its stamp: what stands now is left out of full collections, of which each
    took 25 ms; the others are small and many, not large and few.
    """
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
    sys.setswitchinterval(_SWITCH)
