"""What is the same on every screen: themes, keys, signals, notices, the mouse, and copying."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.driver import Driver
from textual.notifications import SeverityLevel
from textual.screen import Screen

from milo_tui.config import Settings, data_folder
from milo_tui.sanitise import sanitise
from milo_tui.tui import clipboard
from milo_tui.tui.keymap import problems
from milo_tui.tui.themes import DEFAULT_THEME, load_themes, register_themes, semantic

LEAVING = 128
"""Added to a signal's number, it is the exit status of a program that the signal ended."""
GONE_AFTER = 3.0
"""Seconds that the screen has to be restored in, once a signal said to leave."""
STAY = 3.0
"""Seconds after which a first ctrl+c is forgotten."""


class Frame(App[int]):
    """The app without what it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", id="app.help"),
        Binding("t", "theme", "The next colour theme", show=False, id="app.theme"),
        Binding("M", "mouse", "Mouse on or off", show=False, id="app.mouse"),
        Binding("escape", "back", "Back", show=False, id="app.back"),
        Binding(
            "ctrl+c", "interrupt", "Stop a run; twice: quit", show=False, priority=True, id="app.interrupt"
        ),
    ]

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.animation_level = "none"
        self._mouse = True
        self._quitting = False
        self._clashing: set[str] = set()
        self._themes_told: list[str] = []
        self._take_themes()

    def get_driver_class(self) -> type[Driver]:
        """Textual's, but for how soon esc is told."""
        wanted = super().get_driver_class()
        if wanted.__name__ != "LinuxDriver":
            return wanted
        from milo_tui.tui.esc_driver import EscDriver

        return EscDriver

    def set_up(self) -> None:
        """What is done once the app runs."""
        self._handle_signals()
        self.set_keymap(self.settings.keymap)
        for sentence in (*self._themes_told, *problems(self.settings.keymap)):
            self.say(sentence, severity="warning")

    def say(self, text: str, *, severity: SeverityLevel = "information") -> None:
        """A notice in the corner; the text may come from anywhere."""
        self.notify(sanitise(text), severity=severity, markup=False)

    def end(self, status: int) -> None:
        """Leave the program with an exit status."""
        self.exit(status, status)

    def _handle_signals(self) -> None:
        """Without this, SIGTERM and SIGHUP leave the terminal in the alternate screen."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end_by_signal, LEAVING + number)

    def _end_by_signal(self, status: int) -> None:
        """Leave, and be gone soon even where the terminal is: Textual waits for ever to write to one that hung up."""
        if not self.is_headless:
            watchdog = threading.Timer(GONE_AFTER, os._exit, (status,))
            watchdog.daemon = True
            watchdog.start()
        self.end(status)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What Milo colours by meaning, for themes that do not say."""
        return semantic(self.current_theme)

    def _take_themes(self) -> None:
        """Begin with the wanted theme: to change it once the app runs would style everything a second time."""
        themes = load_themes((data_folder("themes"), self.settings.themes_folder))
        register_themes(self, themes)
        wanted = self.settings.theme or DEFAULT_THEME
        if wanted not in self.available_themes:
            themes.failed.append(f"There is no theme {wanted}; t goes through those that there are.")
            wanted = DEFAULT_THEME
        self.set_reactive(App.theme, wanted)
        self.stylesheet.set_variables(self.get_css_variables())
        self._themes_told = themes.failed

    def action_theme(self) -> None:
        names = sorted(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.say(f'Theme {self.theme}. theme = "{self.theme}" in milo.toml keeps it.')

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Say which keys clash, once each: Textual calls this at every key that is pressed."""
        names = {binding.id or binding.action for binding in clashed_bindings}
        if not names <= self._clashing:
            self._clashing |= names
            text = f"[keymap] in milo.toml gives the key of {', '.join(sorted(names))} to another as well."
            self.say(text, severity="warning")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: what the keys of the screen do, and what holds everywhere."""
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.id and active.node is screen:
                run = partial(screen.run_action, binding.action)
                yield SystemCommand(binding.description, binding.tooltip or binding.id, run)
        yield SystemCommand("Theme", "Choose a colour theme", self.action_change_theme)
        yield SystemCommand("Keys", "All keys that work here", self.action_help)
        yield SystemCommand("Mouse", "On, or off so that the terminal selects text", self.action_mouse)
        yield SystemCommand("Screenshot", "Save this screen as SVG with the results", self._keep_screen)
        yield SystemCommand("Quit", "Leave; runs that are going on go on", self.action_quit)

    def _keep_screen(self) -> None:
        try:
            self.settings.results.mkdir(parents=True, exist_ok=True)
            self.say(f"Saved as {self.save_screenshot(path=str(self.settings.results))}.")
        except OSError as error:
            self.say(f"The screen could not be saved: {error}.", severity="error")

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Links in what a model wrote are never opened: it may be another machine's browser."""
        self.say(f"Links are not opened from here: {url}")

    def action_help(self) -> None:
        from milo_tui.tui.screens.help import HelpScreen, help_entries

        self.push_screen(HelpScreen(help_entries(self, self.screen.active_bindings.values())))

    async def action_back(self) -> None:
        """Go out one level; never out of the app. Below the home screen lies Textual's own."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def action_interrupt(self) -> None:
        """Copy what is selected; else stop the run that is looked at; the second time, quit."""
        if selected := self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
        elif self._quitting:
            self.end(LEAVING + signal.SIGINT)
        else:
            self._quitting = True
            self.set_timer(STAY, self._stay)
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
        self.say("Mouse on." if self._mouse else "Mouse off: the terminal selects text. M turns it on.")

    def copy_to_clipboard(self, text: str) -> None:
        """What Textual copies (a selection) goes the same way as `y`."""
        self.copy_text(text, "the selection")

    @work(group="copy", description="")
    async def copy_text(self, text: str, what: str) -> None:
        """Copy text and say which way it went."""
        place = clipboard.Surroundings.found()
        way = await clipboard.copy(text, self.settings.home, super().copy_to_clipboard, place)
        self.say(f"Copied {what} {way}.")
