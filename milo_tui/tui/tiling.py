"""How many panes fit on a screen, and how they are laid out."""

from dataclasses import dataclass

LEAST_WIDTH = 80
LEAST_HEIGHT = 20
_PANE_HEIGHT = 12


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


def fits(width: int, height: int) -> bool:
    """Whether there is room for more than a card."""
    return width >= LEAST_WIDTH and height >= LEAST_HEIGHT


def tile(width: int, height: int, models: int) -> Tiling:
    """Up to four columns from 160 cells on, two (or three for three models) from 100 on, else one pane."""
    board = min(models, max(3, height // 4))
    room = height - board - 2
    if width < 100:
        return Tiling(1, 1, board)
    most = 4 if width >= 160 else 3 if width >= 120 and models == 3 else 2
    rows = max(1, min(room // _PANE_HEIGHT, -(-models // most)))
    columns = min(most, -(-models // rows)) if models <= most * rows else most
    return Tiling(columns, rows, board)
