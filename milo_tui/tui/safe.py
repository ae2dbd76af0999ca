"""The only way in which text from outside enters a widget."""

from rich.text import Text

from milo_tui.sanitise import one_line, sanitise


def safe(text: str, style: str = "") -> Text:
    """Text from a model, a server, a file or a user, harmless and with its markup taken literally."""
    return Text(sanitise(text), style, end="")


def safe_line(text: str, style: str = "") -> Text:
    """The same on one line: for names, titles and table cells."""
    return Text(one_line(text), style, no_wrap=True, end="")
