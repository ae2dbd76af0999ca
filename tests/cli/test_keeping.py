"""import and bin, as a person calls them."""

import json
from pathlib import Path

import pytest

from tests.cli.milo import milo, milo_json
from tests.store.told import attempt, store_run, turn

PUBLISHED = str(Path(__file__).parents[2] / "bench_results/published.json")


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two runs; the working directory is the test's own."""
    monkeypatch.chdir(tmp_path)
    for note in ("first", "second"):
        await store_run(tmp_path / "milo.db", tmp_path / "suite", attempt(turn(note)), note=note)
    return str(tmp_path / "milo.db")


def test_runs_come_back_from_their_files(database: str) -> None:
    for run in ("1", "2"):
        milo("--db", database, "show", run, "--format", "json", "-o", f"{run}.json")
    done = milo("--db", "other.db", "import", "2.json", "1.json")
    assert done.stdout == "".join(
        f"Run {n}: 1 of 1 attempts imported; 1 of 4 have a score.\n" for n in (1, 2)
    )
    assert [run["note"] for run in milo_json("--db", "other.db", "runs", "--json")] == ["first", "second"]
    again = milo("--db", "other.db", "import", "1.json")
    assert again.stdout == "Run 2: nothing new; all 1 attempts were there; 1 of 4 have a score.\n"


def test_a_bad_file_keeps_no_good_one_out(database: str) -> None:
    milo("--db", database, "show", "1", "--format", "json", "-o", "1.json")
    Path("bad.json").write_text('{"format": "milo-run",\n oops}', encoding="utf-8")
    done = milo("--db", "other.db", "import", "bad.json", "nowhere.json", PUBLISHED, "1.json", status=2)
    assert done.stderr.splitlines() == [
        "bad.json, line 2: Expecting value; the file is damaged or no JSON.",
        "nowhere.json cannot be read: no such file or directory.",
        f"{PUBLISHED} is the published table, which Milo has already: no run to import.",
    ]
    assert done.stdout == "Run 1: 1 of 1 attempts imported; 1 of 4 have a score.\n"


def test_a_file_with_what_a_terminal_would_obey_is_told_harmlessly(database: str) -> None:
    milo("--db", database, "show", "1", "--format", "json", "-o", "1.json")
    data = json.loads(Path("1.json").read_text(encoding="utf-8"))
    data["attempts"][0]["model"] = "\x1b]0;title\x07nobody"
    Path("1.json").write_text(json.dumps(data), encoding="utf-8")
    done = milo("--db", "other.db", "import", "1.json", status=2)
    assert "is none of the run's" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_run_goes_into_the_bin_and_out_again(database: str) -> None:
    def numbers() -> list[int]:
        return [run["number"] for run in milo_json("--db", database, "runs", "--json")]

    assert "The bin is empty" in milo("--db", database, "bin").stderr
    assert (
        milo("--db", database, "bin", "1").stdout
        == "Run 1: in the bin. `milo bin --restore 1` brings it back.\n"
    )
    assert numbers() == [2]
    assert "first" in milo("--db", database, "bin").stdout
    assert milo("--db", database, "bin", "--restore", "1").stdout == "Run 1: out of the bin.\n"
    assert numbers() == [2, 1]


def test_the_bin_is_emptied_only_when_that_is_meant(database: str) -> None:
    milo("--db", database, "bin", "1", "2")
    milo("--db", database, "bin", "--empty", status=130)
    assert milo("--db", database, "bin", "--restore", "2").returncode == 0
    assert milo("--db", database, "bin", "--empty", "--yes").stdout == "1 run deleted.\n"
    assert [run["number"] for run in milo_json("--db", database, "runs", "--json")] == [2]
    assert "The bin is empty" in milo("--db", database, "bin").stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("bin", "--restore"), "Which runs?"),
        (("bin", "--empty", "1"), "give no RUN"),
        (("bin", "9"), "There is no run 9"),
        (("import",), "Missing argument"),
    ],
)
def test_a_wrong_call_is_said_in_a_sentence(database: str, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in milo("--db", database, *words, status=2).stderr
