"""The assignment of rows to columns with the largest total weight."""

from collections.abc import Sequence


def best_assignment(weights: Sequence[Sequence[float]]) -> list[int | None]:
    """For each row its column, or None; pairs of weight 0 or less are never made.

    The Hungarian method in its O(n³) form with potentials (Kuhn 1955; Jonker and Volgenant 1987), on a square
    made whole with zeros.
    """
    rows, columns = len(weights), max((len(row) for row in weights), default=0)
    size = max(rows, columns)
    if not size:
        return []

    def cost(row: int, column: int) -> float:
        inside = row < rows and column < len(weights[row])
        return -max(0.0, weights[row][column]) if inside else 0.0

    # Index 0 is a sentinel: row_of[j] is the row that column j holds, counted from 1.
    potential_row, potential_column = [0.0] * (size + 1), [0.0] * (size + 1)
    row_of = [0] * (size + 1)
    for row in range(1, size + 1):
        _augment(row, size, cost, potential_row, potential_column, row_of)
    found: list[int | None] = [None] * rows
    for column in range(1, size + 1):
        row = row_of[column] - 1
        if row < rows and column - 1 < columns and cost(row, column - 1) < 0:
            found[row] = column - 1
    return found


def _augment(row, size, cost, potential_row, potential_column, row_of) -> None:  # type: ignore[no-untyped-def]
    """Give one more row a column along the cheapest augmenting path."""
    row_of[0], column = row, 0
    cheapest, came_from, used = [float("inf")] * (size + 1), [0] * (size + 1), [False] * (size + 1)
    while row_of[column]:
        used[column] = True
        here, step, next_column = row_of[column], float("inf"), 0
        for other in range(1, size + 1):
            if used[other]:
                continue
            reduced = cost(here - 1, other - 1) - potential_row[here] - potential_column[other]
            if reduced < cheapest[other]:
                cheapest[other], came_from[other] = reduced, column
            if cheapest[other] < step:
                step, next_column = cheapest[other], other
        for other in range(size + 1):
            if used[other]:
                potential_row[row_of[other]] += step
                potential_column[other] -= step
            else:
                cheapest[other] -= step
        column = next_column
    while column:
        row_of[column] = row_of[came_from[column]]
        column = came_from[column]
