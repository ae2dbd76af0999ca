"""What all plain tables are made of, by Rich."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from milo_tui.sanitise import sanitise


def plain(text: str, style: str = "") -> Text:
    """Text from outside, sanitised and never read as markup."""
    return Text(sanitise(text), style=style)


def grid_of(columns: Sequence[str]) -> Table:
    """A table under these columns: the first on the left, figures on the right."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i, column in enumerate(columns):
        grid.add_column(plain(column), justify="left" if i == 0 else "right", overflow="fold")
    return grid
