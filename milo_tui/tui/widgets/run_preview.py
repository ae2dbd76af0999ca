"""The run under the cursor in full: what it is, a line for each model, its note."""

from textual.content import Content

from milo_tui.store.summary import ModelSummary, RunSummary
from milo_tui.tui.content import fit, join, safe_line, styled
from milo_tui.tui.widgets.line_view import ContentLine
from milo_tui.tui.widgets.run_columns import state_text
from milo_tui.tui.words import count, moment, percent, seconds, speed


class RunPreview(ContentLine):
    """The run under the cursor; one of its models is marked, whose trend stands below."""

    def __init__(self) -> None:
        super().__init__()
        self._run: RunSummary | None = None
        self._model = 0

    def show(self, run: RunSummary | None, model: int = 0) -> None:
        """Show another run, another model of it, or the same with newer figures."""
        if (self._run, self._model) != (run, model):
            self._run, self._model = run, model
            self.refresh()

    def set_room(self, models: int) -> None:
        """Take as many lines as that many models need; none where there are none."""
        self.display = bool(models)
        self.styles.height = 3 + models

    def draw(self, width: int) -> Content:
        if self._run is None:
            return Content("")
        lines = run_lines(self._run, width, self._model, self.size.height - 2)
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)

    def text(self) -> str:
        """All of it, as plain text."""
        if self._run is None:
            return ""
        return "\n".join(line.plain.rstrip() for line in run_lines(self._run, 100))


def run_lines(
    run: RunSummary, width: int, marked: int | None = None, room: int | None = None
) -> list[Content]:
    """A run in lines: at most `room` of them are its models', the marked one among these."""
    title = join(
        [
            styled((f"run {run.number}", "bold")),
            styled((f"in the bin since {moment(run.binned)}", "$warning") if run.binned else ""),
            safe_line(f"{run.suite_title or run.suite} {run.suite_version}", "$dim"),
            styled((moment(run.created), "$dim")),
            styled((count(run.repeats, "repeat"), "$dim")),
            styled(("simulated", "$simulated") if run.simulated else ""),
            state_text(run, wide=True),
        ],
        styled((" · ", "$dim")),
    )
    note = [styled(("note  ", "$dim")) + safe_line(run.note)] if run.note else []
    return [title, *_model_lines(run, width, marked, room), *note]


def _model_lines(run: RunSummary, width: int, marked: int | None, room: int | None) -> list[Content]:
    longest = max((safe_line(model.name).cell_length for model in run.models), default=0)
    name = min(longest, max(10, width - 59))
    lines = [
        styled(("▸ " if number == marked else "  ", "bold $accent"))
        + _model_line(model, name, simulated=run.simulated)
        for number, model in enumerate(run.models)
    ]
    if room is None or len(lines) <= room:
        return lines
    fits = max(1, room - 1)
    first = max(0, min((marked or 0) - fits // 2, len(lines) - fits))
    rest = styled((f"  … {count(len(lines) - fits, 'more model')}; ← → go through them", "$dim"))
    return [*lines[first : first + fits], rest]


def _model_line(model: ModelSummary, width: int, *, simulated: bool) -> Content:
    figures = model.figures
    where = "sim" if simulated else "local" if model.where == "local" else "API"
    scored = f"{figures.scored}/{figures.planned}" + (" ✓" if figures.complete else "")
    return join(
        [
            fit(safe_line(model.name), width),
            fit(styled((where, "$dim")), 5),
            fit(styled((percent(figures.share), "bold")), 7, "right"),
            fit(styled((seconds(figures.latency), "")), 6, "right"),
            fit(styled((f"TTFT {seconds(figures.ttft)}", "$dim")), 11),
            fit(styled((speed(figures.tokens_per_second), "$dim")), 9, "right"),
            styled((scored, "$dim")),
        ],
        "  ",
    )
