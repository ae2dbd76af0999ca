"""An imported run is data: resuming it contacts nobody and starts nothing that the user did not agree to."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from milo_tui.analysis.phases import Origin
from milo_tui.store import export_run
from milo_tui.store.queries import Reader
from tests.cli.milo import milo, milo_json, write_config
from tests.servers.fault_server import FaultServer, answer
from tests.store.told import attempt, store_run

SAY = answer({"choices": [{"message": {"content": "412 crates."}, "finish_reason": "stop"}]})
RESUMES = (("resume", "1"), ("resume", "1", "--plain"), ("resume", "1", "--detach"), ("work", "1"))


@pytest.fixture
async def stranger() -> AsyncIterator[FaultServer]:
    """A server that somebody else chose."""
    async with FaultServer((SAY,)) as server:
        yield server


async def strangers_file(tmp_path: Path, **entry: Any) -> Path:
    """An incomplete run of one model, exported, with keys of its entry changed."""
    number = await store_run(tmp_path / "other.db", tmp_path / "suite", attempt(points=1))
    reader = await Reader.open(tmp_path / "other.db")
    run, attempts = await reader.run(number), reader.every_attempt(number)
    text = "".join([piece async for piece in export_run.pieces(run, attempts)])
    await reader.aclose()
    data = json.loads(text)
    model = data["run"]["models"][0]
    model["entry"] = {key: value for key, value in {**model["entry"], **entry}.items() if value is not None}
    data["run"] |= {"origin": "here", "phase": "incomplete"}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


async def run_milo(*words: str, status: int = 0, **environment: str) -> str:
    """Run a command beside the servers of this process; its stderr."""
    done = await asyncio.to_thread(milo, *words, status=status, **environment)
    return done.stderr


async def test_a_strangers_address_never_gets_the_users_key(tmp_path: Path, stranger: FaultServer) -> None:
    file = await strangers_file(tmp_path, base_url=f"{stranger.url}/v1", api_key_env="MY_KEY")
    await run_milo("import", str(file))
    for words in RESUMES:
        told = await run_milo(*words, status=2, MY_KEY="sk-secret")
        assert "was imported" in told
    told = await run_milo("resume", "1", status=2, MY_KEY="sk-secret")
    assert f"contacts {stranger.url}/v1, and sends it the key in MY_KEY" in told
    assert "--trust-imported" in told
    assert stranger.connections == 0


async def test_a_strangers_program_is_never_started(tmp_path: Path) -> None:
    marker, program = tmp_path / "started", tmp_path / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n", encoding="utf-8")
    program.chmod(0o755)
    server = {"weights": "w", "python": str(program)}
    await run_milo("import", str(await strangers_file(tmp_path, base_url=None, server=server)))
    for words in RESUMES:
        await run_milo(*words, status=2)
    assert f"starts {program} -m mlx_lm.server --model w" in await run_milo("resume", "1", status=2)
    assert not marker.exists()


async def test_the_users_own_entry_of_that_id_is_used_instead(tmp_path: Path, stranger: FaultServer) -> None:
    file = await strangers_file(tmp_path, base_url=f"{stranger.url}/v1", api_key_env="MY_KEY")
    await run_milo("import", str(file))
    async with FaultServer((SAY,)) as own:
        write_config(
            {"id": "local", "name": "Local", "protocol": "openai", "where": "local", "base_url": own.url}
        )
        await run_milo("resume", "1", "--plain")
        assert own.requests
    assert stranger.connections == 0


async def test_with_consent_it_is_resumed_as_it_was(tmp_path: Path, stranger: FaultServer) -> None:
    await run_milo("import", str(await strangers_file(tmp_path, base_url=f"{stranger.url}/v1")))
    await run_milo("resume", "1", "--plain", "--trust-imported")
    assert stranger.requests


async def test_a_run_of_simulated_models_needs_no_consent(tmp_path: Path) -> None:
    simulated = {"profile": "steady", "pace": "instant"}
    file = await strangers_file(tmp_path, base_url=None, model="simulated-steady", simulated=simulated)
    await run_milo("import", str(file))
    await run_milo("resume", "1", "--plain")


async def test_lists_say_that_a_run_was_imported(tmp_path: Path) -> None:
    await run_milo("import", str(await strangers_file(tmp_path)))
    (run,) = await asyncio.to_thread(milo_json, "runs", "--json")
    assert run["origin"] == Origin.IMPORTED
    assert "imported" in (await asyncio.to_thread(milo, "runs")).stdout


async def test_an_older_database_does_not_trust_runs_that_nobody_carried_out(
    home: Path, tmp_path: Path
) -> None:
    await run_milo("import", str(await strangers_file(tmp_path)))
    with closing(sqlite3.connect(home / "milo.db")) as db:
        later = ("origin", "pool_seed", "margin", "confidence")
        db.executescript("".join(f"ALTER TABLE run DROP COLUMN {name};" for name in later))
        db.execute("PRAGMA user_version = 2")
    assert "was imported" in await run_milo("resume", "1", status=2)
