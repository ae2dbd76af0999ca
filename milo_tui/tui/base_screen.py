"""What every screen is made from: where the terminal is too small for it, a card stands in its place."""

from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from milo_tui.tui.widgets.filter_bar import FilterBar
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.tab_line import TabLine
from milo_tui.tui.widgets.text_view import TextView
from milo_tui.tui.widgets.title_bar import SmallCard, fits

Breakpoints = list[tuple[int, str]]
"""From how many cells or lines on a screen has a class."""
WIDTHS: Breakpoints = [(0, "-narrow"), (120, "-wide")]
HEIGHTS: Breakpoints = [(0, "-low"), (32, "-high")]


class BaseScreen(Screen[None]):
    """A whole screen. Its keys work under the card as well, and its focus stays where it was.

    What it costs to open is styling and laying out again what was just laid out, so it has its classes before
    anything is styled, gives the focus itself, and makes the card when it is needed.
    """

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    BaseScreen { layers: default small; overflow: hidden hidden; }
    BaseScreen > .small-card {
        layer: small; display: none; width: 1fr; height: 1fr; padding: 0 1; background: $background;
    }
    BaseScreen.-small > .small-card { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        # Made outside of an app, it gets them from Textual once it is shown.
        with suppress(RuntimeError):
            width, height = self.app.size
            classes = {_at(WIDTHS, width): True, _at(HEIGHTS, height): True}
            self.update_classes(classes, update=False)

    @on(events.Mount)
    def _clear_notices(self) -> None:
        """What was said about the screen below is of no use on this one; on the first screen it is of the start."""
        if len(self.app.screen_stack) > 2:
            self.app.clear_notifications()

    def on_resize(self) -> None:
        small = not fits(*self.app.size)
        if small and not self.query(".small-card"):
            self.mount(self.small_card())
        self.set_class(small, "-small")

    def render_lines(self, crop: Region) -> list[Strip]:
        """Nothing but its background: one line of it is every line."""
        return alike(super().render_lines, crop)

    @property
    def is_in_sight(self) -> bool:
        """Whether nothing but dialogs covers it: Textual paints all that changes below the screen in front anew.

        Textual's `is_current` holds of the screen below, too.
        """
        stack = self.app.screen_stack
        return self in stack and all(
            isinstance(above, ModalScreen) for above in stack[stack.index(self) + 1 :]
        )

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


class FindingScreen(BaseScreen):
    """The base of screens on which `/` narrows a list or finds words in a text; `compose` gives the `filter_bar`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "hit(1)", "Next hit", show=False, id="find.next"),
        Binding("N", "hit(-1)", "Previous hit", show=False, id="find.previous"),
    ]
    FIND: ClassVar[Binding] = Binding(
        "slash", "find", "Find", key_display="/", id="find.open", tooltip="Find words, or narrow the list"
    )
    """For a subclass to put among its own keys, where the footer should name it."""

    def filter_bar(self) -> FilterBar:
        """The line with the words, hidden while there are none."""
        return FilterBar("words", self.searched)

    def searched(self) -> Widget:
        """The list or text in front."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("find", "hit") or not isinstance(self.focused, Input)

    @property
    def words(self) -> list[str]:
        """What is looked for."""
        return self.query_one(FilterBar).text.split()

    def action_find(self) -> None:
        self.query_one(FilterBar).open()

    @on(FilterBar.Changed)
    def _words_changed(self) -> None:
        self.find()

    def find(self) -> None:
        """Look for the words in what is in front."""
        view = self.searched()
        if isinstance(view, TextView | LineList):
            view.find(self.words)

    def action_hit(self, step: int) -> None:
        view = self.searched()
        if not isinstance(view, TextView | LineList) or not view.step(step):
            self.app.notify(f"No {'next' if step > 0 else 'previous'} {view_word(view)}.", markup=False)

    async def action_leave(self) -> None:
        """Clear the words to find; without any go back."""
        if self.query_one(FilterBar).text:
            self.query_one(FilterBar).action_clear()
        else:
            await self.run_action("app.back")


def view_word(view: Widget) -> str:
    """What `n` goes to next in a list or text."""
    return view.STOP if isinstance(view, LineList) else "hit"


class TabbedScreen(FindingScreen):
    """The base: a subclass names its tabs, and says what each is made of, filled with and given the keys by.

    Its `compose` gives the first tab's `pane`, between the TabLine and the KeyLine.
    """

    TABS: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        super().__init__()
        self._filled: set[str] = set()

    def searched(self) -> Widget:
        return self.query_one(self.front(self.tab))

    def parts(self, tab: str) -> Widget:
        """What a tab is made of."""
        raise NotImplementedError

    def fill(self, tab: str) -> bool:
        """Show on a tab, which is made by now, what the screen is about; whether it could be."""
        raise NotImplementedError

    def front(self, tab: str) -> str:
        """The selector of what takes the keys on a tab."""
        raise NotImplementedError

    @property
    def tab(self) -> str:
        """The tab in front."""
        return self.TABS[self.query_one(TabLine).active]

    def pane(self, tab: str) -> Widget:
        """A tab's part: `#tab-` and its name."""
        made = self.parts(tab)
        made.id = f"tab-{tab}"
        return made.add_class("tab", update=False)

    def refill(self) -> None:
        """Show on the tab in front what is new; on each of the others once it is looked at."""
        self._filled.clear()
        self._fill_front()

    def _fill_front(self) -> None:
        if self.tab not in self._filled and self.fill(self.tab):
            self._filled.add(self.tab)

    @on(TabLine.Chosen)
    async def _tab_chosen(self, event: TabLine.Chosen) -> None:
        await self.action_tab(event.index)

    async def action_tab(self, index: int) -> None:
        """Bring a tab to the front."""
        tab = self.TABS[index]
        if not self.query(f"#tab-{tab}"):
            await self.mount(self.pane(tab), after=self.query(".tab").last())
        self.query_one(TabLine).active = index
        for pane in self.query(".tab"):
            pane.display = pane.id == f"tab-{tab}"
        self.focus_tab()
        self._fill_front()
        if self.words:
            self.find()

    async def action_next_tab(self, step: int) -> None:
        await self.action_tab((self.TABS.index(self.tab) + step) % len(self.TABS))

    def focus_tab(self) -> None:
        """Give the keys to the part in front: its list, or its scroll."""
        self.set_focus(self.query_one(self.front(self.tab)))


def alike(render_lines: Callable[[Region], list[Strip]], crop: Region) -> list[Strip]:
    """The lines of a part that shows nothing but its background: Textual makes one of them, not each."""
    return render_lines(Region(crop.x, crop.y, crop.width, min(1, crop.height))) * crop.height


def _at(breakpoints: Breakpoints, size: int) -> str:
    """The class that a screen of a size has."""
    return [name for least, name in breakpoints if size >= least][-1]
