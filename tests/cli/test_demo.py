"""`milo demo`: the main job with nothing to configure."""

import json
from pathlib import Path
from typing import Any

from tests.cli.milo import demo, milo, milo_json

Scores = dict[tuple[str, str, int], int]


def _scores(raw: dict[str, Any]) -> Scores:
    return {(row["model"], row["prompt"], row["repeat"]): row["points"] for row in raw["attempts"]}


def _first_repeat(scores: Scores) -> Scores:
    return {key: points for key, points in scores.items() if key[2] == 1}


def test_the_demo_stores_180_attempts_prints_the_table_and_writes_the_json() -> None:
    done = demo(seed=11, repeats=3)
    for words in (
        "Single tool",
        "Tool selection",
        "Multi-step chains",
        "Structured output",
        "Error recovery",
    ):
        assert words in done.stdout
    assert "Total" in done.stdout
    assert "simulated" in done.stdout
    (run,) = milo_json("runs", "--json")
    assert [model["scored"] for model in run["models"]] == [60, 60, 60]
    assert run["phase"] == "done"
    (path,) = Path("bench_results").glob("*.json")
    raw = json.loads(path.read_text())
    scores = _scores(raw)
    assert len(scores) == 180
    assert milo_json("show", "last", "--format", "json") == raw

    text = milo("show", "last", "--format", "md").stdout
    assert "imulated" in text
    assert "| **Total** |" in text

    demo("--fail-under", "1", seed=11)
    assert _scores(milo_json("show", "last", "--format", "json")) == _first_repeat(scores)

    demo("--fail-under", "100", seed=12, status=1)
    assert _scores(milo_json("show", "last", "--format", "json")) != _first_repeat(scores)


def test_a_results_folder_that_cannot_be_written_loses_no_run() -> None:
    Path("bench_results").write_text("a file in the way", encoding="utf-8")
    done = demo()
    assert "could not be written" in done.stderr
    assert "Total" in done.stdout
    assert milo_json("runs", "--json")[0]["phase"] == "done"
