"""How much memory a process group holds: what a table shows as a model's RAM.

On Linux the resident set, and each process's own peak of it (VmHWM, proc(5)). On macOS the physical footprint
and its lifetime maximum (`proc_pid_rusage`, struct rusage_info_v4 of <sys/resource.h>), since Metal's buffers are
not all in the resident set there; that part is written from Apple's headers and has not been run.
"""

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Memory:
    """Gigabytes of 10^9 bytes: now, and at most so far. Of several processes the sum of each one's peak."""

    now_gb: float = 0.0
    peak_gb: float = 0.0

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.now_gb + other.now_gb, self.peak_gb + other.peak_gb)


def machine_gb() -> float:
    """All memory of this machine, in gigabytes of 10^9 bytes."""
    return float(psutil.virtual_memory().total / 1e9)


def available_gb() -> float:
    """What could be had without swapping, in gigabytes of 10^9 bytes."""
    return float(psutil.virtual_memory().available / 1e9)


def members(group: int) -> Iterator[int]:
    """The pids of a process group, zombies left out."""
    for pid in psutil.pids():
        try:
            if os.getpgid(pid) == group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                yield pid
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue


def of_group(group: int) -> Memory:
    """The memory of all processes of a group that still live."""
    total = Memory()
    for pid in members(group):
        total += of_process(pid)
    return total


def of_process(pid: int) -> Memory:
    """The memory of one process; nothing where it is gone."""
    return _on_macos(pid) if sys.platform == "darwin" else _on_linux(pid)


_LINE = re.compile(r"^(VmHWM|VmRSS):\s+(\d+) kB$", re.MULTILINE)


def _on_linux(pid: int) -> Memory:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Memory()
    # "kB" there means 1024 bytes.
    found = {name: int(value) * 1024 / 1e9 for name, value in _LINE.findall(status)}
    return Memory(found.get("VmRSS", 0.0), found.get("VmHWM", 0.0))


_FLAVOUR = 4
_WORDS = 35
_FOOTPRINT, _LIFETIME_MAX = 7, 28


class Usage(ctypes.Structure):
    """rusage_info_v4: a UUID, then 35 numbers of 64 bits; ri_phys_footprint is the 8th of them,
    ri_lifetime_max_phys_footprint the 29th."""

    _fields_ = (("uuid", ctypes.c_uint8 * 16), ("words", ctypes.c_uint64 * _WORDS))

    @property
    def memory(self) -> Memory:
        """The footprint, now and at most."""
        words = self.words
        return Memory(words[_FOOTPRINT] / 1e9, words[_LIFETIME_MAX] / 1e9)


def _on_macos(pid: int) -> Memory:
    library = ctypes.CDLL("/usr/lib/libSystem.B.dylib")
    usage = Usage()
    failed = library.proc_pid_rusage(ctypes.c_int(pid), ctypes.c_int(_FLAVOUR), ctypes.byref(usage))
    return Memory() if failed else usage.memory
