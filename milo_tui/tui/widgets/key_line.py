"""The keys that work here, in the bottom line. A click on one presses it.

Textual's Footer makes a widget of each key: about a third of what a screen of ours cost to open.
"""

from collections.abc import Iterator

from textual import events
from textual.content import Content
from textual.screen import Screen

from milo_tui.tui.content import styled
from milo_tui.tui.widgets.line_view import ContentLine

HELP = "question_mark"


class KeyLine(ContentLine):
    """What is to be shown of the screen's bindings. The way out and the help, which names all, keep their places."""

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def draw(self, width: int) -> Content:
        return Content("").join(item for item, _ in self._shown(width))

    def _shown(self, width: int) -> list[tuple[Content, str]]:
        """Those that fit: each as it is drawn, and the key that it stands for."""
        items = list(self._items())
        kept = 2 if items and items[-1][1] == HELP else 0
        while len(items) > 1 and sum(item.cell_length for item, _ in items) > width:
            del items[max(0, len(items) - kept - 1)]
        return items

    def _items(self) -> Iterator[tuple[Content, str]]:
        actions = set[str]()
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if not binding.show or binding.action in actions:
                continue
            actions.add(binding.action)
            key = self.app.get_key_display(binding)
            style = "$dim" if enabled else "$dim strike"
            yield styled((f" {key} ", "bold $accent"), (f"{binding.description} ", style)), binding.key

    def on_mouse_down(self, event: events.MouseDown) -> None:
        end = 0
        for item, key in self._shown(self.size.width):
            end += item.cell_length
            if event.x < end:
                self.app.simulate_key(key)
                return
