"""Where searched words stand: each hit in a line of its own, and the one under the cursor with more around it."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

from rich.cells import set_cell_size
from textual.content import Content

from milo_tui.store.search import Hit
from milo_tui.tui.content import Align, fit, join, safe_line, styled
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.line_view import ContentLine

FOUND = "bold underline $accent"
"""How a found word is marked: not by colour alone."""
_LEAD = 12
"""Cells of text that stay before the first found word where the line must be cut."""
_TEXT = 28
"""Cells that the text has at least: names give way to it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves a column out."""

    run: int = 3
    simulated: int = 0
    model: int = 0
    prompt: int = 0
    part: int = 4
    text: int = 0


def needs_of(hits: Iterable[Hit], before: Columns | None = None) -> Columns:
    """What the columns would take were there room enough, for these hits and those that there were before."""
    needs = before or Columns()
    for hit in hits:
        needs = Columns(
            run=max(needs.run, len(str(hit.run))),
            simulated=max(needs.simulated, 3 * hit.simulated),
            model=max(needs.model, safe_line(hit.model).cell_length),
            prompt=max(needs.prompt, _prompt(hit).cell_length),
            part=max(needs.part, len(hit.part)),
        )
    return needs


def columns(needs: Columns, width: int) -> Columns:
    """The columns that fit, none wider than it needs to be; the text gets what is left."""
    rest = width - sum(size + 2 for size in (needs.run, needs.simulated, needs.part) if size)
    names = max(0, rest - max(_TEXT, rest // 2))
    model = min(needs.model, max(8, names // 2 - 2, names - needs.prompt - 4))
    prompt = min(needs.prompt, max(0, names - model - 4))
    text = rest - sum(size + 2 for size in (model, prompt) if size)
    return replace(needs, model=model, prompt=prompt, text=max(0, text))


def _prompt(hit: Hit) -> Content:
    """The prompt without its category, and the repeat."""
    return safe_line(f"{hit.prompt.rsplit('/', 1)[-1]} · {hit.repeat}") if hit.prompt else Content("")


def heading(size: Columns) -> Content:
    """The names of the columns."""
    words: list[tuple[str, int, Align]] = [
        ("run", size.run, "right"),
        ("", size.simulated, "left"),
        ("model", size.model, "left"),
        ("prompt", size.prompt, "left"),
        ("where", size.part, "left"),
        ("text", size.text, "left"),
    ]
    return join([fit(styled((word, "$dim")), cells, align) for word, cells, align in words if cells], "  ")


def hit_line(hit: Hit, size: Columns) -> Content:
    """A hit in one line."""
    cells = [
        fit(styled((str(hit.run), "")), size.run, "right"),
        fit(styled(("sim" if hit.simulated else "", "$simulated")), size.simulated),
        fit(safe_line(hit.model), size.model),
        fit(_with_repeat(_prompt(hit), size.prompt), size.prompt),
        fit(styled((hit.part, "$dim")), size.part),
        around(hit, size.text),
    ]
    return join(cells, "  ")


def _with_repeat(prompt: Content, width: int) -> Content:
    """The name is cut, not the repeat behind it."""
    name, dot, repeat = prompt.plain.rpartition(" · ")
    room = width - len(dot) - len(repeat)
    if prompt.cell_length <= width or room < 4:
        return prompt.stylize("$dim")
    return styled((set_cell_size(name, room - 1).rstrip() + "…" + dot + repeat, "$dim"))


def text_of(hit: Hit) -> Content:
    """The text around the hit on one line, with the found words marked."""
    return Content("").join(safe_line(text, FOUND if found else "") for text, found in hit.line)


def around(hit: Hit, width: int) -> Content:
    """The same cut to a width: what lies far before the first found word goes first."""
    text = text_of(hit)
    before = 0
    for piece, found in hit.line:
        if found:
            break
        before += len(safe_line(piece).plain)
    surplus = text.cell_length - width
    if surplus > 0 and before > _LEAD:
        text = styled("…") + text[min(before - _LEAD, surplus + 1) :]
    return text.truncate(max(0, width), ellipsis=True)


def place_of(hit: Hit) -> Content:
    """A hit's place in words: "run 12 · answer · Sonnet 4.6 · multi_step/refund · repeat 2"."""
    parts = [
        styled((f"run {hit.run}", "bold")),
        styled(("simulated", "$simulated") if hit.simulated else ""),
        styled(hit.part),
        safe_line(hit.model),
        safe_line(hit.prompt),
        styled(f"repeat {hit.repeat}" if hit.attempt is not None else ""),
    ]
    return join(parts, styled((" · ", "$dim")))


class HitHeading(ContentLine):
    """The names of the columns above a list of hits."""

    def __init__(self, hits: "HitList") -> None:
        super().__init__()
        self._hits = hits

    def draw(self, width: int) -> Content:
        return heading(columns(self._hits.needs, width - 2))


class HitList(LineList):
    """Hits, newest first, by pages."""

    def __init__(self) -> None:
        super().__init__()
        self.hits: list[Hit] = []
        self.needs = Columns()

    @property
    def current(self) -> Hit | None:
        """The hit under the cursor."""
        return self.hits[self.cursor] if self.cursor < len(self.hits) else None

    def show(self, hits: list[Hit]) -> None:
        """Show other hits, from the first on."""
        self.hits, self.needs = hits, needs_of(hits)
        self.cursor = 0
        self.lines_changed()

    def add(self, hits: list[Hit]) -> None:
        """Show more below."""
        self.hits += hits
        self.needs = needs_of(hits, self.needs)
        self.lines_changed()

    def line_count(self) -> int:
        return len(self.hits)

    def line_key(self, index: int) -> Hashable | None:
        return self.hits[index], self.needs

    def draw(self, index: int, width: int) -> Content:
        return hit_line(self.hits[index], columns(self.needs, width))


class HitPreview(ContentLine):
    """The hit under the cursor: where it is, unabridged, and as much text around it as two lines hold."""

    def __init__(self) -> None:
        super().__init__()
        self._hit: Hit | None = None

    def show(self, hit: Hit | None) -> None:
        """Show another hit."""
        self._hit = hit
        self.display = hit is not None
        self.refresh()

    def draw(self, width: int) -> Content:
        hit = self._hit
        if hit is None:
            return Content("")
        return Content("\n").join([place_of(hit).truncate(width, ellipsis=True), around(hit, 2 * width - 4)])
