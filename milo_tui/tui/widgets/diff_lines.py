"""The lines around a diff: its sentence and whose its columns are above it, what the signs mean below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Size

from milo_tui.analysis.record import Attempt
from milo_tui.reports.diff_sides import Side, Sides
from milo_tui.tui.content import fit, join, safe_line, share_widths, styled
from milo_tui.tui.widgets.diff_layout import BETWEEN, GUTTER, Look
from milo_tui.tui.widgets.line_view import ContentLine
from milo_tui.tui.widgets.tool_call_diff import SIGN_STYLES, ToolCallDiff, name_of, name_style
from milo_tui.tui.widgets.wrapping import wrap
from milo_tui.tui.words import seconds

MEANINGS = {
    "=": "same",
    "~": "value",
    "!": "type",
    "-": "missing",
    "+": "extra",
    ">": "moved",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A side as it is headed: whose it is, where it is from, how it came out."""

    name: str
    where: str
    row: Attempt | None

    def title(self) -> Content:
        """Whose it is."""
        return safe_line(self.name, "bold")

    def detail(self) -> Content:
        """The rest."""
        parts = [safe_line(self.where, "$dim")]
        if self.row is not None and self.row.points is not None:
            parts.append(styled((str(self.row.points), f"bold $score-{self.row.points}"), ("/3", "$dim")))
            parts.append(styled((seconds(self.row.latency), "$dim")))
        elif self.row is not None:
            parts.append(styled(("no score", "$warning")))
        return join(parts, DOT)

    def line(self) -> Content:
        """All of it on one line."""
        return join([self.title(), self.detail()], DOT)


DOT = styled((" · ", "$dim"))


def named(sides: Sides, side: Side, prompt: str, home: int) -> Named:
    """A side; `home` is the run that the diff was opened from. What of it has not been read is left out."""
    run = sides.known(side.run)
    parts = []
    if side.run != home:
        parts.append(f"run {side.run}")
        versions = [sides.version(number, prompt) for number in (home, side.run)]
        if run is not None and versions[0] != versions[1]:
            parts.append(f"! prompt version {versions[1]}")
    if side.model is not None:
        parts.append(f"repeat {side.repeat} of {run.repeats if run else '…'}")
    where = " · ".join(parts) or "what the prompt's author expects"
    return Named(sides.name(side) or side.model or "", where, sides.row(side, prompt))


class DiffWords(ContentLine):
    """What differs in words, folded. Where it takes too many lines, every side's part is cut to its share."""

    MOST, MOST_LOW = 4, 3
    LOW = 32
    """On a screen of fewer lines the parts of several sides, whose names take lines of their own, have less."""
    RAGGED = 8
    """Cells that are lost at a line's end, about."""

    def __init__(self) -> None:
        super().__init__(id="sentence")
        self._sign, self._parts = Content(""), [Content("")]

    def show(self, sign: Content, parts: list[Content]) -> None:
        """Say these parts behind a sign."""
        self._sign, self._parts = sign, parts
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def draw(self, width: int) -> Content:
        return Content("\n").join(self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        low = self.app.size.height < self.LOW and len(self._parts) > 1
        most = self.MOST_LOW if low else self.MOST
        width = max(20, width)
        lines = self._folded(self._parts, width)
        if len(lines) <= most:
            return lines
        room = most * (width - self.RAGGED) - DOT.cell_length * len(self._parts)
        shares = share_widths([part.cell_length for part in self._parts], room)
        cut = [part.truncate(share, ellipsis=True) for part, share in zip(self._parts, shares, strict=True)]
        return self._folded(cut, width)[:most]

    def _folded(self, parts: list[Content], width: int) -> list[Content]:
        words = self._sign + join(parts, DOT)
        return [words[start:end] for start, end in wrap(words.plain, width)]


class DiffHeading(ContentLine):
    """The sides' names over their columns, or one below the other with what stands before their lines."""

    def __init__(self, diff: ToolCallDiff) -> None:
        super().__init__()
        self._diff = diff
        self._sides: Sequence[Named] = ()

    def show(self, sides: Sequence[Named]) -> None:
        """Head the columns with these."""
        self._sides = sides
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._lines(width)))

    def draw(self, width: int) -> Content:
        return Content("\n").join(self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        count = len(self._sides)
        if self._diff.stacked:
            names = [styled((f" {name_of(i, count)} ", name_style(i, count))) for i in range(count)]
            return [fit(name + side.line(), width) for name, side in zip(names, self._sides, strict=True)]
        room = Look(width).room(count)
        lines = [side.line() for side in self._sides]
        if all(line.cell_length <= room for line in lines):
            return [self._row(lines, room)]
        titles, details = [side.title() for side in self._sides], [side.detail() for side in self._sides]
        return [self._row(titles, room), self._row(details, room)]

    def _row(self, parts: Sequence[Content], room: int) -> Content:
        between = styled((" │" + " " * (BETWEEN - 2 + (len(parts) > 2)), "$frame"))
        return styled(" " * GUTTER) + between.join([fit(part, room) for part in parts])


class DiffFoot(ContentLine):
    """What the signs mean, and the modes that are not the usual ones."""

    def __init__(self) -> None:
        super().__init__()
        self._modes = ""

    def show(self, modes: list[str]) -> None:
        """Name these modes at the right."""
        self._modes = " · ".join(modes)
        self.refresh()

    def draw(self, width: int) -> Content:
        legend = styled("  ").join(
            [styled((sign, SIGN_STYLES[sign]), (f" {word}", "$dim")) for sign, word in MEANINGS.items()]
        )
        modes = styled((self._modes, "$accent"))
        return fit(legend, width - modes.cell_length - 1) + " " + modes
