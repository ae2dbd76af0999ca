"""A key is in no file, no log and no output, whatever goes wrong with it."""

import asyncio
import itertools
import os
import subprocess
import sys
from pathlib import Path

from tests.cli.milo import write_config
from tests.endpoints.fault_server import FaultServer, Silence, Step, answer

CANARY = "CANARY-sk-ant-0123456789abcdef"


async def _run(scripts: list[tuple[Step, ...]], protocol: str) -> str:
    """Run Milo against a server that refuses in every way; all that it prints."""
    async with FaultServer(*scripts) as server:
        write_config(
            {
                "id": "m",
                "name": "M",
                "protocol": protocol,
                "where": "api",
                "model": "claude-sonnet-4-6",
                "base_url": server.url,
                "api_key_env": "CANARY_KEY",
                "first_byte_timeout": 0.2,
            }
        )
        said = ""
        for words in (
            ["run", "--plain", "--prompt", "single_tool/library_hold", "--repeats", "2"],
            ["models", "check"],
        ):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "milo_tui", *words),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "CANARY_KEY": CANARY},
            )
            output, _ = await process.communicate()
            said += output.decode()
        for recorded in server.requests:
            sent = {
                recorded.headers.get("x-api-key"),
                recorded.headers.get("authorization", "").removeprefix("Bearer "),
            }
            assert CANARY in sent, "the key must have been sent, or this proves nothing"
        assert server.requests
    return said


async def test_the_key_is_written_nowhere(home: Path) -> None:
    echo = {"type": "error", "error": {"type": "x", "message": f"bad key {CANARY} (Bearer {CANARY})"}}
    refusals: list[list[tuple[Step, ...]]] = [
        [(answer(echo, 401),)],
        [(answer(echo, 429, retry_after="0.01"),)],
        [(Silence(),)],
        [(answer(f"<html>{CANARY}</html>".encode(), 500),)],
    ]
    for protocol, scripts in itertools.product(("anthropic", "openai"), refusals):
        said = await _run(scripts, protocol)
        assert CANARY not in said
        assert "Traceback" not in said
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
