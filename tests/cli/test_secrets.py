"""A key is in no file, no log and no output, whatever goes wrong with it."""

import asyncio
import itertools
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from tests.cli.milo import write_config
from tests.servers.fault_server import FaultServer, Recorded, Silence, Step, answer

CANARY = "CANARY-sk-ant-0123456789abcdef"


ECHO = {"type": "error", "error": {"type": "x", "message": f"bad key {CANARY} (Bearer {CANARY})"}}
REFUSALS: dict[str, Step] = {
    "unauthorized": answer(ECHO, 401),
    "busy": answer(ECHO, 429, retry_after="0.01"),
    "silent": Silence(),
    "html": answer(f"<html>{CANARY}</html>".encode(), 500),
}


async def _milo(*words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "milo_tui", *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "CANARY_KEY": CANARY},
    )
    output, _ = await process.communicate()
    return output.decode()


def _chats(server: FaultServer) -> list[Recorded]:
    """The requests that ask the model: whether a server answers at all is asked without a body, and without a key."""
    return [recorded for recorded in server.requests if recorded.body]


async def test_the_key_is_written_nowhere(home: Path) -> None:
    """Both protocols against servers that refuse in every way, some of which send the key back."""
    async with AsyncExitStack() as running:
        servers = [
            (protocol, id, await running.enter_async_context(FaultServer((refusal,))))
            for protocol, (id, refusal) in itertools.product(("anthropic", "openai"), REFUSALS.items())
        ]
        write_config(
            *(
                {
                    "id": f"{protocol}-{id}",
                    "name": f"{protocol} {id}",
                    "protocol": protocol,
                    "where": "api",
                    "model": "claude-sonnet-4-6",
                    "base_url": server.url,
                    "api_key_env": "CANARY_KEY",
                    "first_byte_timeout": 0.2,
                }
                for protocol, id, server in servers
            )
        )
        said = await _milo("run", "--plain", "--prompt", "single_tool/library_hold", "--repeats", "2")
        asked = [len(_chats(server)) for *_, server in servers]
        said += await _milo("models", "check")
        assert CANARY not in said
        assert "Traceback" not in said
        assert all(asked)
        for n, (*_, server) in zip(asked, servers, strict=True):
            chats = _chats(server)
            assert len(chats) > n
            for recorded in chats:
                sent = {
                    recorded.headers.get("x-api-key"),
                    recorded.headers.get("authorization", "").removeprefix("Bearer "),
                }
                assert CANARY in sent, "the key must have been sent, or this proves nothing"
    files = [path for folder in (home, Path.cwd()) for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "milo.db" for path in files)
    assert any(path.parent.name == "bench_results" for path in files)
    for path in files:
        assert CANARY.encode() not in path.read_bytes(), path


async def test_a_missing_key_is_one_sentence() -> None:
    write_config(
        {
            "id": "m",
            "name": "M",
            "protocol": "anthropic",
            "where": "api",
            "model": "x",
            "api_key_env": "ABSENT_KEY",
        }
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "milo_tui", "models", "check"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert b"ABSENT_KEY" in output
    assert b"Traceback" not in output
