"""The bin: runs that were moved out of the list, and can be restored."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from milo_tui.errors import MiloError
from milo_tui.store.lists import RunLists
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.base_screen import BaseScreen
from milo_tui.tui.content import styled
from milo_tui.tui.navigator import Navigator
from milo_tui.tui.widgets.key_line import KeyLine
from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.run_browser import RunBrowser
from milo_tui.tui.widgets.title_bar import TitleBar

EMPTY = styled(
    ("The bin is empty.\n\n", "bold"),
    ("delete", "bold $accent"),
    " in the runs list moves a run here, ",
    ("u", "bold $accent"),
    " restores it.\nOnly ",
    ("milo bin --empty", "$accent"),
    " deletes runs.\n\n",
    ("esc", "bold $accent"),
    " returns to the runs.",
)


class BinScreen(BaseScreen):
    """The runs in the bin."""

    app: BaseApp
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "u,delete,backspace",
            "restore",
            "Restore",
            key_display="u",
            id="bin.restore",
            tooltip="Restore the run",
        ),
        Binding("slash", "filter", "Filter", key_display="/", id="bin.filter"),
        Binding("y", "copy", "Copy", show=False, id="bin.copy", tooltip="Copy the run as text"),
        Binding("escape,q,B", "leave", "Back", key_display="esc", id="bin.back"),
    ]

    def __init__(self, lists: RunLists, navigator: Navigator) -> None:
        super().__init__()
        self._lists = lists
        self._navigator = navigator

    def compose(self) -> ComposeResult:
        yield TitleBar()
        yield RunBrowser(self._lists, EMPTY, binned=True)
        yield KeyLine()

    @property
    def browser(self) -> RunBrowser:
        """The runs."""
        return self.query_one(RunBrowser)

    def on_mount(self) -> None:
        bar = self.query_one(TitleBar)
        bar.place = styled("bin")
        bar.detail = styled(("milo bin --empty deletes these runs", "$dim"))

    def on_screen_resume(self) -> None:
        self.browser.load()

    @on(RunBrowser.Changed)
    def _show_how_many(self) -> None:
        self.query_one(TitleBar).status = styled((self.browser.how_many, "$dim"))

    @on(LineList.Opened)
    def _opened(self) -> None:
        if run := self.browser.current:
            self._navigator.open_run(run.number)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action == "filter" and isinstance(self.focused, Input))

    def action_filter(self) -> None:
        self.browser.open_filter()

    async def action_leave(self) -> None:
        """Clear the filter; without one go back."""
        if self.browser.is_filtered:
            self.browser.clear_filter()
        else:
            await self.app.action_back()

    def action_copy(self) -> None:
        if self.browser.current is not None:
            self.app.copy_text(self.browser.plain, "the run")

    @work(group="bin", description="")
    async def action_restore(self) -> None:
        """Restore the run under the cursor."""
        run = self.browser.current
        if run is None:
            self.app.say("No run to restore here.")
            return
        self.browser.runs.take_out(run.number)
        self.browser.show_state()
        try:
            async with self._navigator.writing() as store:
                await store.restore(run.number)
        except MiloError as error:
            self.app.say(str(error), severity="error")
            await self.browser.read()
            self.browser.runs.go_to(run.number)
            return
        self.app.say(f"Run {run.number} is restored.")
