"""Which of a diff's further sides stand beside the first, where the terminal has no room for all."""

from milo_tui.reports.sides import MOST_SIDES


class ColumnWindow:
    """A window over the further sides. `sides` is how many there are in all, `most` how many fit."""

    def __init__(self) -> None:
        self._passed = 0

    def seen(self, sides: int, most: int) -> range:
        """The places of the further sides that are to be seen."""
        last = sides - 1
        room = min(most - 1, last)
        self._passed = max(0, min(self._passed, last - room))
        return range(1 + self._passed, 1 + self._passed + room)

    def shift(self, step: int, sides: int, most: int) -> bool:
        """Move the window; whether it could be."""
        before = self.seen(sides, most)
        self._passed += step
        return self.seen(sides, most) != before

    def to_first(self) -> None:
        """Begin with the second side again."""
        self._passed = 0

    def to_last(self) -> None:
        """See the last side."""
        self._passed = MOST_SIDES

    def unseen(self, sides: int, most: int) -> str:
        """Which columns there is no room for, and how to see them; nothing where all are seen."""
        seen = self.seen(sides, most)
        if len(seen) + 1 == sides:
            return ""
        last = f"–{seen.stop}" if len(seen) > 1 else ""
        return f"< > sides {seen.start + 1}{last} of {sides}"
