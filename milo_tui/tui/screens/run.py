"""A run: its table, prompts, plots, manifest, log and verdict."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from milo_tui.analysis.decisions import decisions
from milo_tui.analysis.evidence import Evidence
from milo_tui.analysis.phases import ACTIVE, RunPhase
from milo_tui.analysis.prices import Cost, PriceError, load_prices, run_costs
from milo_tui.analysis.record import Attempt, RunRecord
from milo_tui.analysis.table import ResultTable, result_table
from milo_tui.analysis.verdict import Answer, answer, headline_pairs
from milo_tui.errors import MiloError
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import Pane, TabbedScreen
from milo_tui.tui.content import ContentStatic, join, safe_line, styled
from milo_tui.tui.navigator import DiffStart, Navigator
from milo_tui.tui.widgets.attempt_log import AttemptLog, LogFoot
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.manifest import manifest_lines
from milo_tui.tui.widgets.run_plots import run_plots
from milo_tui.tui.widgets.run_table import RunTable, missing
from milo_tui.tui.widgets.score_matrix import MatrixFoot, MatrixHeading, ScoreMatrix
from milo_tui.tui.widgets.tab_line import TabLine
from milo_tui.tui.widgets.text_view import TextView
from milo_tui.tui.widgets.title_bar import TitleBar
from milo_tui.tui.widgets.verdict_lines import answer_lines, decision_headlines, decision_lines, headlines
from milo_tui.tui.words import count, moment, span

TABS = ("table", "prompts", "plots", "manifest", "log", "verdict")
DIFFERING = "Only the prompts on which models differ, or all"
RESTS = 0.05
"""Seconds that the cursor rests before a reason is read."""
ROOM_BELOW = 18
"""Lines beyond the table's that the matrix needs to be shown below it."""


class RunScreen(TabbedScreen):
    """One run, finished or not. The figures of a live run are read every two seconds."""

    app: BaseApp
    TABS = TABS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(i + 1), f"tab({i})", name.title(), show=False, id=f"run.{name}")
            for i, name in enumerate(TABS)
        ),
        Binding("tab", "next_tab(1)", "Tab", key_display="tab", id="run.next_tab", tooltip="Next tab"),
        Binding("shift+tab", "next_tab(-1)", "Previous tab", show=False, id="run.previous_tab"),
        Binding(
            "d", "diff(False)", "Diff", id="run.diff", tooltip="Compare the attempt with the next model's"
        ),
        Binding(
            "n", "hit(1)", "Next", key_display="n N", id="run.next", tooltip="Next failed attempt, or hit"
        ),
        TabbedScreen.FIND,
        Binding("a", "differing", "Differing", id="run.differing", tooltip=DIFFERING),
        Binding("b", "diff(True)", "Compare with another side", show=False, id="run.other_side"),
        Binding(
            "i", "intervals", "Intervals", id="run.intervals", tooltip="95 % intervals in the table, or not"
        ),
        Binding("y", "copy", "Copy", id="run.copy", tooltip="Copy the table as Markdown"),
        Binding("e", "export", "Export", id="run.export", tooltip="Write the table to a Markdown file"),
        Binding("r", "resume", "Resume", show=False, id="run.resume", tooltip="Resume an incomplete run"),
        Binding("escape,q", "leave", "Back", key_display="esc", id="run.back"),
    ]

    def __init__(self, reader: Reader, number: int, navigator: Navigator) -> None:
        super().__init__()
        self._reader = reader
        self._navigator = navigator
        self.number = number
        self._run: RunRecord | None = None
        self._attempts: list[Attempt] = []
        self._table: ResultTable | None = None
        self._headlines = Content("")

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield ContentStatic(id="headlines")
        yield ContentStatic(id="standing")
        yield TabLine(*(name.title() for name in TABS))
        yield self.pane(TABS[0])
        yield self.filter_bar()
        yield KeyLine()

    async def on_mount(self) -> None:
        self.query_one(TitleBar).place = styled(f"run {self.number}")
        self.set_interval(2, self.follow)
        self._show_read()
        self.focus_tab()
        if (last := self.app.preferences.tab) in TABS[1:]:
            await self.action_tab(TABS.index(last))

    async def action_tab(self, index: int) -> None:
        await super().action_tab(index)
        if self.tab != self.app.preferences.tab:
            self.app.remember(tab=self.tab)

    def on_screen_resume(self) -> None:
        # A run that is done stays as it is; to read it anew at every step back would cost more than the step.
        if self._run is None or self._run.phase is not RunPhase.DONE:
            self.load()

    def follow(self) -> None:
        on_top = self.app.screen is self
        if on_top and self._run is not None and self._run.phase in ACTIVE:
            self.load()

    async def read(self) -> None:
        """Read the run and its attempts, and judge them. Called before the screen is shown, it is drawn at once.

        Raises StoreError.
        """
        run = await self._reader.run(self.number)
        self._attempts = await self._reader.attempts(self.number)
        # Exact tests of every two models are too long for the screen's own thread.
        self._table, self._headlines = await asyncio.to_thread(_first_look, run, self._attempts)
        self._run = run

    @work(exclusive=True, description="")
    async def load(self) -> None:
        """Read the run and show it."""
        try:
            await self.read()
        except MiloError as error:
            self._say_above(safe_line(str(error), "$error"))
            return
        with self.app.batch_update():
            self._show_read()

    def _show_read(self) -> None:
        if self._run is not None and self._table is not None:
            self._show(self._run, self._table)

    def _show(self, run: RunRecord, table: ResultTable) -> None:
        bar = self.query_one(TitleBar)
        bar.place, bar.detail, bar.status = title_of(run), times_of(run), status_of(run)
        self._say_above(standing(run, table))
        above = self.query_one("#headlines", ContentStatic)
        above.update(self._headlines)
        above.display = bool(self._headlines.plain)
        self.refill()
        self._make_room()

    def parts(self, tab: str) -> Widget:
        if tab == "table":
            return Pane(RunTable(id="run-table"), Vertical(*_matrix(), id="below"))
        if tab == "prompts":
            return Pane(*_matrix())
        if tab == "plots":
            return TextView()
        if tab == "manifest":
            return TextView()
        if tab == "log":
            log = AttemptLog()
            return Pane(log, LogFoot(log))
        return TextView()

    def front(self, tab: str) -> str:
        if tab == "table":
            return "#below ScoreMatrix" if self.query_one("#below").display else "#run-table"
        return {"prompts": "#tab-prompts ScoreMatrix", "log": "AttemptLog"}.get(tab, f"#tab-{tab}")

    def fill(self, tab: str) -> bool:
        run, table, attempts = self._run, self._table, self._attempts
        if run is None or table is None:
            return False
        place = self.query_one(f"#tab-{tab}")
        if tab == "table":
            self.query_one(RunTable).show_run(run, table)
        if tab in ("table", "prompts"):
            place.query_one(ScoreMatrix).show(run, table, attempts)
            self._explain()
        elif tab == "plots":
            self.query_one("#tab-plots", TextView).show(
                lambda width: run_plots(run, table, attempts, width), in_thread=True, stay=True
            )
        elif tab == "manifest":
            self.query_one("#tab-manifest", TextView).show(partial(manifest_lines, run), stay=True)
        elif tab == "log":
            place.query_one(AttemptLog).show(run, attempts)
        else:
            self._judge(run, attempts)
        self._refresh_lines()
        return True

    @work(exclusive=True, group="verdict", description="")
    async def _judge(self, run: RunRecord, attempts: list[Attempt]) -> None:
        """Show the verdict on local against cloud models, where points were lost, and the cost."""
        if run.margin is not None:
            pairs = await asyncio.to_thread(decisions, run, attempts)
            self.query_one("#tab-verdict", TextView).show(
                lambda width: list(decision_lines(run, attempts, pairs, width)), in_thread=True, stay=True
            )
            return
        prices = self.app.settings.prices
        try:
            evidence = await self._reader.evidence(run.number)
        except MiloError as error:
            self.app.say(str(error), severity="error")
            return
        found, problem = await asyncio.to_thread(_whole_answer, run, attempts, evidence, prices)
        self.query_one("#tab-verdict", TextView).show(
            lambda width: list(answer_lines(found, width)), in_thread=True, stay=True
        )
        if problem:
            self.app.say(problem, severity="warning")

    def _say_above(self, sentence: Content) -> None:
        line = self.query_one("#standing", ContentStatic)
        line.update(sentence)
        line.display = bool(sentence.plain)

    def on_resize(self) -> None:
        self._make_room()

    def _make_room(self) -> None:
        """Put the matrix below the table where both fit."""
        width, height = self.app.size
        table = self.query_one(RunTable)
        lines = table.lines_in(width - 1)
        below = self.query_one("#below")
        fits = height - lines >= ROOM_BELOW
        if below.display != fits:
            below.display = fits
            table.set_class(fits, "-above")
            self.focus_tab()

    @on(LineList.Moved)
    def _refresh_lines(self) -> None:
        for line in (*self.query(MatrixHeading), *self.query(MatrixFoot), *self.query(LogFoot)):
            line.refresh()
        self._explain()

    @work(exclusive=True, group="reason", description="")
    async def _explain(self) -> None:
        """Read why the attempt under the matrix' cursor lost points, once the cursor rests."""
        await asyncio.sleep(RESTS)
        for foot in self.query(MatrixFoot):
            row = foot.lacks_reason
            if row is not None:
                with suppress(StoreError):
                    detail = await self._reader.attempt(row.id)
                    foot.explain(row, "" if detail.score is None else detail.score.failures)

    async def action_differing(self) -> None:
        """Show only the prompts on which the models differ, or all again; from another tab, go there first."""
        if not isinstance(self.focused, ScoreMatrix):
            await self.action_tab(TABS.index("prompts"))
        for matrix in self.query(ScoreMatrix):
            matrix.toggle_differing()

    @on(LineList.Opened)
    def _opened(self, event: LineList.Opened) -> None:
        row = event.lines.attempt if isinstance(event.lines, ScoreMatrix | AttemptLog) else None
        if self._run is None:
            return
        if row is None:
            self.app.say("This attempt has not been run yet.")
        else:
            self._navigator.open_attempt(self._run, self._attempts, row)

    async def action_intervals(self) -> None:
        """Show or hide the table's intervals; from another tab, go to the table and show them."""
        elsewhere = self.tab != "table"
        table = self.query_one(RunTable)
        table.show_intervals(elsewhere or not table.intervals)
        if elsewhere:
            await self.action_tab(TABS.index("table"))
        self._make_room()

    async def action_diff(self, choose: bool) -> None:
        """Compare the attempt under the cursor; where there is no cursor, go to the prompts first."""
        place = self.focused
        if not isinstance(place, ScoreMatrix | AttemptLog):
            await self.action_tab(TABS.index("prompts"))
            self.app.say("Choose an attempt with the arrows; d compares it.")
            return
        spot = place.spot if isinstance(place, ScoreMatrix) else place.attempt
        if self._run is not None and spot is not None:
            start = DiffStart(self._run, self._attempts, spot.prompt, spot.model, spot.repeat)
            self._navigator.open_diff(start, choose=choose)

    def action_copy(self) -> None:
        if self._run is not None:
            self._navigator.copy_table(self.number)

    def action_export(self) -> None:
        if self._run is not None:
            self._navigator.export_table(self.number)

    def action_resume(self) -> None:
        if self._run is None:
            return
        if self._run.phase in ACTIVE:
            self.app.say(f"Run {self.number} is running already.")
        elif self._run.phase is RunPhase.DONE:
            self.app.say(f"Run {self.number} is complete; nothing to resume.")
        else:
            self._navigator.resume_run(self.number)


def _first_look(run: RunRecord, attempts: list[Attempt]) -> tuple[ResultTable, Content]:
    """The run's table, and for a finished run the headlines above it."""
    if run.margin is not None:
        return result_table(run, attempts), decision_headlines(run, decisions(run, attempts))
    pairs = () if run.phase in ACTIVE else headline_pairs(run, attempts)
    return result_table(run, attempts), headlines(pairs)


def _whole_answer(
    run: RunRecord, attempts: list[Attempt], evidence: Evidence, own_prices: Path
) -> tuple[Answer, str]:
    """The run's verdict, and what is wrong with the price file, or ""."""
    costs: Mapping[str, Cost] = {}
    problem = ""
    try:
        costs = run_costs(run, attempts, load_prices(own_prices))
    except PriceError as error:
        problem = str(error)
    return answer(run, attempts, evidence, costs), problem


def _matrix() -> tuple[Widget, ...]:
    """The matrix of scores with its heading and foot."""
    matrix = ScoreMatrix()
    return MatrixHeading(matrix), matrix, MatrixFoot(matrix)


def title_of(run: RunRecord) -> Content:
    """What the run is, for the top line."""
    size = f"{count(len(run.models), 'model')} × {len(run.prompts)} × {run.repeats}"
    return join(
        [
            styled((f"run {run.number}", "bold")),
            safe_line(f"{run.suite_title or run.suite} {run.suite_version}"),
            styled(size),
            styled(("simulated", "$simulated")) if run.simulated else Content(""),
        ],
        styled((" · ", "$dim")),
    )


def status_of(run: RunRecord) -> Content:
    """How the run ended, or what it is doing."""
    return styled((f"{run.phase.sign} {run.phase.word}", f"${run.phase.role}"))


def times_of(run: RunRecord) -> Content:
    """When the run was and how long it took."""
    took = f" · {span(run.finished - run.created)}" if run.finished else ""
    return styled((f"{moment(run.created)}{took}", "$dim"))


def standing(run: RunRecord, table: ResultTable) -> Content:
    """One sentence about what is missing; empty where nothing is."""
    absent = sum(missing(total) for total in table.totals.values())
    if not absent:
        return Content("")
    if run.phase in ACTIVE:
        made = run.attempts_planned - absent
        return styled((f"Running: {made} of {run.attempts_planned} attempts have a score so far.", "$live"))
    holes = sum(total.missing for total in table.totals.values())
    why = "" if not holes else " (infrastructure)" if holes == absent else f" ({holes}: infrastructure)"
    return styled(
        (f"! {count(absent, 'attempt')} missing{why}, left out of totals · ", "$warning"),
        ("r", "bold $warning"),
        (" resumes", "$warning"),
    )
