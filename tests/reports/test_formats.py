"""Markdown, table, CSV, JUnit and JSON: the answer first, holes told in each, nothing hostile let through."""

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from milo_tui.analysis.record import RunRecord
from milo_tui.reports.csv_report import cell as csv_cell
from milo_tui.reports.formats import REPORTS
from milo_tui.store import export_run as raw_json
from tests.factories import store_attempts
from tests.reports import hostile, made
from tests.reports.rendering import in_terminal, rendered

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e\u200b\ud800-\udfff]")


def holes(model: int, prompt: int, repeat: int) -> int | None:
    return None if (model, prompt, repeat) == (0, 5, 2) else made.published_points(model, prompt, repeat)


HOLE_IS_TOLD = {
    "table": "No verdict: 1 of 60 attempts of Qwen3.5-397B have no score",
    "md": "No verdict: 1 of 60 attempts of Qwen3.5-397B have no score (1 infrastructure failures)",
    "html": "No verdict: 1 of 60 attempts of Qwen3.5-397B have no score (1 infrastructure failures)",
    "csv": "failed: infrastructure,,,,",
    "json": '"outcome": "failed: infrastructure"',
    "junit": "1 of 3 attempts have no score",
}


@pytest.mark.parametrize("form", REPORTS)
async def test_a_run_with_holes_says_so(tmp_path: Path, form: str) -> None:
    number = await made.store(tmp_path / "milo.db", made.run(), holes)
    found = " ".join((await rendered(form, tmp_path / "milo.db", number)).split())
    assert HOLE_IS_TOLD[form] in found
    if form in ("table", "md", "html"):
        assert "101.8 %" not in found
        assert "1 of 60 attempts have no score, 1 of them infrastructure failures" in found


@pytest.mark.parametrize("form", [form for form in REPORTS if form != "json"])
async def test_no_control_character_comes_through(tmp_path: Path, form: str) -> None:
    record = hostile.run()
    number = await store_attempts(tmp_path / "milo.db", record, hostile.attempts(record))
    assert not CONTROL.search((await rendered(form, tmp_path / "milo.db", number)).replace("\r\n", "\n"))


@pytest.mark.parametrize("form", ["table", "md"])
async def test_the_answer_stands_first(tmp_path: Path, form: str) -> None:
    number = await made.store(tmp_path / "milo.db", made.run())
    found = await rendered(form, tmp_path / "milo.db", number)
    assert found.index("How close is local to cloud?") < found.index("101.8 %") < found.index("Single tool")
    assert "③" in found


async def test_a_table_fits_80_columns(tmp_path: Path) -> None:
    number = await made.store(tmp_path / "milo.db", made.run((made.QWEN, made.SONNET, made.MINIMAX)))
    found = await in_terminal(tmp_path / "milo.db", number, 80)
    assert max(len(line.rstrip()) for line in found.splitlines()) <= 80


async def test_markdown_lets_no_text_mark_up(tmp_path: Path) -> None:
    record = hostile.run()
    number = await store_attempts(tmp_path / "milo.db", record, hostile.attempts(record))
    found = await rendered("md", tmp_path / "milo.db", number)
    found = found.replace("<!-- -->", "")  # ours, within bare addresses
    assert not re.search(r"(?<!\\)<|(?<!\\)`|(?<!\\)\]\(", found)
    for line in found.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in (4, 5)


async def test_csv_has_a_row_an_attempt_and_tells_retries_apart(tmp_path: Path) -> None:
    record = made.run()
    attempts = [
        made.attempt(record, 0, 0, 1, None),
        made.attempt(record, 0, 0, 1, 2, number=2),
    ]
    number = await store_attempts(tmp_path / "milo.db", record, attempts)
    found = list(csv.DictReader(io.StringIO(await rendered("csv", tmp_path / "milo.db", number), newline="")))
    assert [(row["attempt"], row["counts"], row["points"]) for row in found] == [
        ("1", "0", ""),
        ("2", "1", "2"),
    ]
    assert [found[1][f"point_{i}"] for i in (1, 2, 3)] == ["1", "1", "0"]
    assert found[1]["started_utc"].endswith("Z")


@pytest.mark.parametrize(
    ("given", "cell"), [("=1+1", "'=1+1"), ("-x", "'-x"), ("@a", "'@a"), ("a\nb", "a␊b")]
)
def test_no_cell_is_a_formula(given: str, cell: str) -> None:
    assert csv_cell(given) == cell


async def test_junit_has_a_case_for_each_prompt_and_model(tmp_path: Path) -> None:
    number = await made.store(tmp_path / "milo.db", made.run(), holes)
    root = ET.fromstring(await rendered("junit", tmp_path / "milo.db", number))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("40", "5", "1")
    failure = root.find(".//testcase[@name='multi_step/p1']/failure")
    assert failure is not None
    assert failure.get("message") == "6 of 9 points"
    assert failure.text is not None
    assert failure.text.splitlines()[0] == "repeat 1, point 3, the right end: expected 84.5, found 8.45"


async def test_junit_marks_simulated_models(tmp_path: Path) -> None:
    fake = made.model("fake", "Fake", memory=1, simulated=True)
    number = await made.store(tmp_path / "milo.db", made.run((fake,)))
    root = ET.fromstring(await rendered("junit", tmp_path / "milo.db", number))
    assert [suite.get("name") for suite in root] == ["Fake (simulated)"]


def schema_faults(exported: str) -> list[str]:
    return [
        error.message for error in Draft202012Validator(raw_json.schema()).iter_errors(json.loads(exported))
    ]


def test_the_schema_is_one_and_of_this_version() -> None:
    Draft202012Validator.check_schema(raw_json.schema())
    assert raw_json.schema()["properties"]["format_version"] == {"const": raw_json.FORMAT_VERSION}


async def test_an_exported_run_is_what_the_schema_says(tmp_path: Path) -> None:
    record = hostile.run()
    number = await store_attempts(tmp_path / "milo.db", record, hostile.attempts(record))
    assert schema_faults(await rendered("json", tmp_path / "milo.db", number)) == []
    number = await made.store(tmp_path / "milo.db", made.run(key="other"), holes)
    assert schema_faults(await rendered("json", tmp_path / "milo.db", number)) == []


async def test_the_stamps_of_chunks_are_optional_in_the_schema(tmp_path: Path) -> None:
    """Files from before they were kept have none; what is there must be microseconds."""
    number = await made.store(tmp_path / "milo.db", made.run())
    data = json.loads(await rendered("json", tmp_path / "milo.db", number))
    first, second, *_ = (turn for attempt in data["attempts"] for turn in attempt["turns"])
    del first["arrivals_us"]
    second["arrivals_us"] = [10, 20]
    assert schema_faults(json.dumps(data)) == []
    second["arrivals_us"] = [-1]
    assert len(schema_faults(json.dumps(data))) == 1


async def test_the_schema_refuses_what_is_no_run(tmp_path: Path) -> None:
    number = await made.store(tmp_path / "milo.db", made.run())
    data = json.loads(await rendered("json", tmp_path / "milo.db", number))
    data["attempts"][0]["points"] = 4
    data["attempts"][1]["outcome"] = "guessed"
    del data["attempts"][2]["turns"]
    assert len(schema_faults(json.dumps(data))) == 3


def simulated_run() -> RunRecord:
    return made.run((made.model("fake", "Fake", memory=1, simulated=True), made.SONNET))


@pytest.mark.parametrize("form", ["table", "md", "html"])
async def test_simulated_runs_are_marked(tmp_path: Path, form: str) -> None:
    number = await made.store(tmp_path / "milo.db", simulated_run())
    found = " ".join((await rendered(form, tmp_path / "milo.db", number)).split())
    assert "these results say nothing about real models" in found
    assert "no evidence of a difference (simulated)" in found
