"""The published table out of its data, to the digit, by the code that makes everyone's table."""

from pathlib import Path

from milo_tui.analysis.published import KIND, Published, load_published
from milo_tui.config import data_folder
from milo_tui.reports.formatting import category_cell, model_heading, total_cell
from tests.reports import made
from tests.reports.rendering import rendered

TABLE = """\
| Category | Qwen3.5-397B (local, 416 GB RAM) | Claude Sonnet 4.6 (API) | MiniMax M2.7 (local, 203 GB RAM) |
| --- | --- | --- | --- |
| Single tool | 3.00/3 · 4.5 s | 3.00/3 · 1.6 s | 3.00/3 · 2.3 s |
| Tool selection | 3.00/3 · 1.5 s | 3.00/3 · 1.7 s | 3.00/3 · 2.0 s |
| Multi-step chains | 2.50/3 · 2.1 s | 2.50/3 · 2.0 s | 2.00/3 · 2.7 s |
| Structured output | 3.00/3 · 3.0 s | 2.75/3 · 2.4 s | 2.42/3 · 3.7 s |
| Error recovery | 3.00/3 · 1.7 s | 3.00/3 · 1.7 s | 3.00/3 · 2.2 s |
| Total | 58.0/60, 96.7 %, 2.6 s avg | 57.0/60, 95.0 %, 1.9 s avg | 53.7/60, 89.4 %, 2.6 s avg |
"""


def published() -> Published:
    return load_published(data_folder("bench_results") / "published.json")


def test_the_published_table_is_reproduced_to_the_digit() -> None:
    run, table = published().run, published().table
    lines = [["Category", *map(model_heading, run.models)], ["---"] * 4]
    for id, title in table.categories:
        lines.append([title, *(category_cell(table.cells[id][model]) for model in table.models)])
    lines.append(["Total", *(total_cell(table.totals[model]) for model in table.models)])
    assert "".join(f"| {' | '.join(line)} |\n" for line in lines) == TABLE


def test_its_points_follow_from_the_means() -> None:
    totals = published().table.totals
    assert [(total.points, total.possible) for total in totals.values()] == [
        (174, 180),
        (171, 180),
        (161, 180),
    ]


def test_no_total_is_stored() -> None:
    text = (data_folder("bench_results") / "published.json").read_text(encoding="utf-8")
    for total in ("58.0", "57.0", "53.7", "174", "171", "161", "96.7"):
        assert total not in text


async def test_it_stands_beside_a_run_marked_as_what_it_is(tmp_path: Path) -> None:
    number = await made.store(tmp_path / "milo.db", made.run())
    report = await rendered("md", tmp_path / "milo.db", number, published=published())
    assert f"## The published run ({KIND})" in report
    assert "no score here can be compared" in report
    assert "| **Total** | **58.0/60, 96.7 %, 2.6 s avg** |" in report
