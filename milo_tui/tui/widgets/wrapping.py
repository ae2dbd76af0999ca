"""Soft wrapping at words, cell-aware and resumable: a row once followed by another never changes."""

import re
from collections.abc import Iterator

from rich.cells import cell_len, get_character_cell_size

Span = tuple[int, int]
"""Start and end of a row within its text."""

_WORD = re.compile(r"\S+\s{0,40}|\s{1,40}")
_MARKS_A_CELL = 8


def wrap(text: str, width: int, start: int = 0) -> Iterator[Span]:
    """The rows of a line of text from `start` on; at least one. Spaces at a row's end may hang over the edge.

    Given the start of the last row, it goes on where it left off, so that streamed text is never wrapped anew.
    """
    begin, column = start, 0
    for match in _WORD.finditer(text, start):
        word = match[0].rstrip()
        size = cell_len(word or match[0])
        if column and column + size > width:
            yield begin, match.start()
            begin, column = match.start(), 0
        if word and (size > width or len(word) > _MARKS_A_CELL * width):
            *pieces, (begin, column) = _broken(text, match.start(), match.start() + len(word), width)
            yield from pieces
        else:
            column += size
        column += len(match[0]) - len(word) if word else 0
    yield begin, len(text)


def _broken(text: str, start: int, end: int, width: int) -> list[Span]:
    """A word too long for a row, cut to the width: full rows, then the last one's start and its cells."""
    if text[start:end].isascii():
        last = end - ((end - start - 1) % width + 1)
        return [*((place, place + width) for place in range(start, last, width)), (last, end - last)]
    begin, column = start, 0
    pieces: list[Span] = []
    for place in range(start, end):
        cells = get_character_cell_size(text[place])
        full = column + cells > width or place - begin >= _MARKS_A_CELL * width
        if full and place > begin:
            pieces.append((begin, place))
            begin, column = place, 0
        column += cells
    return [*pieces, (begin, column)]
