"""`milo rescore`: what another scorer would say, told and kept."""

import sqlite3
from pathlib import Path

from tests.cli.milo import demo, milo, milo_json


def _older(path: Path, *, flipped: bool) -> None:
    """Make the stored scores those of an older scorer, which failed what passes today in one attempt."""
    with sqlite3.connect(path) as database:
        database.execute("UPDATE check_result SET scorer_version = 0")
        database.execute("UPDATE run SET scorer_version = 0")
        if flipped:
            (attempt,) = database.execute("SELECT min(id) FROM attempt WHERE points = 3").fetchone()
            database.execute(
                "UPDATE check_result SET passed = 0, reason = 'the old one was strict' "
                "WHERE attempt = ? AND position = 2",
                (attempt,),
            )
            database.execute("UPDATE attempt SET points = 2 WHERE id = ?", (attempt,))
    database.close()


def test_rescoring_a_run(home: Path) -> None:
    demo()
    before = milo_json("show", "last", "--format", "json")
    (path,) = home.rglob("milo.db")

    assert milo("rescore", "last").stdout == "Run 1: 60 conversations scored by scorer 2: none changed.\n"

    _older(path, flipped=True)
    told = milo("rescore", "1").stdout.splitlines()
    assert told[0].endswith(": 2 → 3")
    assert told[1].endswith("(before: the old one was strict)")
    assert told[2].startswith("Run 1: 60 conversations scored by scorer 2: 1 changed (")
    assert told[2].endswith(" +1).")
    assert [row["points"] for row in milo_json("show", "1", "--format", "json")["attempts"]] == [
        row["points"] for row in before["attempts"]
    ]
    with sqlite3.connect(path) as database:
        kept = database.execute(
            "SELECT scorer_version, count(*) FROM check_result GROUP BY 1 ORDER BY 1"
        ).fetchall()
    database.close()
    assert kept == [(0, 180), (2, 180)]


def test_there_is_no_such_run(home: Path) -> None:
    assert "There is no run 7" in milo("rescore", "7", status=2).stderr
