"""One run with a hole, a retry, a server's loss and a stopped attempt: every view shows the same figures and sign."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from milo_tui.analysis.figures import Figures, latest_attempts
from milo_tui.analysis.phases import Outcome, RunPhase
from milo_tui.analysis.record import AttemptDetail, RunRecord
from milo_tui.analysis.table import result_table
from milo_tui.reports.formatting import percent, seconds, speed
from milo_tui.runner.events import AttemptFinished, RunChanged
from milo_tui.runner.plan import state_of
from milo_tui.store.queries import Reader
from milo_tui.store.summary import RunSummary
from milo_tui.tui.widgets.run_columns import needs_of, run_line
from milo_tui.tui.widgets.run_plots import run_plots
from milo_tui.tui.widgets.run_preview import run_lines
from milo_tui.tui.widgets.run_table import table_lines
from milo_tui.tui.widgets.score_matrix import attempt_words
from tests.cli.milo import milo, milo_json
from tests.store.told import attempt, store_run
from tests.tui.live_feed import live

SLOW, FAST = "slow", "fast"
LOST: dict[str, Any] = {"outcome": Outcome.SERVER, "lost": "call lost"}


def attempts() -> list[AttemptDetail]:
    """Of eight planned attempts five have a score: latencies 8, 6 and 4 of the slow model, 1 and 2 of the fast."""
    return [
        attempt(model=SLOW, prompt="one/look_up", points=3, latency=8.0, ttft=0.5, tokens_per_second=20.0),
        attempt(model=SLOW, prompt="one/look_up", repeat=2, points=None, latency=99.0, error="no answer"),
        attempt(model=SLOW, prompt="one/look_up", repeat=2, number=2, points=2, latency=6.0, ttft=0.7),
        attempt(model=SLOW, prompt="two/move", points=1, latency=4.0, ttft=0.9, **LOST),
        attempt(model=SLOW, prompt="two/move", repeat=2, points=None, latency=77.0, error="no answer"),
        attempt(model=FAST, prompt="one/look_up", points=3, latency=1.0, ttft=0.1),
        attempt(model=FAST, prompt="one/look_up", repeat=2, points=2, latency=2.0, ttft=0.2),
        attempt(
            model=FAST, prompt="two/move", points=None, latency=55.0, outcome=Outcome.STOPPED, error="stopped"
        ),
    ]


class Views:
    """The stored run as every view reads it."""

    def __init__(self, database: Path, run: RunRecord, summary: RunSummary, found: list[Any]) -> None:
        self.database, self.run, self.summary, self.attempts = database, run, summary, found
        self.totals = result_table(run, found).totals

    def show(self, form: str) -> str:
        """What `milo show` prints."""
        return milo("--db", str(self.database), "show", "1", "--format", form, COLUMNS="200").stdout


@pytest.fixture(params=[RunPhase.INCOMPLETE, RunPhase.STOPPED, RunPhase.DONE])
async def views(tmp_path: Path, request: pytest.FixtureRequest) -> Views:
    """The run, as a runner left it in one of its last phases."""
    database = tmp_path / "milo.db"
    await store_run(
        database, tmp_path / "suite", *attempts(), models=(SLOW, FAST), note="n", phase=request.param
    )
    reader = await Reader.open(database)
    found = Views(database, await reader.run(1), await reader.summary(1), await reader.attempts(1))
    await reader.aclose()
    return found


def test_the_figures_are_those_worked_by_hand(views: Views) -> None:
    slow, fast = views.totals[SLOW], views.totals[FAST]
    assert (slow.points, slow.possible, slow.scored, slow.planned) == (6, 9, 3, 4)
    assert (slow.latency, slow.p95_latency, slow.ttft) == pytest.approx((6.0, 8.0, 0.7))
    assert slow.tokens_per_second == pytest.approx((20.0 + 41.5 + 41.5) / 3)
    assert (slow.missing, slow.lost_by_server, slow.retries) == (1, 1, 1)
    assert (fast.points, fast.possible, fast.missing, fast.lost_by_server, fast.retries) == (5, 6, 0, 0, 0)
    assert views.summary.figures.latency == pytest.approx(21 / 5)  # not the mean of the models' means, 3.75


def test_stored_sums_agree_with_the_attempts(views: Views) -> None:
    for model in views.summary.models:
        total = views.totals[model.id]
        for name in (
            "points scored planned possible share mean_points latency ttft tokens_per_second unscored".split()
        ):
            assert getattr(model.figures, name) == pytest.approx(getattr(total, name)), name


def test_the_live_state_agrees_stored_or_watched(views: Views) -> None:
    """A view that joined late and one that saw every event hold the same figures as the table."""
    stored = state_of(views.run, views.attempts)
    watched = state_of(views.run, [])
    for row in views.attempts:
        watched.apply(AttemptFinished(row))
    for state in (stored, watched):
        for id, model in state.models.items():
            total = views.totals[id]
            assert model.figures == Figures.of(model.attempts.values(), total.planned, retries=total.retries)
            assert model.figures.latency == total.latency
            assert model.figures.p95_latency == total.p95_latency


def test_every_list_shows_the_same_run(views: Views) -> None:
    """`milo runs` as a table and as JSON, the app's list, preview and header: state, average, shares, progress."""
    phase, figures = views.summary.phase, views.summary.figures
    expected = RunPhase.STOPPED if phase is RunPhase.STOPPED else RunPhase.INCOMPLETE
    assert phase is views.run.phase is expected
    state = f"{phase.sign} {phase.word}"
    average = seconds(figures.latency)
    printed = milo("--db", str(views.database), "runs", COLUMNS="200").stdout
    listed = run_line(views.summary, 200, needs_of([views.summary])).plain
    for text in (printed, listed):
        assert f"{state} 5/8" in text
        assert average in text
        for total in views.totals.values():
            assert percent(total.share) in text
    (line,) = milo_json("--db", str(views.database), "runs", "--json")
    assert line["phase"] == phase.value
    assert line["latency"] == pytest.approx(figures.latency)
    for model in line["models"]:
        total = views.totals[model["id"]]
        for name in "points scored planned share latency ttft tokens_per_second".split():
            assert model[name] == pytest.approx(getattr(total, name)), name


async def test_the_live_screen_and_the_preview_show_the_same_run(views: Views) -> None:
    phase = views.summary.phase
    preview = "\n".join(line.plain for line in run_lines(views.summary, 200))
    async with live(state_of(views.run, views.attempts), size=(200, 50)) as stage:
        await stage.feed.put(RunChanged(phase))
        header, _labels, *rows = (await stage.look()).splitlines()
    assert f"{phase.sign} {phase.word}" in header
    assert f"{phase.sign} {phase.word} 5/8" in preview
    for total, row in zip(views.totals.values(), rows, strict=False):
        assert f"{total.points}/{total.possible}" in row
        times = seconds(total.latency), seconds(total.ttft), speed(total.tokens_per_second)
        for figure in (percent(total.share), *times):
            # The unit of these two stands over their column.
            assert figure.removesuffix(" %").removesuffix(" tok/s") in row
            assert figure in preview
        assert seconds(total.p95_latency) in row
        assert f"{total.scored}/{total.planned}" in preview


def test_the_screens_of_a_run_show_the_same_figures(views: Views) -> None:
    """The table, the plots, the title of a trend and the matrix' attempts: figures of the same attempts."""
    table = result_table(views.run, views.attempts)
    shown = "\n".join(line.plain for line in table_lines(views.run, table, 160))
    plots = "\n".join(line.plain for line in run_plots(views.run, table, views.attempts, 160))
    for total in views.totals.values():
        for figure in (percent(total.share), seconds(total.latency), seconds(total.p95_latency)):
            assert figure in shown
        assert seconds(total.ttft) in shown
        assert speed(total.tokens_per_second) in shown
        assert speed(total.tokens_per_second) in plots
    for row in latest_attempts(views.attempts).values():
        if row.points is not None:
            assert f"{row.points}/3 · {seconds(row.latency)}" in attempt_words(row)


def test_every_report_shows_the_same_totals(views: Views) -> None:
    for form in ("table", "md", "html"):
        text = re.sub(r"<[^>]*>|&nbsp;", " ", views.show(form)).replace("\xa0", " ")
        for total in views.totals.values():
            assert f"{total.points}/{total.possible}" in text, form
            assert percent(total.share) in text, form
            assert seconds(total.latency) in text, form
            assert seconds(total.p95_latency) in text, form
            assert speed(total.tokens_per_second) in text, form


def test_rows_and_cases_add_up_to_the_totals(views: Views) -> None:
    rows = [row for row in csv.DictReader(io.StringIO(views.show("csv"))) if row["points"]]
    exported = json.loads(views.show("json"))["attempts"]
    cases = ElementTree.fromstring(views.show("junit"))
    for id, total in views.totals.items():
        mine = [row for row in rows if row["model"] == id]
        assert (len(mine), sum(int(row["points"]) for row in mine)) == (total.scored, total.points)
        latencies = [float(row["latency_s"]) for row in mine]
        assert sum(latencies) / len(latencies) == pytest.approx(total.latency)
        whole = [one for one in exported if one["model"] == id and one["points"] is not None]
        assert (len(whole), sum(one["points"] for one in whole)) == (total.scored, total.points)
    times = [float(case.get("time", "")) for case in cases.iter("testcase")]
    assert len(list(cases.iter("error"))) == 2  # each model has a prompt with a hole, or not asked to the end
    assert sorted(times) == [0.0, 1.5, 4.0, 7.0]  # means of the scored attempts of a prompt
