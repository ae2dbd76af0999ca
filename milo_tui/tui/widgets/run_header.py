"""The first line of the live screen: what runs, how long, how long still, and whether it is live."""

from collections.abc import Callable

from rich.style import Style
from rich.text import Text

from milo_tui.analysis.phases import FINAL_PHASES
from milo_tui.runner.state import RunState
from milo_tui.tui import words
from milo_tui.tui.progress import finished, rounded, time_left
from milo_tui.tui.safe import safe_line
from milo_tui.tui.widgets.lines import Lines
from milo_tui.tui.widgets.small_card import NEEDED


class RunHeader(Lines):
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

    def make_lines(self, width: int) -> list[Text]:
        """The one line."""
        right = self._right(width)
        room = width - right.cell_len - 5
        left = next((text for text in self._lefts() if text.cell_len <= room), self._lefts()[-1])
        left.truncate(max(0, room), overflow="ellipsis")
        gap = " " * (width - left.cell_len - right.cell_len - 2)
        return [Text.assemble(" ", left, gap, right, " ")]

    def _lefts(self) -> list[Text]:
        state = self.state
        run = Text.assemble(("milo", self.ink("accent")), f" · run {state.run}")
        if state.simulated:
            run.append(" · ").append("simulated", self.ink("simulated"))
        suite = Text.assemble(run, " · ", safe_line(state.suite))
        size = f"{len(state.prompts)} × {state.repeats}"
        models = words.count(len(state.models), "model")
        return [
            Text.assemble(suite, (f" · {models} × {size}", self.ink("dim"))),
            Text.assemble(suite, (f" · {len(state.models)} × {size}", self.ink("dim"))),
            suite,
            run,
        ]

    def _right(self, width: int) -> Text:
        if self.lost:
            return Text("✗ the run's process is gone", self._style("bad"))
        phase = self.state.phase
        parts = [*self._times(width), Text(f"{phase.sign} {phase.word}", self._style(phase.role))]
        if self.state.phase in FINAL_PHASES:
            parts = [parts[-1], *parts[:-1], Text("enter opens the table", self.ink("accent"))]
        return Text(" · ", self.ink("dim")).join(parts)

    def _times(self, width: int) -> list[Text]:
        state, now = self.state, self.clock()
        gone = (state.finished or now) - state.started
        if state.phase in FINAL_PHASES:
            return [Text(f"in {words.span(gone)}")]
        left = time_left(state, now)
        told = "time left not known yet" if left is None else f"about {words.span(rounded(left))} left"
        return [Text(f"{words.span(gone)} gone"), Text(told)] if width >= 80 else [Text(told)]

    def _style(self, ink: str) -> Style:
        return self.ink(ink)


class RunCard(RunHeader):
    """What is left of the screen where there is no room for it: the run in a few short lines."""

    def make_lines(self, width: int) -> list[Text]:
        """The run's state and progress on the first line; then that more needs more room."""
        state = self.state
        done = sum(finished(model) for model in state.models.values())
        phase = state.phase
        sign, ink = ("✗ gone", "bad") if self.lost else (f"{phase.sign} {phase.word}", phase.role)
        words_ = [f"run {state.run}", f"{done}/{state.attempts_per_model * len(state.models)}"]
        if state.simulated:
            words_.append("simulated")
        line = Text(" · ").join([Text(sign, self.ink(ink)), *map(Text, words_), *self._scores()])
        line.truncate(width, overflow="ellipsis")
        needs = Text(f"{NEEDED}; q leaves", self.ink("dim"))
        needs.truncate(width, overflow="ellipsis")
        return [line, needs]

    def _scores(self) -> list[Text]:
        models = [model for model in self.state.models.values() if model.figures.possible]
        return [
            Text.assemble(safe_line(model.name), f" {words.percent(model.figures.share)}") for model in models
        ]
