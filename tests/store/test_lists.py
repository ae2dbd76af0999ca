"""Lists of runs narrowed by words, the bin, and a model's trend."""

import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from milo_tui.analysis.phases import RunPhase
from milo_tui.runner.plan import new_run
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.store.store import writing
from tests.runner.running import entry
from tests.runner.suite import small_suite
from tests.store.told import attempt, store_run

WHOLE = [attempt(repeat=repeat, prompt=prompt) for repeat in (1, 2) for prompt in ("one/look_up", "two/move")]


async def _found(path: Path, *words: str) -> list[int]:
    reader = await Reader.open(path)
    try:
        return [run.number for run in await reader.runs(words=words)]
    finally:
        await reader.aclose()


async def test_every_word_must_stand_somewhere_in_the_line(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    await store_run(path, tmp_path / "s", *WHOLE, note="Änderung am Server")
    await store_run(path, tmp_path / "s", models=("local", "zebra"), simulated=True)
    await store_run(path, tmp_path / "s", phase=RunPhase.STOPPED)
    for words, expected in (
        ((), [3, 2, 1]),
        (("änderung",), [1]),
        (("ÄNDERUNG", "small"), [1]),
        (("zeb",), [2]),
        (("zebra", "server"), []),
        (("simulated",), [2]),
        (("done",), [1]),
        (("stopped",), [3]),
        (("incomplete",), [2]),
        (("3",), [3]),
        (("%",), []),
        (("\x00",), []),
        (("\ud83d",), []),
    ):
        assert await _found(path, *words) == expected, words


async def test_a_live_run_is_found_as_live_and_a_dead_one_as_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    for _ in range(2):
        await store_run(path, tmp_path / "s")
    async with writing(path) as store:
        await store.claim(1, os.getpid(), psutil.Process().create_time())
        await store.claim(2, os.getpid(), 12345.0)
    assert await _found(path, "live") == [1]
    assert await _found(path, "incomplete") == [2]


async def test_pages_of_a_narrowed_list_leave_nothing_out(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    for i in range(7):
        await store_run(path, tmp_path / "s", note="odd" if i % 2 else "even")
    reader = await Reader.open(path)
    first = await reader.runs(limit=2, words=["even"])
    second = await reader.runs(first[-1].number, 2, ["even"])
    await reader.aclose()
    assert [run.number for run in (*first, *second)] == [7, 5, 3, 1]


async def test_the_bin_keeps_a_run_whole_and_out_of_all_lists(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    for _ in range(2):
        await store_run(path, tmp_path / "s", *WHOLE)
    async with writing(path) as store:
        await store.bin(2, 1.7e9)
    reader = await Reader.open(path)
    assert [run.number for run in await reader.runs()] == [1]
    assert [(run.number, run.binned) for run in await reader.runs(binned=True)] == [(2, 1.7e9)]
    assert [point.run for point in await reader.trend("local", "small")] == [1]
    assert await reader.find_run("last") == 1
    assert len(await reader.attempts(2)) == 4
    async with writing(path) as store:
        await store.restore(2)
    assert [run.number for run in await reader.runs()] == [2, 1]
    await reader.aclose()


async def test_a_live_run_stays_out_of_the_bin(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    await store_run(path, tmp_path / "s")
    async with writing(path) as store:
        await store.claim(1, os.getpid(), psutil.Process().create_time())
        with pytest.raises(StoreError, match="Run 1 is active"):
            await store.bin(1, 1e9)
        with pytest.raises(StoreError, match="There is no run 9"):
            await store.bin(9, 1e9)
    assert await _found(path) == [1]


async def test_emptying_the_bin_deletes_that_alone(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    for _ in range(3):
        await store_run(path, tmp_path / "s", *WHOLE)
    async with writing(path) as store:
        await store.bin(2, 1e9)
        assert await store.empty_bin() == 1
    reader = await Reader.open(path)
    assert [run.number for run in await reader.runs()] == [3, 1]
    assert [len(await reader.attempts(run)) for run in (1, 2, 3)] == [4, 0, 4]
    assert (await reader.run(1)).prompts == (await reader.run(3)).prompts
    await reader.aclose()


async def test_a_trend_is_of_one_suite_oldest_first_with_simulated_runs_apart(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    for points, changes in (
        (3, {"created": 3e9}),
        (1, {"created": 1e9}),
        (2, {"created": 2e9, "suite": "other"}),
        (2, {"created": 2e9, "simulated": True}),
    ):
        await store_run(path, tmp_path / "s", attempt(points=points, latency=float(points)), **changes)
    await store_run(path, tmp_path / "s", created=4e9)
    reader = await Reader.open(path)
    trend = await reader.trend("local", "small")
    assert [(point.run, point.share, point.latency) for point in trend] == [
        (2, 1 / 3, 1.0),
        (1, 1.0, 3.0),
    ]
    assert [point.run for point in await reader.trend("local", "small", simulated=True)] == [4]
    assert [point.run for point in await reader.trend("local", "other")] == [3]
    assert await reader.trend("nobody", "small") == []
    assert await reader.past_latencies() == {"local": 2.0}
    await reader.aclose()


async def test_the_summary_follows_every_attempt_and_every_new_score(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    await store_run(
        path,
        tmp_path / "s",
        attempt(points=None),
        attempt(points=1, number=2, latency=4.0),
        attempt(points=3, repeat=2, latency=2.0),
        attempt(points=2, prompt="two/move", latency=3.0),
        attempt(points=0, prompt="two/move", number=2, latency=6.0),
    )
    reader = await Reader.open(path)
    model = (await reader.summary(1)).figures
    assert (model.points, model.scored, model.planned, model.latency) == (4, 3, 4, 4.0)
    await reader.aclose()


async def test_runs_of_a_part_of_the_suite_are_no_trend(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    await store_run(path, tmp_path / "s", attempt(points=3))
    whole = new_run(small_suite(tmp_path / "s"), [entry("local", "http://h:1")], 1, 7)
    async with writing(path) as store:
        await store.create_run(replace(whole, prompts=whole.prompts[:1], phase=RunPhase.DONE))
        await store.add_attempt(2, attempt(points=0))
    reader = await Reader.open(path)
    assert [point.run for point in await reader.trend("local", "small")] == [1]
    await reader.aclose()
