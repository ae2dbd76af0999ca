"""A run as one line of a list: which columns fit a width, and what stands in each."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.content import Content

from milo_tui.analysis.phases import ACTIVE, RunPhase
from milo_tui.store.summary import ModelSummary, RunSummary
from milo_tui.tui.content import Align, fit, join, safe_line, share_widths, styled
from milo_tui.tui.words import NOTHING, moment, percent, seconds

WIDE = 100
"""From this width on words stand where narrow terminals get signs."""
WIDEST = 180
"""From this width on a simulated run is called so in full."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves a column out."""

    when: int
    suite: int
    models: int
    state: int
    simulated: int
    note: int
    latency: int
    number: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What the runs of a list would take at most, in cells."""

    models: int = 0
    note: int = 0
    simulated: bool = False
    number: int = 3
    lines: int = 0
    """Not cells, but the models of the run that has most."""

    def __or__(self, other: "Needs") -> "Needs":
        return Needs(
            max(self.models, other.models),
            max(self.note, other.note),
            self.simulated or other.simulated,
            max(self.number, other.number),
            max(self.lines, other.lines),
        )


def needs_of(runs: Iterable[RunSummary]) -> Needs:
    """The room that the runs would take were there enough."""
    needs = Needs()
    for run in runs:
        models = sum(len(model.name) + 10 for model in run.models) - 3
        number = 1 + len(str(run.number))  # a cell for the mark
        needs |= Needs(models, len(run.note), run.simulated, number, len(run.models))
    return needs


def columns(width: int, needs: Needs) -> Columns:
    """The columns that fit, none wider than it needs to be."""
    wide = width >= WIDE
    when, state = (12, 20) if wide else (6, 12)
    simulated = (9 if width >= WIDEST else 3) if needs.simulated else 0
    suite = 14 if width >= 116 else 0
    latency = 6 if width >= 72 else 0
    rest = width - sum(size + 2 for size in (needs.number, latency, when, state, simulated, suite) if size)
    note = min(needs.note, max(rest - needs.models - 2, 14)) if rest >= 60 else 0
    models = min(max(needs.models, 17), rest - note - 2 * bool(note))
    return Columns(when, suite, models, state, simulated, note, latency, needs.number)


def heading(width: int, needs: Needs) -> Content:
    """The names of the columns."""
    size = columns(width, needs)
    words: list[tuple[str, int, Align]] = [
        ("run", size.number, "right"),
        ("when", size.when, "left"),
        ("suite", size.suite, "left"),
        ("models and scores", size.models, "left"),
        ("avg", size.latency, "right"),
        ("state", size.state, "left"),
        ("", size.simulated, "left"),
        ("note", size.note, "left"),
    ]
    return _row([fit(styled((word, "$dim")), cells, align) for word, cells, align in words])


def run_line(run: RunSummary, width: int, needs: Needs) -> Content:
    """A run in one line."""
    size = columns(width, needs)
    simulated = "simulated" if size.simulated > 3 else "sim"
    return _row(
        [
            fit(styled((str(run.number), "")), size.number, "right"),
            fit(styled((moment(run.created, short=size.when < 12), "$dim")), size.when),
            fit(safe_line(f"{run.suite} {run.suite_version}", "$dim"), size.suite),
            fit(models_in(run.models, size.models), size.models),
            fit(styled((seconds(run.figures.latency), "")), size.latency, "right"),
            fit(state_text(run, size.state > 12), size.state),
            fit(styled((simulated if run.simulated else "", "$simulated")), size.simulated),
            fit(safe_line(run.note, "$dim"), size.note),
        ]
    )


def state_text(run: RunSummary, wide: bool) -> Content:
    """Sign, word and, unless every attempt is scored, how far it came."""
    phase = run.phase
    figures = run.figures
    far = "" if phase is RunPhase.DONE else f" {figures.scored}/{figures.planned}"
    word = phase.word if wide or not far or phase in ACTIVE else ""
    return styled((f"{phase.sign} {word}".rstrip(), f"${phase.role}"), (far, "$dim"))


def models_in(models: tuple[ModelSummary, ...], width: int) -> Content:
    """All models with their scores in `width` cells: names give way before figures do."""
    figures = [percent(model.figures.share) for model in models]
    names = [safe_line(model.name).cell_length for model in models]
    if sum(names) + sum(map(len, figures)) + 4 * len(models) - 3 > width:
        figures = [figure.removesuffix(" %") for figure in figures]
    room = width - sum(len(figure) + 1 for figure in figures) - 3 * (len(models) - 1)
    given = share_widths(names, room)
    parts = [
        _model(model, figure, cells) for model, figure, cells in zip(models, figures, given, strict=True)
    ]
    return join(parts, styled((" · ", "$dim")))


def _model(model: ModelSummary, figure: str, width: int) -> Content:
    name = safe_line(model.name, "").truncate(width, ellipsis=True)
    return name + styled((f" {figure}", "$dim" if figure == NOTHING else "bold"))


def score_style(share: float | None) -> str:
    """The colour of a score, from its share of the points: only all of them are a full three."""
    if share is None:
        return "$dim"
    return f"bold $score-{3 if share >= 1 else 2 if share >= 2 / 3 else 1 if share >= 1 / 3 else 0}"


def _row(cells: list[Content]) -> Content:
    return join(cells, "  ")
