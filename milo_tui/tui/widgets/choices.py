"""Lists of things to choose: each line has a box, and space marks it."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from milo_tui.tui.content import fit, safe_line, styled
from milo_tui.tui.offers import Offer
from milo_tui.tui.widgets.line_list import LineList

SIGN = 4
WHERE = 13
STATE = 28
WIDE = 70
"""Cells from which on there is room for whole words."""


class Choices(LineList):
    """The base: `chosen` holds the indexes that are marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "mark", "Choose", key_display="space", id="choices.mark")
    ]

    @dataclass
    class Changed(Message):
        """Something was marked or unmarked."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.chosen: set[int] = set()

    def action_mark(self) -> None:
        if self.line_count():
            self.chosen ^= {self.cursor}
            self.refresh()
            self.post_message(self.Changed())

    def is_highlighted(self, index: int) -> bool:
        return index == self.cursor and self.has_focus

    def box(self, index: int) -> Content:
        """The mark of a line: a sign, not a colour alone."""
        return styled(("[x] ", "$accent")) if index in self.chosen else styled(("[ ] ", "$dim"))


class ModelChoices(Choices):
    """The models that can be run, each with what is known of it right now."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.offers: list[Offer] = []
        self.reached: dict[str, tuple[bool, str]] = {}

    def show(self, offers: list[Offer], chosen: set[int]) -> None:
        """Offer these, with these marked."""
        self.offers, self.chosen = offers, chosen
        self.lines_changed()

    def line_count(self) -> int:
        return len(self.offers)

    def draw(self, index: int, width: int) -> Content:
        entry = self.offers[index].entry
        fine, words = self.reached.get(entry.id, (True, "…"))
        state = safe_line(words, "$dim" if fine else "$warning")
        where = styled(
            (
                "simulated" if entry.is_simulated else self._where(index),
                "$simulated" if entry.is_simulated else "$dim",
            )
        )
        stated, located = (STATE, WHERE) if width >= WIDE else (13, 9)
        room = max(8, width - SIGN - located - stated - 2)
        return (
            self.box(index)
            + fit(safe_line(entry.name), room)
            + " "
            + fit(where, located)
            + " "
            + fit(state, stated, "right")
        )

    def _where(self, index: int) -> str:
        entry = self.offers[index].entry
        if entry.where == "api":
            return "API"
        return f"local {entry.memory:g} GB" if entry.memory else "local"


class CategoryChoices(Choices):
    """The suite's categories, each with its number of prompts."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.categories: list[tuple[str, str, int]] = []

    def show(self, categories: list[tuple[str, str, int]]) -> None:
        """Offer these (id, title, prompts), all of them marked."""
        self.categories = categories
        self.chosen = set(range(len(categories)))
        self.lines_changed()

    def line_count(self) -> int:
        return len(self.categories)

    def draw(self, index: int, width: int) -> Content:
        _, title, count = self.categories[index]
        number = f" {count} prompts" if width >= WIDE // 2 else f" {count:>3}"
        return self.box(index) + fit(safe_line(title), width - SIGN - len(number)) + styled((number, "$dim"))
