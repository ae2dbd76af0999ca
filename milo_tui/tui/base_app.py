"""What all screens share: themes, keys, signals, notices, the mouse, copying and saving text."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.drivers.linux_driver import LinuxDriver
from textual.notifications import SeverityLevel
from textual.screen import Screen

from milo_tui.config import Settings, data_folder
from milo_tui.sanitise import sanitise
from milo_tui.tui import clipboard
from milo_tui.tui.preferences import Preferences
from milo_tui.tui.screens.help import HelpScreen, help_entries
from milo_tui.tui.terminal_driver import TerminalDriver
from milo_tui.tui.themes import DEFAULT_THEME, load_themes, register_themes, semantic

SIGNAL_EXIT = 128
"""Added to a signal's number, it is the exit status of a program that the signal ended."""
CLOSE_TIMEOUT = 3.0
"""Seconds that the app has to close in, once a signal told it to."""
TERMINAL_CHECK_INTERVAL = 2.0
QUIT_CONFIRM_TIME = 3.0
"""Seconds within which a second ctrl+c quits."""


class BaseApp(App[int]):
    """The app without its screens."""

    TITLE = "milo"
    CSS_PATH = Path(__file__).with_name("milo.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", id="app.help"),
        Binding("t", "theme", "Next colour theme", show=False, id="app.theme"),
        Binding("M", "mouse", "Mouse on or off", show=False, id="app.mouse"),
        Binding("escape", "back", "Back", show=False, id="app.back"),
        Binding(
            "ctrl+c", "interrupt", "Stop the run; twice: quit", show=False, priority=True, id="app.interrupt"
        ),
    ]

    def __init__(self, settings: Settings) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.settings = settings
        self.preferences = Preferences.load(settings.home)
        self.animation_level = "none"
        self._terminal = _terminal()
        self._mouse = True
        self._quitting = False
        self._clashing: set[str] = set()
        self._theme_problems: list[str] = []
        self._take_themes()

    def set_up(self) -> None:
        """Do what needs a running app: handle signals, set the keymap, report theme files that failed."""
        self._handle_signals()
        if not self.is_headless and self._terminal is not None:
            threading.Thread(target=_watch, args=(self._terminal,), name="terminal", daemon=True).start()
        # Of 16 colours or none, the cursor's background would be that of every line.
        few = not self.is_headless and self.console.color_system in (None, "standard")
        self.set_class(few, "-few-colors")
        self.set_keymap(self.settings.keymap)
        for sentence in self._theme_problems:
            self.say(sentence, severity="warning")

    def say(self, text: str, *, severity: SeverityLevel = "information") -> None:
        """Show a notice in the corner; the text may come from anywhere."""
        self.notify(sanitise(text), severity=severity, markup=False)

    def end(self, status: int) -> None:
        """Leave the program with an exit status."""
        self.exit(status, status)

    def _handle_signals(self) -> None:
        """Without this, SIGTERM and SIGHUP leave the terminal in the alternate screen."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end_by_signal, SIGNAL_EXIT + number)

    def _end_by_signal(self, status: int) -> None:
        """Leave; the kernel ends what still stands after a while, as Textual waits for ever on a lost terminal."""
        if not self.is_headless:
            signal.setitimer(signal.ITIMER_REAL, CLOSE_TIMEOUT)
        self.end(status)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The colours of SEMANTIC, for themes that do not give them."""
        return semantic(self.current_theme)

    def _take_themes(self) -> None:
        """Load the themes and begin with the wanted one: changing it later styles everything a second time."""
        themes = load_themes((data_folder("themes"), self.settings.themes_folder))
        register_themes(self, themes)
        wanted = self.preferences.theme_for(self.settings.theme) or DEFAULT_THEME
        if wanted not in self.available_themes:
            themes.failed.append(f"There is no theme {wanted}; t shows the next of those there are.")
            wanted = DEFAULT_THEME
        self.set_reactive(App.theme, wanted)
        self.stylesheet.set_variables(self.get_css_variables())
        self._theme_problems = themes.failed

    def action_theme(self) -> None:
        names = sorted(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.remember(theme=self.theme, configured_theme=self.settings.theme)
        self.say(f"Theme {self.theme}.")

    def remember(self, **choices: str) -> None:
        """Keep choices for the next session."""
        self.preferences = replace(self.preferences, **choices)
        self.preferences.save(self.settings.home)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Say which keys clash, once each: Textual calls this at every key that is pressed."""
        names = {binding.id or binding.action for binding in clashed_bindings}
        if not names <= self._clashing:
            self._clashing |= names
            text = (
                f"[keymap] in milo.toml gives the key of {', '.join(sorted(names))} to another action, too."
            )
            self.say(text, severity="warning")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: what the keys of the screen do, and what works everywhere."""
        bindings = [active.binding for active in screen.active_bindings.values() if active.node is screen]
        for binding in {binding.id: binding for binding in bindings if binding.id}.values():
            run = partial(screen.run_action, binding.action)
            help_ = f"{binding.tooltip}; key {{}}" if binding.tooltip else "Key {}"
            yield SystemCommand(binding.description, help_.format(self.get_key_display(binding)), run)
        yield SystemCommand("Theme", "Choose a colour theme", self.action_change_theme)
        yield SystemCommand("Keys", "Show the keys of this screen", self.action_help)
        yield SystemCommand(
            "Mouse", "Turn the mouse on, or off to select text in the terminal", self.action_mouse
        )
        yield SystemCommand("Screenshot", "Save this screen as an SVG file", self._save_screen)
        yield SystemCommand("Quit", "Leave; runs continue", self.action_quit)

    def _save_screen(self) -> None:
        try:
            self.settings.results.mkdir(parents=True, exist_ok=True)
            self.say(f"Saved as {self.save_screenshot(path=str(self.settings.results))}.")
        except OSError as error:
            self.say(f"The screen could not be saved: {error}.", severity="error")

    def save_text(self, name: str, text: str) -> None:
        """Write a file to the results folder, else to the working directory; say where, or why not."""
        problem = ""
        for folder in (self.settings.results, Path.cwd()):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8")
            except OSError as error:
                problem = problem or f" {folder / name} cannot be written ({error.strerror or 'error'})."
            else:
                self.say(f"Written to {folder / name}.{problem}")
                return
        self.say(f"Nothing was exported.{problem}", severity="error")

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Links in what a model wrote are never opened: it may be another machine's browser."""
        self.say(f"Milo does not open links: {url}")

    def action_help(self) -> None:
        def press(key: str | None) -> None:
            if key is not None:
                self.simulate_key(key)

        self.push_screen(HelpScreen(help_entries(self, self.screen.active_bindings.values())), press)

    async def action_back(self) -> None:
        """Go one level out, never out of the app. Below the home screen lies Textual's own."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def action_interrupt(self) -> None:
        """Copy what is selected; else stop the run that is looked at; the second time, quit."""
        if selected := self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
        elif self._quitting:
            self.end(SIGNAL_EXIT + signal.SIGINT)
        else:
            self._quitting = True
            self.set_timer(QUIT_CONFIRM_TIME, self._forget_interrupt)
            self.say("Press ctrl+c again to quit; runs continue.")
            if (stop := getattr(self.screen, "action_stop", None)) is not None:
                stop()

    def _forget_interrupt(self) -> None:
        self._quitting = False

    def action_mouse(self) -> None:
        """Turn the mouse off, so that the terminal's own selection works, or on again."""
        driver = self._driver
        if not isinstance(driver, LinuxDriver):
            self.say("The mouse of this terminal cannot be switched.", severity="warning")
            return
        self._mouse = not self._mouse
        # Textual has no public way to switch the mouse while an app runs.
        switch = driver._enable_mouse_support if self._mouse else driver._disable_mouse_support  # noqa: SLF001
        switch()
        self.say("Mouse on." if self._mouse else "Mouse off: select text in the terminal. M turns it on.")

    def copy_to_clipboard(self, text: str) -> None:
        """What Textual copies (a selection) goes the same way as `y`."""
        self.copy_text(text, "the selection")

    @work(group="copy", description="")
    async def copy_text(self, text: str, what: str) -> None:
        """Copy text and say which way it went."""
        place = clipboard.ClipboardAccess.detect()
        way = await clipboard.copy(text, self.settings.home, super().copy_to_clipboard, place)
        self.say(f"Copied {what} {way}.")


def _terminal() -> int | None:
    """The file number of the terminal that Textual draws on."""
    stream = sys.__stderr__
    return stream.fileno() if stream is not None and stream.isatty() else None


def _watch(terminal: int) -> None:
    """Send this process SIGHUP when its terminal is gone.

    The kernel does that for the session that a terminal controls; an app under `setsid`, or one whose multiplexer
    was killed, gets none and would wait for ever.
    """
    while os.isatty(terminal):
        time.sleep(TERMINAL_CHECK_INTERVAL)
    # Set here as well: the event loop may be stuck in a write, and then handles no signal.
    signal.setitimer(signal.ITIMER_REAL, CLOSE_TIMEOUT)
    os.kill(os.getpid(), signal.SIGHUP)
