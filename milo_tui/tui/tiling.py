"""How the panes of the live screen share it: columns and rows by the terminal's size and the number of models."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.widget import Widget

_PANE_HEIGHT = 12
"""Lines below which panes are not put in more rows."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """Columns and rows of panes on a page, and the lines that the leaderboard may take."""

    columns: int
    rows: int
    board: int

    @property
    def per_page(self) -> int:
        """Panes on a page."""
        return self.columns * self.rows


def tile(width: int, height: int, models: int) -> Tiling:
    """Up to four columns from 160 cells on, two (or three for three models) from 100 on, else one pane."""
    board = min(models, max(3, height // 4))
    room = height - board - 3
    if width < 100:
        return Tiling(1, 1, board)
    most = 4 if width >= 160 else 3 if width >= 120 and models == 3 else 2
    rows = max(1, min(room // _PANE_HEIGHT, -(-models // most)))
    columns = min(most, -(-models // rows)) if models <= most * rows else most
    return Tiling(columns, rows, board)


def spread(grid: Widget, panes: Sequence[Widget], columns: int) -> None:
    """Lay the panes out in at most so many columns; the last one takes what is left of its row."""
    columns = min(columns, max(1, len(panes)))
    grid.styles.grid_size_columns = columns
    grid.styles.grid_size_rows = -(-len(panes) // columns)
    for pane in panes:
        pane.styles.column_span = 1
    if panes and len(panes) % columns:
        panes[-1].styles.column_span = columns - len(panes) % columns + 1
