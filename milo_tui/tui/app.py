"""The app: it opens screens, holds the one reader, and does what is the same everywhere."""

import asyncio
import signal
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.notifications import SeverityLevel

from milo_tui.sanitise import sanitise
from milo_tui.settings import Settings, data_folder
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.tui import clipboard
from milo_tui.tui.screens.run import RunScreen
from milo_tui.tui.screens.runs import RunsScreen
from milo_tui.tui.themes import DEFAULT_THEME, load_themes, register_themes, semantic

if TYPE_CHECKING:
    from milo_tui.bench.feed import Feed
    from milo_tui.bench.record import AttemptRow, RunRecord
    from milo_tui.tui.screens.live import LiveScreen

LEAVING = 128
"""Added to a signal's number, it is the exit status of a program that the signal ended."""


class MiloApp(App[int]):
    """Milo in the terminal. With a feed it opens on Live, with `run` on that run, else on all runs."""

    TITLE = "milo"
    CSS_PATH = "milo.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", id="app.help"),
        Binding("t", "theme", "Theme", show=False, id="app.theme", tooltip="The next colour theme"),
        Binding("M", "mouse", "Mouse on or off", show=False, id="app.mouse"),
        Binding("escape", "back", "Back", show=False, id="app.back"),
        Binding(
            "ctrl+c",
            "interrupt",
            "Stop the run here; twice: quit",
            show=False,
            priority=True,
            id="app.interrupt",
        ),
    ]

    def __init__(
        self,
        settings: Settings,
        *,
        feed: "Feed | None" = None,
        started_here: bool = False,
        run: int | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.animation_level = "none"
        self._feed, self._started_here, self._run = feed, started_here, run
        self._reader: Reader | None = None
        self._mouse = True
        self._quitting = False

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What Milo colours by meaning, for themes that do not say."""
        return semantic(self.current_theme)

    def _load_themes(self) -> None:
        themes = load_themes((data_folder("themes"), self.settings.themes_folder))
        register_themes(self, themes)
        wanted = self.settings.theme or DEFAULT_THEME
        if wanted in self.available_themes:
            self.theme = wanted
        else:
            self.theme = DEFAULT_THEME
            themes.failed.append(f"There is no theme {wanted}; t goes through those that there are.")
        for sentence in themes.failed:
            self.say(sentence, severity="warning")

    def action_theme(self) -> None:
        """The next theme, by name."""
        names = sorted(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.say(f'Theme {self.theme}. theme = "{self.theme}" in milo.toml keeps it.')

    async def on_mount(self) -> None:
        self._handle_signals()
        self._load_themes()
        self.set_keymap(self.settings.keymap)
        try:
            self._reader = await Reader.open(self.settings.database)
        except StoreError as error:
            self.exit(2, message=sanitise(str(error)))
            return
        await self.push_screen(RunsScreen(self._reader, self.settings))
        if self._feed is not None:
            await self._show_live(self._feed, self._started_here)
        elif self._run is not None:
            await self.push_screen(RunScreen(self._reader, self._run))

    async def on_unmount(self) -> None:
        if self._reader is not None:
            await self._reader.aclose()

    def _handle_signals(self) -> None:
        """Without this, SIGTERM and SIGHUP leave the terminal in the alternate screen."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit, LEAVING + number)

    def say(self, text: str, *, severity: SeverityLevel = "information") -> None:
        """A notice in the corner; the text may come from anywhere."""
        self.notify(sanitise(text), severity=severity, markup=False)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        names = ", ".join(sorted(binding.id or binding.action for binding in clashed_bindings))
        self.say(f"[keymap] in milo.toml gives one key to {names}.", severity="warning")

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Links in what a model wrote are never opened: it may be another machine's browser."""
        self.say(f"Links are not opened from here: {url}")

    async def _show_live(self, feed: "Feed", started_here: bool = False) -> None:
        from milo_tui.tui.screens.live import LiveScreen

        await self.push_screen(LiveScreen(feed, started_here=started_here))

    @on(RunsScreen.Chosen)
    async def _run_chosen(self, message: RunsScreen.Chosen) -> None:
        if message.live:
            await self._watch_live(message.run)
        else:
            self.open_run(message.run)

    async def _watch_live(self, run: int) -> None:
        from milo_tui.bench.channel import attach

        try:
            feed = await attach(run, self.settings.runtime)
        except ConnectionError:
            self.open_run(run)
            return
        await self._show_live(feed)

    @on(RunsScreen.ResumeWanted)
    @on(RunScreen.ResumeWanted)
    def _resume_wanted(self, message: RunsScreen.ResumeWanted | RunScreen.ResumeWanted) -> None:
        self._resume(message.run)

    @work(exclusive=True, group="resume", description="")
    async def _resume(self, run: int) -> None:
        """Start a runner for what is missing, and look on."""
        from milo_tui.tui.resuming import ResumeError, resume

        self.say(f"Run {run} is being resumed …")
        try:
            feed = await resume(self.settings, run)
        except ResumeError as error:
            self.say(str(error), severity="error")
            return
        if isinstance(self.screen, RunScreen):
            self.pop_screen()
        await self._show_live(feed, started_here=True)

    def on_live_screen_open_run(self, message: "LiveScreen.OpenRun") -> None:
        """A run that was looked at is over: its table takes the view's place."""
        self.pop_screen()
        self.open_run(message.run)

    def open_run(self, run: int) -> None:
        """Show a run's table."""
        if self._reader is not None:
            self.push_screen(RunScreen(self._reader, run))

    @on(RunScreen.AttemptChosen)
    def _attempt_chosen(self, message: RunScreen.AttemptChosen) -> None:
        from milo_tui.tui.screens.attempt import AttemptScreen

        if self._reader is not None:
            self.push_screen(AttemptScreen(self._reader, message.run, message.attempts, message.attempt))

    async def action_back(self) -> None:
        """Go out one level; never out of the app."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def action_help(self) -> None:
        from milo_tui.tui.screens.help import HelpScreen, help_entries

        self.push_screen(HelpScreen(help_entries(self, self.screen.active_bindings.values())))

    def action_interrupt(self) -> None:
        """Copy what is selected; else stop the run that is looked at; the second time, quit."""
        if selected := self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
        elif self._quitting:
            self.exit(LEAVING + signal.SIGINT)
        else:
            self._quitting = True
            self.set_timer(3, self._stay)
            self.say("ctrl+c once more quits. Runs that are going on go on.")
            if (stop := getattr(self.screen, "action_stop", None)) is not None:
                stop()

    def _stay(self) -> None:
        self._quitting = False

    def action_mouse(self) -> None:
        """Turn the mouse off, so that the terminal's own selection works, or on again."""
        wanted = "_disable_mouse_support" if self._mouse else "_enable_mouse_support"
        switch = getattr(self._driver, wanted, None)
        if switch is None:
            self.say("This terminal's mouse cannot be switched.", severity="warning")
            return
        switch()
        self._mouse = not self._mouse
        self.say(
            "Mouse on." if self._mouse else "Mouse off: the terminal selects text itself. M turns it on."
        )

    def copy_to_clipboard(self, text: str) -> None:
        """What Textual copies (a selection) goes the same way as `y`."""
        self.copy_text(text, "the selection")

    @work(group="copy", description="")
    async def copy_text(self, text: str, what: str) -> None:
        """Copy text and say which way it went."""
        place = clipboard.Surroundings.found()
        way = await clipboard.copy(text, self.settings.home, super().copy_to_clipboard, place)
        self.say(f"Copied {what} {way}.")

    def copy_table(self, run: "RunRecord", attempts: "list[AttemptRow]") -> None:
        """Copy a run's table as Markdown."""
        from milo_tui.reports.markdown import render

        self.copy_text(render(run, attempts), "the table as Markdown")

    def export_table(self, run: "RunRecord", attempts: "list[AttemptRow]") -> None:
        """Write a run's table as Markdown and say where."""
        from milo_tui.reports.markdown import render
        from milo_tui.tui.export import write

        self.say(write(f"run-{run.number}.md", render(run, attempts), self.settings.results))

    @on(RunsScreen.ExportWanted)
    async def _export_wanted(self, message: RunsScreen.ExportWanted) -> None:
        if self._reader is None:
            return
        try:
            run = await self._reader.run(message.run)
            self.export_table(run, await self._reader.attempts(message.run))
        except StoreError as error:
            self.say(str(error), severity="error")
