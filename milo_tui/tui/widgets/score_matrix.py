"""Prompts × models, a digit for each repeat; the cursor walks over prompts, models and repeats."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt, PromptRecord, RunRecord
from milo_tui.analysis.table import ResultTable
from milo_tui.tui.content import fit, safe_line, share_widths, styled
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.line_view import ContentLine
from milo_tui.tui.words import seconds

MARK = 12
"""The room for what is said of a prompt at its line's end."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A cell of the matrix: a prompt, a model and a repeat (from 1)."""

    prompt: str
    model: str
    repeat: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What fits a width: the label's cells, each model's cells, and the models in sight."""

    label: int
    size: int
    first: int
    last: int


Row = tuple[str, str] | PromptRecord
"""A heading (category id, title) or a prompt."""


class ScoreMatrix(LineList):
    """The matrix. A hole that the infrastructure left is `!`, an attempt not yet made is `·`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"score-matrix--cell"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Left", show=False, id="matrix.left"),
        Binding("right,l", "step(1)", "Right", show=False, id="matrix.right"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._run: RunRecord | None = None
        self._uninformative: Mapping[str, str] = {}
        self._attempts: dict[tuple[str, str, int], Attempt] = {}
        self._rows: list[Row] = []
        self._column = 0
        self._layouts: dict[tuple[int, int], Layout] = {}
        self._shown = 0

    def show(self, run: RunRecord, table: ResultTable, attempts: list[Attempt]) -> None:
        """Show a run's attempts, or what has come since."""
        self._run, self._uninformative = run, table.uninformative
        self._attempts = latest_attempts(attempts)
        self._rows = []
        for category in table.categories:
            self._rows.append(category)
            self._rows += [prompt for prompt in run.prompts if prompt.category == category[0]]
        self._layouts.clear()
        self._shown += 1
        self.lines_changed()

    @property
    def spot(self) -> Spot | None:
        """The cell under the cursor."""
        row = self._rows[self.cursor] if self.cursor < len(self._rows) else None
        if self._run is None or not isinstance(row, PromptRecord) or not self._run.models:
            return None
        model, repeat = divmod(self._column, self._run.repeats)
        return Spot(row.id, self._run.models[model].id, repeat + 1)

    @property
    def attempt(self) -> Attempt | None:
        """The attempt under the cursor, if it was made."""
        spot = self.spot
        return self._attempts.get((spot.model, spot.prompt, spot.repeat)) if spot else None

    @property
    def prompt(self) -> PromptRecord | None:
        """The prompt under the cursor."""
        row = self._rows[self.cursor] if self.cursor < len(self._rows) else None
        return row if isinstance(row, PromptRecord) else None

    def action_step(self, step: int) -> None:
        """Move to the next repeat or, past the last, to the next model."""
        if self._run is None:
            return
        last = len(self._run.models) * self._run.repeats - 1
        self._column = max(0, min(last, self._column + step))
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def line_count(self) -> int:
        return len(self._rows)

    def selectable(self, index: int) -> bool:
        return isinstance(self._rows[index], PromptRecord)

    def line_key(self, index: int) -> tuple[int, int, int, int]:
        cell = self._column if index == self.cursor else -1
        return self._shown, index, cell, self.layout_for(self.line_width).first

    def layout_for(self, width: int) -> Layout:
        """Label and columns for a width; the model under the cursor stays in sight."""
        if self._run is None or not self._run.models:
            return Layout(width, 0, 0, 0)
        model = self._column // self._run.repeats
        if (width, model) not in self._layouts:
            self._layouts[width, model] = self._laid_out(self._run, width, model)
        return self._layouts[width, model]

    @staticmethod
    def _laid_out(run: RunRecord, width: int, current: int) -> Layout:
        repeats, models = run.repeats, run.models
        digits = 2 * repeats - 1
        longest = max((label_of(prompt).cell_length for prompt in run.prompts), default=0) + 3
        label = max(min(longest, width // 2), min(22, width // 3))
        room = width - label - MARK
        names = [max(digits, safe_line(model.name).cell_length) + 3 for model in models]
        size = max(digits + 2, min(max(names), room // len(models)))
        visible = max(1, min(len(models), room // size))
        first = min(max(0, current - visible + 1), len(models) - visible)
        return Layout(label, size, first, first + visible)

    def heading(self, width: int) -> Content:
        """The models' names over their columns; arrows where there are more to either side."""
        if self._run is None:
            return Content("")
        layout = self.layout_for(width)
        more_left = "‹" if layout.first else ""
        more_right = "›" if layout.last < len(self._run.models) else ""
        models = self._run.models[layout.first : layout.last]
        names = [fit(safe_line(model.name, "bold"), layout.size - 2) + "  " for model in models]
        label = fit(styled((f"{more_left:>2}", "$dim")), layout.label, "right")
        return Content("").join([label, *names, styled((more_right, "$dim"))])

    def draw(self, index: int, width: int) -> Content:
        row = self._rows[index]
        if not isinstance(row, PromptRecord):
            return safe_line(row[1], "$dim bold")
        layout = self.layout_for(width)
        cells = [self._cells(row, model, index, layout.size) for model in range(layout.first, layout.last)]
        mark = self._uninformative.get(row.id, "")
        label = fit(styled("  ") + label_of(row), layout.label - 1) + " "
        return Content("").join([label, *cells, self._remark(mark, row, width, layout)])

    def _remark(self, mark: str, prompt: PromptRecord, width: int, layout: Layout) -> Content:
        """Why a prompt tells nothing, then its title where there is room."""
        used = layout.label + layout.size * (layout.last - layout.first)
        title = safe_line(prompt.title, "$dim")
        return fit(styled((f"= {mark}" if mark else "", "$dim italic")), MARK) + (
            fit(title, width - used - MARK) if width - used - MARK > 20 else ""
        )

    def _cells(self, prompt: PromptRecord, model: int, index: int, size: int) -> Content:
        assert self._run is not None
        parts = [
            self._cell(prompt.id, model, repeat, index == self.cursor) for repeat in range(self._run.repeats)
        ]
        return fit(Content("").join(parts), size)

    def _cell(self, prompt: str, model: int, repeat: int, on_line: bool) -> Content:
        assert self._run is not None
        row = self._attempts.get((self._run.models[model].id, prompt, repeat + 1))
        sign, style = cell_sign(row)
        if on_line and self._column == model * self._run.repeats + repeat:
            style = "reverse " + style
        lost = "*" if row is not None and row.lost else " "
        return styled((sign, style), (lost, "$warning"))


def label_of(prompt: PromptRecord) -> Content:
    """A prompt's name under its category's heading: its id without the category."""
    return safe_line(prompt.id.removeprefix(f"{prompt.category}/"))


def cell_sign(row: Attempt | None) -> tuple[str, str]:
    """An attempt in one character, and its style."""
    if row is None:
        return "·", "$dim"
    if row.points is not None:
        return str(row.points), f"$score-{row.points}"
    return ("!", "bold $hole") if row.outcome is Outcome.INFRASTRUCTURE else ("·", "$dim")


class MatrixHeading(ContentLine):
    """The models' names over a matrix."""

    def __init__(self, matrix: ScoreMatrix) -> None:
        super().__init__()
        self._matrix = matrix

    def draw(self, width: int) -> Content:
        return self._matrix.heading(width)


class MatrixFoot(ContentLine):
    """The cell under a matrix's cursor in words."""

    def __init__(self, matrix: ScoreMatrix) -> None:
        super().__init__()
        self._matrix = matrix

    def draw(self, width: int) -> Content:
        spot, prompt, row = self._matrix.spot, self._matrix.prompt, self._matrix.attempt
        if spot is None or prompt is None:
            return Content("")
        what = styled(f"repeat {spot.repeat} · {attempt_words(row)}")
        room = share_widths([safe_line(prompt.title).cell_length], width - what.cell_length - 2)[0]
        return fit(safe_line(prompt.title, "bold"), room) + "  " + what


def attempt_words(row: Attempt | None) -> str:
    """How an attempt went, in words."""
    if row is None:
        return "not run yet"
    if row.points is None:
        return str(row.outcome.value)
    ttft = f" · TTFT {seconds(row.ttft)}" if row.ttft is not None else ""
    return f"{row.points}/3 · {seconds(row.latency)}{ttft}"
