"""The bin: runs that were moved out of the way. They come back from here; nothing is deleted."""

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from milo_tui.config import Settings
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.store.store import writing
from milo_tui.tui.content import styled
from milo_tui.tui.milo_screen import MiloScreen
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.run_browser import RunBrowser
from milo_tui.tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from milo_tui.tui.app import MiloApp

EMPTY = styled(
    ("The bin is empty.\n\n", "bold"),
    ("delete", "bold $accent"),
    " on the list of runs moves a run here, ",
    ("u", "bold $accent"),
    " takes it out again.\nNothing in it is lost until ",
    ("milo bin --empty", "$accent"),
    " deletes it for good.\n\n",
    ("esc", "bold $accent"),
    " goes back to the runs.",
)


class BinScreen(MiloScreen):
    """The runs in the bin."""

    app: "MiloApp"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "u,delete,backspace",
            "restore",
            "Restore",
            key_display="u",
            id="bin.restore",
            tooltip="Take the run out of the bin",
        ),
        Binding("slash", "filter", "Filter", key_display="/", id="bin.filter"),
        Binding("y", "copy", "Copy", show=False, id="bin.copy", tooltip="Copy the run's lines as text"),
        Binding("escape,q,B", "app.back", "Back", key_display="esc", id="bin.back"),
    ]

    class Chosen(Message):
        """A run is to be opened."""

        def __init__(self, run: int) -> None:
            super().__init__()
            self.run = run

    def __init__(self, reader: Reader, settings: Settings) -> None:
        super().__init__()
        self._reader = reader
        self._settings = settings

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield RunBrowser(self._reader, EMPTY, binned=True)
        yield KeyLine()

    @property
    def browser(self) -> RunBrowser:
        """The runs."""
        return self.query_one(RunBrowser)

    def on_mount(self) -> None:
        bar = self.query_one(TitleBar)
        bar.place = styled("bin")
        bar.detail = styled(("milo bin --empty deletes for good", "$dim"))

    def on_screen_resume(self) -> None:
        self.browser.load()

    @on(RunBrowser.Changed)
    def _show_how_many(self) -> None:
        self.query_one(TitleBar).status = styled((self.browser.how_many, "$dim"))

    @on(LineList.Opened)
    def _opened(self) -> None:
        if run := self.browser.current:
            self.post_message(self.Chosen(run.number))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "filter" and isinstance(self.focused, Input))

    def action_filter(self) -> None:
        self.browser.open_filter()

    def action_copy(self) -> None:
        if self.browser.current is not None:
            self.app.copy_text(self.browser.plain, "the run's lines")

    @work(group="bin", description="")
    async def action_restore(self) -> None:
        """Take the run under the cursor out of the bin."""
        run = self.browser.current
        if run is None:
            self.app.say("There is no run here to take out.")
            return
        self.browser.runs.take_out(run.number)
        self.browser.show_state()
        try:
            async with writing(self._settings.database) as store:
                await store.restore(run.number)
        except StoreError as error:
            self.app.say(str(error), severity="error")
            await self.browser.load().wait()
            self.browser.runs.go_to(run.number)
            return
        self.app.say(f"Run {run.number} is out of the bin.")
