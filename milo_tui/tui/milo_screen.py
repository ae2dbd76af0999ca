"""What every screen is made from: where the terminal is too small for it, a card stands in its place."""

from textual.screen import Screen
from textual.widget import Widget

from milo_tui.tui.tiling import fits
from milo_tui.tui.widgets.small_card import SmallCard


class MiloScreen(Screen[None]):
    """A whole screen. Its keys work under the card as well, and its focus stays where it was."""

    DEFAULT_CSS = """
    MiloScreen { layers: default small; overflow: hidden hidden; }
    MiloScreen > .small-card {
        layer: small; display: none; width: 1fr; height: 1fr; padding: 0 1; background: $background;
    }
    MiloScreen.-small > .small-card { display: block; }
    """

    def on_mount(self) -> None:
        self.mount(self.small_card())

    def on_resize(self) -> None:
        self.set_class(not fits(*self.app.size), "-small")

    @property
    def is_small(self) -> bool:
        """Whether the card stands in its place."""
        return self.has_class("-small")

    def small_card(self) -> Widget:
        """What is shown in place of the screen; of the class `small-card`."""
        return SmallCard(home=len(self.app.screen_stack) <= 2)
