"""Two runs as a table: prompts × models, the points of both runs' repeats and the difference."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from milo_tui.analysis.comparison import Comparison, Measured
from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.record import Attempt
from milo_tui.reports.verdict_text import signed
from milo_tui.tui.content import fit, model_name, safe_line, styled
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.line_view import ContentLine
from milo_tui.tui.widgets.score_matrix import cell_sign

DIFFERENCE = 6
"""Cells of a difference, the gap before it included."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A prompt and a model: the attempts of both runs, and by how many points A has more; None while some lack."""

    a: Sequence[Attempt | None]
    b: Sequence[Attempt | None]
    difference: Fraction | None

    @property
    def repeat(self) -> int:
        """The first repeat on which the two differ, from 1; the first one where none does."""
        pairs = enumerate(zip(self.a, self.b, strict=False), 1)
        return next((n for n, (one, two) in pairs if _points([one]) != _points([two])), 1)


class CompareTable(LineList):
    """The table. `← →` go over the models; `a` shows only the prompts on which the runs differ."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set()
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "across(-1)", "Left", show=False, id="compare.left"),
        Binding("right,l", "across(1)", "Right", show=False, id="compare.right"),
    ]
    STOP = "difference"

    def __init__(self) -> None:
        super().__init__(id="comparison-table")
        self._cells: dict[str, list[Cell]] = {}
        self._rows: list[str] = []
        self._names: list[str] = []
        self._pairs: list[tuple[str, str]] = []
        self._column = 0
        self._only_differing = False
        self._shown = 0

    def show(self, found: Comparison, a: Measured, b: Measured) -> None:
        """Show the prompts that are the same in both runs."""
        self._pairs = [(model.pair.a, model.pair.b) for model in found.models]
        self._names = [a.run.model(one).name for one, _ in self._pairs]
        ours, theirs = latest_attempts(a.attempts), latest_attempts(b.attempts)
        self._cells = {}
        for prompt in found.prompts:
            self._cells[prompt] = [
                _cell(
                    [ours.get((one, prompt, n + 1)) for n in range(a.run.repeats)],
                    [theirs.get((other, prompt, n + 1)) for n in range(b.run.repeats)],
                )
                for one, other in self._pairs
            ]
        self._column = min(self._column, max(0, len(self._pairs) - 1))
        self._fill()

    def _fill(self) -> None:
        """Take the rows that the filters let through; the cursor stays on its prompt."""
        words, before = self.words, self._rows[self.cursor] if self.cursor < len(self._rows) else ""
        self._rows = [
            prompt
            for prompt, cells in self._cells.items()
            if all(word in prompt.casefold() for word in words)
            and (not self._only_differing or any(cell.difference for cell in cells))
        ]
        self._shown += 1
        if before in self._rows:
            self.cursor = self._rows.index(before)
        self.lines_changed()

    def toggle_differing(self) -> None:
        """Show only the prompts on which the runs differ, or all again."""
        self._only_differing = not self._only_differing
        self._fill()

    def find(self, words: Sequence[str]) -> None:
        """Show only the prompts that have all of these words in their name."""
        self.words = [word.casefold() for word in words]
        self._fill()

    def step(self, step: int) -> bool:
        """Go to the next prompt on which the model under the cursor differs, or to the one before."""
        places = range(self.cursor + step, len(self._rows) if step > 0 else -1, step)
        found = next((n for n in places if self._cells[self._rows[n]][self._column].difference), None)
        if found is not None:
            self.cursor = found
        return found is not None

    @property
    def spot(self) -> tuple[str, str, str, Cell] | None:
        """What is under the cursor: the prompt, the model in run A, the one in run B, and the cell."""
        if self.cursor >= len(self._rows) or not self._pairs:
            return None
        prompt = self._rows[self.cursor]
        return prompt, *self._pairs[self._column], self._cells[prompt][self._column]

    def action_across(self, step: int) -> None:
        self._column = max(0, min(len(self._pairs) - 1, self._column + step))
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def line_count(self) -> int:
        return len(self._rows)

    def line_key(self, index: int) -> Hashable:
        return self._shown, index, self._column

    def _widths(self, width: int) -> tuple[int, int, range]:
        """The cells of a prompt's name and of a model's column, and the columns in sight."""
        cells = list(self._cells.values())
        digits = max((len(cell.a) + len(cell.b) + 3 for row in cells for cell in row), default=3)
        longest = max((safe_line(prompt).cell_length for prompt in self._cells), default=10) + 2
        name = max(16, min(longest, width - digits - DIFFERENCE - 2, width // 2))
        size = max(digits + DIFFERENCE + 3, 20)
        fits = max(1, min(len(self._names), (width - name) // size))
        first = min(max(0, self._column - fits + 1), max(0, len(self._names) - fits))
        return name, size, range(first, min(len(self._names), first + fits))

    def heading(self, width: int) -> Content:
        """The models' names over their columns; arrows where there are more to either side."""
        name, size, columns = self._widths(width)
        left = "‹" if columns.start else ""
        right = "›" if columns.stop < len(self._names) else ""
        parts = [fit(model_name(self._names[n], size - 2, "bold"), size) for n in columns]
        return Content("").join([fit(styled((left, "$dim")), name, "right"), *parts, styled((right, "$dim"))])

    def draw(self, index: int, width: int) -> Content:
        prompt = self._rows[index]
        name, size, columns = self._widths(width)
        cells = [fit(self._cell(index, prompt, n), size) for n in columns]
        return Content("").join([fit(safe_line(prompt), name - 1) + " ", *cells])

    def _cell(self, index: int, prompt: str, column: int) -> Content:
        cell = self._cells[prompt][column]
        digits = Content(" | ").join([styled(*map(cell_sign, rows)) for rows in (cell.a, cell.b)])
        drawn = digits + fit(_difference(cell), DIFFERENCE, "right")
        return drawn.stylize("reverse") if index == self.cursor and column == self._column else drawn


class CompareHeading(ContentLine):
    """The models' names over the table."""

    def __init__(self, table: CompareTable) -> None:
        super().__init__()
        self._table = table

    def draw(self, width: int) -> Content:
        return self._table.heading(width - 1)


def _points(rows: Sequence[Attempt | None]) -> list[int]:
    return [row.points for row in rows if row is not None and row.points is not None]


def _cell(a: Sequence[Attempt | None], b: Sequence[Attempt | None]) -> Cell:
    ours, theirs = _points(a), _points(b)
    if len(ours) < len(a) or len(theirs) < len(b) or not ours or not theirs:
        return Cell(a, b, None)
    difference = Fraction(sum(ours), len(ours)) - Fraction(sum(theirs), len(theirs))
    return Cell(a, b, difference * max(len(ours), len(theirs)))


def _difference(cell: Cell) -> Content:
    """How many points the first run has more, in all repeats, as the sentences above the table count."""
    if cell.difference is None:
        return styled(("–", "$dim"))
    if not cell.difference:
        return styled(("=", "$dim"))
    return styled((signed(cell.difference), "bold $success" if cell.difference > 0 else "bold $error"))
