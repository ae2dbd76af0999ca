"""The line on top of every screen, and what is left of it where the terminal is too small."""

from textual.content import Content
from textual.reactive import reactive

from milo_tui.tui.content import fit, join, styled
from milo_tui.tui.widgets.line_view import ContentLine


class TitleBar(ContentLine):
    """The program's name, then the place; at the right details where there is room, and how things stand."""

    place: reactive[Content] = reactive(Content(""))
    detail: reactive[Content] = reactive(Content(""))
    status: reactive[Content] = reactive(Content(""))

    def draw(self, width: int) -> Content:
        left = styled(("milo", "bold $accent"), (" · ", "$dim")) + self.place
        right = self.detail + "  " + self.status if self.detail.plain else self.status
        if left.cell_length + right.cell_length >= width:
            right = self.status
        return fit(left, width - right.cell_length - 1) + " " + right


LEAST_WIDTH, LEAST_HEIGHT = 80, 20
NEEDED = f"Too small: needs {LEAST_WIDTH}×{LEAST_HEIGHT}"


def fits(width: int, height: int) -> bool:
    """Return whether a terminal has room for more than the card."""
    return width >= LEAST_WIDTH and height >= LEAST_HEIGHT


class SmallCard(ContentLine):
    """The screen's own title line, which goes on telling how things stand, and how one leaves."""

    def __init__(self, *, home: bool) -> None:
        super().__init__(classes="small-card")
        self._home = home

    def on_mount(self) -> None:
        for bar in self.screen.query(TitleBar):
            for name in ("place", "status"):
                self.watch(bar, name, self._title_changed, init=False)

    def _title_changed(self) -> None:
        self.refresh()

    def draw(self, width: int) -> Content:
        lines = [
            join([styled(("milo", "bold $accent")), bar.place, bar.status], styled((" · ", "$dim")))
            for bar in self.screen.query(TitleBar)
        ]
        lines.append(styled((f"{NEEDED}; {'q quit' if self._home else 'esc back'}", "$dim")))
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)
