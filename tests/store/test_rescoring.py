"""Stored conversations under another scorer: what changed is told, and both scores are kept."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import psutil
import pytest

from milo_tui.analysis.phases import RunPhase
from milo_tui.analysis.record import Attempt, AttemptDetail
from milo_tui.runner import plan
from milo_tui.runner.plan import new_run
from milo_tui.runner.scorer import Scorer
from milo_tui.store import rescoring
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.store.rescoring import Rescored, Scoring
from milo_tui.store.store import Store
from milo_tui.suite.conversation import CheckResult, Conversation, Score
from milo_tui.suite.prompt import Prompt
from tests.factories import make_row
from tests.runner.running import entry
from tests.runner.suite import small_suite
from tests.store.test_store import _attempt as stored_attempt


def _row(repeat: int, points: int | None) -> Attempt:
    return make_row(repeat=repeat, points=points)


async def _run(folder: Path, repeats: int = 3) -> int:
    """A run whose conversations all look bay 7 up and say "Done.": 2 points by the scorer that there is."""
    store = await Store.open(folder / "milo.db")
    run = await store.create_run(
        new_run(small_suite(folder / "suite"), [entry("local", "http://h:1")], repeats, 7)
    )
    for repeat in range(1, repeats + 1):
        await store.add_attempt(run, stored_attempt(repeat))
    await store.set_phase(run, RunPhase.DONE, 1e9)
    await store.aclose()
    return run


_SCORING = Scorer().score


async def _again(folder: Path, run: int, scoring: Scoring = _SCORING) -> list[Rescored]:
    reader, store = await Reader.open(folder / "milo.db"), await Store.open(folder / "milo.db")
    try:
        return [found async for found in rescoring.rescore(store, reader, run, scoring)]
    finally:
        await store.aclose()
        await reader.aclose()


async def _kind(prompt: Prompt, conversation: Conversation) -> Score:
    """A scorer to which everything is right."""
    return Score(tuple(CheckResult(check.title, True, "why not") for check in prompt.checks))


@pytest.fixture(autouse=True)
def _first_scorer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored conversations and today's scorer are of version 1."""
    for module in (plan, rescoring):
        monkeypatch.setattr(module, "SCORER_VERSION", 1)


@pytest.fixture
def kinder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's scorer is kinder, and says so by its version."""
    monkeypatch.setattr(rescoring, "SCORER_VERSION", 2)


def _table(folder: Path, sql: str) -> list[Any]:
    with sqlite3.connect(folder / "milo.db") as database:
        found = database.execute(sql).fetchall()
    database.close()
    return found


async def test_the_same_scorer_changes_nothing_and_stores_nothing(tmp_path: Path) -> None:
    run = await _run(tmp_path)
    before = _table(tmp_path, "SELECT * FROM check_result")
    found = await _again(tmp_path, run)
    assert [(item.before.points, item.after and item.after.points) for item in found] == [(2, 2)] * 3
    assert not any(item.changes for item in found)
    assert _table(tmp_path, "SELECT * FROM check_result") == before


@pytest.mark.usefixtures("kinder")
async def test_what_changed_is_told_and_both_are_kept(tmp_path: Path) -> None:
    run = await _run(tmp_path)
    found = await _again(tmp_path, run, _kind)
    assert [(item.before.points, item.after and item.after.points) for item in found] == [(2, 3)] * 3
    assert [(old.title, new.reason) for old, new in found[0].changes] == [("check 2", "why not")]
    assert not found[0].is_kept_back
    reader = await Reader.open(tmp_path / "milo.db")
    attempt = await reader.attempt(found[0].attempt.id)
    assert (attempt.attempt.points, attempt.scorer_version) == (3, 2)
    assert (await reader.summary(run)).figures.points == 9
    assert (await reader.run(run)).scorer_version == 2
    await reader.aclose()
    counts = "SELECT scorer_version, sum(passed), count(*) FROM check_result GROUP BY 1 ORDER BY 1"
    assert _table(tmp_path, counts) == [(1, 6, 9), (2, 9, 9)]
    again = await _again(tmp_path, run, _kind)
    assert not any(item.changes for item in again)
    assert _table(tmp_path, counts) == [(1, 6, 9), (2, 9, 9)]


async def test_another_judgement_under_the_same_version_is_told_and_not_stored(
    tmp_path: Path,
) -> None:
    run = await _run(tmp_path)
    found = await _again(tmp_path, run, _kind)
    assert all(item.is_kept_back for item in found)
    assert _table(tmp_path, "SELECT DISTINCT points FROM attempt") == [(2,)]
    assert _table(tmp_path, "SELECT DISTINCT scorer_version FROM check_result") == [(1,)]


@pytest.mark.usefixtures("kinder")
async def test_what_was_never_scored_stays_so(tmp_path: Path) -> None:
    run = await _run(tmp_path, 1)
    store = await Store.open(tmp_path / "milo.db")
    lost = AttemptDetail(_row(2, None), "answer", (), None)
    await store.add_attempt(run, lost)
    await store.aclose()
    assert len(await _again(tmp_path, run, _kind)) == 1
    assert _table(tmp_path, "SELECT points FROM attempt ORDER BY id") == [(3,), (None,)]


@pytest.mark.usefixtures("kinder")
async def test_more_attempts_than_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = await _run(tmp_path, 7)
    whole = Reader.attempt_ids

    async def few(self: Reader, run: int, after: int = 0, *, scored: bool = False) -> list[int]:
        return await whole(self, run, after, 3, scored=scored)

    monkeypatch.setattr(Reader, "attempt_ids", few)
    assert [item.attempt.repeat for item in await _again(tmp_path, run)] == list(range(1, 8))


@pytest.mark.usefixtures("kinder")
async def test_a_prompt_that_is_no_longer_read_keeps_its_score(tmp_path: Path) -> None:
    run = await _run(tmp_path)
    with sqlite3.connect(tmp_path / "milo.db") as database:
        database.execute("""UPDATE prompt SET definition = replace(definition, '"user":', '"human":')""")
    database.close()
    found = await _again(tmp_path, run)
    assert [item.after for item in found] == [None] * 3
    assert found[0].problem == (
        'Prompt "one/look_up": its stored definition cannot be read: user: is missing; add it.'
    )
    assert _table(tmp_path, "SELECT scorer_version FROM run") == [(1,)]


async def test_a_run_that_goes_on_or_is_newer_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await _run(tmp_path)
    monkeypatch.setattr(rescoring, "SCORER_VERSION", 0)
    with pytest.raises(StoreError, match="was scored by scorer 1, and this Milo has scorer 0"):
        await _again(tmp_path, run)
    with sqlite3.connect(tmp_path / "milo.db") as database:
        database.execute(
            "UPDATE run SET phase = 'running', runner_pid = ?, runner_started = ?",
            (os.getpid(), psutil.Process().create_time()),
        )
    database.close()
    with pytest.raises(StoreError, match="is active"):
        await _again(tmp_path, run)


async def test_a_score_for_no_attempt(tmp_path: Path) -> None:
    await _run(tmp_path, 1)
    store = await Store.open(tmp_path / "milo.db")
    with pytest.raises(StoreError):
        await store.add_scores([(99, Score((CheckResult("a", True, "b"),)))], 2)
    await store.aclose()
