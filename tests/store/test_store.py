"""What is kept is kept whole and private, and what cannot be is said in one sentence."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.analysis.phases import RunPhase
from milo_tui.analysis.record import AttemptDetail
from milo_tui.endpoints.endpoint import Clock
from milo_tui.runner.plan import new_run
from milo_tui.store.migration import StoreError, migrations
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store
from milo_tui.suite.conversation import ToolCall, ToolResult
from tests.runner.running import entry
from tests.runner.suite import small_suite
from tests.store.told import attempt, turn


def _attempt(repeat: int = 1, points: int | None = 2, number: int = 1, text: str = "Done.") -> AttemptDetail:
    call = ToolCall.read("a", "count_crates", '{"bay": 7}')
    made = turn(
        text, "hm", [call], quirks=("odd",), clock=Clock(0, chunks=3, arrivals=[5_000, 5_000, 4_000_000_000])
    )
    return attempt(made, repeat=repeat, points=points, number=number)


async def _stored(path: Path, suite: Path) -> tuple[Store, int]:
    store = await Store.open(path)
    return store, await store.create_run(
        new_run(small_suite(suite), [entry("local", "http://h:1")], 2, 7, "a note")
    )


async def test_an_attempt_comes_back_as_it_went_in(tmp_path: Path) -> None:
    store, run = await _stored(tmp_path / "milo.db", tmp_path / "suite")
    id = await store.add_attempt(run, _attempt())
    await store.aclose()
    reader = await Reader.open(tmp_path / "milo.db")
    back = await reader.attempt(id)
    await reader.aclose()
    sent = _attempt()
    assert back.turns == sent.turns
    assert back.score == sent.score
    assert back.attempt == replace(sent.attempt, id=id)


async def test_two_calls_of_a_turn_with_one_id_keep_their_own_results(tmp_path: Path) -> None:
    calls = tuple(ToolCall.read("same", "count_crates", f'{{"bay": {bay}}}') for bay in (7, 8, 9))
    results = (ToolResult("same", 1), ToolResult("same", 2, is_error=True))
    attempt = replace(_attempt(), turns=(replace(_attempt().turns[0], calls=calls, results=results),))
    store, run = await _stored(tmp_path / "milo.db", tmp_path / "suite")
    id = await store.add_attempt(run, attempt)
    await store.aclose()
    reader = await Reader.open(tmp_path / "milo.db")
    (turn,) = (await reader.attempt(id)).turns
    await reader.aclose()
    assert (turn.calls, turn.results) == (calls, results)


async def test_a_lone_surrogate_loses_no_attempt(tmp_path: Path) -> None:
    store, run = await _stored(tmp_path / "milo.db", tmp_path / "suite")
    id = await store.add_attempt(run, _attempt(text="half \ud83d of it\x00"))
    await store.aclose()
    reader = await Reader.open(tmp_path / "milo.db")
    assert (await reader.attempt(id)).turns[0].text == "half \\ud83d of it\x00"
    await reader.aclose()


async def test_the_summary_counts_the_last_attempt_of_each_repeat(tmp_path: Path) -> None:
    store, run = await _stored(tmp_path / "milo.db", tmp_path / "suite")
    await store.add_attempt(run, _attempt(1, None))
    await store.add_attempt(run, _attempt(1, 3, number=2))
    await store.add_attempt(run, _attempt(2, 1))
    await store.aclose()
    reader = await Reader.open(tmp_path / "milo.db")
    (summary,) = await reader.runs()
    await reader.aclose()
    assert (summary.figures.points, summary.figures.scored, summary.figures.planned) == (4, 2, 4)
    assert summary.figures.latency == 2.5
    assert summary.note == "a note"


async def test_the_same_attempt_cannot_be_stored_twice(tmp_path: Path) -> None:
    store, run = await _stored(tmp_path / "milo.db", tmp_path / "suite")
    await store.add_attempt(run, _attempt())
    with pytest.raises(StoreError):
        await store.add_attempt(run, _attempt())
    await store.add_attempt(run, _attempt(2))
    await store.aclose()
    with sqlite3.connect(tmp_path / "milo.db") as other:
        assert other.execute("SELECT count(*), count(DISTINCT attempt) FROM turn").fetchone() == (2, 2)
    other.close()


async def test_lanes_may_store_at_the_same_time(tmp_path: Path) -> None:
    store, run = await _stored(tmp_path / "milo.db", tmp_path / "suite")
    await asyncio.gather(*(store.add_attempt(run, _attempt(repeat)) for repeat in range(1, 21)))
    await store.aclose()
    reader = await Reader.open(tmp_path / "milo.db")
    assert len(await reader.attempts(run)) == 20
    await reader.aclose()


async def test_runs_come_by_the_page_newest_first(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "milo.db")
    suite = small_suite(tmp_path / "suite")
    for _ in range(5):
        await store.create_run(new_run(suite, [entry("local", "http://h:1")], 1, 7))
    await store.aclose()
    reader = await Reader.open(tmp_path / "milo.db")
    assert [run.number for run in await reader.runs(limit=2)] == [5, 4]
    assert [run.number for run in await reader.runs(before=4, limit=2)] == [3, 2]
    await reader.aclose()


async def test_a_run_is_found_by_number_by_key_and_as_the_last(tmp_path: Path) -> None:
    store, run = await _stored(tmp_path / "milo.db", tmp_path / "suite")
    await store.aclose()
    reader = await Reader.open(tmp_path / "milo.db")
    key = (await reader.run(run)).key
    for wanted in (str(run), "last", key, key[:6]):
        assert await reader.find_run(wanted) == run
    for wanted in ("99", "nonsense", "%", "____"):
        with pytest.raises(StoreError, match="There is no run"):
            await reader.find_run(wanted)
    await reader.aclose()


async def test_a_run_whose_process_died_stands_as_incomplete(tmp_path: Path) -> None:
    store, run = await _stored(tmp_path / "milo.db", tmp_path / "suite")
    await store.claim(run, os.getpid(), 12345.0)
    await store.aclose()
    reader = await Reader.open(tmp_path / "milo.db")
    assert (await reader.run(run)).phase is RunPhase.INCOMPLETE
    assert (await reader.runs())[0].phase is RunPhase.INCOMPLETE
    await reader.aclose()


async def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    store, _ = await _stored(tmp_path / "private" / "milo.db", tmp_path / "suite")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "private").iterdir()}
    await store.aclose()
    assert modes == {"milo.db": 0o600, "milo.db-wal": 0o600, "milo.db-shm": 0o600}


async def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="written by a newer Milo"):
        await Store.open(path)
    assert path.read_bytes()[:16] == before[:16]


async def test_a_file_that_is_no_database_is_said_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 40)
    with pytest.raises(StoreError, match="is damaged or no Milo database"):
        await Store.open(path)
    assert path.read_bytes().startswith(b"not a database")


async def test_a_folder_in_the_way_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        await Store.open(tmp_path)


async def test_two_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(Store.open(tmp_path / "milo.db") for _ in range(6)))
    for store in stores:
        await store.aclose()
    with sqlite3.connect(tmp_path / "milo.db") as other:
        assert other.execute("PRAGMA user_version").fetchone() == (len(migrations()),)
    other.close()


async def test_what_is_committed_stays_seen_whoever_opens_and_leaves(tmp_path: Path) -> None:
    """Opening a database twice in one process must not cost it SQLite's lock: the log would be deleted under it."""
    path = tmp_path / "milo.db"
    store, run = await _stored(path, tmp_path / "suite")
    reader = await Reader.open(path)
    second = await Store.open(path)
    for repeat in (1, 2):
        _count_elsewhere(path)
        await second.add_attempt(run, _attempt(repeat))
        assert _count_elsewhere(path) == repeat
        assert path.with_name("milo.db-wal").exists()
    for connection in (store, reader, second):
        await connection.aclose()


def _count_elsewhere(path: Path) -> int:
    """The number of attempts as another process sees it; it leaves as the last one, if nobody holds a lock."""
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom milo_tui.store.queries import Reader\n"
        "async def main():\n"
        "    reader = await Reader.open(Path(sys.argv[1]))\n"
        "    print(len(await reader.attempts(1)))\n"
        "    await reader.aclose()\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.parametrize("column", ["response", "arrivals"])
async def test_damaged_bytes_are_said_in_a_sentence(tmp_path: Path, column: str) -> None:
    store, run = await _stored(tmp_path / "milo.db", tmp_path / "suite")
    id = await store.add_attempt(run, _attempt())
    await store.aclose()
    with sqlite3.connect(tmp_path / "milo.db") as other:
        other.execute(f"UPDATE turn SET {column} = x'010203'")
    other.close()
    reader = await Reader.open(tmp_path / "milo.db")
    with pytest.raises(StoreError, match=r"Run 1, attempt 1, is damaged in the database: .*milo doctor"):
        await reader.attempt(id)
    assert len(await reader.attempts(run)) == 1
    await reader.aclose()
