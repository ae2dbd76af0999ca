"""The lines around a diff: who stands on which side above it, what the signs mean below it."""

from dataclasses import dataclass

from textual.content import Content

from milo_tui.bench.record import AttemptRow
from milo_tui.reports.sides import Side, Sides
from milo_tui.tui.cells import fit, joined, one_line, said
from milo_tui.tui.widgets.line_list import Line
from milo_tui.tui.widgets.tool_call_diff import BETWEEN, GUTTER, SIGN_STYLES, ToolCallDiff
from milo_tui.tui.words import seconds

MEANINGS = {
    "=": "same",
    "~": "value",
    "!": "type",
    "-": "left only",
    "+": "right only",
    ">": "moved",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A side as it is headed: whose it is, where it is from, how it came out."""

    name: str
    where: str
    row: AttemptRow | None

    def line(self) -> Content:
        """All of it on one line."""
        parts = [one_line(self.name, "bold"), said((self.where, "$dim"))]
        if self.row is not None and self.row.points is not None:
            parts.append(said((str(self.row.points), f"bold $score-{self.row.points}"), ("/3", "$dim")))
            parts.append(said((seconds(self.row.latency), "$dim")))
        elif self.row is not None:
            parts.append(said(("no score", "$warning")))
        return joined(parts, said((" · ", "$dim")))


def named(sides: Sides, side: Side, prompt: str, home: int) -> Named:
    """A side of a run that has been read; `home` is the run that the diff was opened from."""
    run = sides.known(side.run)
    parts = []
    if side.run != home:
        parts.append(f"run {side.run}")
        versions = [sides.version(number, prompt) for number in (home, side.run)]
        if versions[0] != versions[1]:
            parts.append(f"! prompt version {versions[1]}")
    if side.model is not None:
        parts.append(f"repeat {side.repeat} of {run.repeats if run else '?'}")
    where = " · ".join(parts) or "what the prompt's author expects"
    return Named(sides.name(side), where, sides.row(side, prompt))


class DiffHeading(Line):
    """The sides' names over their columns, or one below the other with their signs."""

    def __init__(self, diff: ToolCallDiff) -> None:
        super().__init__()
        self._diff = diff
        self._sides: tuple[Named, ...] = ()

    def show(self, left: Named, right: Named) -> None:
        """Head the columns with these."""
        self._sides = (left, right)
        self.refresh()

    def draw(self, width: int) -> Content:
        if not self._sides:
            return Content("")
        left, right = (side.line() for side in self._sides)
        if self._diff.stacked:
            signs = [said((f" {sign} ", SIGN_STYLES[sign])) for sign in "-+"]
            return fit(signs[0] + left, width) + "\n" + fit(signs[1] + right, width)
        room = (width - GUTTER - len(BETWEEN)) // 2
        return said("  ") + fit(left, room) + said((BETWEEN, "$frame")) + fit(right, room)


class DiffFoot(Line):
    """What the signs mean, and the modes that are not the usual ones."""

    def __init__(self) -> None:
        super().__init__()
        self._modes = ""

    def show(self, modes: list[str]) -> None:
        """Name these modes at the right."""
        self._modes = " · ".join(modes)
        self.refresh()

    def draw(self, width: int) -> Content:
        legend = said("  ").join(
            [said((sign, SIGN_STYLES[sign]), (f" {word}", "$dim")) for sign, word in MEANINGS.items()]
        )
        modes = said((self._modes, "$accent"))
        return fit(legend, width - modes.cell_length - 1) + " " + modes
