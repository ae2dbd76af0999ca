"""All attempts of a run in the order they were made, retries among them."""

from collections.abc import Sequence

from textual.content import Content

from milo_tui.analysis.record import Attempt, RunRecord
from milo_tui.tui.content import fit, model_name, safe_line, share_widths, styled
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.line_view import ContentLine
from milo_tui.tui.widgets.score_matrix import attempt_words, cell_sign
from milo_tui.tui.words import clock, seconds

FIXED = 8 + 1 + 7 + 5 * 2
"""Cells of the clock, the score and the latency, and of the gaps."""


class AttemptLog(LineList):
    """A line for each attempt: when, who, what, how it went, and what went wrong."""

    def __init__(self) -> None:
        super().__init__()
        self._attempts: list[Attempt] = []
        self._rows: list[Attempt] = []
        self._names: dict[str, str] = {}
        self._wanted = [0, 0]

    def show(self, run: RunRecord, attempts: list[Attempt]) -> None:
        """Show a run's attempts, or what has come since."""
        self._names = {model.id: model.name for model in run.models}
        self._attempts = sorted(attempts, key=lambda row: row.started)
        names = max((safe_line(model.name).cell_length for model in run.models), default=0)
        self._wanted = [names, max((len(prompt.id) for prompt in run.prompts), default=0) + 3]
        self.find(self.words)

    def find(self, words: Sequence[str]) -> None:
        """Show only the attempts that have all of these words in their model, prompt or what went wrong."""
        self.words = [word.casefold() for word in words]
        texts = [f"{self._names.get(row.model, '')} {row.prompt} {trouble(row)}" for row in self._attempts]
        self._rows = [
            row
            for row, text in zip(self._attempts, texts, strict=True)
            if all(word in text.casefold() for word in self.words)
        ]
        self.lines_changed()

    @property
    def attempt(self) -> Attempt | None:
        """The attempt under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def line_count(self) -> int:
        return len(self._rows)

    def draw(self, index: int, width: int) -> Content:
        row = self._rows[index]
        name, prompt = share_widths(self._wanted, width - FIXED)
        sign, style = cell_sign(row)
        cells = [
            styled((clock(row.started), "$dim")),
            fit(model_name(self._names.get(row.model, row.model), name), name),
            fit(safe_line(row.prompt), prompt - 3) + styled((f" #{row.repeat}", "$dim")),
            styled((sign, style)),
            fit(styled(seconds(row.latency)), 7, "right"),
            safe_line(trouble(row), "$warning"),
        ]
        return Content("  ").join(cells).truncate(width, ellipsis=True)


def trouble(row: Attempt) -> str:
    """What went wrong in an attempt, and whether it was a retry."""
    again = f"attempt {row.number}" if row.number > 1 else ""
    wrong = row.error or row.lost or ("" if row.points is not None else row.outcome.value)
    return " · ".join(part for part in (again, wrong) if part)


class LogFoot(ContentLine):
    """The attempt under the log's cursor in words."""

    def __init__(self, log: AttemptLog) -> None:
        super().__init__()
        self._log = log

    def draw(self, width: int) -> Content:
        row = self._log.attempt
        if row is None:
            nothing = "No attempt matches." if self._log.words else "No attempt has been made yet."
            return styled((nothing, "$dim"))
        return (styled(attempt_words(row), "  ") + safe_line(trouble(row), "$warning")).truncate(
            width, ellipsis=True
        )
