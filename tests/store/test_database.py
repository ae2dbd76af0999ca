"""Transactions on a shared connection: whole or not at all, one after another, none left open."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from milo_tui.store.database import Database, StoreError
from milo_tui.store.store import Store, writing
from tests.store.told import attempt, store_run

TABLES = ("attempt", "turn", "check_result", "attempt_search", "run_summary")


def counts(path: Path) -> list[int]:
    """Rows of each table; a lock that another connection left behind is an error at once."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        found = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES]
        db.execute("ROLLBACK")
    return found


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database with a run of no attempts."""
    await store_run(tmp_path / "milo.db", tmp_path / "suite")
    return tmp_path / "milo.db"


async def cancelled_after(store: Store, steps: int) -> None:
    """Begin to store an attempt, and cancel it after so many turns of the event loop."""
    task = asyncio.create_task(store.add_attempt(1, attempt()))
    for _ in range(steps):
        await asyncio.sleep(0.0005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("steps", range(0, 24, 2))
async def test_a_cancelled_commit_is_whole_or_nothing_and_leaves_no_lock(path: Path, steps: int) -> None:
    async with writing(path) as store:
        await cancelled_after(store, steps)
        await store.set_note(1, "the next writer of the same connection")
        assert counts(path) in ([0] * 5, [1, 1, 3, 1, 1])
        await store.add_attempt(1, attempt(repeat=2))


async def test_every_place_of_a_cancel_is_safe(path: Path) -> None:
    """Cancel at each statement of a transaction in turn: the statement that was asked for may still run."""
    database = await Database.open(path, write=True)
    for place in range(4):

        async def change(place: int = place) -> None:
            async with database.transaction():
                for i in range(4):
                    if i == place:
                        asyncio.current_task().cancel()  # type: ignore[union-attr]
                    await database.fetch("UPDATE run SET note = ? WHERE number = 1", (f"{place} {i}",))

        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(change())
        assert counts(path)[0] == 0
        assert [tuple(row) for row in await database.fetch("SELECT note FROM run")] == [("",)]
    await database.aclose()


async def test_coroutines_on_one_connection_do_not_share_a_transaction(path: Path) -> None:
    """Of attempts stored at once, those that are refused take nothing of the others with them."""
    async with writing(path) as store:
        made = [store.add_attempt(1, attempt(repeat=repeat)) for repeat in (1, 2, 1, 2, 1)]
        found = await asyncio.gather(*made, return_exceptions=True)
    assert sorted(isinstance(one, StoreError) for one in found) == [False, False, True, True, True]
    assert counts(path) == [2, 2, 6, 2, 1]


async def test_a_commit_that_fails_is_rolled_back(path: Path) -> None:
    database = await Database.open(path, write=True)

    async def change() -> None:
        async with database.transaction():
            await database.fetch("UPDATE run SET note = 'changed'")
            await database.fetch("INSERT INTO turn (attempt, position) VALUES (1, 1)")

    with pytest.raises(StoreError):
        await change()
    assert [tuple(row) for row in await database.fetch("SELECT note FROM run")] == [("",)]
    await database.aclose()
    assert counts(path)[0] == 0
