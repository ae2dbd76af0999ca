"""The only constructors of `Content`: every string passes the sanitiser, and its markup is taken literally.

Widgets take `Content`, never `str`, so nothing from a model, a server, a file or a user reaches the terminal raw.
"""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from textwrap import wrap
from typing import Literal

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Input, Static

from milo_tui.sanitise import one_line, sanitise

Align = Literal["left", "right"]
SIMULATED = " (simulated)"
"""What names of simulated models end with."""


class ContentStatic(Static):
    """Textual's Static would parse the markup of a string: this one takes `Content` alone."""

    def __init__(
        self, content: Content | None = None, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(_checked(Content("") if content is None else content), id=id, classes=classes)

    def update(self, content: Content, *, layout: bool = True) -> None:  # type: ignore[override]
        """Show another content; raise TypeError for a string."""
        super().update(_checked(content), layout=layout)


class SafeInput(Input):
    """A line to type in. What is pasted or set may come from anywhere: it is sanitised before it is shown."""

    cursor_blink: reactive[bool] = reactive(False, init=False)

    def validate_value(self, value: str) -> str:
        """The value on one line, with a visible stand-in for what is not plain text."""
        return one_line(value)


def _checked(content: object) -> Content:
    if not isinstance(content, Content):
        raise TypeError(f"widgets take Content, not {type(content).__name__}: see milo_tui.tui.content")
    return content


def safe_content(text: str, style: str = "") -> Content:
    """Sanitised text with its line breaks kept; `style` may name the theme's colours."""
    return Content.styled(sanitise(text), style)


def safe_line(text: str, style: str = "") -> Content:
    """Sanitised text on a single line: for names, titles and table cells."""
    return Content.styled(one_line(text), style)


def styled(*parts: str | Content | tuple[str, str]) -> Content:
    """Sanitised content of several parts: strings, (string, style) pairs, or content."""
    if len(parts) == 1 and isinstance(parts[0], tuple):
        return safe_content(*parts[0])
    return Content.assemble(
        *(part if isinstance(part, Content) else _sanitised(part) for part in parts if part)
    )


def _sanitised(part: str | tuple[str, str]) -> str | tuple[str, str]:
    return sanitise(part) if isinstance(part, str) else (sanitise(part[0]), part[1])


def fit(content: Content, width: int, align: Align = "left") -> Content:
    """Exactly `width` cells: cut with an ellipsis, or padded."""
    if width <= 0:
        return Content("")
    room = width - content.cell_length
    if align == "right" and room > 0:
        return content.pad_left(room)
    return content.truncate(width, ellipsis=True, pad=True)


def model_name(name: str, width: int, style: str = "") -> Content:
    """A model's name in at most `width` cells: what says that it is simulated goes before the name is cut."""
    whole = safe_line(name, style)
    if whole.cell_length > width:
        whole = safe_line(name.removesuffix(SIMULATED), style)
    return whole.truncate(width, ellipsis=True)


def join(parts: Iterable[Content], separator: Content | str) -> Content:
    """The parts that are not empty, with the separator between them."""
    glue = separator if isinstance(separator, Content) else safe_content(separator)
    return glue.join([part for part in parts if part.plain])


def share_widths(wanted: list[int], room: int) -> list[int]:
    """Widths for texts that want `wanted` cells: short ones get all they want, long ones share the rest."""
    given = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    for place, index in enumerate(order):
        given[index] = min(wanted[index], max(0, room) // (len(order) - place))
        room -= given[index]
    return given


LABEL = 20
"""Cells that the label of a wrapped text takes."""


def wrapped(text: str, width: int, label: str = "", *, indent: int = 0, style: str = "") -> Iterator[Content]:
    """Sanitised text wrapped at words, beside its label where it has one."""
    margin = LABEL if label else indent
    texts = wrap(sanitise(text), max(10, width - margin)) or [""]
    labels = wrap(sanitise(label), LABEL - 1)
    for beside, part in zip_longest(labels, texts, fillvalue=""):
        yield fit(styled((beside, "$dim")), margin) + safe_line(part, style)
