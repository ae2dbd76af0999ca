"""The help overlay, made from the bindings that work where it was opened."""

from collections.abc import Iterable
from itertools import groupby
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen, Screen

from milo_tui.tui.content import fit, safe_line, styled
from milo_tui.tui.widgets.line_list import LineList

KEYS = 18
OF_TEXTUAL = {
    "command_palette": "Command palette",
    "quit": "Quit at once; runs continue",
}
"""Textual's own keys that are worth listing."""


class Entry(NamedTuple):
    """One line of help: its group, its keys as shown, what they do, its id in milo.toml, and the key to press."""

    group: str
    keys: str
    words: str
    id: str
    key: str


def help_entries(app: App[int], bindings: Iterable[ActiveBinding]) -> list[Entry]:
    """Return a line for each action, with all of its keys."""
    found: dict[tuple[str, str], Entry] = {}
    for active in bindings:
        binding, action = active.binding, active.binding.action.removeprefix("app.")
        words = binding.tooltip or binding.description
        if binding.id is None:
            words = OF_TEXTUAL.get(action, "")
        if not words:
            continue
        name, keys = (action.partition("(")[0], words), app.get_key_display(binding)
        if before := found.get(name):
            known = before.keys.split()
            keys = " ".join([*known, *(key for key in keys.split() if key not in known)])
        id_, key = (before.id, before.key) if before else (binding.id or "", binding.key)
        found[name] = Entry(_group(active), keys, words, id_, key)
    order = ("Here", "Moving", "Everywhere")
    return sorted(found.values(), key=lambda entry: order.index(entry.group))


def _group(active: ActiveBinding) -> str:
    if isinstance(active.node, App):
        return "Everywhere"
    return "Here" if isinstance(active.node, Screen) else "Moving"


class HelpList(LineList):
    """The keys under their groups; enter presses the one under the cursor."""

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__(classes="box help-box")
        self.rows: list[Entry | Content] = []
        for group, members in groupby(entries, key=lambda entry: entry.group):
            gap = [Content("")] if self.rows else []
            self.rows += [*gap, styled((group, "bold $accent")), *members]
        self.rows += [Content(""), Content("")]

    def on_mount(self) -> None:
        self.lines_changed()

    def line_count(self) -> int:
        return len(self.rows)

    def selectable(self, index: int) -> bool:
        return isinstance(self.rows[index], Entry)

    def draw(self, index: int, width: int) -> Content:
        row = self.rows[index]
        if index == len(self.rows) - 1:
            return safe_line(self._example(), "$dim")
        return _line(row, width) if isinstance(row, Entry) else row

    def _example(self) -> str:
        """How the key under the cursor is changed."""
        here = self.rows[self.cursor]
        name = here.id if isinstance(here, Entry) and here.id else "runs.note"
        return f'enter presses it. Another key, in milo.toml under [keymap]: "{name}" = "N"'

    def repaint(self, old: int, new: int) -> None:
        super().repaint(old, new)
        self.refresh_line(len(self.rows) - 1)


def _line(entry: Entry, width: int) -> Content:
    keys = KEYS if width >= 3 * KEYS else KEYS // 2
    return fit(safe_line(entry.keys, "bold"), keys) + fit(safe_line(entry.words), width - keys)


class HelpScreen(ModalScreen[str | None]):
    """All keys that work on the screen below, with their ids for milo.toml; returns the key that was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss(None)", "Close", id="help.close"),
    ]

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        yield HelpList(self._entries)

    def on_mount(self) -> None:
        self.query_one(HelpList).focus()

    @on(LineList.Opened)
    def _chosen(self, event: LineList.Opened) -> None:
        row = self.query_one(HelpList).rows[event.index]
        self.dismiss(row.key if isinstance(row, Entry) else None)
