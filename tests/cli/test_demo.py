"""`milo demo`: the main job with nothing to configure."""

import json
from pathlib import Path
from typing import Any

from tests.cli.milo import milo, milo_json


def _scores(raw: dict[str, Any]) -> dict[tuple[str, str, int], int]:
    return {(row["model"], row["prompt"], row["repeat"]): row["points"] for row in raw["attempts"]}


def test_the_demo_stores_180_attempts_prints_the_table_and_writes_the_json() -> None:
    done = milo("demo", "--plain", "--pace", "instant", "--repeats", "3", "--seed", "11")
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
    assert len(_scores(raw)) == 180
    assert milo_json("show", "last", "--format", "json") == raw

    again = milo("demo", "--plain", "--pace", "instant", "--repeats", "3", "--seed", "11")
    assert again.returncode == 0
    assert _scores(milo_json("show", "last", "--format", "json")) == _scores(raw)


def test_another_seed_gives_other_scores() -> None:
    for seed in ("1", "2"):
        milo("demo", "--plain", "--pace", "instant", "--repeats", "1", "--seed", seed)
    one, two = (milo_json("show", number, "--format", "json") for number in ("1", "2"))
    assert _scores(one) != _scores(two)


def test_a_share_below_the_wanted_is_the_exit_status() -> None:
    milo(
        "demo",
        "--plain",
        "--pace",
        "instant",
        "--repeats",
        "1",
        "--seed",
        "3",
        "--fail-under",
        "100",
        status=1,
    )
    milo("demo", "--plain", "--pace", "instant", "--repeats", "1", "--seed", "3", "--fail-under", "1")


def test_markdown_says_that_the_models_are_simulated() -> None:
    milo("demo", "--plain", "--pace", "instant", "--repeats", "1", "--seed", "3")
    text = milo("show", "last", "--format", "md").stdout
    assert "imulated" in text
    assert "| **Total** |" in text


def test_a_results_folder_that_cannot_be_written_loses_no_run() -> None:
    Path("bench_results").write_text("a file in the way", encoding="utf-8")
    done = milo("demo", "--plain", "--pace", "instant", "--repeats", "1", "--seed", "3")
    assert "could not be written" in done.stderr
    assert "Total" in done.stdout
    assert milo_json("runs", "--json")[0]["phase"] == "done"
