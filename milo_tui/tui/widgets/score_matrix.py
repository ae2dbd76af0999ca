"""Prompts × models, a digit for each repeat; the cursor walks over prompts, models and repeats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt, PromptRecord, RunRecord
from milo_tui.analysis.table import ResultTable
from milo_tui.suite.conversation import POINTS_PER_PROMPT
from milo_tui.tui.content import fit, model_name, safe_line, share_widths, styled
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
        Binding(
            "left_square_bracket", "step(-1)", "Previous repeat", show=False, id="matrix.previous_repeat"
        ),
        Binding("right_square_bracket", "step(1)", "Next repeat", show=False, id="matrix.next_repeat"),
        Binding("left_curly_bracket", "move(-1)", "Previous prompt", show=False, id="matrix.previous_prompt"),
        Binding("right_curly_bracket", "move(1)", "Next prompt", show=False, id="matrix.next_prompt"),
    ]
    STOP = "failed attempt"

    def __init__(self) -> None:
        super().__init__()
        self._run: RunRecord | None = None
        self._uninformative: Mapping[str, str] = {}
        self._attempts: dict[tuple[str, str, int], Attempt] = {}
        self._rows: list[Row] = []
        self._categories: Sequence[tuple[str, str]] = ()
        self._only_differing = False
        self._column = 0
        self._layouts: dict[tuple[int, int], Layout] = {}
        self._shown = 0

    def show(self, run: RunRecord, table: ResultTable, attempts: list[Attempt]) -> None:
        """Show a run's attempts, or what has come since."""
        self._run, self._uninformative = run, table.uninformative
        self._attempts = latest_attempts(attempts)
        self._categories = table.categories
        self._fill()

    def toggle_differing(self) -> None:
        """Show only the prompts on which the models differ, or all again."""
        self._only_differing = not self._only_differing
        self._fill()

    def find(self, words: Sequence[str]) -> None:
        """Show only the prompts that have all of these words in their name, title or category."""
        self.words = [word.casefold() for word in words]
        self._fill()

    def _fill(self) -> None:
        """Take the rows that the filters let through; the cursor stays on its prompt."""
        before, run = self.prompt, self._run
        self._rows = []
        for id, title in self._categories if run else ():
            rows = [row for row in run.prompts if row.category == id and self._is_wanted(row)] if run else []
            self._rows += [(id, title), *rows] if rows else []
        if before is not None and before in self._rows:
            self.cursor = self._rows.index(before)
        self._layouts.clear()
        self._shown += 1
        self.lines_changed()

    def _is_wanted(self, prompt: PromptRecord) -> bool:
        text = f"{prompt.id} {prompt.title}".casefold()
        return all(word in text for word in self.words) and not (
            self._only_differing and len(set(self._points(prompt).values())) < 2
        )

    def _points(self, prompt: PromptRecord) -> dict[str, tuple[int, ...]]:
        """By model, the points of a prompt's repeats, the least first; models without any left out."""
        found: dict[str, list[int]] = {}
        for (model, asked, _), row in self._attempts.items():
            if asked == prompt.id and row.points is not None:
                found.setdefault(model, []).append(row.points)
        return {model: tuple(sorted(points)) for model, points in found.items()}

    def step(self, step: int) -> bool:
        """Go to the next attempt that lost points, row by row, or to the one before."""
        if self._run is None:
            return False
        columns = len(self._run.models) * self._run.repeats
        here = self.cursor * columns + self._column
        places = range(here + step, len(self._rows) * columns if step > 0 else -1, step)
        found = next((place for place in places if self._failed(*divmod(place, columns))), None)
        if found is None:
            return False
        self.cursor, self._column = divmod(found, columns)
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))
        return True

    def _failed(self, index: int, column: int) -> bool:
        row, run = self._rows[index], self._run
        if run is None or not isinstance(row, PromptRecord):
            return False
        model, repeat = divmod(column, run.repeats)
        attempt = self._attempts.get((run.models[model].id, row.id, repeat + 1))
        return attempt is not None and attempt.points != POINTS_PER_PROMPT

    @property
    def model_name(self) -> str:
        """The name of the model under the cursor."""
        return self._run.model(self.spot.model).name if self._run and self.spot else ""

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter leaves prompts out."""
        return self._only_differing or bool(self.words)

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
        names = [
            fit(model_name(model.name, layout.size - 2, "bold"), layout.size - 2) + "  " for model in models
        ]
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
    """The cell under a matrix's cursor in words: prompt, model and figures; below them why it lost points."""

    def __init__(self, matrix: ScoreMatrix) -> None:
        super().__init__()
        self._matrix = matrix
        self._reasons: dict[int, str] = {}

    @property
    def lacks_reason(self) -> Attempt | None:
        """The attempt under the cursor, where the reason of its lost points has not been read."""
        row = self._matrix.attempt
        lost = row is not None and row.points is not None and row.points < POINTS_PER_PROMPT
        return row if row is not None and lost and row.id not in self._reasons else None

    def explain(self, row: Attempt, reason: str) -> None:
        """Say why an attempt lost points."""
        self._reasons[row.id] = reason
        self.refresh()

    def draw(self, width: int) -> Content:
        matrix = self._matrix
        spot, prompt, row = matrix.spot, matrix.prompt, matrix.attempt
        if spot is None or prompt is None:
            nothing = "No prompt matches; a shows all, / changes the words." if matrix.is_narrowed else ""
            return styled((nothing, "$dim"))
        what = styled(f"repeat {spot.repeat} · {attempt_words(row)}")
        title = safe_line(prompt.title, "bold")
        room = width - what.cell_length - 4
        names = share_widths([title.cell_length, safe_line(matrix.model_name).cell_length], room)
        first = fit(title, names[0]) + "  " + model_name(matrix.model_name, names[1]) + "  " + what
        reason = "" if row is None else row.lost or row.error or self._reasons.get(row.id, "")
        return first + "\n" + safe_line(reason, "$warning").truncate(width, ellipsis=True)


def attempt_words(row: Attempt | None) -> str:
    """How an attempt went, in words."""
    if row is None:
        return "not run yet"
    if row.points is None:
        return str(row.outcome.value)
    ttft = f" · TTFT {seconds(row.ttft)}" if row.ttft is not None else ""
    return f"{row.points}/3 · {seconds(row.latency)}{ttft}"
