"""A paste without an end does not make the app deaf, and the cursor is seen in a terminal of few colours."""

import pytest

from milo_tui.tui.screens.help import HelpScreen
from milo_tui.tui.terminal_driver import END, SILENCE, START, PasteGuard
from tests.tui.live_feed import LiveApp, MemoryFeed, make_state


@pytest.mark.parametrize("cut", range(len(START) + 1))
def test_a_paste_without_an_end_is_ended_once_after_a_silence(cut: int) -> None:
    guard = PasteGuard()
    for data in (START[:cut], START[cut:], b"pasted"):
        guard.feed(data, 10.0)
    assert not guard.is_overdue(10.0 + SILENCE / 2)
    assert guard.is_overdue(10.0 + SILENCE)
    assert not guard.is_overdue(99.0)


@pytest.mark.parametrize("cut", range(len(END) + 1))
def test_a_paste_that_ends_is_left_alone(cut: int) -> None:
    guard = PasteGuard()
    for data in (b"x" + START + b"pasted" + END[:cut], END[cut:] + b"jk"):
        guard.feed(data, 10.0)
    assert not guard.is_overdue(99.0)


async def test_the_cursor_is_reversed_where_there_are_few_colours() -> None:
    app = LiveApp(MemoryFeed(make_state()))
    async with app.run_test(size=(100, 30)) as pilot:
        app.add_class("-few-colors")
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        lines = app.screen._compositor.render_strips()
        reversed_ = [
            line.text
            for line in lines
            if any(part.style and part.style.reverse and part.text.strip() for part in line)
        ]
        assert len(reversed_) == 1, "the line under the cursor, and no other"
