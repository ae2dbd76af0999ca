"""`milo compare`, `milo show` in its formats, and the baseline that decides the exit status."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.milo import milo, milo_json
from tests.reports import made


def demo(seed: int, *more: str, status: int = 0) -> str:
    words = ("demo", "--plain", "--pace", "instant", "--repeats", "2", "--seed", str(seed), *more)
    return milo(*words, status=status).stderr


def test_demo_runs_of_other_seeds_are_not_alike_and_of_the_same_seed_are() -> None:
    for seed in (5, 6, 5):
        demo(seed)
    other = milo("compare", "1", "2").stdout
    assert "These runs are not alike: seed 5 against 6." in other
    assert other.index("not alike") < other.index("Verdict")
    assert "no figure and no verdict here is of a real model" in other

    same = milo_json("compare", "1", "3", "--json")
    assert same["alike"] is True
    assert [model["gap"] for model in same["models"]] == [0.0, 0.0, 0.0]
    assert {model["finding"] for model in same["models"]} == {"no evidence"}

    pair = milo("compare", "1:steady", "1:careless").stdout
    assert "Steady (simulated) − Careless (simulated) = " in pair
    assert "Run 1 has no model nobody" in milo("compare", "1:nobody", "2", status=2).stderr


def broken(model: int, prompt: int, repeat: int) -> int:
    return 0 if prompt < 8 else 3


async def test_a_baseline_decides_the_exit_status(home: Path) -> None:
    demo(5)
    told = demo(5, "--baseline", "1")
    assert "no evidence of a difference" in told
    run, rows, _ = await made.read(home / "milo.db", 1)
    better = made.run([replace(model, cold_start=1.0) for model in run.models], key="better1", repeats=2)
    better = replace(better, prompts=run.prompts, categories=run.categories)
    number = await made.store(home / "milo.db", better, lambda m, p, k: 3)
    told = demo(5, "--baseline", str(number), status=1)
    assert "evidence of a change" in told
    assert "There is no run 99" in demo(5, "--baseline", "99", status=2)


async def test_a_baseline_with_holes_is_not_taken_for_good(home: Path) -> None:
    demo(5)
    run, _, _ = await made.read(home / "milo.db", 1)
    holes = replace(made.run(run.models, key="holes1", repeats=2), prompts=run.prompts)
    number = await made.store(home / "milo.db", holes, lambda m, p, k: None if p == 0 else 3)
    assert "No verdict" in demo(5, "--baseline", str(number), status=3)


@pytest.mark.parametrize("form", ["table", "md", "html", "csv", "json", "junit"])
async def test_every_format_is_written_to_a_file(home: Path, form: str) -> None:
    await made.store(home / "milo.db", made.run())
    milo("show", "last", "--format", form, "-o", f"report.{form}")
    written = Path(f"report.{form}").read_text(encoding="utf-8")
    printed = milo("show", "last", "--format", form).stdout
    if form == "json":
        json.loads(written)
    if form == "junit":
        ET.fromstring(written)
    if form != "table":
        assert written == printed.replace("\r\n", "\n")
    assert "Claude Sonnet 4.6" in written


async def test_the_published_run_stands_beside_a_real_one_only(home: Path) -> None:
    await made.store(home / "milo.db", made.run())
    shown = milo("show").stdout
    assert "published, aggregates only" in shown
    assert "58.0/60, 96.7 %, 2.6 s avg" in shown
    fake = made.run((made.model("fake", "Fake", memory=1, simulated=True), made.SONNET), key="fake1")
    await made.store(home / "milo.db", fake)
    assert "published" not in milo("show").stdout
