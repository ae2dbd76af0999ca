"""The scores of one model as a grid: a digit and a colour for each attempt, a row for each category."""

from typing import Literal

from textual.content import Content

from milo_tui.analysis.figures import Figures
from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt
from milo_tui.runner.state import ModelState, RunState, cell_key
from milo_tui.tui import words
from milo_tui.tui.content import fit, safe_line, styled
from milo_tui.tui.progress import category_keys, finished
from milo_tui.tui.widgets.text_view import FixedLines

Keys = list[list[str]]
"""Keys of cells, a list for each prompt."""

Form = Literal["compact", "rows", "table", "prompts"]

NAME = 18
SHORT = 10
_NARROW = 44
_MEANS = 14
_MEANS_NARROW = 10
_TIMES = 30
_LABELS = {
    _TIMES: " score   avg   p95  TTFT tok/s",
    _MEANS: f"{'score':>6}{'avg':>8}",
    _MEANS_NARROW: f"{'avg':>10}",
}
"""The labels of the averages, by the cells that these take."""
_COUNTS = 28


class ScoreGrid(FixedLines):
    """The grid: compact lines, a row a category, these with all averages and totals, or a row a prompt."""

    DEFAULT_CSS = "ScoreGrid { border-top: solid $frame; }"

    def __init__(self, state: RunState, model: ModelState, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.state = state
        self.model = model
        self.most = 0
        """Cells that are used at most, so that grids beside each other look alike; 0 for all."""
        self._form: Form = "compact"
        self._cursor: tuple[int, int] | None = None
        self._keys = [category_keys(state, category) for category, _ in state.categories]

    @property
    def form(self) -> Form:
        """How much of it is shown."""
        return self._form

    @form.setter
    def form(self, form: Form) -> None:
        if form != self._form:
            self._form = form
            self.sync()

    @property
    def has_cursor(self) -> bool:
        """Whether a cursor is shown."""
        return self._cursor is not None

    @property
    def selected(self) -> str | None:
        """The key of the cell under the cursor; None while there is no cursor."""
        if self._cursor is None:
            return None
        row, column = self._cursor
        return self._flat(row)[column]

    def set_cursor(self, shown: bool) -> None:
        """Show a cursor, on the last attempt that ended, or hide it."""
        if self._cursor is None and not shown:
            return
        self._cursor = None
        if shown and self._keys:
            ended = list(self.model.attempts)
            found = [
                (row, column)
                for row in range(len(self._keys))
                for column, key in enumerate(self._flat(row))
                if ended and key == ended[-1]
            ]
            self._cursor = found[0] if found else (0, 0)
        self.sync()

    def move_cursor(self, across: int, down: int) -> None:
        """Move the cursor by cells; past the end of a row to the next one. Down is the next prompt or category."""
        if self._cursor is None:
            return
        if self.form == "prompts":
            across, down = across + down * self.state.repeats, 0
        row, column = self._cursor
        row = max(0, min(len(self._keys) - 1, row + down))
        column = min(column, len(self._flat(row)) - 1) + across
        while column < 0 < row:
            row -= 1
            column += len(self._flat(row))
        while column >= len(self._flat(row)) and row < len(self._keys) - 1:
            column -= len(self._flat(row))
            row += 1
        if 0 <= column < len(self._flat(row)):
            self._cursor = row, column
        self.sync()

    def _flat(self, row: int) -> list[str]:
        """The keys of a category's cells, one after the other."""
        return [key for prompt in self._keys[row] for key in prompt]

    @property
    def prompt_rows(self) -> int:
        """Lines that the form with a row for each prompt takes, without the facts below it."""
        return len(self.state.prompts) + len(self._keys) + 2

    def compact_rows(self, width: int) -> int:
        """Lines that the compact form takes."""
        width = min(width, self.most or width)
        return -(-len(self._keys) // self._columns(width))

    def make_lines(self, width: int) -> list[Content]:
        """The grid in the form that is set."""
        width = min(width, self.most or width)
        if self.form == "compact":
            return self._compact(width)
        if self.form == "prompts":
            return [*self._by_prompt(width), Content(""), *self._facts()]
        rows = self._rows(width)
        if self.form == "rows":
            return [self._head(width), *rows] if self._has_times(width) else rows
        times = [] if self._has_times(width) else [Content(""), *self._times(width)]
        return [self._head(width), *rows, self._total(width), *times, Content(""), *self._facts()]

    def _compact(self, width: int) -> list[Content]:
        columns, wide = self._columns(width), self._cells_width(width)
        entries = []
        titles = self._titles(max(4, (width + 2) // columns - wide - 3))
        for title, keys in zip(titles, self._keys, strict=True):
            cells = fit(self._cells(keys, width), wide)
            entries.append(title.stylize("$dim") + " " + cells)
        return [
            Content("  ").join(entries[place : place + columns]) for place in range(0, len(entries), columns)
        ]

    def _rows(self, width: int) -> list[Content]:
        rows = []
        for keys, title in zip(self._keys, self._titles(self._name_width(width)), strict=True):
            cells = fit(self._cells(keys, width), self._cells_width(width))
            rows.append(styled(title, " ", cells, _means(self._of(keys), self._figures(width))))
        return rows

    def _by_prompt(self, width: int) -> list[Content]:
        """A line for each prompt below its category's."""
        cells = max(self.state.repeats, len("60/60"))
        figures = _TIMES if width >= SHORT + 12 + cells + _TIMES else _MEANS
        names = [safe_line(row.id.rpartition("/")[2]).cell_length + 2 for row in self.state.prompts]
        names += [safe_line(title).cell_length - cells - 1 for _, title in self.state.categories]
        name = max(SHORT, min(max(names), width - cells - figures - 1))
        labels = _LABELS[figures]
        lines = [styled((" " * (name + 1 + cells) + labels, "$dim"))]
        for (_, title), keys in zip(self.state.categories, self._keys, strict=True):
            means = _means(self._of(keys), figures).stylize_before("$dim")
            lines.append(fit(safe_line(title, "$dim bold"), name + 1 + cells) + means)
            for prompt in keys:
                label = safe_line("  " + prompt[0].rpartition("#")[0].rpartition("/")[2])
                scores = fit(styled(*map(self._digit, prompt)), cells)
                lines.append(fit(label, name) + " " + scores + _means(self._of([prompt]), figures))
        done = f"{finished(self.model)}/{self.state.attempts_per_model}"
        total = fit(styled("All"), name) + " " + fit(styled(done), cells)
        everything = _means(list(self.model.attempts.values()), figures)
        return [*lines, (total + everything).stylize_before("bold")]

    def _figures(self, width: int) -> int:
        """The cells that the averages behind the scores take."""
        return _TIMES if self._has_times(width) else _MEANS if width >= _NARROW else _MEANS_NARROW

    def _head(self, width: int) -> Content:
        start = self._name_width(width) + 1 + self._cells_width(width)
        return styled((" " * start + _LABELS[self._figures(width)], "$dim"))

    def _total(self, width: int) -> Content:
        done = f"{finished(self.model)}/{self.state.attempts_per_model} attempts"
        name, wide = self._name_width(width), self._cells_width(width)
        means = _means(list(self.model.attempts.values()), self._figures(width))
        return styled(f"{'All':<{name}} ", fit(styled(done), wide), means).stylize_before("bold")

    def _times(self, width: int) -> list[Content]:
        """The averages by category on lines of their own, where they do not fit beside the scores."""
        titles = self._titles(max(4, min(NAME, width - 26)))
        start = titles[0].cell_length
        lines = [styled((" " * start + f"{'avg':>6}{'p95':>6}{'TTFT':>7}{'tok/s':>7}", "$dim"))]
        for keys, title in zip(self._keys, titles, strict=True):
            means = Figures.of(self._of(keys), len(keys))
            times = f"{_bare(means.latency):>6}{_bare(means.p95_latency):>6}{_bare(means.ttft):>7}"
            lines.append(styled(title, times, f"{_whole(means.tokens_per_second):>7}"))
        return lines

    def _facts(self) -> list[Content]:
        model = self.model
        start = None if model.cold_start is None else f"cold start {words.seconds(model.cold_start)}"
        facts = [
            (start, "$dim"),
            (model.sampling or None, "$dim"),
            (_counted(model.figures.retries, "retry", "retries"), "$warning"),
            (
                _counted(model.figures.lost_by_server, "call lost by the server", "calls lost by the server"),
                "$warning",
            ),
            (
                _counted(model.figures.missing, "attempt without a score", "attempts without a score"),
                "bold $hole",
            ),
        ]
        return [safe_line(fact, style) for fact, style in facts if fact is not None]

    def _cells(self, prompts: Keys, width: int) -> Content:
        """The digits, prompt by prompt; their counts where they are too many for the width."""
        if len(prompts) * (self.state.repeats + 1) - 1 > self._cells_width(width):
            return self._counts(prompts)
        return Content(" ").join([styled(*map(self._digit, prompt)) for prompt in prompts])

    def _counts(self, prompts: Keys) -> Content:
        attempts = self._of(prompts)
        counts = [(points, sum(a.points == points for a in attempts)) for points in (3, 2, 1, 0)]
        parts = [styled((f"{points}×{n}", _score_style(points))) for points, n in counts if n]
        left = sum(map(len, prompts)) - len(attempts)
        if left:
            parts.append(styled((f"·×{left}", "$dim")))
        return Content(" ").join(parts)

    def _digit(self, key: str) -> tuple[str, str]:
        sign, style = self._sign(key)
        return sign, f"reverse {style}" if key == self.selected else style

    def _sign(self, key: str) -> tuple[str, str]:
        attempt, current = self.model.attempts.get(key), self.model.current
        if current is not None and key == cell_key(current.prompt, current.repeat):
            return "○", "bold $accent"
        if attempt is None:
            return "·", "$dim"
        if attempt.points is None:
            return ("-", "$dim") if attempt.outcome is Outcome.STOPPED else ("!", "bold $hole")
        return str(attempt.points), _score_style(attempt.points) + " underline" * bool(attempt.lost)

    def _titles(self, room: int) -> list[Content]:
        """The categories' titles, of one width: first words alone where whole titles are too long."""
        titles = [safe_line(title) for _, title in self.state.categories]
        if any(title.cell_length > room for title in titles):
            firsts = [safe_line(title.plain.partition(" ")[0]) for title in titles]
            titles = firsts if len({first.plain for first in firsts}) == len(firsts) else titles
        width = min(room, max(title.cell_length for title in titles))
        return [fit(title, width) for title in titles]

    @property
    def _widest(self) -> int:
        return max(safe_line(title).cell_length for _, title in self.state.categories)

    def _of(self, prompts: Keys) -> list[Attempt]:
        return [
            self.model.attempts[key] for prompt in prompts for key in prompt if key in self.model.attempts
        ]

    def _columns(self, width: int) -> int:
        return max(1, (width + 2) // (min(self._widest, SHORT) + self._cells_width(width) + 3))

    def _name_width(self, width: int) -> int:
        room = width - self._cells_width(width) - self._figures(width) - 1
        return self._titles(max(4, min(NAME, room)))[0].cell_length

    def _cells_width(self, width: int) -> int:
        room = max(20, width - NAME - _MEANS)
        longest = max(len(prompts) for prompts in self._keys) * (self.state.repeats + 1) - 1
        return longest if longest <= room else min(room, _COUNTS)

    def _has_times(self, width: int) -> bool:
        return width >= min(SHORT, self._widest) + 1 + self._cells_width(width) + _TIMES


def _means(attempts: list[Attempt], cells: int) -> Content:
    """The averages of some attempts in so many cells: what `_LABELS` names."""
    means = Figures.of(attempts, len(attempts))
    score = words.NOTHING if means.mean_points is None else f"{means.mean_points:.2f}"
    text = styled((f"{score:>{5 if cells == _MEANS_NARROW else 6}}", "bold"))
    if cells == _MEANS_NARROW:
        return text + f"{_bare(means.latency):>5}"
    if cells == _MEANS:
        return text + f"{words.seconds(means.latency):>8}"
    times = [*map(_bare, (means.latency, means.p95_latency, means.ttft)), _whole(means.tokens_per_second)]
    return text + "".join(f"{figure:>6}" for figure in times)


def _score_style(points: int) -> str:
    return f"bold $score-{points}" if points == 0 else f"$score-{points}"


def _bare(seconds: float | None) -> str:
    return words.seconds(seconds).removesuffix(" s")


def _whole(speed: float | None) -> str:
    return words.NOTHING if speed is None else f"{speed:.0f}"


def _counted(number: int, one: str, many: str) -> str | None:
    return words.count(number, one, many) if number else None
