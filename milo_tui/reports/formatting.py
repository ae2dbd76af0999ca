"""How figures and times are written, in the app and in every report."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from milo_tui.suite.conversation import POINTS_PER_PROMPT

if TYPE_CHECKING:
    from milo_tui.analysis.record import ModelRecord
    from milo_tui.analysis.table import CategoryFigures, ModelTotal


def seconds(value: float | None) -> str:
    """A duration in seconds: one decimal as in the published table, two below a second, none above 100."""
    if value is None:
        return "–"
    if value < 0.995:
        return f"{value:.2f} s"
    return f"{value:.1f} s" if value < 99.95 else f"{value:.0f} s"


def percent(fraction: float | None) -> str:
    """A share as a per cent with one decimal."""
    return "–" if fraction is None else f"{100 * fraction:.1f} %"


def speed(value: float | None) -> str:
    """Decode speed in tokens a second."""
    return "–" if value is None else f"{value:.0f} tok/s"


def category_cell(figure: "CategoryFigures") -> str:
    """`3.00/3 · 4.5 s`, with what is missing where attempts are."""
    if figure.mean_points is None:
        return "–"
    cell = f"{figure.mean_points:.2f}/3 · {seconds(figure.latency)}"
    return cell if figure.scored == figure.planned else f"{cell} ({figure.scored}/{figure.planned})"


def total_cell(total: "ModelTotal") -> str:
    """`58.0/60, 96.7 %, 2.6 s avg`; points of those possible so far while prompts have no score."""
    if not total.possible:
        return "–"
    score = (
        f"{total.score:.1f}/{total.score_of}"
        if total.score is not None
        else f"{total.points}/{total.possible} pts"
    )
    cell = f"{score}, {percent(total.share)}, {seconds(total.latency)} avg"
    missing = total.unscored
    return f"{cell} ({missing} attempts missing)" if missing else cell


def model_heading(model: "ModelRecord") -> str:
    """`Qwen3.5-397B (local, 416 GB RAM)`, `Claude Sonnet 4.6 (API)`, `Steady (simulated)`."""
    if model.simulated:
        return f"{model.name.removesuffix(' (simulated)')} (simulated)"
    if model.where == "api":
        return f"{model.name} (API)"
    memory = model.peak_gb or model.memory_gb
    return f"{model.name} (local, {memory:.4g} GB RAM)" if memory else f"{model.name} (local)"


def moment(at: float) -> str:
    """A point in time for a person: local date and minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def relative_moment(epoch: float, now: datetime | None = None, *, short: bool = False) -> str:
    """When, in local time: "today 14:02", "Nov 21 09:10", the date alone for another year.

    The short form fits six cells: "14:02", "Nov 21", "2025".
    """
    now = now or datetime.now().astimezone()
    then = datetime.fromtimestamp(epoch).astimezone(now.tzinfo)
    if then.date() == now.date():
        return f"{then:%H:%M}" if short else f"today {then:%H:%M}"
    if then.year == now.year:
        day = f"{then:%b} {then.day:>2}"
        return day if short else f"{day} {then:%H:%M}"
    return f"{then:%Y}" if short else f"{then:%Y-%m-%d}"


def missing_sentence(name: str, total: "ModelTotal") -> str | None:
    """The sentence beside every total with missing attempts; None where none are missing."""
    missing = total.unscored
    if not missing:
        return None
    why = f", {total.missing} of them infrastructure failures" if total.missing else ""
    return f"{name}: {missing} of {total.planned} attempts have no score{why}; its figures cover the others."


def repeats_cell(points: Iterable[int | None]) -> str:
    """The points of a prompt's repeats in a row, `332`; a dot for one without a score."""
    return "".join("·" if value is None else str(value) for value in points)


def family_cell(points: Iterable[int | None]) -> str:
    """The points of the variants that were asked, of those possible: `21/24`; a dot where none was."""
    asked = [value for value in points if value is not None]
    return f"{sum(asked)}/{POINTS_PER_PROMPT * len(asked)}" if asked else "·"
