"""Lines drawn in braille: two by four dots to a cell."""

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800


class Braille:
    """A canvas of `width` × `height` cells; dots count from the top left."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = 2 * width, 4 * height
        """In dots."""
        self._cells = [[0] * width for _ in range(height)]

    def dot(self, x: int, y: int) -> None:
        """Set one dot."""
        self._cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]

    def line(self, x: int, y: int, to_x: int, to_y: int) -> None:
        """Set the dots between two, both of them among them."""
        steps = max(abs(to_x - x), abs(to_y - y), 1)
        for step in range(steps + 1):
            self.dot(x + round((to_x - x) * step / steps), y + round((to_y - y) * step / steps))

    def rows(self) -> list[str]:
        """The cells as text; one without a dot is a space."""
        return ["".join(chr(_BLANK + dots) if dots else " " for dots in row) for row in self._cells]
