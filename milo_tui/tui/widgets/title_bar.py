"""The line on top of every screen: what, where, and how it stands."""

from textual.content import Content
from textual.reactive import reactive

from milo_tui.tui.content import fit, styled
from milo_tui.tui.widgets.line_list import Line


class TitleBar(Line):
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
