"""A screen of tabs: a tab's part is made when it is first looked at, and filled when it is; the others cost nothing."""

from typing import ClassVar

from textual import on
from textual.widget import Widget

from milo_tui.tui.milo_screen import MiloScreen
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.tab_line import TabLine


class TabbedScreen(MiloScreen):
    """The base: a subclass names its tabs, and says what each is made of, filled with and given the keys by.

    Its `compose` gives the first tab's `pane`, between the TabLine and the KeyLine.
    """

    TABS: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        super().__init__()
        self._filled: set[str] = set()

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
        tab = self.TABS[index]
        if not self.query(f"#tab-{tab}"):
            await self.mount(self.pane(tab), before=self.query_one(KeyLine))
        self.query_one(TabLine).active = index
        for pane in self.query(".tab"):
            pane.display = pane.id == f"tab-{tab}"
        self.focus_tab()
        self._fill_front()

    async def action_next_tab(self, step: int) -> None:
        await self.action_tab((self.TABS.index(self.tab) + step) % len(self.TABS))

    def focus_tab(self) -> None:
        """Give the keys to the part in front: its list, or its scroll."""
        self.set_focus(self.query_one(self.front(self.tab)))
