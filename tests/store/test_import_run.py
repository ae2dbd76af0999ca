"""Raw JSON comes back as it went out: nothing doubled, nothing lost, and what is wrong in a file is named."""

import json
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from jsonschema import Draft202012Validator

from milo_tui.endpoints.endpoint import Clock, Usage
from milo_tui.store import export_run as raw_json
from milo_tui.store.database import StoreError
from milo_tui.store.import_run import Imported, ImportProblem, import_run
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store, writing
from milo_tui.suite.conversation import Loss, ToolCall, ToolResult
from tests.factories import store_attempts
from tests.reports import hostile
from tests.reports.rendering import rendered
from tests.store.told import attempt, store_run, turn

ODD = ToolCall.read("a", "count\ud83d", '{"bay": 1180591620717411303424, "bay": "\\ud83d"')


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A run with all that a stream may hold, exported."""
    number = await store_run(
        tmp_path / "origin.db",
        tmp_path / "suite",
        attempt(turn("lost", loss=Loss.TRUNCATED), points=None),
        attempt(
            turn(
                "half \ud83d of it\x00",
                "hm",
                [ODD],
                clock=Clock(0, 5, 5, 5, 5, 5, 7, 9, chunks=3, arrivals=[3_000, 9_000]),
                usage=Usage(100, 20),
                quirks=("odd",),
            ),
            replace(turn("", "", [ODD]), results=(ToolResult("a", {"big": 2**70, "odd": "\ud83d"}, True),)),
            number=2,
        ),
        attempt(repeat=2, points=0),
        note="n\u00f6te",
        created=1.7e9,
        finished=1.7e9 + 60.5,
    )
    return await _export(tmp_path / "origin.db", number, tmp_path / "run.json")


async def _export(database: Path, number: int, path: Path) -> Path:
    reader = await Reader.open(database)
    await raw_json.write_whole(path, raw_json.pieces(await reader.run(number), reader.every_attempt(number)))
    await reader.aclose()
    return path


@asynccontextmanager
async def _opened(database: Path) -> AsyncIterator[tuple[Store, Reader]]:
    async with writing(database) as store:
        reader = await Reader.open(database)
        try:
            yield store, reader
        finally:
            await reader.aclose()


async def _import(database: Path, path: Path) -> Imported:
    async with _opened(database) as (store, reader):
        return await import_run(store, reader, path)


async def test_what_comes_back_is_what_went_out(tmp_path: Path, file: Path) -> None:
    found = await _import(tmp_path / "other.db", file)
    assert found == Imported(1, is_new=True, added=3, attempts=3, is_binned=False)
    back = await _export(tmp_path / "other.db", 1, tmp_path / "back.json")
    assert back.read_bytes() == file.read_bytes()
    assert [(hit.attempt, hit.part) for hit in await _search(tmp_path / "other.db", "half")] == [
        (2, "answer")
    ]


async def _search(database: Path, text: str) -> list[Any]:
    async with _opened(database) as (_, reader):
        return await reader.search(text)


async def test_what_is_written_keeps_to_the_schema(file: Path) -> None:
    Draft202012Validator(raw_json.schema()).validate(json.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("share", [False, True])
async def test_hostile_and_shared_runs_come_back_too(tmp_path: Path, share: bool) -> None:
    record = hostile.run()
    number = await store_attempts(tmp_path / "milo.db", record, hostile.attempts(record))
    text = await rendered("json", tmp_path / "milo.db", number, share=share)
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    found = await _import(tmp_path / "other.db", tmp_path / "a.json")
    assert (found.added, found.is_new) == (len(hostile.attempts(record)), True)
    if not share:
        back = await _export(tmp_path / "other.db", found.run, tmp_path / "b.json")
        assert back.read_bytes() == (tmp_path / "a.json").read_bytes()


async def test_the_same_file_again_changes_nothing(tmp_path: Path, file: Path) -> None:
    await _import(tmp_path / "other.db", file)
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        before = list(db.iterdump())
    assert await _import(tmp_path / "other.db", file) == Imported(1, False, 0, 3, False)
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        assert list(db.iterdump()) == before


async def test_nothing_of_a_file_that_is_cut_short_is_imported(tmp_path: Path, file: Path) -> None:
    whole = file.read_text(encoding="utf-8")
    cut = tmp_path / "cut.json"
    cut.write_text(whole[: whole.index('"attempts"') + len(whole) // 3], encoding="utf-8")
    with pytest.raises(ImportProblem, match=r"cut\.json, line \d+: .*damaged or no JSON"):
        await _import(tmp_path / "other.db", cut)
    async with _opened(tmp_path / "other.db") as (_, reader):
        assert await reader.runs() == []


async def test_an_imported_run_gets_the_next_number(tmp_path: Path, file: Path) -> None:
    await store_run(tmp_path / "taken.db", tmp_path / "suite", attempt(turn("mine")))
    assert (await _import(tmp_path / "taken.db", file)).run == 2
    assert [hit.run for hit in await _search(tmp_path / "taken.db", "mine")] == [1]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("run.number", 2**63 - 1),
        ("run.created", 1e300),
        ("run.created", float("nan")),
        ("run.repeats", 10**9),
        ("run.suite_version", 2**64),
        ("attempts.0.number", 10**9),
        ("attempts.0.repeat", 900),
        ("attempts.0.latency", 1e300),
        ("attempts.0.ended", 5),
        ("attempts.0.scorer_version", "x"),
        ("attempts.0.turns.0.arrivals_us", ["x"]),
        ("attempts.0.turns.0.status", 2**70),
    ],
)
async def test_a_value_out_of_bounds_is_refused_before_anything_is_written(
    tmp_path: Path, file: Path, path: str, value: Any
) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    _set(data, path, value)
    (tmp_path / "bad.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ImportProblem):
        await _import(tmp_path / "other.db", tmp_path / "bad.json")
    async with _opened(tmp_path / "other.db") as (_, reader):
        assert await reader.runs() == []


async def test_a_run_that_was_made_here_is_never_changed(tmp_path: Path, file: Path) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    data["attempts"][0]["number"] = 9
    (tmp_path / "spoilt.json").write_text(json.dumps(data), encoding="utf-8")
    found = await _import(tmp_path / "origin.db", tmp_path / "spoilt.json")
    assert (found.added, found.refused) == (0, 1)
    async with _opened(tmp_path / "origin.db") as (_, reader):
        assert [attempt.number for attempt in await reader.attempts(1)] == [1, 2, 1]


async def test_what_the_database_has_beyond_the_file_stays(tmp_path: Path, file: Path) -> None:
    await _import(tmp_path / "other.db", file)
    async with _opened(tmp_path / "other.db") as (store, reader):
        await store.add_attempt(1, attempt(prompt="two/move"))
        await store.set_note(1, "mine")
        await import_run(store, reader, file)
        assert (await reader.run(1)).note == "mine"
        assert len(await reader.attempts(1)) == 4


async def test_a_run_that_goes_on_is_left_alone(tmp_path: Path, file: Path) -> None:
    await _import(tmp_path / "other.db", file)
    async with _opened(tmp_path / "other.db") as (store, reader):
        await store.claim(1, os.getppid(), psutil.Process(os.getppid()).create_time())
        with pytest.raises(StoreError, match="Run 1 is active"):
            await import_run(store, reader, file)


def _set(data: dict[str, Any], path: str, value: Any) -> None:
    *parts, last = (int(part) if part.isdigit() else part for part in path.split("."))
    place: Any = data
    for part in parts:
        place = place[part]
    if value is _set:
        del place[last]
    else:
        place[last] = value


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("format", "other", 'its "format" is not "milo-run"'),
        ("format_version", 2, "has format_version 2, and this Milo reads 1; upgrade Milo."),
        ("run", [], "holds no run"),
        ("run.models", [], "run names no models."),
        ("run.repeats", "many", "run.repeats: Input should be a valid integer"),
        ("run.key", _set, "run.key: Field required."),
        ("attempts.1", 5, "attempts[1] is no object."),
        ("attempts.1.model", "nobody", "attempts[1].model 'nobody' is none of the run's."),
        ("attempts.1.prompt", "one/none", "attempts[1].prompt 'one/none' is none of the run's."),
        ("attempts.1.points", 3, "attempts[1].points is 3, and its checks earn 2."),
        ("attempts.0.points", 3, "attempts[0].points is 3, and its checks earn None."),
        ("attempts.1.latency", "slow", "attempts[1].latency: Input should be a valid number"),
        ("attempts.1.outcome", "won", "attempts[1].outcome: Input should be"),
        ("attempts.1.turns", {}, "attempts[1].turns is no list."),
        (
            "attempts.1.turns.0.chunks",
            None,
            "attempts[1].turns[0].clock.chunks: Input should be a valid integer",
        ),
        ("attempts.1.turns.0.calls", 5, "attempts[1].turns[0]"),
        ("attempts.1.turns.0.response_zlib_base64", "%%%", "its request or response cannot be unpacked"),
        ("attempts.1.turns.0.response_zlib_base64", "eJw=", "its request or response cannot be unpacked"),
        ("attempts.1.checks", [5], "attempts[1].checks[0]: "),
    ],
)
async def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, file: Path, path: str, value: Any, problem: str
) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    _set(data, path, value)
    (tmp_path / "bad.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ImportProblem) as told:
        await _import(tmp_path / "other.db", tmp_path / "bad.json")
    assert problem in str(told.value)
    assert str(told.value).startswith(str(tmp_path / "bad.json"))


@pytest.mark.parametrize("order", [sorted, reversed])
async def test_members_may_stand_in_any_order(
    tmp_path: Path, file: Path, order: Callable[[Any], Any]
) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    (tmp_path / "other.json").write_text(json.dumps({name: data[name] for name in order(list(data))}))
    assert (await _import(tmp_path / "other.db", tmp_path / "other.json")).added == 3
