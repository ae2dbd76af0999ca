"""A model's runs of a suite, the oldest first: score and latency as two plots, or as two lines where it is low."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from textual.content import Content

from milo_tui.store.summary import TrendPoint
from milo_tui.tui.content import fit, join, safe_line, styled
from milo_tui.tui.widgets.line_view import ContentLine
from milo_tui.tui.widgets.plots import HEIGHTS, Braille, line_of
from milo_tui.tui.words import count, percent, seconds

LOW = 2
"""Lines of a trend where the terminal is low."""
LIMIT = 200
"""The runs that a trend goes back."""

ROWS = 5
"""Rows of a plot, where the trend has no more room."""
BESIDES = 4
"""Lines of a trend that are not a plot's rows: title, figures, axis, runs."""
_NARROWEST = 60
_WIDEST = 72
_GAP = "   "


@dataclass(frozen=True)
class Measure:
    """A figure over the runs: its name, its value in each, how one is written, and the least range worth drawing."""

    name: str
    values: list[float | None]
    written: Callable[[float], str]
    unit: str
    least_range: float

    @cached_property
    def known(self) -> list[float]:
        """The values that there are."""
        return [value for value in self.values if value is not None]

    @cached_property
    def range(self) -> tuple[float, float]:
        """From which value to which it is drawn: small differences are not blown up to the full height."""
        low, high = min(self.known), max(self.known)
        spare = max(0.0, self.least_range - (high - low)) / 2
        return max(0.0, low - spare), high + spare

    def down(self, value: float, steps: int) -> int:
        """How many of so many steps a value lies below the top."""
        low, high = self.range
        return round((high - value) / ((high - low) or 1) * (steps - 1))

    def figures(self) -> list[str]:
        """The first, the last, the least and the greatest value."""
        first, last = self.known[0], self.known[-1]
        named = ("first", first), ("last", last), ("min", min(self.known)), ("max", max(self.known))
        return [f"{name} {self.written(value)}" for name, value in named]


def measures(points: Sequence[TrendPoint]) -> list[Measure]:
    """Score in per cent and mean latency in seconds, each where at least one run has it."""
    latencies = [point.latency for point in points]
    found = [
        Measure("score", [point.share for point in points], _plain_percent, "%", 0.1),
        Measure("latency", latencies, _plain_seconds, "s", max((v or 0 for v in latencies), default=0) / 4),
    ]
    return [measure for measure in found if measure.known]


def _plain_percent(value: float) -> str:
    return percent(value).removesuffix(" %")


def _plain_seconds(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else seconds(value).removesuffix(" s")


def new_versions(points: Sequence[TrendPoint]) -> dict[int, int]:
    """The places at which the suite is of another version than before, with that version."""
    pairs = enumerate(pairwise(points), 1)
    return {
        place: after.suite_version
        for place, (before, after) in pairs
        if before.suite_version != after.suite_version
    }


def trend_lines(points: Sequence[TrendPoint], run: int, width: int) -> list[Content]:
    """A line for each measure: a sparkline of the runs that fit, and the figures over all."""
    found = measures(points)
    room = width - 11 - max(len(_figures(measure)) for measure in found)
    shown = _newest(points, room)
    cut = "…" if len(shown) < len(points) else ""
    return [
        styled((f"{measure.name:<9}", "$dim"), cut)
        + _sparkline(measure, shown, run)
        + styled(("  " + _figures(measure), "$dim"))
        for measure in found
    ]


def _newest(points: Sequence[TrendPoint], room: int) -> Sequence[TrendPoint]:
    """Those that fit with a cell for each, one between versions, and one that says that there are more."""
    versions = new_versions(points)
    if len(points) + len(versions) <= room:
        return points
    first, cells = len(points), 1
    while first and cells + 1 + (first in versions) <= room:
        cells += 1 + (first in versions)
        first -= 1
    return points[first:]


def _figures(measure: Measure) -> str:
    return "  ".join(measure.figures()) + f" {measure.unit}"


def _sparkline(measure: Measure, points: Sequence[TrendPoint], run: int) -> Content:
    versions = new_versions(points)
    cells = []
    values = measure.values[-len(points) :]
    for place, (point, value) in enumerate(zip(points, values, strict=True)):
        if place in versions:
            cells.append(("┊", "$dim"))
        style = "bold underline $accent" if point.run == run else "$bar"
        sign = " " if value is None else HEIGHTS[-1 - measure.down(value, len(HEIGHTS))]
        cells.append((sign, style))
    return line_of(cells)


def trend_plots(points: Sequence[TrendPoint], run: int, width: int, rows: int = ROWS) -> list[Content]:
    """A plot of so many rows for each measure, side by side."""
    found = measures(points)
    size = min(_WIDEST if rows <= ROWS else width, (width - len(_GAP) * (len(found) - 1)) // len(found))
    plots = [_plot(measure, points, run, size, rows) for measure in found]
    return [Content(_GAP).join(fit(line, size) for line in lines) for lines in zip(*plots, strict=True)]


def _plot(measure: Measure, points: Sequence[TrendPoint], run: int, width: int, rows: int) -> list[Content]:
    first, last, least, greatest = measure.figures()
    ends = f"{first} · {last} {measure.unit}"
    label = max(len(least), len(greatest)) + 2
    cells = width - label
    spots = _spots(measure, len(points), cells, rows)
    here = next((x // 2 for point, (x, _) in zip(points, spots, strict=True) if point.run == run), None)
    versions = {spots[place][0] // 2: version for place, version in new_versions(points).items()}
    lines = [fit(styled((measure.name, "bold")), min(label, width - len(ends))) + ends]
    names = _names(measure, least, greatest, rows)
    for number, row in enumerate(_drawn(points, spots, run, cells, rows)):
        figure = names.get(number, "")
        cells_of_row = [
            ("┊", "$track")
            if sign == " " and column in versions
            else (sign, "$bar" if sign != "●" else "bold $accent")
            for column, sign in enumerate(row)
        ]
        lines.append(
            styled((f"{figure:>{label - 2}} {'┤' if figure else '│'}", "$dim")) + line_of(cells_of_row)
        )
    marks = "".join("▲" if column == here else "┬" if column in versions else "─" for column in range(cells))
    axis = line_of((mark, "bold $accent" if mark == "▲" else "$dim") for mark in marks)
    lines.append(styled((" " * (label - 1) + "└", "$dim")) + axis)
    lines.append(styled((" " * label + _below(points, versions, cells), "$dim")))
    return lines


def _spots(measure: Measure, runs: int, cells: int, rows: int) -> list[tuple[int, int | None]]:
    """Where each run lies, in dots from the top left; no height where it has no value."""
    return [
        (
            round(place * (2 * cells - 1) / max(1, runs - 1)),
            None if value is None else measure.down(value, 4 * rows),
        )
        for place, value in enumerate(measure.values)
    ]


def _names(measure: Measure, least: str, greatest: str, rows: int) -> dict[int, str]:
    """The rows that are named, one below the other where both values lie in one."""
    top, bottom = measure.down(max(measure.known), rows), measure.down(min(measure.known), rows)
    if least.split()[1:] == greatest.split()[1:]:
        return {top: greatest}
    return {min(top, rows - 2): greatest, max(top + 1, bottom): least}


def _drawn(
    points: Sequence[TrendPoint], spots: Sequence[tuple[int, int | None]], run: int, cells: int, height: int
) -> list[str]:
    """Runs of one version of the suite are joined by a line, across no gap; one alone is a point."""
    canvas, versions = Braille(cells, height), new_versions(points)
    signs: dict[tuple[int, int], str] = {}
    joined_before = False
    for place, (x, y) in enumerate(spots):
        if y is None:
            joined_before = False
            continue
        after = spots[place + 1] if place + 1 < len(spots) and place + 1 not in versions else None
        joins = after is not None and after[1] is not None
        if after is not None and after[1] is not None:
            canvas.line(x, y, after[0], after[1])
        if points[place].run == run:
            signs[y // 4, x // 2] = "●"
        elif not (joins or joined_before):
            signs.setdefault((y // 4, x // 2), "•")
        joined_before = joins
    rows = [list(row) for row in canvas.rows()]
    for (row, column), sign in signs.items():
        rows[row][column] = sign
    return ["".join(row) for row in rows]


def _below(points: Sequence[TrendPoint], versions: dict[int, int], cells: int) -> str:
    """The first and the last run's number, and each new version where there is room."""
    end = f"run {points[-1].run}"
    text = f"run {points[0].run}"
    for column, version in versions.items():
        if len(text) < column < cells - len(end) - 3:
            text = text.ljust(column) + f"v{version}"
    return text.ljust(cells - len(end)) + end


class Trend(ContentLine):
    """The trend of the model under the cursor. Its height stays the same, whatever there is to say."""

    def __init__(self) -> None:
        super().__init__()
        self._model = self._suite = ""
        self._points: list[TrendPoint] | None = None
        self._run = 0

    def wait(self, model: str, suite: str) -> None:
        """Another model's trend is under way."""
        self._model, self._suite, self._points = model, suite, None
        self.refresh()

    def show(self, points: list[TrendPoint]) -> None:
        """Draw what was waited for, or newer figures of what is drawn."""
        if points != self._points:
            self._points = points
            self.refresh()

    def mark(self, run: int) -> None:
        """Say which of the runs is under the cursor."""
        if run != self._run:
            self._run = run
            self.refresh()

    def clear(self) -> None:
        """Draw nothing: no run is under the cursor."""
        self.wait("", "")

    def draw(self, width: int) -> Content:
        if self._points is None or not self._model or width < _NARROWEST:
            return Content("")
        if len(self._points) < 2 or not measures(self._points):
            return self._too_few(self._points).truncate(width, ellipsis=True)
        if self.size.height <= LOW:
            lines = trend_lines(self._points, self._run, width)
        else:
            rows = max(ROWS, self.size.height - BESIDES)
            lines = [self._title(self._points), *trend_plots(self._points, self._run, width, rows)]
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)

    def _title(self, points: list[TrendPoint]) -> Content:
        runs = f"newest {LIMIT} runs" if len(points) >= LIMIT else count(len(points), "run")
        changed = "┬ new suite version" if new_versions(points) else ""
        parts = [
            styled(("trend", "$dim")),
            safe_line(self._model),
            safe_line(self._suite),
            styled((runs, "$dim")),
        ]
        return join([*parts, styled((changed, "$dim"))], styled((" · ", "$dim")))

    def _too_few(self, points: list[TrendPoint]) -> Content:
        model, suite = safe_line(self._model), safe_line(self._suite)
        if not points or not measures(points):
            return (
                styled(("No attempt of ", "$dim"))
                + model
                + styled((" has a score on ", "$dim"))
                + suite
                + styled((" yet.", "$dim"))
            )
        return (
            styled(("One run so far of ", "$dim"))
            + model
            + styled((" on ", "$dim"))
            + suite
            + styled(("; the next makes a trend.", "$dim"))
        )
