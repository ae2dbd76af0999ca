"""A list's own scrolling: the bar at its right, the wheel, pulling the bar, and lines that come and go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot

from milo_tui.tui.widgets.line_list import LineList
from milo_tui.tui.widgets.scroll_bar import EIGHTHS, PARTS, bar_cell, top_at

HEIGHT = 10


class Numbers(LineList):
    """Lines that say their number."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def line_count(self) -> int:
        return self.count

    def draw(self, index: int, width: int) -> Content:
        return Content(f"line {index}")


class NumbersApp(App[int]):
    """A list and nothing else."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.lines = Numbers(count)

    def compose(self) -> ComposeResult:
        yield self.lines

    def on_mount(self) -> None:
        self.lines.focus()

    def seen(self) -> list[str]:
        """The lines in sight, without the bar."""
        return [self.lines.render_line(y).text[:-1].rstrip() for y in range(self.lines.size.height)]

    def bar(self) -> list[tuple[str, bool]]:
        """The bar's cells, and whether each is inverted."""
        cells = [list(self.lines.render_line(y))[-1] for y in range(self.lines.size.height)]
        return [(cell.text, bool(cell.style and cell.style.reverse)) for cell in cells]


def lines(first: int, last: int) -> list[str]:
    return [f"line {index}" for index in range(first, last + 1)]


def thumb(height: int, count: int, top: int) -> list[int]:
    """The eighths of the bar that its thumb covers, from the top."""
    covered = list[int]()
    for y in range(height):
        glyph, inverted = bar_cell(y, height, count, top)
        lower = PARTS.index(glyph)
        covered += [
            EIGHTHS * y + eighth for eighth in range(EIGHTHS) if (eighth >= EIGHTHS - lower) != inverted
        ]
    return covered


@given(st.integers(1, 60), st.integers(0, 5_000), st.data())
def test_the_thumb_is_one_piece_and_as_long_as_what_is_seen(
    height: int, count: int, data: st.DataObject
) -> None:
    top = data.draw(st.integers(0, max(0, count - height)))
    covered = thumb(height, count, top)
    if count <= height:
        assert not covered
        return
    assert covered == list(range(covered[0], covered[-1] + 1))
    assert len(covered) == max(EIGHTHS, round(EIGHTHS * height * height / count))
    assert (covered[0] == 0) or top > 0
    assert (covered[-1] == EIGHTHS * height - 1) or top < count - height


@given(st.integers(1, 60), st.integers(0, 5_000))
def test_pulled_to_its_ends_the_bar_shows_the_first_and_the_last_lines(height: int, count: int) -> None:
    assert top_at(0, height, count) == 0 or height < 2
    assert top_at(height - 1, height, count) == max(0, count - height) or height < 2
    tops = [top_at(y, height, count) for y in range(height)]
    assert tops == sorted(tops)


async def test_the_cursor_takes_the_sight_along_and_no_further_than_it_must() -> None:
    app = NumbersApp(30)
    async with app.run_test(size=(20, HEIGHT)) as pilot:
        await pilot.press(*["j"] * 9)
        assert app.seen() == lines(0, 9)
        await pilot.press("j")
        assert app.seen() == lines(1, 10)
        await pilot.press("G")
        assert app.seen() == lines(20, 29)
        await pilot.press("k")
        assert app.seen() == lines(20, 29)
        await pilot.press("g")
        assert app.seen() == lines(0, 9)
        await pilot.press("pagedown", "pagedown")
        assert app.lines.cursor == 18
        assert app.seen() == lines(9, 18)


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = NumbersApp(30)
    async with app.run_test(size=(20, HEIGHT)) as pilot:
        await wheel(pilot, app.lines.action_bottom, "down")
        assert app.seen() == lines(20, 29)
        app.lines.action_top()
        await wheel(pilot, None, "down")
        assert app.seen()[0] == f"line {app.scroll_sensitivity_y:.0f}"
        assert app.lines.cursor == 0
        await wheel(pilot, None, "up")
        await wheel(pilot, None, "up")
        assert app.seen() == lines(0, 9)


async def wheel(pilot: Pilot[int], first: object, direction: str) -> None:
    """Turn the wheel over the list once, after something else if that is given."""
    from textual.events import MouseScrollDown, MouseScrollUp

    if callable(first):
        first()
    kind = MouseScrollDown if direction == "down" else MouseScrollUp
    await pilot._post_mouse_events([kind], pilot.app.query_one(LineList), (2, 2))
    await pilot.pause()


async def test_the_bar_is_pulled_with_the_mouse() -> None:
    app = NumbersApp(100)
    async with app.run_test(size=(20, HEIGHT)) as pilot:
        await pilot.mouse_down(LineList, offset=(19, 9))
        assert app.seen() == lines(90, 99)
        await pilot.hover(LineList, offset=(5, 0))
        assert app.seen() == lines(0, 9)
        await pilot.mouse_up(LineList, offset=(5, 0))
        await pilot.hover(LineList, offset=(5, 9))
        assert app.seen() == lines(0, 9)
        assert app.lines.cursor == 0


async def test_a_click_puts_the_cursor_on_the_line_that_is_seen_there() -> None:
    app = NumbersApp(100)
    async with app.run_test(size=(20, HEIGHT)) as pilot:
        await pilot.press("G")
        await pilot.click(LineList, offset=(3, 4))
        assert app.lines.cursor == 94
        await pilot.click(LineList, offset=(19, 0))
        assert app.lines.cursor == 94


@pytest.mark.parametrize("count", [0, 5, 12])
async def test_lines_that_go_leave_no_empty_sight(count: int) -> None:
    app = NumbersApp(100)
    async with app.run_test(size=(20, HEIGHT)) as pilot:
        await pilot.press("G")
        app.lines.count = count
        app.lines.lines_changed()
        await pilot.pause()
        first = max(0, count - HEIGHT)
        assert app.seen() == (lines(first, count - 1) + [""] * HEIGHT)[:HEIGHT]
        assert app.lines.cursor == max(0, count - 1)
        assert any(inverted for _, inverted in app.bar()) == (count > HEIGHT)


async def test_a_terminal_that_grows_shows_more_lines_above() -> None:
    app = NumbersApp(30)
    async with app.run_test(size=(20, HEIGHT)) as pilot:
        await pilot.press("G")
        await pilot.resize_terminal(20, 25)
        await pilot.pause()
        assert app.seen() == lines(5, 29)
        await pilot.resize_terminal(20, 4)
        await pilot.pause()
        assert app.seen() == lines(26, 29)
