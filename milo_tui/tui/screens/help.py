"""The help overlay, made from the bindings that work where it was opened."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar, NamedTuple

from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen, Screen

from milo_tui.tui.content import fit, safe_line, styled
from milo_tui.tui.widgets.text_view import TextView

KEYS = 18
WORDS = 44
OF_TEXTUAL = {
    "command_palette": "Command palette",
    "quit": "Quit at once; runs continue",
}
"""Textual's own keys that are worth listing."""


class Entry(NamedTuple):
    """One line of help: its group, its keys, what they do, and the id to use in milo.toml."""

    group: str
    keys: str
    words: str
    id: str


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
        found[name] = Entry(_group(active), keys, words, before.id if before else binding.id or "")
    order = ("Here", "Moving", "Everywhere")
    return sorted(found.values(), key=lambda entry: order.index(entry.group))


def _group(active: ActiveBinding) -> str:
    if isinstance(active.node, App):
        return "Everywhere"
    return "Here" if isinstance(active.node, Screen) else "Moving"


def help_lines(entries: list[Entry], width: int) -> list[Content]:
    """The lines of help; the ids are left out where they do not fit."""
    lines: list[Content] = []
    group = ""
    for entry in entries:
        if entry.group != group:
            group = entry.group
            lines += [Content("")] * bool(lines) + [styled((group, "bold $accent"))]
        lines.append(_line(entry, width))
    example = 'To change a key, in milo.toml under [keymap]: "runs.note" = "N"'
    return [*lines, Content(""), styled((example, "$dim"))]


def _line(entry: Entry, width: int) -> Content:
    keys = KEYS if width >= KEYS + WORDS else KEYS // 2
    words = fit(safe_line(entry.words), min(WORDS, width - keys))
    name = safe_line(entry.id, "$dim") if width >= KEYS + WORDS + 22 else ""
    return fit(safe_line(entry.keys, "bold"), keys) + words + name


class HelpScreen(ModalScreen[None]):
    """All keys that work on the screen below, with their ids for milo.toml."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss", "Close", id="help.close"),
    ]

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        text = TextView(classes="box help-box")
        text.show(partial(help_lines, self._entries))
        yield text

    def on_mount(self) -> None:
        self.query_one(TextView).focus()
