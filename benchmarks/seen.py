"""What a person sees of what a terminal is sent: an emulator that tells whether anything looks different.

A paint may send again what stands there already; that is work, but nobody waits for it.
"""

from collections.abc import Iterable

import pyte


class Seen:
    """A terminal's screen; columns × lines."""

    def __init__(self, size: tuple[int, int]) -> None:
        columns, lines = size
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._before = self._lines(range(lines))

    def feed(self, data: bytes) -> bool:
        """Take in what was sent; whether a character, a colour or a style is another than before."""
        self._screen.dirty.clear()
        self._stream.feed(data)
        now = self._lines(self._screen.dirty)
        changed = any(self._before[y] != line for y, line in now.items())
        self._before.update(now)
        return changed

    def last_change(self, sent: Iterable[tuple[float, bytes]]) -> float | None:
        """When what was sent last changed something; None where nothing did. All of it is taken in."""
        times = [at for at, data in sent if self.feed(data)]
        return times[-1] if times else None

    def _lines(self, places: Iterable[int]) -> dict[int, list[pyte.screens.Char]]:
        columns = range(self._screen.columns)
        return {y: [self._screen.buffer[y][x] for x in columns] for y in places}
