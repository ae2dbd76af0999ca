"""The first line of the live screen: what runs, how long, how long still, and whether it is live."""

from collections.abc import Callable

from textual.content import Content

from milo_tui.analysis.phases import FINAL_PHASES
from milo_tui.runner.state import RunState
from milo_tui.tui import words
from milo_tui.tui.content import join, safe_line, styled
from milo_tui.tui.progress import SmoothedTimeLeft, finished, rounded, time_left
from milo_tui.tui.widgets.text_view import FixedLines
from milo_tui.tui.widgets.title_bar import NEEDED

_LOST = ("✗ the run's process is gone", "$error")
DOT = styled((" · ", "$dim"))


class RunHeader(FixedLines):
    """One line; what matters least goes first where room is short."""

    def __init__(
        self,
        state: RunState,
        clock: Callable[[], float],
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.state = state
        self.clock = clock
        self.lost = False
        self.page = ""
        """Which panes are shown, where not all are: "1–4 of 6"."""
        self.verdict: tuple[Content, ...] = ()
        """What the run's end says, from the longest to the shortest way of saying it."""
        self._time_left = SmoothedTimeLeft()

    def make_lines(self, width: int) -> list[Content]:
        right = self._right(width)
        lefts = self._lefts()
        if self.verdict:
            short = styled((f"{self.state.phase.sign} {self.state.phase.word}", f"${self.state.phase.role}"))
            lefts = [lefts[-1] + DOT + self.verdict[0], *self.verdict]
            right = right if lefts[0].cell_length <= width - right.cell_length - 5 else short
        room = width - right.cell_length - 5
        left = next((text for text in lefts if text.cell_length <= room), lefts[-1])
        left = left.truncate(max(0, room), ellipsis=True)
        gap = " " * (width - left.cell_length - right.cell_length - 2)
        return [styled(" ") + left + gap + right + " "]

    def _lefts(self) -> list[Content]:
        """What runs, from the longest to the shortest way of saying it."""
        state = self.state
        simulated = (" · ", ("simulated", "$simulated")) if state.simulated else ()
        page = f" · panes {self.page}" if self.page else ""
        run = styled(("milo", "bold $accent"), f" · run {state.run}", *simulated, page)
        suite = run + " · " + safe_line(state.suite)
        size = f"{len(state.prompts)} × {state.repeats}"
        models = words.count(len(state.models), "model")
        return [
            suite + styled((f" · {models} × {size}", "$dim")),
            suite + styled((f" · {len(state.models)} × {size}", "$dim")),
            suite,
            run,
        ]

    def _right(self, width: int) -> Content:
        if self.lost:
            return styled(_LOST)
        sign = _phase(self.state)
        if self.state.phase in FINAL_PHASES:
            return join([sign, *self._times(width)], DOT)
        return join([*self._times(width), sign], DOT)

    def _times(self, width: int) -> list[Content]:
        state, now = self.state, self.clock()
        elapsed = (state.finished or now) - state.started
        if state.phase in FINAL_PHASES:
            return [styled(f"in {words.span(elapsed)}")]
        left = self._time_left.shown(time_left(state, now), now)
        times = [] if left is None else [styled(f"~{words.span(rounded(left))} left")]
        return [styled(f"{words.span(elapsed)} elapsed"), *times] if width >= 80 or not times else times


class RunCard(RunHeader):
    """What is left of the screen where there is no room for it: the run in a few short lines."""

    def make_lines(self, width: int) -> list[Content]:
        """The run's state and progress on the first line; then that more needs more room."""
        state = self.state
        done = sum(finished(model) for model in state.models.values())
        parts = [
            styled(("✗ gone", "$error")) if self.lost else _phase(state),
            styled(f"run {state.run}"),
            styled(f"{done}/{state.attempts_per_model * len(state.models)}"),
            styled("simulated" if state.simulated else ""),
            *self._scores(),
        ]
        needs = styled((f"{NEEDED}; q leaves", "$dim"))
        return [line.truncate(width, ellipsis=True) for line in (join(parts, " · "), needs)]

    def _scores(self) -> list[Content]:
        models = [model for model in self.state.models.values() if model.figures.possible]
        return [safe_line(f"{model.name} {words.percent(model.figures.share)}") for model in models]


def _phase(state: RunState) -> Content:
    return styled((f"{state.phase.sign} {state.phase.word}", f"${state.phase.role}"))
