"""A run as plots: score by category, latency and TTFT as boxes, decode speed and tokens as bars."""

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from textual.content import Content

from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.record import Attempt, ModelRecord, RunRecord
from milo_tui.analysis.table import CategoryFigures, ModelTotal, ResultTable
from milo_tui.reports.verdict_text import SIMULATED
from milo_tui.suite.conversation import POINTS_PER_PROMPT
from milo_tui.tui.content import fit, join, model_name, safe_line, styled
from milo_tui.tui.widgets.plots import FEWEST, Axis, Spread, axis_of_times, bar, box, spread
from milo_tui.tui.widgets.run_columns import score_style
from milo_tui.tui.words import NOTHING, count, seconds, speed

TWO_COLUMNS = 140
"""From this width on the scores stand left of the rest."""
GAP = 4
COLOURS = ("$primary", "$success", "$warning", "$accent", "$error", "$secondary")
"""The colours of models in all plots of a run, in the run's order of models."""
SHORTEST_NAME = 10
LONGEST_NAME = 24
FIGURE = 15
"""Cells for what stands behind a bar."""
FIVE = ("min", "¼", "median", "¾", "max")
FIGURE_OF_FIVE = 9
ROOM_FOR_FIVE = 110
"""From this width on a box's five figures stand behind it, else below it."""


def run_plots(run: RunRecord, table: ResultTable, attempts: Iterable[Attempt], width: int) -> list[Content]:
    """All plots of a run, as lines of at most `width` cells."""
    rows = [row for row in latest_attempts(attempts).values() if row.points is not None]
    note = [safe_line(SIMULATED, "$simulated"), Content("")] if run.simulated else []
    if not rows:
        return [*note, styled(("Nothing to plot yet: no attempt has a score.", "$dim"))]
    if width < TWO_COLUMNS:
        lines = [*note, *_scores(run, table, width), Content(""), *_figures(run, table, rows, width)]
        return [line.truncate(width, ellipsis=True) for line in lines]
    half = (width - GAP) // 2
    sides = zip_longest(_scores(run, table, half), _figures(run, table, rows, half), fillvalue=Content(""))
    return [*note, *(fit(left, half + GAP) + right.truncate(half, ellipsis=True) for left, right in sides)]


def _figures(run: RunRecord, table: ResultTable, rows: Sequence[Attempt], width: int) -> list[Content]:
    """Everything but the scores."""
    totals = [table.totals[model.id] for model in run.models]
    times = [_by_model(run, rows, lambda row: row.latency), _by_model(run, rows, lambda row: row.ttft)]
    tokens_in = [_tokens(total.input_tokens) for total in totals]
    tokens_out = [_tokens(total.output_tokens) for total in totals]
    blocks = [
        _boxes(run, "Latency", "seconds an attempt", times[0], width),
        _boxes(run, "TTFT", "seconds to the first token of an attempt", times[1], width),
        _bars(run, "Decode speed", "mean over attempts", [_speed(total) for total in totals], width),
        _bars(run, "Tokens in", "all attempts", tokens_in, width),
        _bars(run, "Tokens out", "all attempts", tokens_out, width),
    ]
    lines = [line for block in blocks for line in (*block, Content(""))]
    return lines[:-1]


def _title(text: str, detail: str) -> Content:
    return styled((text, "bold $accent"), (f"  {detail}", "$dim"))


def _names(models: Sequence[ModelRecord], width: int) -> int:
    """The cells that names are given."""
    longest = max(safe_line(model.name).cell_length for model in models)
    return max(SHORTEST_NAME, min(longest, LONGEST_NAME, width // 3))


def _name(run: RunRecord, model: ModelRecord, size: int) -> Content:
    return fit(model_name(model.name, size, colour_of(run, model)), size)


def colour_of(run: RunRecord, model: ModelRecord) -> str:
    """The colour that a model has in every plot of a run."""
    return COLOURS[run.models.index(model) % len(COLOURS)]


def _scores(run: RunRecord, table: ResultTable, width: int) -> list[Content]:
    """A bar for each category and model; with one model the categories themselves are the labels."""
    alone = len(run.models) == 1
    titles = [safe_line(title).cell_length for _, title in table.categories]
    label = min(max(titles, default=0), LONGEST_NAME) if alone else 2 + _names(run.models, width)
    axis = Axis(0, POINTS_PER_PROMPT, width - label - 1 - FIGURE)
    lines = [
        _title("Score by category", f"mean points of {POINTS_PER_PROMPT}"),
        styled(" " * (label + 1)) + axis.line(),
    ]
    for id, title in table.categories:
        if not alone:
            lines.append(safe_line(title, "bold"))
        for model in run.models:
            name = fit(safe_line(title), label) if alone else styled("  ") + _name(run, model, label - 2)
            lines.append(name + " " + _score(table.cells[id][model.id], axis, colour_of(run, model)))
    return lines


def _score(figure: CategoryFigures, axis: Axis, colour: str) -> Content:
    if figure.mean_points is None:
        return styled(("no score yet", "$dim"))
    style = score_style(figure.mean_points / POINTS_PER_PROMPT)
    short = "" if figure.scored == figure.planned else f" ! {figure.scored}/{figure.planned}"
    drawn = bar(figure.mean_points, axis, colour, "─")
    return drawn + styled((f" {figure.mean_points:.2f}", style), (short, "$warning"))


def _by_model(
    run: RunRecord, rows: Iterable[Attempt], value: Callable[[Attempt], float | None]
) -> list[Spread | None]:
    """How a figure of the attempts lies, for each model."""
    found: dict[str, list[float]] = {model.id: [] for model in run.models}
    for row in rows:
        if (seen := value(row)) is not None:
            found[row.model].append(seen)
    return [spread(values) for values in found.values()]


def _boxes(
    run: RunRecord, title: str, detail: str, spreads: Sequence[Spread | None], width: int
) -> list[Content]:
    """A box for each model on one axis, its five figures behind or below it."""
    there = [found for found in spreads if found]
    if not there:
        return [_title(title, detail), styled((f"  {NOTHING}", "$dim"))]
    beside = width >= ROOM_FOR_FIVE
    label = _names(run.models, width)
    room = width - label - 1 - (FIGURE_OF_FIVE * len(FIVE) if beside else 1)
    medians = [found.median for found in there]
    axis = axis_of_times((value for found in there for value in found.values), min(medians), room)
    scale = f"{detail}, log scale" if axis.logarithmic else detail
    heads = [fit(styled((name, "$dim")), FIGURE_OF_FIVE, "right") for name in FIVE] if beside else []
    lines = [_title(title, scale), join([styled(" " * (label + 1)) + axis.line(), *heads], "")]
    for model, found in zip(run.models, spreads, strict=True):
        lines += _box(run, model, found, axis, label, beside)
    return lines


def _box(
    run: RunRecord, model: ModelRecord, found: Spread | None, axis: Axis, label: int, beside: bool
) -> list[Content]:
    name = _name(run, model, label) + " "
    if found is None:
        return [name + styled((NOTHING, "$dim"))]
    five = (found.least, found.lower, found.median, found.upper, found.greatest)
    figures = list(map(seconds, five))
    if beside:
        styles = ("$dim", "$dim", "bold", "$dim", "$dim")
        shown = [fit(styled(part), FIGURE_OF_FIVE, "right") for part in zip(figures, styles, strict=True)]
        return [join([name + box(found, axis, colour_of(run, model)), *shown], "")]
    below = "  ".join(f"{part} {figure}" for part, figure in zip(FIVE, figures, strict=True))
    if len(found.values) < FEWEST:
        below = f"{count(len(found.values), 'attempt')}  {below}"
    indent = max(0, min(label + 1, label + 1 + axis.width - len(below)))
    return [name + box(found, axis, colour_of(run, model)), styled(" " * indent, (below, "$dim"))]


def _speed(total: ModelTotal) -> tuple[float | None, str]:
    return total.tokens_per_second, speed(total.tokens_per_second)


def _tokens(tokens: int) -> tuple[float | None, str]:
    """Tokens, all of them; a server that does not count them gives none."""
    return tokens or None, f"{tokens:,}".replace(",", " ") if tokens else NOTHING


def _bars(
    run: RunRecord, title: str, detail: str, figures: Sequence[tuple[float | None, str]], width: int
) -> list[Content]:
    """A bar for each model from 0 to the largest."""
    label = _names(run.models, width)
    most = max((value for value, _ in figures if value is not None), default=0.0)
    axis = Axis(0, most, width - label - 1 - FIGURE)
    lines = [_title(title, detail)]
    for model, (value, text) in zip(run.models, figures, strict=True):
        drawn = styled(" " * axis.width) if value is None else bar(value, axis, colour_of(run, model))
        lines.append(
            _name(run, model, label) + " " + drawn + styled((f" {text}", "" if value is not None else "$dim"))
        )
    return lines
