"""The keys that work here, in the bottom line. A click on one presses it.

Textual's Footer makes a widget of each key: about a third of what a screen of ours cost to open.
"""

from collections.abc import Iterator

from textual import events
from textual.content import Content
from textual.screen import Screen

from milo_tui.tui.cells import said
from milo_tui.tui.widgets.line_list import Line


class KeyLine(Line):
    """What is to be shown of the screen's bindings; those that do not fit stand in the help alone."""

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def draw(self, width: int) -> Content:
        line = Content("")
        for item, _ in self._items():
            if line.cell_length + item.cell_length > width:
                break
            line += item
        return line

    def _items(self) -> Iterator[tuple[Content, str]]:
        """Each as it is drawn, and the key that it stands for."""
        actions = set[str]()
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if not binding.show or binding.action in actions:
                continue
            actions.add(binding.action)
            key = self.app.get_key_display(binding)
            style = "$dim" if enabled else "$dim strike"
            yield said((f" {key} ", "bold $accent"), (f"{binding.description} ", style)), binding.key

    def on_mouse_down(self, event: events.MouseDown) -> None:
        end = 0
        for item, key in self._items():
            end += item.cell_length
            if event.x < end:
                self.app.simulate_key(key)
                return
