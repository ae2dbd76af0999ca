"""What a process group holds: measured of real processes on Linux, read from Apple's structure elsewhere."""

import ctypes
import os
import subprocess
import sys

import pytest

from milo_tui.mlx import memory
from milo_tui.mlx.memory import Memory, Usage


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_group_is_measured_whole_and_its_peak_outlives_what_was_freed() -> None:
    code = "import sys; data = bytearray(80_000_000); del data; print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = memory.of_group(process.pid)
        assert list(memory.members(process.pid)) == [process.pid]
        process.kill()
    assert 0.005 < found.now_gb < 0.08 < found.peak_gb < 0.2
    assert memory.of_group(process.pid) == Memory()


def test_own_processes_are_found_by_their_group() -> None:
    assert os.getpid() in list(memory.members(os.getpgrp()))


def test_the_machine_has_more_than_is_free() -> None:
    assert 0 < memory.available_gb() < memory.machine_gb()


def test_apples_structure_is_read_at_the_places_of_its_header() -> None:
    """struct rusage_info_v4: a 16-byte UUID, then ri_phys_footprint as the 8th number of 64 bits, and
    ri_lifetime_max_phys_footprint as the 29th."""
    data = bytearray(ctypes.sizeof(Usage))
    data[16 + 7 * 8 : 16 + 8 * 8] = (3_000_000_000).to_bytes(8, sys.byteorder)
    data[16 + 28 * 8 : 16 + 29 * 8] = (5_000_000_000).to_bytes(8, sys.byteorder)
    assert Usage.from_buffer(data).memory == Memory(3.0, 5.0)
    assert ctypes.sizeof(Usage) == 16 + 35 * 8
