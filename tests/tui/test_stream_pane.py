"""The stream pane: wrapping, following, scrolling, resizing, and never losing what it should keep."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.tui import themes
from milo_tui.tui.widgets.stream_pane import SIGNS, StreamPane
from milo_tui.tui.widgets.wrapped_pieces import (
    GUTTER,
    LONG_LINE,
    MAX_CHARACTERS,
    MAX_LINES,
    Kind,
    WrappedPieces,
)
from milo_tui.tui.widgets.wrapping import wrap
from tests.tui.live_feed import LiveApp

TEXTS = st.text(st.sampled_from("abcde   \n漢😀ée\u0301\u0300"), max_size=200)


def rows_of(text: str, width: int) -> list[str]:
    return [text[start:end].rstrip() for start, end in wrap(text, width)]


def test_wraps_at_words() -> None:
    assert rows_of("the quick brown fox", 10) == ["the quick", "brown fox"]


def test_a_word_longer_than_a_row_is_cut() -> None:
    assert rows_of("an abcdefghijklm end", 5) == ["an", "abcde", "fghij", "klm", "end"]


def test_wide_characters_count_two_cells_and_are_never_halved() -> None:
    assert rows_of("漢字漢字漢", 5) == ["漢字", "漢字", "漢"]
    assert rows_of("😀😀 😀", 4) == ["😀😀", "😀"]


@given(TEXTS, st.integers(2, 30))
def test_rows_fit_and_hold_all_of_the_text(text: str, width: int) -> None:
    line = text.replace("\n", " ")
    spans = list(wrap(line, width))
    assert "".join(line[start:end] for start, end in spans) == line
    assert all(cell_len(line[start:end].rstrip()) <= width for start, end in spans)


@given(st.lists(TEXTS, max_size=30), st.integers(3, 30))
def test_streaming_wraps_as_one_piece_would(pieces: list[str], width: int) -> None:
    streamed = WrappedPieces(width)
    for piece in pieces:
        streamed.add(StreamPiece("text", piece))
    assert streamed.plain() == "".join(pieces)
    rows = [(row.start, row.end, row.text) for row in streamed.rows]
    streamed.resize(width)
    assert [(row.start, row.end, row.text) for row in streamed.rows] == rows


@given(st.lists(st.integers(0, 3 * LONG_LINE), max_size=12), st.booleans())
def test_memory_is_bounded_and_nothing_within_the_bound_is_lost(sizes: list[int], spaced: bool) -> None:
    transcript = WrappedPieces(40)
    for size in sizes:
        transcript.add(StreamPiece("text", ("word " * size)[:size] if spaced else "x" * size))
    assert len(transcript.plain()) == sum(sizes)
    assert max((len(line.text) for line in transcript.lines), default=0) <= 2 * LONG_LINE


def test_the_oldest_goes_first() -> None:
    transcript = WrappedPieces(40)
    for number in range(3 * MAX_LINES):
        transcript.add(StreamPiece("text", f"line {number}\n"))
    assert len(transcript.lines) <= MAX_LINES
    assert transcript.plain().rstrip().endswith(f"line {3 * MAX_LINES - 1}")
    transcript.add(StreamPiece("text", "y" * 3 * MAX_CHARACTERS))
    assert transcript.characters <= MAX_CHARACTERS
    assert len(transcript.rows) == sum(line.rows for line in transcript.lines)


class PaneApp(App[None]):
    """A pane alone."""

    def __init__(self, by_line: bool = False) -> None:
        super().__init__()
        self.pane = StreamPane(by_line=by_line)

    get_theme_variable_defaults = LiveApp.get_theme_variable_defaults

    def compose(self) -> ComposeResult:
        yield self.pane


def shown(pane: StreamPane) -> list[str]:
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


async def feed(pilot: Pilot[Any], pane: StreamPane, first: int, last: int) -> None:
    for number in range(first, last + 1):
        pane.add(StreamPiece("text", f"line {number}\n"))
    pane.flush()
    await pilot.pause()


def numbers(pane: StreamPane) -> list[int]:
    return [int(line.split()[-1]) for line in shown(pane) if line.split() and line.split()[-1].isdigit()]


async def test_a_word_that_a_token_splits_moves_to_the_next_row() -> None:
    app = PaneApp()
    async with app.run_test(size=(14, 6)) as pilot:
        app.pane.add(StreamPiece("text", "the quick bro"))
        app.pane.flush()
        assert shown(app.pane)[:2] == ["» the quick", "  bro"]
        app.pane.add(StreamPiece("text", "wn fo"))
        app.pane.add(StreamPiece("text", "xes"))
        app.pane.flush()
        await pilot.pause()
        assert shown(app.pane)[:3] == ["» the quick", "  brown foxes", ""]


async def test_kinds_are_told_apart_by_sign_and_colour() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 12)) as pilot:
        app.pane.add(StreamPiece("reasoning", "let me see"))
        app.pane.add(StreamPiece("tool call", '{"email": ', name="find_customer"))
        app.pane.add(StreamPiece("tool call", '"a@b.c"}', name="find_customer"))
        app.pane.add(StreamPiece("tool call", "{}", name="list_orders", call=1))
        app.pane.add(StreamPiece("tool result", '{"id": 1}'))
        app.pane.add(StreamPiece("tool error", '{"error": "down"}'))
        app.pane.add(StreamPiece("text", "Done.\nReally."))
        app.pane.add(StreamPiece("note", "retry 2 after 429"))
        app.pane.flush()
        await pilot.pause()
        assert shown(app.pane)[:9] == [
            "▸ let me see",
            '⚙ find_customer {"email": "a@b.c"}',
            "⚙ list_orders {}",
            '← {"id": 1}',
            '✗ {"error": "down"}',
            "» Done.",
            "  Really.",
            "! retry 2 after 429",
            "",
        ]
    signs = [sign for kind, (sign, _) in SIGNS.items() if kind not in ("failed", "request")]
    assert len(set(signs)) == len(signs)
    streamed: tuple[Kind, ...] = ("reasoning", "text", "tool call", "tool result", "tool error")
    assert len({SIGNS[kind][1] for kind in streamed}) == len(streamed)


async def test_a_question_takes_two_rows_until_it_is_unfolded_and_a_rule_one() -> None:
    app = PaneApp()
    async with app.run_test(size=(30, 12)) as pilot:
        app.pane.append("heading", "structured_output/building_inspection · 1 of 3")
        app.pane.append("question", "please refund the order " * 9)
        app.pane.append("system", "You are a desk.")
        app.pane.append("request", "Please refund\nthe order.")
        app.pane.append("text", "Done.")
        app.pane.flush()
        await pilot.pause()
        folded = shown(app.pane)
        assert folded[0].startswith("─ building_inspection · 1 o… ")
        assert folded[1:4] == ["? please refund the order", "  please refund the order …", "» Done."]
        app.pane.toggle_question()
        await pilot.pause()
        assert shown(app.pane)[1:5] == ["¶ You are a desk.", "? Please refund", "  the order.", "» Done."]
        app.pane.append("text", "Really.")
        app.pane.toggle_question()
        await pilot.pause()
        assert shown(app.pane)[1:4] == folded[1:4]
        assert app.pane.transcript.plain().count("refund") == 1


async def test_a_full_page_moves_up_by_half() -> None:
    app = PaneApp()
    async with app.run_test(size=(30, 10)) as pilot:
        await feed(pilot, app.pane, 1, 9)
        assert numbers(app.pane) == list(range(1, 10))
        await feed(pilot, app.pane, 10, 10)
        assert numbers(app.pane) == list(range(7, 11))
        await feed(pilot, app.pane, 11, 14)
        assert numbers(app.pane) == list(range(7, 15))


async def test_line_scrolling_keeps_the_page_full() -> None:
    app = PaneApp(by_line=True)
    async with app.run_test(size=(30, 10)) as pilot:
        await feed(pilot, app.pane, 1, 15)
        assert numbers(app.pane) == list(range(7, 16))


async def test_scrolling_up_pauses_and_the_end_resumes() -> None:
    app = PaneApp()
    async with app.run_test(size=(30, 10)) as pilot:
        pane = app.pane
        await feed(pilot, pane, 1, 40)
        pane.scroll_rows(-20)
        await pilot.pause()
        before = numbers(pane)
        await feed(pilot, pane, 41, 60)
        assert not pane.follow
        assert numbers(pane) == before
        assert pane.below > 20
        pane.scroll_rows(1000)
        assert pane.follow
        await feed(pilot, pane, 61, 61)
        assert 61 in numbers(pane)
        pane.scroll_to_start()
        assert numbers(pane)[0] == 1
        pane.toggle_follow()
        assert pane.follow
        assert 61 in numbers(pane)


async def test_the_wheel_scrolls_too() -> None:
    app = PaneApp()
    async with app.run_test(size=(30, 10)) as pilot:
        await feed(pilot, app.pane, 1, 40)
        top = app.pane.top
        await pilot._post_mouse_events([events.MouseScrollUp], app.pane)
        assert app.pane.top == top - 3
        await pilot._post_mouse_events([events.MouseScrollDown], app.pane)
        assert app.pane.follow


@pytest.mark.parametrize("following", [True, False])
async def test_resizing_wraps_anew_and_keeps_the_place(following: bool) -> None:
    app = PaneApp()
    async with app.run_test(size=(40, 10)) as pilot:
        pane = app.pane
        text = " ".join(f"word{n}" for n in range(400))
        pane.add(StreamPiece("reasoning", text))
        pane.flush()
        if not following:
            pane.scroll_rows(-20)
        first = shown(pane)[0].split()[0]
        await pilot.resize_terminal(24, 12)
        await pilot.pause()
        assert all(cell_len(line) <= 24 for line in shown(pane))
        visible = " ".join(shown(pane))
        assert ("word399" in visible) if following else (first in visible)
        assert " ".join(row.text.strip() for row in pane.transcript.rows) == text


async def test_rows_dropped_while_reading_back_leave_a_readable_page() -> None:
    app = PaneApp()
    async with app.run_test(size=(30, 10)) as pilot:
        await feed(pilot, app.pane, 1, 50)
        app.pane.scroll_to_start()
        await feed(pilot, app.pane, 51, 3 * MAX_LINES)
        assert app.pane.top == app.pane.transcript.dropped
        assert len(numbers(app.pane)) == 10


async def test_a_flush_repaints_only_the_rows_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    app = PaneApp()
    async with app.run_test(size=(40, 20)) as pilot:
        await feed(pilot, app.pane, 1, 5)
        repainted: list[Any] = []
        monkeypatch.setattr(app.pane, "refresh", lambda *regions, **_: repainted.append(regions))
        app.pane.add(StreamPiece("text", "a few words"))
        app.pane.flush()
        app.pane.flush()
        assert [[region.height for region in regions] for regions in repainted] == [[1]]


async def test_hostile_text_leaves_no_trace_in_the_output() -> None:
    app = PaneApp()
    async with app.run_test(size=(60, 10)) as pilot:
        for piece in ("\x1b", "]52;c;", "eA==\x1b", "\\", "\x9b31m", "\u202e", "\ud83d", "[/nope]"):
            app.pane.add(StreamPiece("reasoning", piece))
        app.pane.add(StreamPiece("tool call", "{}", name="\x1b[2Jfind\n"))
        app.pane.flush()
        await pilot.pause()
        text = "\n".join(shown(app.pane))
        assert "\x1b" not in text
        assert "␛]52;c;eA==␛\\<009B>31m<202E>\ufffd[/nope]" in text
        assert "⚙ ␛[2Jfind␊ {}" in text


async def test_an_empty_pane_says_why() -> None:
    app = PaneApp()
    async with app.run_test(size=(40, 10)):
        app.pane.hint = "waiting: Qwen3.5-397B holds the memory of this machine"
        assert shown(app.pane)[:2] == ["waiting: Qwen3.5-397B holds the memory", "of this machine"]


def test_the_gutter_holds_every_sign() -> None:
    assert all(cell_len(sign) < GUTTER for sign, _ in SIGNS.values())
    assert set(themes.SEMANTIC) >= {"reasoning", "tool-call", "tool-result", "tool-error"}
