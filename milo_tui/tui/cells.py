"""Lines of cells: how text from anywhere becomes one aligned line of a screen."""

from collections.abc import Iterable
from typing import Literal

from textual.content import Content

from milo_tui.sanitise import one_line as sanitised_line
from milo_tui.sanitise import sanitise

Align = Literal["left", "right"]


def block(text: str, style: str = "") -> Content:
    """Text from outside, its lines kept; `style` may name the theme's colours."""
    return Content.styled(sanitise(text), style)


def one_line(text: str, style: str = "") -> Content:
    """Text from outside on a single line; `style` may name the theme's colours."""
    return Content.styled(sanitised_line(text), style)


def fit(content: Content, width: int, align: Align = "left") -> Content:
    """Exactly `width` cells: cut with an ellipsis, or padded."""
    if width <= 0:
        return Content("")
    room = width - content.cell_length
    if align == "right" and room > 0:
        return content.pad_left(room)
    return content.truncate(width, ellipsis=True, pad=True)


def joined(parts: Iterable[Content], between: Content | str) -> Content:
    """The parts that are not empty, with `between` between them."""
    glue = between if isinstance(between, Content) else Content(between)
    return glue.join([part for part in parts if part.plain])


def said(*parts: str | tuple[str, str]) -> Content:
    """A line of the program's own words: plain strings, or (string, style)."""
    if len(parts) == 1 and isinstance(parts[0], tuple):
        return Content.styled(*parts[0])
    return Content.assemble(*parts)


def share_out(wanted: list[int], room: int) -> list[int]:
    """Widths for texts that want `wanted` cells: short ones get all they want, long ones share the rest."""
    given = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    for place, index in enumerate(order):
        given[index] = min(wanted[index], max(0, room) // (len(order) - place))
        room -= given[index]
    return given
