"""Damaged databases: one sentence that names run and field, other runs stay usable, doctor finds and repairs it."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from milo_tui.analysis.record import PromptRecord
from milo_tui.store.database import StoreError
from milo_tui.store.health import problems
from milo_tui.store.queries import Reader
from milo_tui.store.repair import repair
from milo_tui.store.store import Store
from tests.factories import make_attempt, make_model, make_row, make_run, make_turn

_PROMPT = PromptRecord("one/look_up", 1, "one", "Look up", {"user": "Look it up."})

DAMAGE = {
    "a word for a time": ("UPDATE run SET created = 'abc' WHERE number = 1", "Run 1 .*created holds"),
    "a time past all time": ("UPDATE run SET created = 1e300 WHERE number = 1", "Run 1 .*created holds"),
    "repeats without end": ("UPDATE run SET repeats = 1000000000 WHERE number = 1", "Run 1 .*repeats holds"),
    "an unknown phase": ("UPDATE run SET phase = 'flying' WHERE number = 1", "Run 1 .*phase holds"),
    "a process that is none": ("UPDATE run SET phase = 'running', runner_pid = -7, runner_started = 'x'", ""),
    "broken JSON": ("UPDATE run SET machine = '{' WHERE number = 1", "Run 1 .*machine holds"),
    "JSON of another kind": ("UPDATE run_model SET manifest = '[1]' WHERE run = 1", "Run 1 .*manifest holds"),
    "a broken entry": ("UPDATE run_model SET entry = '{}' WHERE run = 1", "Run 1 .*entry holds"),
    "text that is no text": (
        "UPDATE run_model SET name = x'80ff' WHERE run = 1",
        "Run 1 .*name holds raw bytes",
    ),
    "an unknown outcome": ("UPDATE attempt SET outcome = 'lost' WHERE run = 1", "Run 1 .*outcome holds"),
    "an attempt without its model": ("DELETE FROM run_model WHERE run = 1", "Run 1 .*missing"),
    "an attempt without its prompt": ("DELETE FROM run_prompt WHERE run = 1", "Run 1 .*missing"),
    "a check whose reason is no text": (
        "UPDATE check_result SET reason = x'80' WHERE attempt = 1",
        "Run 1, .*reason holds",
    ),
    "a turn without its bytes": (
        "UPDATE turn SET request = x'00' WHERE attempt = 1",
        "Run 1, .*request holds",
    ),
}


async def _database(folder: Path) -> Path:
    """Two runs of an attempt each."""
    path = folder / "milo.db"
    store = await Store.open(path)
    for created in (1e9, 1e9 + 60):
        run = await store.create_run(make_run([make_model()], [_PROMPT], created=created))
        await store.add_attempt(run, make_attempt(make_row(), [make_turn("Done.")]))
    await store.aclose()
    return path


async def _read_all(path: Path, run: int) -> None:
    """Read whatever views read of a run."""
    reader = await Reader.open(path)
    try:
        await reader.run(run)
        await reader.attempts(run)
        await reader.evidence(run)
        assert len([attempt async for attempt in reader.every_attempt(run)]) == 1
    finally:
        await reader.aclose()


async def _listed(path: Path) -> list[tuple[int, str]]:
    reader = await Reader.open(path)
    try:
        return [(run.number, run.note) for run in await reader.runs()]
    finally:
        await reader.aclose()


@pytest.mark.parametrize("name", DAMAGE)
async def test_a_damaged_run_is_named_and_can_be_repaired(tmp_path: Path, name: str) -> None:
    statement, said = DAMAGE[name]
    path = await _database(tmp_path)
    _change(path, statement)
    if said:
        with pytest.raises(StoreError, match=said) as caught:
            await _read_all(path, 1)
        assert "milo doctor --repair" in str(caught.value)
        assert any(told in str(caught.value) for told in await problems(path))
    await _read_all(path, 2)
    assert [number for number, _ in await _listed(path)] == [2, 1]
    copy, _ = repair(path)
    assert await problems(copy) == []
    for run in (1, 2):
        await _read_all(copy, run)


def _change(path: Path, statement: str, values: tuple[Any, ...] = ()) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()
