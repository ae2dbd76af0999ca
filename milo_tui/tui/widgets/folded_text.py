"""Text of many paragraphs, folded at words for the width that it has, with labels beside some."""

from collections.abc import Callable, Iterable, Iterator
from textwrap import wrap

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from milo_tui.sanitise import sanitise
from milo_tui.tui.content import fit, safe_line, styled

LABEL = 20
"""Cells that a label takes."""
NARROWEST = 20


class FoldedText(Widget):
    """Draws lines that are made for a width."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._make: Callable[[int], Iterable[Content]] = lambda width: ()

    def show(self, make: Callable[[int], Iterable[Content]]) -> None:
        """Draw the lines that `make` gives for a width in cells."""
        self._make = make
        self.refresh(layout=True)

    def render(self) -> RenderResult:
        return Content("\n").join(self._lines(self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        return list(self._make(max(NARROWEST, width)))


def folded(text: str, width: int, label: str = "", *, indent: int = 0, style: str = "") -> Iterator[Content]:
    """Text from anywhere folded at words, beside its label where it has one."""
    margin = LABEL if label else indent
    for number, part in enumerate(wrap(sanitise(text), max(10, width - margin)) or [""]):
        beside = styled((label, "$dim")) if label and not number else Content("")
        yield fit(beside, margin) + safe_line(part, style)
