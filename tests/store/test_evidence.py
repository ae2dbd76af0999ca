"""What the store tells of the evidence behind a run's points."""

from dataclasses import replace
from pathlib import Path

from milo_tui.analysis.verdict import answer
from tests.factories import store_attempts
from tests.reports import made


async def test_failed_checks_and_digests_come_by_attempt(tmp_path: Path) -> None:
    record = made.run()
    attempts = [made.attempt(record, 0, 0, repeat, points) for repeat, points in ((1, 3), (2, 1), (3, 1))]
    number = await store_attempts(tmp_path / "milo.db", record, attempts)
    _, rows, evidence = await made.read(tmp_path / "milo.db", number)
    first, second, third = rows
    assert first.id not in evidence.failed
    assert [(check.position, check.title) for check in evidence.failed[second.id]] == [
        (2, "the right values"),
        (3, "the right end"),
    ]
    digests = [evidence.answered[row.id].digest for row in (first, second, third)]
    assert digests[0] != digests[1] == digests[2]
    assert [evidence.answered[row.id].warm for row in (first, second, third)] == [False, True, True]


async def test_a_hole_was_not_answered(tmp_path: Path) -> None:
    record = made.run()
    number = await store_attempts(tmp_path / "milo.db", record, [made.attempt(record, 0, 0, 1, None)])
    _, rows, evidence = await made.read(tmp_path / "milo.db", number)
    assert rows[0].id not in evidence.answered
    assert rows[0].id not in evidence.failed


async def test_only_the_newest_scorer_is_heard(tmp_path: Path) -> None:
    record = made.run()
    found = replace(made.attempt(record, 0, 0, 1, 2), scorer_version=2)
    number = await store_attempts(tmp_path / "milo.db", record, [found])
    await _add_older_scores(tmp_path / "milo.db")
    _, rows, evidence = await made.read(tmp_path / "milo.db", number)
    assert [check.position for check in evidence.failed[rows[0].id]] == [3]


async def _add_older_scores(database: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO check_result SELECT attempt, 1, position, title, 0, reason FROM check_result"
        )


async def test_verdicts_of_a_stored_run_are_those_of_its_rows(tmp_path: Path) -> None:
    number = await made.store(tmp_path / "milo.db", made.run())
    run, rows, evidence = await made.read(tmp_path / "milo.db", number)
    (pair,) = answer(run, rows, evidence).local_to_api
    assert (int(pair.gap), len(pair.differing)) == (3, 1)
