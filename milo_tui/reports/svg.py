"""The plots of the HTML report as inline SVG: no library, no script; colours come from the page's style sheet.

Every text is escaped here. Sizes are in the view box's units, which scale with the page.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from statistics import median

from milo_tui.analysis.exact import Interval
from milo_tui.analysis.verdict import Pair
from milo_tui.sanitise import one_line

WIDTH = 520
LEFT, RIGHT = 132, 16
_NAME = 19
"""Characters of a name that fit to the left of a plot."""


@dataclass(frozen=True, slots=True)
class Series:
    """One model's values; `colour` is its place in the page's palette."""

    name: str
    values: Sequence[float]
    colour: int


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to places between the margins; logarithmic where they span more than two powers of ten or so."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """The x of a value."""
        low, high, value = (log10(v) if self.log else v for v in (self.low, self.high, value))
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / ((high - low) or 1)

    def ticks(self) -> list[float]:
        """Round values within the scale."""
        if self.log:
            powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
            found = [m * 10.0**power for power in powers for m in (1, 2, 5)]
            return [tick for tick in found if self.low <= tick <= self.high]
        step = round_step((self.high - self.low) / 5)
        first = ceil(self.low / step - 1e-9)
        return [step * i for i in range(first, floor(self.high / step + 1e-9) + 1)]


def round_step(rough: float) -> float:
    """The next of 1, 2, 5, 10, … that is not below `rough`."""
    if rough <= 0:
        return 1.0
    power = 10.0 ** floor(log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))


def scale_for(values: Sequence[float]) -> Scale:
    """A scale that holds all values: from 0, or logarithmic where the largest is 30 times the smallest."""
    positive = [value for value in values if value > 0]
    high = max(positive, default=1.0)
    low = min(positive, default=high)
    if high > 30 * low:
        return Scale(low / 1.15, high * 1.15, log=True)
    return Scale(0.0, high * 1.06)


def short_number(value: float) -> str:
    """A tick's label: 0.05, 2, 15k."""
    if abs(value) >= 10_000:
        return f"{value / 1000:g}k"
    return f"{value:.3g}"


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(one_line(text))}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _name(text: str) -> str:
    return text if len(text) <= _NAME else text[: _NAME - 1] + "…"


def _figure(height: float, title: str, body: Iterable[str]) -> str:
    inside = "".join(body)
    name = escape(one_line(title))
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{name}">'
        f"<title>{name}</title>{inside}</svg>"
    )


def _axis(scale: Scale, top: float, bottom: float, label: Callable[[float], str]) -> Iterable[str]:
    room = 0.0
    for tick in scale.ticks():
        x = scale.at(tick)
        yield _line(x, top, x, bottom, "grid")
        if x - room > 30:
            yield _text(x, bottom + 13, label(tick), "tick", "middle")
            room = x


def bars(title: str, rows: Sequence[tuple[str, Sequence[float | None]]], names: Sequence[str]) -> str:
    """Mean points by category: a group a row, a bar a model, with its value; of 3."""
    scale, bar, gap = Scale(0, 3), 13.0, 12.0
    tall = bar * len(names) + gap
    bottom = 8 + tall * len(rows)

    def body() -> Iterable[str]:
        yield from _axis(scale, 4, bottom, short_number)
        for i, (row, values) in enumerate(rows):
            y = 8 + i * tall
            yield _text(LEFT - 8, y + bar * len(names) / 2 + 3, _name(row), "label", "end")
            for j, value in enumerate(values):
                yield _bar(scale, y + j * bar, bar, value, j, names[j])

    return _figure(bottom + 20, title, body())


def _bar(scale: Scale, y: float, height: float, value: float | None, colour: int, name: str) -> str:
    if value is None:
        return _text(scale.at(0) + 4, y + height - 2.5, "–", "value")
    width = scale.at(value) - scale.at(0)
    inside = width > 40
    x = scale.at(0) + width + (-4 if inside else 4)
    shape = (
        f'<rect x="{scale.at(0):.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height - 1.5:.1f}" '
        f'class="c{colour % 8}"><title>{escape(one_line(name))}: {value:.2f}</title></rect>'
    )
    return shape + _text(
        x, y + height - 4, f"{value:.2f}", "inside" if inside else "value", "end" if inside else "start"
    )


def spread(title: str, series: Sequence[Series], unit: Callable[[float], str]) -> str:
    """How each model's values lie: a dot an attempt, a stroke at the median, which is written above it."""
    scale = scale_for([value for one in series for value in one.values])
    tall = 40.0
    bottom = 8 + tall * len(series)

    def body() -> Iterable[str]:
        yield from _axis(scale, 4, bottom, short_number)
        for i, one in enumerate(series):
            middle = 8 + tall * i + tall / 2 + 4
            yield _text(LEFT - 8, middle + 3, _name(one.name), "label", "end")
            yield from _strip(scale, middle, one, unit)

    return _figure(bottom + 20, title, body())


def _strip(scale: Scale, middle: float, one: Series, unit: Callable[[float], str]) -> Iterable[str]:
    values = [value for value in one.values if value > 0 or not scale.log]
    if not values:
        yield _text(scale.at(scale.low) + 4, middle + 3, "–", "value")
        return
    for i, value in enumerate(values):
        # Spread out evenly, and the same every time: chance would make each report differ.
        y = middle + (i * 7 % 11 - 5) * 1.7
        yield f'<circle cx="{scale.at(value):.1f}" cy="{y:.1f}" r="2.2" class="c{one.colour % 8} dot"/>'
    x = scale.at(median(values))
    yield _line(x, middle - 12, x, middle + 12, "median")
    yield _text(x + 4, middle - 11, unit(median(values)), "value")


def stacks(title: str, rows: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> str:
    """Totals as bars of parts, e.g. tokens read anew, from the cache, and written; parts are patterned by class."""
    scale = Scale(0, max((sum(value for _, value in parts) for _, parts in rows), default=1) * 1.02 or 1)
    tall, bottom = 34.0, 8 + 34.0 * len(rows)

    def body() -> Iterable[str]:
        yield from _axis(scale, 4, bottom, short_number)
        for i, (name, parts) in enumerate(rows):
            y, x = 8 + tall * i + 8, scale.at(0)
            yield _text(LEFT - 8, y + 12, _name(name), "label", "end")
            for j, (what, value) in enumerate(parts):
                width = scale.at(value) - scale.at(0)
                yield (
                    f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="17" class="c{i % 8} part{j}">'
                    f"<title>{escape(what)}: {value:.0f}</title></rect>"
                )
                x += width

    return _figure(bottom + 20, title, body())


def interval_history(title: str, history: Sequence[Interval], margin: float) -> str:
    """How an interval narrowed, question by question: a band on an axis of ±20 %, the margin behind it."""
    reach, top, bottom, left, right = 0.2, 8.0, 148.0, 40.0, WIDTH - 12.0

    def y(share: float) -> float:
        return top + (bottom - top) * (reach - max(-reach, min(reach, share))) / (2 * reach)

    def x(asked: float) -> float:
        return left + (right - left) * asked / max(1, len(history))

    def body() -> Iterable[str]:
        height = y(-margin) - y(margin)
        yield f'<rect x="{left}" y="{y(margin):.1f}" width="{right - left}" height="{height:.1f}" class="unseen"/>'
        for share in (-reach, -reach / 2, 0.0, reach / 2, reach):
            yield _line(left, y(share), right, y(share), "zero" if share == 0 else "grid")
            yield _text(left - 6, y(share) + 4, f"{100 * share:+.0f} %".replace("-", "−"), "tick", "end")
        above = [f"{x(i):.1f},{y(one.high):.1f}" for i, one in enumerate(history, 1)]
        below = [f"{x(i):.1f},{y(one.low):.1f}" for i, one in enumerate(history, 1)]
        start = f"{x(0):.1f},{y(1):.1f}", f"{x(0):.1f},{y(-1):.1f}"
        yield f'<polygon points="{" ".join([start[0], *above, *reversed(below), start[1]])}" class="band"/>'
        for asked in Scale(0, max(1, len(history))).ticks():
            yield _text(x(asked), bottom + 13, short_number(asked), "tick", "middle")

    return _figure(bottom + 20, title, body())


def gap_line(pair: Pair) -> str:
    """The gap of two models on a line, with its interval, nothing at all in the middle."""
    bounds = [float(pair.gap)] + ([pair.interval.low, pair.interval.high] if pair.interval else [])
    reach = max(10.0, *(abs(bound) for bound in bounds), pair.smallest_gap) * 1.15
    scale = Scale(-reach, reach)

    def x(value: float) -> float:
        return 8 + (scale.at(value) - LEFT) * (WIDTH - 16) / (WIDTH - LEFT - RIGHT)

    def body() -> Iterable[str]:
        if pair.finding == "no evidence":
            left, right = x(-pair.smallest_gap), x(pair.smallest_gap)
            yield f'<rect x="{left:.1f}" y="12" width="{right - left:.1f}" height="20" class="unseen"/>'
            yield _text(x(0), 48, f"grey: gaps below {pair.smallest_gap}", "tick", "middle")
        yield _line(8, 22, WIDTH - 8, 22, "grid")
        yield _line(x(0), 8, x(0), 36, "zero")
        if pair.interval:
            yield _line(x(pair.interval.low), 22, x(pair.interval.high), 22, "interval")
        yield f'<circle cx="{x(float(pair.gap)):.1f}" cy="22" r="5.5" class="point {pair.finding.replace(" ", "-")}"/>'
        yield _text(8, 48, f"← {_name(pair.b_name)} better", "tick")
        yield _text(WIDTH - 8, 48, f"{_name(pair.a_name)} better →", "tick", "end")

    return _figure(54, f"{pair.a_name} less {pair.b_name}, in points", body())
