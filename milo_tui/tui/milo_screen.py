"""What every screen is made from: where the terminal is too small for it, a card stands in its place."""

from collections.abc import Callable
from contextlib import suppress

from textual.containers import Vertical
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from milo_tui.tui.tiling import fits
from milo_tui.tui.widgets.small_card import SmallCard

Breakpoints = list[tuple[int, str]]
"""From how many cells or lines on a screen has a class."""
WIDTHS: Breakpoints = [(0, "-narrow"), (120, "-wide")]
HEIGHTS: Breakpoints = [(0, "-low"), (32, "-high")]


class MiloScreen(Screen[None]):
    """A whole screen. Its keys work under the card as well, and its focus stays where it was.

    What it costs to open is styling and laying out again what was just laid out, so it has its classes before
    anything is styled, gives the focus itself, and makes the card when it is needed.
    """

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    MiloScreen { layers: default small; overflow: hidden hidden; }
    MiloScreen > .small-card {
        layer: small; display: none; width: 1fr; height: 1fr; padding: 0 1; background: $background;
    }
    MiloScreen.-small > .small-card { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        # Made outside of an app, it gets them from Textual once it is shown.
        with suppress(RuntimeError):
            width, height = self.app.size
            classes = {_at(WIDTHS, width): True, _at(HEIGHTS, height): True}
            self.update_classes(classes, update=False)

    def on_resize(self) -> None:
        small = not fits(*self.app.size)
        if small and not self.query(".small-card"):
            self.mount(self.small_card())
        self.set_class(small, "-small")

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing but its background: one line of it is every line."""
        return alike(super().render_lines, crop)

    @property
    def is_small(self) -> bool:
        """Whether the card stands in its place."""
        return self.has_class("-small")

    def small_card(self) -> Widget:
        """What is shown in place of the screen; of the class `small-card`."""
        return SmallCard(home=len(self.app.screen_stack) <= 2)


class Pane(Vertical):
    """Holds parts that cover it, without a border of its own."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return alike(super().render_lines, crop)


def alike(render_lines: Callable[[Region], list[Strip]], crop: Region) -> list[Strip]:
    """The lines of a part that shows nothing but its background: Textual makes one of them, not each."""
    return render_lines(Region(crop.x, crop.y, crop.width, min(1, crop.height))) * crop.height


def _at(breakpoints: Breakpoints, size: int) -> str:
    """The class that a screen of a size has."""
    return [name for least, name in breakpoints if size >= least][-1]
