"""The scores of one model as a grid: a digit and a colour for each attempt, a row for each category."""

from typing import Literal

from rich.style import Style
from rich.text import Text

from milo_tui.bench.state import Cell, ModelState, RunState, cell_key
from milo_tui.sanitise import one_line
from milo_tui.tui import words
from milo_tui.tui.progress import category_keys, figures, finished
from milo_tui.tui.safe import safe_line
from milo_tui.tui.widgets.lines import Lines

Form = Literal["compact", "rows", "table"]

NAME = 18
_NARROW = 44
_MEANS = 14
_MEANS_NARROW = 10
_TIMES = 24


class ScoreGrid(Lines):
    """The grid in one of three forms: compact lines, a row a category, or these with all averages and totals."""

    DEFAULT_CSS = "ScoreGrid { border-top: solid $frame; }"

    def __init__(self, state: RunState, model: ModelState, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.state = state
        self.model = model
        self.form: Form = "compact"

    def make_lines(self, width: int) -> list[Text]:
        """The grid in the form that is set."""
        if self.form == "compact":
            return self._compact(width)
        rows = [self._row(category, width) for category, _ in self.state.categories]
        if self.form == "rows":
            return [self._head(width), *rows] if self._has_times(width) else rows
        times = [] if self._has_times(width) else [Text(), *self._times(width)]
        return [self._head(width), *rows, self._total(width), *times, Text(), *self._facts()]

    def _compact(self, width: int) -> list[Text]:
        cells = [self._cells(category, width) for category, _ in self.state.categories]
        wide = max(cell.cell_len for cell in cells)
        columns = max(1, (width + 2) // (min(self._widest, 10) + wide + 3))
        name = max(4, min(self._widest, (width + 2) // columns - wide - 3))
        entries = []
        for (category, _), cell in zip(self.state.categories, cells, strict=True):
            entry = _padded(self._title(category, name), name)
            entry.stylize(self.ink("dim"))
            entries.append(_padded(Text.assemble(entry, " ", cell), name + wide + 1))
        return [
            Text("  ").join(entries[place : place + columns]) for place in range(0, len(entries), columns)
        ]

    def _row(self, category: str, width: int) -> Text:
        cells = self._of(category)
        name = self._name_width(width)
        row = _padded(self._title(category, name), name)
        row.append(" ")
        row.append_text(_padded(self._cells(category, width), self._cells_width(width)))
        row.append_text(self._means(cells, width))
        return row

    def _means(self, cells: list[Cell], width: int) -> Text:
        means = figures(cells)
        score = words.NOTHING if means.score is None else f"{means.score:.2f}"
        if width < _NARROW:
            return Text.assemble((f"{score:>5}", self.ink("strong")), f"{_bare(means.latency):>5}")
        text = Text.assemble((f"{score:>6}", self.ink("strong")), f"{words.seconds(means.latency):>8}")
        if self._has_times(width):
            text.append(
                f"{words.seconds(means.p95):>8}{words.seconds(means.ttft):>8}{_whole(means.speed):>8}"
            )
        return text

    def _head(self, width: int) -> Text:
        labels = f"{'score':>6}{'avg':>8}" if width >= _NARROW else f"{'s avg':>10}"
        if self._has_times(width):
            labels += f"{'p95':>8}{'TTFT':>8}{'tok/s':>8}"
        start = self._name_width(width) + 1 + self._cells_width(width)
        return Text(" " * start + labels, self.ink("dim"))

    def _total(self, width: int) -> Text:
        cells = list(self.model.cells.values())
        done = f"{finished(self.model)}/{self.state.attempts_per_model}"
        total = _padded(Text("All"), self._name_width(width))
        total.append(" ")
        total.append_text(_padded(Text(f"{done} attempts"), self._cells_width(width)))
        total.append_text(self._means(cells, width))
        total.stylize(self.ink("strong"))
        return total

    def _times(self, width: int) -> list[Text]:
        """The averages by category on lines of their own, where they do not fit beside the scores."""
        name = max(4, min(NAME, self._widest, width - 26))
        lines = [Text(" " * name + f"{'avg':>6}{'p95':>6}{'TTFT':>7}{'tok/s':>7}", self.ink("dim"))]
        for category, _ in self.state.categories:
            means = figures(self._of(category))
            line = _padded(self._title(category, name), name)
            line.append(f"{_bare(means.latency):>6}{_bare(means.p95):>6}{_bare(means.ttft):>7}")
            line.append(f"{_whole(means.speed):>7}")
            lines.append(line)
        return lines

    def _facts(self) -> list[Text]:
        model = self.model
        start = None if model.cold_start is None else f"warm-up {words.seconds(model.cold_start)}"
        facts = [
            (start, "dim"),
            (model.sampling or None, "dim"),
            (_counted(model.retries, "retry", "retries"), "warn"),
            (_counted(model.lost_calls, "call lost by the server", "calls lost by the server"), "warn"),
            (_counted(model.holes, "attempt without a score", "attempts without a score"), "hole"),
        ]
        lines = []
        for fact, ink in facts:
            if fact is not None:
                line = safe_line(fact)
                line.stylize(self.ink(ink))
                lines.append(line)
        return lines

    def _cells(self, category: str, width: int) -> Text:
        """The digits, prompt by prompt; their counts where they are too many for the width."""
        keys = category_keys(self.state, category)
        if len(keys) * (self.state.repeats + 1) - 1 > self._room(width):
            return self._counts([key for prompt in keys for key in prompt])
        return Text(" ").join([Text.assemble(*map(self._digit, prompt)) for prompt in keys])

    def _counts(self, keys: list[str]) -> Text:
        cells = [self.model.cells[key] for key in keys if key in self.model.cells]
        counts = [(str(points), sum(c.points == points for c in cells)) for points in (3, 2, 1, 0)]
        parts = [Text(f"{digit}×{n}", self.ink(f"score-{digit}")) for digit, n in counts if n]
        if len(cells) < len(keys):
            parts.append(Text(f"·×{len(keys) - len(cells)}", self.ink("pending")))
        return Text(" ").join(parts)

    def _digit(self, key: str) -> tuple[str, Style]:
        cell, current = self.model.cells.get(key), self.model.current
        if current is not None and key == cell_key(current.prompt, current.repeat):
            return "○", self.ink("here")
        if cell is None:
            return "·", self.ink("pending")
        if cell.points is None:
            return ("-", self.ink("pending")) if cell.outcome == "stopped" else ("!", self.ink("hole"))
        ink = self.ink(f"score-{cell.points}")
        return str(cell.points), ink + Style(underline=True) if cell.lost else ink

    def _title(self, category: str, room: int) -> Text:
        """A category's title; its first word where that is all there is room for and tells it apart."""
        titles = {name: one_line(title) for name, title in self.state.categories}
        firsts = [title.partition(" ")[0] for title in titles.values()]
        title, first = titles[category], titles[category].partition(" ")[0]
        return Text(first if len(title) > room and firsts.count(first) == 1 else title)

    @property
    def _widest(self) -> int:
        return max(len(title) for _, title in self.state.categories)

    def _of(self, category: str) -> list[Cell]:
        keys = [key for prompt in category_keys(self.state, category) for key in prompt]
        return [self.model.cells[key] for key in keys if key in self.model.cells]

    def _room(self, width: int) -> int:
        return max(20, width - NAME - _MEANS)

    def _name_width(self, width: int) -> int:
        means = _MEANS if width >= _NARROW else _MEANS_NARROW
        return max(4, min(NAME, self._widest, width - self._cells_width(width) - means - 1))

    def _cells_width(self, width: int) -> int:
        return max(self._cells(category, width).cell_len for category, _ in self.state.categories)

    def _has_times(self, width: int) -> bool:
        return width >= min(NAME, self._widest) + 1 + self._cells_width(width) + _MEANS + _TIMES


def _padded(text: Text, width: int) -> Text:
    text = text.copy()
    text.truncate(width, overflow="ellipsis", pad=True)
    return text


def _bare(seconds: float | None) -> str:
    return words.seconds(seconds).removesuffix(" s")


def _whole(speed: float | None) -> str:
    return words.NOTHING if speed is None else f"{speed:.0f}"


def _counted(number: int, one: str, many: str) -> str | None:
    return words.count(number, one, many) if number else None
