"""Search in answers, reasoning, tool calls and notes."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input

from milo_tui.errors import MiloError
from milo_tui.store.queries import Reader
from milo_tui.store.search import Hit
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import BaseScreen
from milo_tui.tui.content import ContentStatic, SafeInput, safe_line, styled
from milo_tui.tui.navigator import Navigator
from milo_tui.tui.widgets.hit_list import HitHeading, HitList, HitPreview, place_of, text_of
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.title_bar import TitleBar

PAGE = 50
"""How many hits are read at once."""
NEAR = 15
"""How many lines before the end of the hits the next page is read."""

HOW = styled(
    ("Type what to look for", "bold"),
    " in answers, reasoning,\n",
    "tool calls with their arguments, and notes.\n\n",
    ("refund order", "$accent"),
    "      all of these words, in any order\n",
    ('"refund order"', "$accent"),
    "    this phrase\n",
    ("refu", "$accent"),
    "              words that begin like this (the last word only)\n\n",
    ("Newest first. Runs in the bin are left out.", "$dim"),
)

NO_RUNS = styled(
    ("No runs yet: nothing to search.\n\n", "bold"),
    ("esc", "bold $accent"),
    " returns to the runs, ",
    ("n", "bold $accent"),
    " there sets up a new one.",
)


class SearchScreen(BaseScreen):
    """A line to type in, and the hits below it."""

    app: BaseApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash,ctrl+f", "type", "Words", key_display="/", id="search.type", tooltip="Change the words"
        ),
        Binding("y", "copy", "Copy", id="search.copy", tooltip="Copy the hit under the cursor"),
        Binding("escape,q", "app.back", "Back", key_display="esc", id="search.back"),
    ]

    def __init__(self, reader: Reader, navigator: Navigator) -> None:
        super().__init__()
        self._reader = reader
        self._navigator = navigator
        self._complete = True
        self._nothing_there = False

    def compose(self) -> ComposeResult:
        hits = HitList()
        yield TitleBar()
        with Horizontal(id="search-line"):
            yield ContentStatic(styled("/"), classes="filter-sign")
            yield SearchInput(
                placeholder='words, "a phrase", or the start of a word',
                compact=True,
                select_on_focus=False,
            )
        yield HitHeading(hits)
        yield hits
        yield ContentStatic(id="no-hits")
        yield HitPreview()
        yield KeyLine()

    @property
    def hits(self) -> HitList:
        """The list."""
        return self.query_one(HitList)

    def on_mount(self) -> None:
        self.query_one(TitleBar).place = styled("search")
        self.query_one(Input).focus()
        self._show(HOW)
        self._look_for_runs()

    @work(description="")
    async def _look_for_runs(self) -> None:
        """Where there are no runs, show what to do rather than how to search."""
        try:
            self._nothing_there = not await self._reader.runs(limit=1)
        except MiloError as error:
            self.app.say(str(error), severity="error")
        if self._nothing_there:
            self._show(NO_RUNS)

    @property
    def _text(self) -> str:
        return self.query_one(Input).value

    @on(Input.Changed)
    def _typed(self) -> None:
        self._search()

    @work(exclusive=True, group="search", description="")
    async def _search(self) -> None:
        """Read the first page; more typing lets go of it."""
        text = self._text
        found = await self._page(text, None)
        if found is None:
            return
        self.hits.show(found)
        self._show(self._why_none(text))

    @work(exclusive=True, group="search", description="")
    async def _more(self) -> None:
        found = await self._page(self._text, self.hits.hits[-1])
        if found is not None:
            self.hits.add(found)
            self._show(Content(""))

    async def _page(self, text: str, after: Hit | None) -> list[Hit] | None:
        """A page of hits; None where it cannot be read."""
        try:
            found = await self._reader.search(text, after, PAGE)
        except MiloError as error:
            self.app.say(str(error), severity="error")
            return None
        self._complete = len(found) < PAGE
        return found

    def _why_none(self, text: str) -> Content:
        if self._nothing_there:
            return NO_RUNS
        if not text.strip():
            return HOW
        return (
            styled("No hits for ") + safe_line(text.strip(), "bold") + styled(". Try fewer or other words.")
        )

    def _show(self, instead: Content) -> None:
        """Show the hits, or where there are none, why."""
        hits = self.hits
        some = bool(hits.hits)
        hits.display = self.query_one(HitHeading).display = some
        nothing = self.query_one("#no-hits", ContentStatic)
        nothing.display = not some
        nothing.update(instead)
        more = "" if self._complete else "+"
        number = len(hits.hits)
        status = f"{number:,}{more} {'hit' if number == 1 else 'hits'}" if some else ""
        self.query_one(TitleBar).status = styled((status, "$dim"))
        self.query_one(HitHeading).refresh()
        self.refresh_bindings()
        self.query_one(HitPreview).show(hits.current)
        if not some and hits.has_focus:
            self.set_focus(self.query_one(Input))

    @on(LineList.Moved)
    def _moved(self) -> None:
        self.query_one(HitPreview).show(self.hits.current)
        if not self._complete and self.hits.cursor >= len(self.hits.hits) - NEAR:
            self._more()

    @on(LineList.Opened)
    def _opened(self) -> None:
        if hit := self.hits.current:
            self._navigator.open_hit(hit)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "to_hits":
            return bool(self.hits.hits)
        return not (action in ("type", "copy") and isinstance(self.focused, Input))

    def action_to_hits(self) -> None:
        """Focus the hits, at once: the next key is for them."""
        if self.hits.hits:
            self.set_focus(self.hits)

    def action_type(self) -> None:
        self.set_focus(self.query_one(Input))

    def action_copy(self) -> None:
        if hit := self.hits.current:
            line = place_of(hit) + styled(": ") + text_of(hit)
            self.app.copy_text(line.plain, "the hit")


class SearchInput(SafeInput):
    """The words to search for; down and enter go to the hits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "down,enter",
            "screen.to_hits",
            "To the hits",
            key_display="enter",
            priority=True,
            id="search.hits",
        ),
    ]
