"""Sentences about a model's server, and the table of lost calls, streamed and not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt, ModelRecord, RunRecord
from milo_tui.mlx.versions import version_words
from milo_tui.sanitise import sanitise


def server_words(model: ModelRecord) -> list[str]:
    """What about the server could change a figure."""
    managed = _managed(model)
    found = []
    if not streams(model):
        found.append("not streamed")
    if managed.get("ranks"):
        found.append(f"on {managed['ranks']} ranks ({managed.get('split', 'tensor')})")
    if managed.get("restarts"):
        found.append(f"its server was restarted {managed['restarts']} times")
    found += [str(text) for text in managed.get("clamped", [])]
    found += _repairs(model)
    if words := version_words(str(managed.get("version") or model.manifest.get("server") or "")):
        found.append(words)
    return found


def _repairs(model: ModelRecord) -> list[str]:
    """How often what the server sent had to be mended, and what for."""
    match model.manifest.get("repairs"):
        case {"attempts": int(attempts), "by": {**by}} if by:
            needed = sum(count for count in by.values() if isinstance(count, int))
            kinds = ", ".join(f"{name} ({count})" for name, count in by.items())
            return [f"its server needed {needed} repair{'s' * (needed != 1)} in {attempts} attempts: {kinds}"]
    return []


def _managed(model: ModelRecord) -> Mapping[str, Any]:
    found = model.manifest.get("managed")
    return found if isinstance(found, Mapping) else {}


def streams(model: ModelRecord) -> bool:
    """Whether the model's answers were streamed."""
    return model.entry.stream


@dataclass(frozen=True, slots=True)
class Lost:
    """In how many of so many scored attempts the server lost a call or cut the stream."""

    attempts: int = 0
    lost: int = 0

    def __add__(self, other: "Lost") -> "Lost":
        return Lost(self.attempts + other.attempts, self.lost + other.lost)

    def __str__(self) -> str:
        return f"{self.lost} of {self.attempts}" if self.attempts else "–"


Run = tuple[RunRecord, list[Attempt]]


def lost_calls(runs: Iterable[Run]) -> dict[str, dict[bool, Lost]]:
    """By model name and by whether it streamed."""
    found: dict[str, dict[bool, Lost]] = defaultdict(lambda: {True: Lost(), False: Lost()})
    for run, attempts in runs:
        for model in run.models:
            rows = [row for row in attempts if row.model == model.id and row.points is not None]
            lost = sum(row.outcome is Outcome.SERVER for row in rows)
            found[model.name][streams(model)] += Lost(len(rows), lost)
    return dict(found)


def render_lost(lost: Mapping[str, Mapping[bool, Lost]]) -> Table:
    """A line for each model: attempts with a lost or garbled call, streamed and not."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("Model", "Lost, streamed", "Lost, not streamed"):
        grid.add_column(column, overflow="fold")
    for name, arms in lost.items():
        grid.add_row(sanitise(name), str(arms[True]), str(arms[False]))
    return grid
