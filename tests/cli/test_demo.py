"""`milo demo`, the main job with nothing to configure, and what is done with its runs: compared and scored again."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.cli.milo import Done, demo, milo, milo_json

Scores = dict[tuple[str, str, int], int]


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Done]]:
    """A folder with three runs, and what they printed: one, its first repeat held to it, and one by another seed."""
    folder = tmp_path_factory.mktemp("demos")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MILO_HOME", str(folder / "home"))
        patch.chdir(folder)
        told = [demo(seed=11, repeats=3)]
        told.append(demo("--fail-under", "100", "--baseline", "1", seed=11, status=1))
        Path("in_the_way").write_text("a file", encoding="utf-8")
        told.append(demo("--fail-under", "1", "--results", "in_the_way/results", seed=12))
    return folder, told


@pytest.fixture
def told(demos: tuple[Path, list[Done]], monkeypatch: pytest.MonkeyPatch) -> list[Done]:
    """What the three runs printed, in the folder where they are stored."""
    folder, printed = demos
    monkeypatch.setenv("MILO_HOME", str(folder / "home"))
    monkeypatch.chdir(folder)
    return printed


def _raw(run: str) -> dict[str, Any]:
    data: dict[str, Any] = milo_json("show", run, "--format", "json")
    return data


def _scores(run: str) -> Scores:
    return {(row["model"], row["prompt"], row["repeat"]): row["points"] for row in _raw(run)["attempts"]}


def test_the_demo_stores_180_attempts_prints_the_table_and_writes_the_json(told: list[Done]) -> None:
    for words in (
        "Single tool",
        "Tool selection",
        "Multi-step chains",
        "Structured output",
        "Error recovery",
        "Total",
        "simulated",
    ):
        assert words in told[0].stdout
    run = milo_json("runs", "--json")[-1]
    assert [model["scored"] for model in run["models"]] == [60, 60, 60]
    assert run["phase"] == "done"
    written = [json.loads(path.read_text()) for path in Path("bench_results").glob("*.json")]
    assert _raw("1") in written
    assert len(_scores("1")) == 180

    text = milo("show", "1", "--format", "md").stdout
    assert "imulated" in text
    assert "| **Total** |" in text


def test_the_same_seed_scores_the_same_and_another_does_not(told: list[Done]) -> None:
    first = {key: points for key, points in _scores("1").items() if key[2] == 1}
    assert _scores("2") == first
    assert _scores("3") != first


def test_a_baseline_and_a_threshold_are_told(told: list[Done]) -> None:
    assert "no evidence of a difference" in told[1].stderr
    assert "Below 100 %" in told[1].stderr
    assert "Below" not in told[2].stderr
    assert "There is no run 99" in demo("--baseline", "99", status=2).stderr


def test_a_results_folder_that_cannot_be_written_loses_no_run(told: list[Done]) -> None:
    assert "could not be written" in told[2].stderr
    assert "Total" in told[2].stdout
    assert milo_json("runs", "--json")[0]["phase"] == "done"


def test_two_runs_are_compared_by_what_differs_then_by_their_scores(told: list[Done]) -> None:
    other = milo("compare", "2", "3").stdout
    assert "Settings differ: seed 11 vs 12." in other
    assert other.index("Settings differ") < other.index("Verdict")
    assert "these results say nothing about real models" in other

    same = milo_json("compare", "1", "2", "--json")
    assert {model["finding"] for model in same["models"]} == {"no evidence"}

    pair = milo("compare", "1:steady", "1:careless").stdout
    assert "Steady (simulated) − Careless (simulated) = " in pair
    assert "Run 1 has no model nobody" in milo("compare", "1:nobody", "2", status=2).stderr


def _make_older(database: Path) -> None:
    """Make the scores of run 2 those of an older scorer, which failed what passes today in one attempt."""
    with sqlite3.connect(database) as db:
        db.execute("UPDATE check_result SET scorer_version = 0")
        db.execute("UPDATE run SET scorer_version = 0")
        (attempt,) = db.execute("SELECT min(id) FROM attempt WHERE run = 2 AND points = 3").fetchone()
        db.execute(
            "UPDATE check_result SET passed = 0, reason = 'the old one was strict' "
            "WHERE attempt = ? AND position = 2",
            (attempt,),
        )
        db.execute("UPDATE attempt SET points = 2 WHERE id = ?", (attempt,))
    db.close()


@pytest.mark.usefixtures("told")
def test_rescoring_a_run_tells_what_changed_and_keeps_both_scores(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree("home", home)
    monkeypatch.setenv("MILO_HOME", str(home))
    before = _scores("2")
    assert milo("rescore", "2").stdout == "Run 2: 60 conversations scored by scorer 2: none changed.\n"

    (database,) = home.rglob("milo.db")
    _make_older(database)
    changed = milo("rescore", "2").stdout.splitlines()
    assert changed[0].endswith(": 2 → 3")
    assert changed[1].endswith("(before: the old one was strict)")
    assert changed[2].startswith("Run 2: 60 conversations scored by scorer 2: 1 changed (")
    assert changed[2].endswith(" +1).")
    assert _scores("2") == before
    with sqlite3.connect(database) as db:
        kept = db.execute(
            "SELECT scorer_version, count(*) FROM check_result JOIN attempt ON attempt.id = attempt "
            "WHERE run = 2 GROUP BY 1 ORDER BY 1"
        ).fetchall()
    db.close()
    assert kept == [(0, 180), (2, 180)]
    assert "There is no run 7" in milo("rescore", "7", status=2).stderr


def test_a_deciding_demo_ends_with_a_decision_that_every_report_leads_with() -> None:
    done = demo("--decide", "--within", "10", "--at-most", "200", seed=5)
    told = " ".join(done.stdout.split())
    assert "Steady (simulated) is better than Careless (simulated), by " in told
    assert "20 prompts × 10 variants of the public pool in one random order (seed 5); margin 10 %" in told
    raw = milo_json("show", "last", "--format", "json")
    assert [pair["decision"] for pair in raw["decisions"]] == ["better", "better"]
    (path,) = Path("bench_results").glob("*.json")
    assert json.loads(path.read_text()) == raw
    (run,) = milo_json("runs", "--json")
    assert run["phase"] == "done"
    assert "polygon" in milo("show", "last", "--format", "html").stdout
    milo("--db", "other.db", "import", str(path))
    again = milo("--db", "other.db", "show", "last", "--format", "json").stdout
    assert json.loads(again)["decisions"] == raw["decisions"]
    assert "stopped where it had decided" in milo("compare", "1", "1", status=2).stderr
    refused = milo("demo", "--decide", "--plain", "--baseline", "1", status=2).stderr
    assert "cannot be compared with a --baseline" in refused
