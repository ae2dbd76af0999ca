"""Simulated models for `milo demo`: scripted conversations behind a real HTTP port on loopback.

The server is a process of its own (simulated/), so that it never shares a clock's thread with the
runner that measures it; it speaks both wire formats.
"""

import asyncio
import sys
from types import TracebackType
from typing import Self

from milo_tui.simulated.script import Profile, Script

PROFILES = {
    "steady": Profile(
        name="Steady (simulated)",
        protocol="openai",
        where="local",
        ttft_s=0.35,
        ttft_jitter_s=0.08,
        tokens_per_s=40,
        calls="whole",
        call_ids="uuid",
        mix={"other_phrasing": 0.10, "extra_read": 0.08, "wrong_value": 0.03, "skipped_step": 0.01},
    ),
    "thinker": Profile(
        name="Thinker (simulated)",
        protocol="openai",
        where="local",
        ttft_s=0.6,
        ttft_jitter_s=0.15,
        tokens_per_s=95,
        thinks=True,
        mix={
            "fenced_json": 0.22,
            "prose_around_json": 0.16,
            "extra_key": 0.10,
            "endless_retry": 0.12,
            "extra_read": 0.08,
            "other_phrasing": 0.06,
        },
    ),
    "careless": Profile(
        name="Careless (simulated)",
        protocol="anthropic",
        where="api",
        ttft_s=0.5,
        ttft_jitter_s=0.2,
        tokens_per_s=90,
        call_ids="toolu",
        mix={
            "missing_argument": 0.10,
            "wrong_value": 0.12,
            "claimed_success": 0.10,
            "skipped_step": 0.08,
            "malformed_arguments": 0.05,
            "wrong_tool": 0.05,
        },
    ),
}
"""The models of `milo demo`, by the `profile` of an entry; their mixes name mutations as suite/mutations.py does."""

_START_TIMEOUT_S = 15.0
_STOP_TIMEOUT_S = 3.0


class SimulatedModels:
    """A running server for one script: `async with SimulatedModels(script) as models: models.base_url`.

    Its process ends with the block; it also ends by itself when this process is gone, killed or not.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        """The server's address, without a path; it answers with /v1 before a path and without."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None

    async def __aenter__(self) -> Self:
        # -P: a json.py in the user's folder must not stand in for the library's.
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "milo_tui.simulated"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self._port = await asyncio.wait_for(_start(self._process, self._script), _START_TIMEOUT_S)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.communicate(), _STOP_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.communicate()


async def _start(process: asyncio.subprocess.Process, script: Script) -> int:
    """Hand the script over; the port that the server listens on."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{script.to_json()}\n".encode())
        await process.stdin.drain()
    except ConnectionError:
        pass
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("the simulated models did not start")
    return int(line)
