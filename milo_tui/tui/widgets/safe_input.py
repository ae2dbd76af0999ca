"""A line to type in. What is pasted or set may come from anywhere: it is made harmless before it is shown."""

from textual.reactive import reactive
from textual.widgets import Input

from milo_tui.sanitise import one_line


class SafeInput(Input):
    """Textual's Input would hand escape sequences on to the terminal; and nothing blinks here."""

    cursor_blink: reactive[bool] = reactive(False, init=False)

    def validate_value(self, value: str) -> str:
        """The value on one line, with a visible stand-in for what is not plain text."""
        return one_line(value)
