"""A dialog that asks for a side of a diff."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from milo_tui.analysis.record import RunRecord
from milo_tui.reports.diff_sides import Side, Sides
from milo_tui.store.summary import RunSummary
from milo_tui.tui.content import ContentStatic, fit, safe_line, styled
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.score_matrix import attempt_words
from milo_tui.tui.words import moment

MOST_RUNS = 30
"""Other runs that are offered at most, newest first."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A side that can be chosen, with a remark; without a side it is a heading."""

    side: Side | None
    name: str
    words: str = ""


class SideChoices(LineList):
    """The sides under their headings."""

    def __init__(self, offers: list[Offer], here: Collection[Side]) -> None:
        super().__init__()
        self.offers = offers
        self._here = here

    def on_mount(self) -> None:
        self.styles.height = min(len(self.offers), 16)
        self.lines_changed()
        places = [place for place, offer in enumerate(self.offers) if offer.side in self._here]
        if len(self._here) == 1 and places:
            self.cursor = places[0]

    def line_count(self) -> int:
        return len(self.offers)

    def selectable(self, index: int) -> bool:
        return self.offers[index].side is not None

    def draw(self, index: int, width: int) -> Content:
        offer = self.offers[index]
        if offer.side is None:
            return safe_line(offer.name, "$dim bold")
        sign = styled(("● " if offer.side in self._here else "  ", "$accent"))
        words = safe_line(offer.words, "$dim").truncate(width // 2, ellipsis=True)
        return sign + fit(safe_line(offer.name), width - words.cell_length - 3) + " " + words


class SideList(ModalScreen[Side | None]):
    """Asks for a side; those in the diff are marked. The result is None after esc."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "cancel", "Cancel", id="sides.cancel")]

    def __init__(self, offers: list[Offer], here: Collection[Side], *, adding: bool = False) -> None:
        super().__init__()
        self._choices = SideChoices(offers, here)
        self._adding = adding

    def compose(self) -> ComposeResult:
        title = "Add or remove (●) a side" if self._adding else "Compare with"
        enter = " add or remove    " if self._adding else " compare    "
        keys = styled(("enter", "bold $accent"), enter, ("esc", "bold $accent"), " cancel")
        with Vertical(classes="box sides-box"):
            yield ContentStatic(styled((title, "bold")))
            yield self._choices
            yield ContentStatic(keys, classes="box-keys")

    @on(LineList.Opened)
    def _opened(self, event: LineList.Opened) -> None:
        self.dismiss(self._choices.offers[event.index].side)

    def action_cancel(self) -> None:
        self.dismiss(None)


def offers(sides: Sides, run: RunRecord, left: Side, prompt: str, others: list[RunSummary]) -> list[Offer]:
    """Return what a side can be compared with: models, repeats, the reference, other runs."""
    models = [replace(left, model=model.id) for model in run.models if model.id != left.model]
    repeats = [replace(left, repeat=number + 1) for number in range(run.repeats) if number + 1 != left.repeat]
    groups = [
        ("other models", [Offer(side, sides.name(side), _figures(sides, side, prompt)) for side in models]),
        (
            "other repeats",
            [Offer(side, f"repeat {side.repeat}", _figures(sides, side, prompt)) for side in repeats],
        ),
        ("reference", [Offer(replace(left, model=None), "the author's solution")]),
        ("the same model in other runs", _runs(left, others)),
    ]
    if left.model is None:
        groups = groups[:1]
    return [offer for title, group in groups if group for offer in (Offer(None, title), *group) if offer.name]


def _figures(sides: Sides, side: Side, prompt: str) -> str:
    return attempt_words(sides.row(side, prompt))


def _runs(left: Side, others: list[RunSummary]) -> list[Offer]:
    found = [run for run in others if run.number != left.run and _has(run, left.model)]
    return [
        Offer(
            replace(left, run=run.number, repeat=min(left.repeat, run.repeats)),
            f"run {run.number}",
            " · ".join(
                part for part in (run.suite_title or run.suite, moment(run.created), run.note) if part
            ),
        )
        for run in found[:MOST_RUNS]
    ]


def _has(run: RunSummary, model: str | None) -> bool:
    return any(one.id == model for one in run.models)
