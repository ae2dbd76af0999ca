"""What stands in a screen's place where the terminal is too small for it."""

from textual.content import Content

from milo_tui.tui.content import join, styled
from milo_tui.tui.widgets.line_list import Line
from milo_tui.tui.widgets.title_bar import TitleBar

LEAST_WIDTH, LEAST_HEIGHT = 80, 20
NEEDED = f"Too small: needs {LEAST_WIDTH}×{LEAST_HEIGHT}"


def fits(width: int, height: int) -> bool:
    """Return whether a terminal has room for more than the card."""
    return width >= LEAST_WIDTH and height >= LEAST_HEIGHT


class SmallCard(Line):
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
