"""Helpers for the HTML report: escaped text, elements, tables."""

from collections.abc import Iterable, Mapping
from html import escape

from milo_tui.reports.verdict_text import Fact
from milo_tui.sanitise import sanitise


def safe(text: object) -> str:
    """Text from outside as HTML text or as an attribute's value: it can neither mark up nor end a quote."""
    return escape(sanitise(str(text)), quote=True)


def tag(name: str, inside: str = "", **attributes: str) -> str:
    """An element. `inside` is HTML; attribute values are escaped; `class_` stands for class."""
    given = "".join(f' {key.rstrip("_")}="{safe(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{inside}</{name}>"


def folded(summary: str, inside: str, **attributes: str) -> str:
    """A folded part; both are HTML."""
    return tag("details", tag("summary", summary) + inside, **attributes)


def table(head: Iterable[str], rows: Iterable[tuple[str, Iterable[str]]]) -> str:
    """A table that scrolls by itself where it is too wide. Cells are HTML; each row has its class."""
    heading = tag("tr", "".join(tag("th", cell, scope="col") for cell in head))
    body = "".join(
        tag("tr", "".join(tag("td", cell) for cell in cells), **({"class_": kind} if kind else {}))
        for kind, cells in rows
    )
    return tag("div", tag("table", tag("thead", heading) + tag("tbody", body)), class_="scroll")


def facts(items: Iterable[Fact]) -> str:
    """A list of labels and texts."""
    inside = "".join(tag("dt", safe(item.label)) + tag("dd", safe(item.text)) for item in items)
    return tag("dl", inside)


def chip(points: int | None, link: str = "") -> str:
    """A repeat's points as a coloured figure; a dashed one where there is no score."""
    kind = "chip none" if points is None else f"chip p{points}"
    text = "·" if points is None else str(points)
    title = "no score" if points is None else f"{points} of 3"
    if link:
        return tag("a", text, class_=kind, title=title, href=link)
    return tag("span", text, class_=kind, title=title)


def key(names: Mapping[int, str]) -> str:
    """The legend of the palette."""
    return tag(
        "p",
        "".join(tag("span", safe(name), style=f"--c: var(--c{i % 8})") for i, name in names.items()),
        class_="key",
    )
