"""`milo compare`, `milo show` in its formats, and the baseline that decides the exit status."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from milo_tui.cli.options import BELOW, DONE, INCOMPLETE
from milo_tui.cli.thresholds import Thresholds, exit_status
from milo_tui.store.queries import Reader
from tests.cli.milo import milo
from tests.reports import made


async def held_to(database: Path, points: made.Points, baseline_points: made.Points, **demands: float) -> int:
    """The exit status of a run that is held to another."""
    baseline = await made.store(database, made.run(key="before"), baseline_points)
    number = await made.store(database, made.run(key="after"), points)
    reader = await Reader.open(database)
    try:
        return await exit_status(reader, number, Thresholds(baseline=baseline, **demands))
    finally:
        await reader.aclose()


def broken(model: int, prompt: int, repeat: int) -> int:
    return 0 if model == 0 and prompt < 8 else 3


def perfect(model: int, prompt: int, repeat: int) -> int:
    return 3


def holed(model: int, prompt: int, repeat: int) -> int | None:
    return None if prompt == 0 else 3


@pytest.mark.parametrize(
    ("points", "baseline", "status", "told"),
    [
        (perfect, perfect, DONE, "no evidence of a difference"),
        (broken, perfect, BELOW, "8 prompts"),
        (perfect, broken, DONE, "8 prompts"),
        (holed, perfect, INCOMPLETE, "No verdict"),
        (perfect, holed, INCOMPLETE, "No verdict"),
    ],
    ids=["equal", "worse", "better", "holes", "baseline with holes"],
)
async def test_a_baseline_decides_the_exit_status(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    points: made.Points,
    baseline: made.Points,
    status: int,
    told: str,
) -> None:
    assert await held_to(tmp_path / "milo.db", points, baseline) == status
    assert told in capsys.readouterr().err


async def test_both_demands_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await held_to(tmp_path / "milo.db", broken, broken, fail_under=95) == BELOW
    assert "Below 95 %: Qwen3.5-397B 60.0 %." in capsys.readouterr().err


@pytest.mark.parametrize("form", ["table", "md", "html", "csv", "json", "junit"])
async def test_every_format_is_written_to_a_file(home: Path, form: str) -> None:
    await made.store(home / "milo.db", made.run())
    milo("show", "last", "--format", form, "-o", f"report.{form}")
    written = Path(f"report.{form}").read_text(encoding="utf-8")
    if form == "json":
        json.loads(written)
    if form == "junit":
        ET.fromstring(written)
    if form == "md":
        assert written == milo("show", "last", "--format", form).stdout
    assert "Claude Sonnet 4.6" in written


async def test_the_published_run_stands_beside_a_real_one_only(home: Path) -> None:
    await made.store(home / "milo.db", made.run())
    shown = milo("show").stdout
    assert "published, aggregates only" in shown
    assert "58.0/60, 96.7 %, 2.6 s avg" in shown
    fake = made.run((made.model("fake", "Fake", memory=1, simulated=True), made.SONNET), key="fake1")
    await made.store(home / "milo.db", fake)
    assert "published" not in milo("show").stdout
