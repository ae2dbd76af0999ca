"""A run's plots and its table's intervals: what is drawn lies where its figure says, at any width."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.analysis.phases import RunPhase
from milo_tui.analysis.record import Attempt, RunRecord
from milo_tui.analysis.table import result_table
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens.run import RunScreen
from milo_tui.tui.widgets.plots import Axis, axis_of_times, bar, box, heights, spread
from milo_tui.tui.widgets.run_plots import run_plots
from milo_tui.tui.widgets.run_table import RunTable, table_lines
from tests.tui.hostile import STORABLE
from tests.tui.looking import press, screen, settle
from tests.tui.runs_data import MODELS, Points, points_of, run, settings, store_run
from tests.tui.test_run import open_run, rows


def plots(
    record: RunRecord,
    width: int = 76,
    points: Points = points_of,
    change: Callable[[Attempt], Attempt] = lambda row: row,
) -> list[str]:
    """A run's plots as text."""
    attempts = [change(row) for row in rows(record, points)]
    return [
        line.plain.rstrip() for line in run_plots(record, result_table(record, attempts), attempts, width)
    ]


def part(lines: list[str], title: str) -> list[str]:
    """The lines of one plot."""
    start = next(place for place, line in enumerate(lines) if line.startswith(title))
    return lines[start : lines.index("", start) if "" in lines[start:] else None]


def test_a_bar_is_as_long_as_its_value() -> None:
    axis = Axis(0, 3, 30)
    for value, drawn in ((0, ""), (0.01, "╸"), (1.5, "━" * 15), (1.55, "━" * 15 + "╸"), (3, "━" * 30)):
        assert bar(value, axis).plain.rstrip() == drawn
    assert bar(1.5, axis, rest="─").plain == "━" * 15 + "─" * 15


def test_a_box_stands_where_its_quartiles_are() -> None:
    found = spread([1, 2, 3, 4, 9])
    assert found is not None
    assert (found.least, found.lower, found.median, found.upper, found.greatest) == (1, 2, 3, 4, 9)
    assert box(found, Axis(0, 10, 10)).plain == "┊├█┃█────┤"
    few = spread([1, 9])
    assert few is not None
    assert box(few, Axis(0, 10, 10)).plain == "┊•       •"


def test_a_sparkline_is_scaled_to_its_greatest_and_blank_where_nothing_is() -> None:
    assert heights([0, None, 3.5, 7]) == "▁ ▅█"
    assert heights([None, 0.0]) == " ▁"


@given(
    low=st.floats(0, 1e6, allow_subnormal=False), reach=st.floats(1e-6, 1e9), width=st.integers(0, 200),
    share=st.floats(0, 1),
)  # fmt: skip
def test_an_axis_names_round_values_in_order_and_within_itself(
    low: float, reach: float, width: int, share: float
) -> None:
    for axis in (Axis(0, reach, width), axis_of_times([low, low + reach], low, width)):
        ticks = axis.ticks()
        assert ticks == sorted(ticks)
        assert axis.line().cell_length == width
        assert 0 <= axis.at(axis.low + share * (axis.high - axis.low)) <= width


def test_one_slow_attempt_does_not_flatten_the_rest() -> None:
    usual = part(plots(run()), "Latency")
    assert "log" not in usual[0]
    slow = part(
        plots(run(), change=lambda row: replace(row, latency=600.0) if row.repeat == 2 else row), "Latency"
    )
    assert "log scale" in slow[0]
    assert slow[2].count("█") + slow[2].count("┃") > 5


@pytest.mark.parametrize("width", [40, 60, 76, 100, 116, 156, 236])
@pytest.mark.parametrize("models", [1, 2, 3, 8])
def test_plots_fit_and_leave_no_model_out(width: int, models: int) -> None:
    chosen = [replace(MODELS[i % 3], id=f"m{i}", name=f"Mod-{i} {'x' * 5 * i}") for i in range(models)]
    lines = plots(run(chosen), width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    wanted = 1 if models == 1 else 5
    assert all(text.count(f"Mod-{i}") == wanted + 5 - (models == 1) for i in range(models))


def test_scores_by_category_and_model_have_their_figures() -> None:
    lines = part(plots(run()), "Score by category")
    place = lines.index("Multi-step chains")
    assert [line.split()[-1] for line in lines[place + 1 : place + 4]] == ["2.50", "2.50", "1.83"]
    drawn = [line.count("━") for line in lines[place + 1 : place + 4]]
    assert drawn[0] == drawn[1] > drawn[2] > 0
    alone = part(plots(run(MODELS[:1])), "Score by category")
    assert [line[:18].strip() for line in alone[2:]] == [title for _, title in run().categories]


def test_the_five_figures_are_those_of_all_attempts() -> None:
    lines = part(plots(run(MODELS[:1])), "Latency")
    latencies = sorted(row.latency or 0.0 for row in rows(run(MODELS[:1])))
    assert f"min {latencies[0]:.1f} s" in lines[3]
    assert f"max {latencies[-1]:.1f} s" in lines[3]
    assert "median 1.9 s" in lines[3]
    beside = part(plots(run(MODELS[:1]), 116), "Latency")
    assert beside[1].split()[-5:] == ["min", "¼", "median", "¾", "max"]
    assert beside[2].split()[-4:-2] == ["1.9", "s"] or "1.9 s" in beside[2]


def test_what_is_missing_is_said_and_never_drawn_as_nought() -> None:
    def silent(row: Attempt) -> Attempt:
        return replace(row, ttft=None, tokens_per_second=None, input_tokens=None, output_tokens=None)

    lines = plots(run(), change=lambda row: silent(row) if row.model == "sonnet-4.6" else row)
    for title in ("TTFT", "Decode speed", "Tokens in", "Tokens out"):
        line = next(line for line in part(lines, title) if line.startswith("Claude"))
        assert line.split()[3:] == ["–"], title
    holes = plots(run(), points=lambda m, p, r: None if (m, p, r) == (0, 0, 1) else 3)
    assert any(line.endswith("3.00 ! 11/12") for line in part(holes, "Score by category"))
    bare = plots(run(), points=lambda m, p, r: None if m == 1 else 3)
    assert any("no score yet" in line for line in part(bare, "Score by category"))
    assert plots(run(), points=lambda m, p, r: None) == ["Nothing to plot yet: no attempt has a score."]


def test_a_simulated_run_says_so_above_its_plots() -> None:
    assert "Simulated models" in plots(run([replace(MODELS[0], simulated=True)]))[0]


def test_few_attempts_are_drawn_one_by_one() -> None:
    lines = part(plots(run(MODELS[:1]), points=lambda m, p, r: 3 if p == 0 else None), "Latency")
    assert lines[2].count("•") in (2, 3)
    assert "3 attempts" in lines[3]


def test_names_from_outside_are_harmless() -> None:
    lines = plots(run([replace(MODELS[0], name=STORABLE), MODELS[1]]))
    assert "\x1b" not in "".join(lines)
    assert max(map(len, lines)) <= 76


async def test_plots_scroll_by_the_keys_of_lists(tmp_path: Path) -> None:
    app = await open_run(tmp_path, run())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "3")
        assert "Score by category" in screen(app)
        await press(pilot, "G")
        assert "Tokens out" in screen(app)
        assert "Score by category" not in screen(app)
        await press(pilot, "g", "j")
        assert "Score by category" not in screen(app)
        await pilot.resize_terminal(160, 45)
        await settle(pilot)
        line = next(line for line in screen(app).splitlines() if "Score by category" in line)
        assert "Latency" in line


async def test_plots_follow_a_live_run(tmp_path: Path) -> None:
    from tests.tui.test_runs import add, start_live

    record = run(MODELS[:1], phase=RunPhase.RUNNING, finished=None)
    number = await start_live(settings(tmp_path).database, record)
    app = MiloApp(settings(tmp_path), run=number)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "3")
        assert "Nothing to plot yet" in screen(app)
        await add(settings(tmp_path).database, number, record, 0)
        assert isinstance(app.screen, RunScreen)
        app.screen.follow()
        await settle(pilot)
        assert "Score by category" in screen(app)


def intervals(width: int, points: Points = points_of) -> list[str]:
    """The table with intervals, as lines."""
    record = run()
    lines = table_lines(record, result_table(record, rows(record, points)), width, intervals=True)
    return [line.plain for line in lines]


@pytest.mark.parametrize("width", [40, 77, 100, 160])
def test_a_table_with_intervals_fits(width: int) -> None:
    lines = intervals(width)
    assert max(map(len, lines)) <= width
    assert "1.09–2.93" in next(line for line in lines if line.startswith("Multi-step chains"))
    assert "47.2–59.7 of 60" in next(line for line in lines if line.startswith("95 % interval"))


def test_a_part_with_holes_has_no_interval() -> None:
    lines = intervals(160, lambda m, p, r: None if (m, p, r) == (0, 0, 1) else 3)
    single = next(line for line in lines if line.startswith("Single tool"))
    assert "3.00/3 · –" in single
    assert "11/12" in single
    total = next(line for line in lines if line.startswith("95 % interval"))
    assert total.split()[3] == "–"


async def test_i_shows_intervals_and_hides_them_again(tmp_path: Path) -> None:
    await store_run(settings(tmp_path).database, run())
    app = MiloApp(settings(tmp_path), run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "i Intervals" in screen(app)
        assert "95 % interval" not in screen(app)
        await press(pilot, "i")
        assert "1.09–2.93" in screen(app)
        assert "95 % interval" in screen(app)
        await press(pilot, "i")
        assert "1.09–2.93" not in screen(app)
        await press(pilot, "2", "i")
        assert app.screen.query_one(RunTable).intervals
        assert "1.09–2.93" in screen(app)


def test_a_model_has_one_colour_in_every_plot() -> None:
    record = run()
    lines = run_plots(record, result_table(record, rows(record)), rows(record), 76)
    found: dict[str, set[str]] = {model.name: set() for model in record.models}
    for line in lines:
        for name, colours in found.items():
            if name in line.plain:
                start = line.plain.index(name)
                colours |= {
                    str(span.style) for span in line.spans if span.start == start and span.end > start
                }
    assert all(len(colours) == 1 for colours in found.values())
    assert len(set.union(*found.values())) == len(record.models)
