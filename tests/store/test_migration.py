"""A database of an older Milo is copied, then brought up to date with all that it holds, or left as it is."""

import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from milo_tui.store.migration import StoreError, backup_path, migrations
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store
from milo_tui.suite.conversation import ToolCall
from tests.store.told import attempt, store_run, turn

CALL = ToolCall.read("a", "count_crates", '{"bay": 7}')


@pytest.fixture
async def old(tmp_path: Path) -> Path:
    """A database at schema 1 with a run of two attempts, one of them a retry."""
    whole = tmp_path / "whole.db"
    await store_run(
        whole,
        tmp_path / "suite",
        attempt(turn("lost"), points=None),
        attempt(turn("There are 412 crates.", "hm", [CALL]), points=3, number=2),
        attempt(points=1, repeat=2),
        note="a note",
    )
    path = tmp_path / "milo.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(migrations()[0] + "PRAGMA user_version = 1;")
        db.execute("ATTACH ? AS whole", (str(whole),))
        for table in (
            "run",
            "run_model",
            "prompt",
            "run_prompt",
            "attempt",
            "turn",
            "tool_call",
            "check_result",
        ):
            columns = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))
            db.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM whole.{table}")
        db.commit()
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


async def test_everything_is_there_afterwards_and_can_be_found(old: Path) -> None:
    reader = await Reader.open(old)
    (run,) = await reader.runs(words=["small", "local", "incomplete"])
    assert (
        run.note,
        run.models[0].figures.points,
        run.models[0].figures.scored,
        run.models[0].figures.planned,
    ) == (
        "a note",
        4,
        2,
        4,
    )
    back = await reader.attempt(2)
    assert back.turns == (turn("There are 412 crates.", "hm", [CALL]),)
    assert [(hit.attempt, hit.part) for hit in await reader.search("crates")] == [(2, "answer")]
    assert [hit.part for hit in await reader.search("note")] == ["note"]
    assert [point.share for point in await reader.trend("local", "small")] == [4 / 6]
    await reader.aclose()
    assert version(old) == len(migrations())


async def test_the_copy_holds_what_was_there_before_even_from_the_log(old: Path) -> None:
    with closing(sqlite3.connect(old)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("UPDATE run SET note = 'still in the log'")
        other.commit()
        store = await Store.open(old)
        await store.aclose()
    copy = backup_path(old, 1)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("SELECT note FROM run").fetchall() == [("still in the log",)]
        assert db.execute("SELECT count(*) FROM turn").fetchone() == (3,)
    assert version(copy) == 1


async def test_a_new_database_needs_no_copy(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "milo.db")
    await store.aclose()
    assert not list(tmp_path.glob("*backup*"))


async def test_without_a_copy_nothing_is_changed(old: Path) -> None:
    backup_path(old, 1).mkdir()
    before = version(old)
    with pytest.raises(StoreError, match=r"could not be written to .*Nothing was changed"):
        await Store.open(old)
    assert version(old) == before == 1
    assert not [path for path in old.parent.iterdir() if path.name.startswith(".")]


async def test_processes_that_find_an_old_database_at_once_migrate_it_once(old: Path) -> None:
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom milo_tui.store.store import Store\n"
        "async def main():\n    store = await Store.open(Path(sys.argv[1]))\n    await store.aclose()\n"
        "asyncio.run(main())"
    )
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(old)) for _ in range(4)
    ]
    assert [await process.wait() for process in processes] == [0] * 4
    assert version(old) == len(migrations())
    assert version(backup_path(old, 1)) == 1


@pytest.fixture
def runner() -> Iterator[psutil.Process]:
    """Another process that lives."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield psutil.Process(process.pid)
    process.kill()
    process.communicate()


async def test_nothing_is_changed_under_a_runner_of_an_older_milo(old: Path, runner: psutil.Process) -> None:
    with closing(sqlite3.connect(old)) as db:
        db.execute(
            "UPDATE run SET phase = 'running', runner_pid = ?, runner_started = ?",
            (runner.pid, runner.create_time()),
        )
        db.commit()
    with pytest.raises(StoreError, match="Run 1 goes on under an older Milo"):
        await Reader.open(old)
    assert version(old) == 1
    assert not backup_path(old, 1).exists()
    runner.kill()
    runner.wait()
    await (await Reader.open(old)).aclose()
    assert version(old) == len(migrations())
