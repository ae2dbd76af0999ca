"""A list: its cursor, its scrollbar, the wheel, and lines that come and go."""

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot

from milo_tui.tui.widgets.line_list import LineList

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
        """The lines in sight."""
        return [self.lines.render_line(y).text.rstrip() for y in range(self.lines.size.height)]


def lines(first: int, last: int) -> list[str]:
    return [f"line {index}" for index in range(first, last + 1)]


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


async def test_the_scrollbar_shows_where_and_is_pulled_with_the_mouse() -> None:
    app = NumbersApp(100)
    async with app.run_test(size=(20, HEIGHT)) as pilot:
        bar = app.lines.vertical_scrollbar
        assert (bar.window_virtual_size, bar.window_size, bar.position) == (100, HEIGHT, 0)
        await pilot.mouse_down(bar, offset=(0, 0))
        await pilot.hover(bar, offset=(0, 9))
        await pilot.mouse_up(bar, offset=(0, 9))
        await pilot.pause()
        assert app.seen() == lines(90, 99)
        assert app.lines.cursor == 0
        app.lines.count = 5
        app.lines.lines_changed()
        assert (bar.window_virtual_size, bar.position) == (5, 0)


async def test_a_click_puts_the_cursor_on_the_line_that_is_seen_there() -> None:
    app = NumbersApp(100)
    async with app.run_test(size=(20, HEIGHT)) as pilot:
        await pilot.press("G")
        await pilot.click(LineList, offset=(3, 4))
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
