"""The list of runs, live ones on top, and the run under the cursor in full below it."""

from collections.abc import Collection

from textual.content import Content
from textual.reactive import reactive

from milo_tui.store.summary import ModelSummary, RunSummary
from milo_tui.tui.cells import fit, joined, one_line, said
from milo_tui.tui.widgets.line_list import Line, LineList
from milo_tui.tui.widgets.run_columns import Needs, heading, needs_of, run_line, state_of, state_text
from milo_tui.tui.words import count, moment, percent, seconds, speed


class RunHeading(Line):
    """The names of the list's columns."""

    needs: reactive[Needs] = reactive(Needs())

    def draw(self, width: int) -> Content:
        return heading(width, self.needs)


class RunList(LineList):
    """Runs, newest first, live ones pinned on top, narrowed by a filter."""

    def __init__(self) -> None:
        super().__init__()
        self._all: dict[int, RunSummary] = {}
        self._live: frozenset[int] = frozenset()
        self._filter = ""
        self.picked: list[int] = []
        self.shown: list[RunSummary] = []
        self.needs = Needs()

    @property
    def current(self) -> RunSummary | None:
        """The run under the cursor."""
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None

    @property
    def oldest(self) -> int | None:
        """The lowest number loaded from the pages (live runs may be older)."""
        return min((number for number in self._all if number not in self._live), default=None)

    @property
    def loaded(self) -> int:
        """How many runs are loaded."""
        return len(self._all)

    def is_live(self, number: int) -> bool:
        """Whether a runner carries this run out now."""
        return number in self._live

    def add(self, runs: Collection[RunSummary]) -> None:
        """Take runs in; those known by number are replaced."""
        self._all.update((run.number, run) for run in runs)
        self._arrange()

    def pick(self) -> None:
        """Pick the run under the cursor for a comparison, or leave it; the third picked drops the first."""
        run = self.current
        if run is None:
            return
        if run.number in self.picked:
            self.picked.remove(run.number)
        else:
            self.picked = [*self.picked[-1:], run.number]
        self.refresh()

    def set_live(self, numbers: Collection[int]) -> None:
        """Say which runs are live now."""
        self._live = frozenset(numbers)
        self._arrange()

    def set_filter(self, text: str) -> None:
        """Show only runs that hold every word of the text."""
        self._filter = text.casefold()
        self._arrange()

    def _arrange(self) -> None:
        """Order and narrow anew; the cursor stays on its run."""
        current = self.current
        words = self._filter.split()
        runs = [run for run in self._all.values() if all(word in self._haystack(run) for word in words)]
        self.needs = needs_of(runs)
        self.shown = sorted(runs, key=lambda run: (run.number not in self._live, -run.number))
        if current is not None:
            numbers = [run.number for run in self.shown]
            self.set_reactive(
                LineList.cursor, numbers.index(current.number) if current.number in numbers else 0
            )
        self.lines_changed()

    def _haystack(self, run: RunSummary) -> str:
        names = " ".join(f"{model.name} {model.id} {model.where}" for model in run.models)
        kind = "simulated" if run.simulated else ""
        state = state_of(run, run.number in self._live).word
        return f"{run.number} {run.suite} {run.suite_title} {names} {state} {kind} {run.note}".casefold()

    def line_count(self) -> int:
        return len(self.shown)

    def draw(self, index: int, width: int) -> Content:
        run = self.shown[index]
        line = run_line(run, run.number in self._live, width, self.needs)
        return said(("◆", "bold $accent")) + line[1:] if run.number in self.picked else line


class RunPeek(Line):
    """The run under the cursor in full: a line for each model."""

    def __init__(self) -> None:
        super().__init__()
        self._run: RunSummary | None = None
        self._live = False

    def show(self, run: RunSummary | None, live: bool) -> None:
        """Show another run, or the same with newer figures."""
        height = 0 if run is None else 2 + len(run.models) + bool(run.note)
        if (self._run, self._live) == (run, live):
            return
        self._run, self._live = run, live
        self.styles.height = height
        self.refresh(layout=True)

    def draw(self, width: int) -> Content:
        run = self._run
        if run is None:
            return Content("")
        title = joined(
            [
                said((f"run {run.number}", "bold")),
                one_line(f"{run.suite_title or run.suite} {run.suite_version}", "$dim"),
                said((moment(run.created), "$dim")),
                said((count(run.repeats, "repeat"), "$dim")),
                said(("simulated", "$simulated") if run.simulated else ""),
                state_text(run, self._live, wide=True),
            ],
            said((" · ", "$dim")),
        )
        name = (
            min(max(one_line(model.name).cell_length for model in run.models), max(10, width - 58))
            if run.models
            else 0
        )
        lines = [title.truncate(width, ellipsis=True)]
        lines += [_model_line(model, name).truncate(width, ellipsis=True) for model in run.models]
        if run.note:
            lines.append((said(("note  ", "$dim")) + one_line(run.note)).truncate(width, ellipsis=True))
        return Content("\n").join(lines)


def _model_line(model: ModelSummary, width: int) -> Content:
    missing = f"{model.scored}/{model.planned}" + (" ✓" if model.scored >= model.planned else "")
    return joined(
        [
            fit(one_line(model.name), width),
            fit(said((model.where if model.where == "local" else "API", "$dim")), 5),
            fit(said((percent(model.share), "bold")), 7, "right"),
            fit(said((seconds(model.latency), "")), 7, "right"),
            fit(said((f"TTFT {seconds(model.ttft)}", "$dim")), 11),
            fit(said((speed(model.tokens_per_second), "$dim")), 9, "right"),
            said((missing, "$dim")),
        ],
        "  ",
    )
