"""An attempt's tabs: the raw exchange that folds, where the time went, the checks; by keys, at any size."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.analysis.record import AttemptDetail, TurnRecord
from milo_tui.store.store import Store
from milo_tui.suite.conversation import ToolCall
from milo_tui.tui.app import MiloApp
from milo_tui.tui.keymap import known_ids
from milo_tui.tui.screens.attempt import AttemptScreen
from milo_tui.tui.widgets import raw_sections
from milo_tui.tui.widgets.plots import Axis
from milo_tui.tui.widgets.raw_exchange import RawExchange
from milo_tui.tui.widgets.raw_sections import body_lines, rows, sections, whole
from milo_tui.tui.widgets.turn_timing import gap_line, gaps, phase_bar, phases, timing
from tests.factories import change_turn
from tests.tui.hostile import ALL, FORBIDDEN, STORABLE
from tests.tui.looking import move, press, screen, settle
from tests.tui.runs_data import attempt, points_of, run, settings, turn_with_answer, turn_with_call

REQUEST = {
    "model": "made-up/qwen",
    "messages": [
        {"role": "user", "content": "Please: refund the second order, and tell me the amount in full."}
    ],
    "stream": True,
}


def frame(text: str) -> str:
    return "data: " + json.dumps({"id": "c-1", "choices": [{"index": 0, "delta": {"content": text}}]})


STREAM = "\n\n".join([frame("I "), frame("refunded"), ": keep-alive", frame(" it."), "data: [DONE]", ""])


ARRIVALS = [900_000_000, 950_000_000, 1_350_000_000, 1_900_000_000]


def streamed(
    turn: TurnRecord,
    clock: dict[str, object] | None = None,
    usage: dict[str, object] | None = None,
    **changes: object,
) -> TurnRecord:
    """A turn with what went over the wire, and the stamps of its four chunks."""
    wire = {
        "request": json.dumps(REQUEST).encode(),
        "response": STREAM.encode(),
        "headers": {"content-type": "text/event-stream", "x-request-id": "req-7"},
    }
    return change_turn(
        turn, {"chunks": 4, "arrivals": ARRIVALS, **(clock or {})}, usage, **{**wire, **changes}
    )


def with_turns(*turns: TurnRecord) -> AttemptDetail:
    return replace(attempt(run(), 0, 0, 1, 3), turns=turns)


TWO = with_turns(streamed(turn_with_call()), streamed(turn_with_answer()))


async def app_on(
    tmp_path: Path, change: Callable[[AttemptDetail, int], AttemptDetail] = lambda made, repeat: made
) -> MiloApp:
    """An app on a run whose first prompt has three repeats, changed as wanted."""
    where = settings(tmp_path)
    record = run()
    store = await Store.open(where.database)
    number = await store.create_run(record)
    for repeat in (1, 2, 3):
        made = attempt(record, 0, 0, repeat, points_of(0, 0, repeat))
        made = replace(made, turns=tuple(map(streamed, made.turns)))
        await store.add_attempt(number, change(made, repeat))
    await store.aclose()
    return MiloApp(where, run=number)


def raw(app: MiloApp) -> RawExchange:
    return app.screen.query_one(RawExchange)


def place(app: MiloApp) -> tuple[int | str, ...]:
    """Where the cursor is."""
    section = raw(app).section
    assert section is not None
    return section.key


# What went over the wire


def shown(turns: Sequence[TurnRecord], opened: set[tuple[int | str, ...]], width: int = 76) -> list[str]:
    """The rows of the raw exchange: headings as their titles, bodies as their lines."""
    tree = sections(turns)
    opened = opened | {section.key for section in tree}
    return [section.title if line is None else line for section, line in rows(tree, opened, width)]


def test_each_turn_has_its_request_and_its_answer_folded() -> None:
    found = shown(TWO.turns, set())
    assert found == [
        title for turn in ("turn 1", "turn 2") for title in (turn, "request", "response headers", "response")
    ]


def test_a_request_is_pretty_json_folded_at_words() -> None:
    lines = shown(TWO.turns[:1], {(1, "request")}, 50)[2:-2]
    assert lines[:3] == ["{", '  "model": "made-up/qwen",', '  "messages": [']
    assert max(map(len, lines)) <= 46
    assert "".join(line.strip() for line in lines).replace(" ", "") == json.dumps(REQUEST, indent=1).replace(
        " ", ""
    ).replace("\n", "")


def test_a_stream_is_a_list_of_its_events() -> None:
    (turn,) = sections(TWO.turns[:1])
    answer = turn.parts[2]
    assert answer.detail.endswith("5 events")
    assert [event.text for event in answer.parts] == [
        *(frame(text).removeprefix("data: ") for text in ("I ", "refunded")),
        ": keep-alive",
        frame(" it.").removeprefix("data: "),
        "[DONE]",
    ]
    opened = shown(TWO.turns[:1], {(1, "response"), (1, "response", 2)})
    assert '"choices": [{"index": 0, "delta": {"content": "refunded"}}]' in " ".join(opened)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_stream_is_cut_at_blank_lines_of_any_kind(end: str) -> None:
    text = end.join(["event: delta", 'data: {"a":', "data: 1}", "", "", "event: stop", "data: {}", ""])
    (turn,) = sections([streamed(turn_with_call(), response=text.encode())])
    assert [(event.detail, event.text) for event in turn.parts[2].parts] == [
        ("delta", '{"a":\n1}'),
        ("stop", "{}"),
    ]


def test_an_answer_in_one_piece_is_pretty_json() -> None:
    turn = streamed(turn_with_call(), response=b'{"choices": []}')
    assert shown([turn], {(1, "response")})[-1] == '{"choices": []}'


@pytest.mark.parametrize("body", ["<html>502</html>", '{"cut": [1, 2', "[" * 100_000, "", "data", "\ufeff"])
def test_what_is_neither_json_nor_a_stream_is_shown_as_it_came(body: str) -> None:
    (turn,) = sections([streamed(turn_with_call(), response=body.encode())])
    answer = turn.parts[2]
    assert not answer.parts
    assert answer.empty == (not body)
    assert "".join(line.strip() for line in answer.lines(70)).startswith(body.strip("\ufeff")[:60])


def test_events_alike_at_their_beginning_are_told_from_where_they_differ() -> None:
    (turn,) = sections(TWO.turns[:1])
    first, second, _, fourth, _ = turn.parts[2].parts
    assert first.alike == 0
    assert second.text[second.alike :] == '{"content": "refunded"}}]}'
    assert fourth.alike == 0


def test_what_is_copied_is_what_came() -> None:
    (turn,) = sections(TWO.turns[:1])
    assert whole(turn.parts[2]) == STREAM
    assert whole(turn.parts[0]) == json.dumps(REQUEST)
    assert json.dumps(REQUEST) in whole(turn)
    assert STREAM in whole(turn)


@given(st.binary(max_size=300), st.integers(1, 120))
def test_any_bytes_can_be_shown(body: bytes, width: int) -> None:
    turn = streamed(turn_with_call(), request=body, response=b"data: " + body)
    tree = sections([turn])
    every = {part.key for section in tree for part in (section, *section.parts)}
    every |= {event.key for event in tree[0].parts[2].parts}
    found = rows(tree, every, width)
    text = "".join(line for _, line in found if line is not None)
    assert not [character for character in FORBIDDEN if character in text]


def test_a_body_without_end_is_shown_in_part_and_says_so() -> None:
    lines = list(body_lines("x\n" * 50_000, 80))
    assert len(lines) == raw_sections.MOST_LINES + 1
    assert "y copies all" in lines[-1]
    many = sections([streamed(turn_with_call(), response=b"data: 1\n\n" * 30_000)])[0].parts[2]
    assert len(many.parts) == raw_sections.MOST_EVENTS
    assert "30000 events, the first 20000 listed" in many.detail


async def test_sections_fold_by_enter_and_space_and_body_lines_fold_what_they_are_in(tmp_path: Path) -> None:
    app = await app_on(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "2")
        assert "▸ request  " in screen(app)
        assert "the request" not in screen(app)
        await press(pilot, "j", "enter")
        assert '"model": "made-up/qwen"' in screen(app)
        assert "the request of turn 1" in screen(app)
        await move(pilot, "j", "j", "j")
        await press(pilot, "space")
        assert '"model": "made-up/qwen"' not in screen(app)
        assert place(app) == (1, "request")
        await press(pilot, "k", "enter")
        assert screen(app).count("▸ request") == 1
        await press(pilot, "enter")
        assert screen(app).count("▸ request") == 2


async def test_events_are_one_line_each_and_open_to_pretty_json(tmp_path: Path) -> None:
    app = await app_on(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "2", "j", "j", "j", "enter")
        assert '▸ 2 … {"content": "refunded"}}]}' in screen(app)
        assert "▸ 3 : keep-alive" in screen(app)
        await press(pilot, "j", "j", "enter")
        assert "event 2 of the response of turn 1" in screen(app)
        assert '"id": "c-1",' in screen(app)
        await press(pilot, "y")
        assert app.clipboard == frame("refunded").removeprefix("data: ")


@pytest.mark.parametrize(
    ("keys", "copied"), [(["j"], json.dumps(REQUEST)), (["j", "j", "j"], STREAM)], ids=["request", "response"]
)
async def test_y_copies_the_section_under_the_cursor(tmp_path: Path, keys: list[str], copied: str) -> None:
    app = await app_on(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "2", *keys, "y")
        assert app.clipboard == copied


async def test_what_is_open_stays_open_from_one_repeat_to_the_next(tmp_path: Path) -> None:
    def asked(made: AttemptDetail, repeat: int) -> AttemptDetail:
        return replace(made, turns=tuple(replace(t, request=b'{"seed": %d}' % repeat) for t in made.turns))

    app = await app_on(tmp_path, asked)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "2", "j", "enter")
        assert '{"seed": 1}' in screen(app)
        await press(pilot, "right_square_bracket")
        assert "repeat 2 of 3" in screen(app)
        assert '{"seed": 2}' in screen(app)
        assert '{"seed": 1}' not in screen(app)
        assert place(app) == (1, "request")
        await press(pilot, "3", "right_square_bracket", "2")
        assert '{"seed": 3}' in screen(app)


async def test_bodies_fold_anew_at_another_width(tmp_path: Path) -> None:
    app = await app_on(tmp_path)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "2", "j", "enter")
        whole_line = "Please: refund the second order, and tell me the amount in full."
        assert whole_line in screen(app)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert whole_line not in screen(app)
        assert "amount in full." in screen(app)


async def test_a_megabyte_in_thousands_of_frames_is_no_widget_more(tmp_path: Path) -> None:
    long = "".join(frame(f"word {i} ") + "\n\n" for i in range(10_000))

    def streaming(made: AttemptDetail, repeat: int) -> AttemptDetail:
        return (
            replace(made, turns=(streamed(turn_with_answer(), response=long.encode()),))
            if repeat == 1
            else made
        )

    app = await app_on(tmp_path, streaming)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "2")
        before = len(app.screen.query("*"))
        await press(pilot, "j", "j", "j", "enter", "G")
        assert raw(app).line_count() == 10_004
        assert '▸ 10000 … {"content": "word 9999 "}' in screen(app)
        assert len(app.screen.query("*")) == before
        await press(pilot, "enter")
        assert '"choices": [' in screen(app)


# Where the time went


def test_phases_follow_one_another_to_the_end() -> None:
    found = phases(TWO.turns[0].clock)
    assert [(phase.kind, phase.start, phase.end) for phase in found] == [
        ("waiting", 0, 0.41),
        ("reasoning", 0.41, 0.9),
        ("tool call", 0.9, 1.9),
        ("closing", 1.9, 2.0),
    ]
    silent = change_turn(TWO.turns[1], {"first_text": None, "last_delta": None})
    assert [(phase.kind, phase.end) for phase in phases(silent.clock)] == [("waiting", 2.0)]
    cut = change_turn(TWO.turns[1], {"end": None})
    assert [phase.kind for phase in phases(cut.clock)] == ["waiting", "text", "closing"]


def test_a_bar_is_to_scale_and_what_came_at_once_is_seen() -> None:
    assert phase_bar(phases(TWO.turns[0].clock), Axis(0, 2, 20)).plain == "────░░░░░▓▓▓▓▓▓▓▓▓▓·"
    at_once = change_turn(TWO.turns[0], {"first_reasoning": None, "first_tool_call": 1_900_000_000})
    assert phase_bar(phases(at_once.clock), Axis(0, 2, 20)).plain == "─" * 19 + "▓"


def test_gaps_are_measured_between_chunks() -> None:
    found = gaps(ARRIVALS)
    assert found is not None
    assert (found.median, found.largest, found.at) == (0.4, 0.55, 1.9)
    assert gap_line(found, Axis(0, 2, 20)).plain == " " * 9 + "▆" * 4 + "█" * 7
    assert gaps(()) is None
    assert gaps((5,)) is None
    together = gaps((5, 5, 5))
    assert together is not None
    assert together.largest == 0


@given(st.lists(st.integers(0, 2_000_000_000), min_size=2, max_size=200).map(sorted), st.integers(1, 200))
def test_a_silence_stands_as_high_as_it_lasted(arrivals: list[int], width: int) -> None:
    found = gaps(arrivals)
    assert found is not None
    assert max(found.bins) == pytest.approx(found.largest)
    line = gap_line(found, Axis(0, max(2.0, arrivals[-1] / 1e9), width)).plain
    assert len(line) == width
    assert ("█" in line) == (found.largest > 0)


def lines_of(made: AttemptDetail, width: int) -> list[str]:
    return [line.plain.rstrip() for line in timing(made, width)]


@pytest.mark.parametrize("width", [40, 76, 109, 110, 156, 236])
def test_timing_fits_and_has_every_figure(width: int) -> None:
    lines = lines_of(TWO, width)
    assert max(map(len, lines)) <= width
    if width >= 76:
        text = " ".join(lines)
        for figure in (
            "TTFT 0.41 s",
            "first answer 0.90 s",
            "latency 2.0 s",
            "decoding 21 tok/s",
            "in 406",
            "out 32",
        ):
            assert figure in text
        assert "4 chunks · median gap 400 ms · largest 550 ms, at 1.9 s" in text
        assert "░░ reasoning 0.49 s" in text
        assert "▓▓ tool call 1.0 s" in text


def test_cached_and_reasoning_tokens_are_named_where_they_are_told() -> None:
    made = with_turns(streamed(turn_with_answer(), usage={"cached_tokens": 300, "reasoning_tokens": 20}))
    assert "in 406 (300 cached) · out 32 (20 reasoning)" in lines_of(made, 76)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"arrivals": [], "chunks": 40}, "40 chunks; when each came was not kept yet in this run"),
        ({"arrivals": [], "chunks": 1, "first_event": None}, "in one piece, not streamed"),
        ({"arrivals": [900_000_000], "chunks": 1}, "1 chunk"),
    ],
)
def test_without_gaps_it_says_why(changes: dict[str, object], words: str) -> None:
    lines = lines_of(with_turns(streamed(turn_with_answer(), changes)), 76)
    assert words in lines
    assert not any("▁" in line for line in lines)


def test_what_lies_between_turns_is_named_only_where_something_does() -> None:
    first, second = TWO.turns
    late = with_turns(first, replace(second, sent_at=first.sent_at + 2.0 + 0.35))
    assert any("0.35 s between turns 1 and 2" in line for line in lines_of(late, 76))
    at_once = with_turns(first, replace(second, sent_at=first.sent_at + 2.001))
    assert not any("between turns" in line for line in lines_of(at_once, 76))


def test_a_turn_of_which_nothing_was_timed_is_no_crash() -> None:
    bare = streamed(
        turn_with_answer(),
        {"first_text": None, "last_delta": None, "end": None, "arrivals": [], "chunks": 0},
        {"input_tokens": None, "output_tokens": None},
    )
    lines = lines_of(with_turns(bare), 76)
    assert "TTFT – · first answer – · latency – · decoding –" in lines


async def test_timing_is_shown_and_copied(tmp_path: Path) -> None:
    app = await app_on(tmp_path)
    for size in ((80, 24), (120, 36)):
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await press(pilot, "2", "enter", "3")
            assert "░░ reasoning" in screen(app)
            assert "largest 550 ms" in screen(app)
            await press(pilot, "y")
            assert "largest 550 ms" in app.clipboard
            assert "turn 2  text" in app.clipboard
        app = MiloApp(settings(tmp_path), run=1)


# All tabs


async def test_tabs_by_number_by_tab_and_by_mouse(tmp_path: Path) -> None:
    app = await app_on(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter")
        marks = {"1": "⚙ find_customer", "2": "response headers", "3": "── waiting", "4": "✓ refunds"}
        for key in ("2", "3", "4", "1"):
            await press(pilot, key)
            assert marks[key] in screen(app)
        for mark in (*list(marks.values())[1:], marks["1"]):
            await press(pilot, "tab")
            assert mark in screen(app)
        await press(pilot, "shift+tab")
        assert "⚙ find_customer" not in screen(app)
        assert marks["4"] in screen(app)
        await pilot.click("TabLine", offset=(20, 0))
        await settle(pilot)
        assert marks["2"] in screen(app)
        await press(pilot, "escape")
        assert not isinstance(app.screen, AttemptScreen)


async def test_stepping_goes_on_in_every_tab(tmp_path: Path) -> None:
    app = await app_on(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "4")
        assert "1.6 s" in screen(app)
        await press(pilot, "right_square_bracket")
        assert "repeat 2 of 3" in screen(app)
        assert "1.6 s · 2 turns" in screen(app)
        await press(pilot, "y")
        assert "refunds the right order" in app.clipboard
        assert "find_customer" not in app.clipboard


async def test_a_damaged_attempt_says_so_in_its_place_and_the_next_one_is_shown(tmp_path: Path) -> None:
    app = await app_on(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "2", "enter")
        assert "Please: refund the second order." in screen(app)
        with closing(sqlite3.connect(app.settings.database)) as db, db:
            db.execute("UPDATE turn SET response = x'00' WHERE attempt = 2")
        await press(pilot, "]")
        assert "repeat 2 of 3" in screen(app)
        assert "Run 1, attempt 2, is damaged in the database" in " ".join(screen(app).split())
        assert "Please: refund" not in screen(app)
        await press(pilot, "2", "]", "1")
        assert "repeat 3 of 3" in screen(app)
        assert "Please: refund the second order." in screen(app)
        await press(pilot, "escape", "right", "enter")
        assert "repeat 2 of 3" in screen(app)
        assert "Run 1, attempt 2, is damaged in the database" in " ".join(screen(app).split())


async def test_an_attempt_without_turns_says_so_on_every_tab(tmp_path: Path) -> None:
    def failed(made: AttemptDetail, repeat: int) -> AttemptDetail:
        return attempt(run(), 0, 0, repeat, None)

    app = await app_on(tmp_path, failed)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter")
        for key, words in (
            ("2", "No turn came to its end, so no request and no response was kept."),
            ("3", "No turn came to its end, so nothing was timed. The server answered 503"),
            ("4", "no score: failed: infrastructure"),
        ):
            await press(pilot, key)
            assert words in screen(app)
            await press(pilot, "y", "enter", "j", "G")
        assert app.is_running


async def test_hostile_bytes_neither_crash_nor_act(tmp_path: Path) -> None:
    text = ALL.replace("\ud83d", "")
    wire = (
        ALL.encode("utf-8", "surrogatepass"),
        b"data: " + text.encode() + b"\n\n: \xff\xfe\x1b]0;t\x07\n\n",
    )

    def spoil(made: AttemptDetail, repeat: int) -> AttemptDetail:
        turn = streamed(
            turn_with_call(), request=wire[0], response=wire[1], headers={"x": STORABLE},
            calls=(ToolCall.read("1", text, "{}"),), results=(),
        )  # fmt: skip
        return replace(made, turns=(turn,))

    app = await app_on(tmp_path, spoil)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "2")
        for key in (
            "j",
            "enter",
            "G",
            "enter",
            "G",
            "enter",
            "G",
            "k",
            "enter",
            "g",
            "3",
            "4",
            "1",
            "2",
            "y",
        ):
            await press(pilot, key)
            drawn = app.export_screenshot()
            assert not [character for character in FORBIDDEN if character in drawn]
        assert app.is_running


def test_the_keys_can_be_moved() -> None:
    assert {"attempt.raw", "attempt.timing", "attempt.checks", "attempt.next_tab", "raw.fold"} <= known_ids()
    assert {"run.plots", "run.intervals"} <= known_ids()


async def test_a_long_conversation_is_no_widget_more_and_is_folded_at_words(tmp_path: Path) -> None:
    def talkative(made: AttemptDetail, repeat: int) -> AttemptDetail:
        answer = streamed(replace(turn_with_answer(), text="word " * 400))
        return replace(made, turns=(*made.turns, *[answer] * 30)) if repeat == 2 else made

    app = await app_on(tmp_path, talkative)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter")
        before = len(app.screen.query("*"))
        await press(pilot, "right_square_bracket", "G")
        assert "    " + " ".join(["word"] * 14) in screen(app)
        assert "wor\n" not in screen(app)
        assert len(app.screen.query("*")) == before
        await press(pilot, "right_square_bracket")
        assert "user" in screen(app)


async def test_the_mouse_selects_text_of_a_conversation(tmp_path: Path) -> None:
    app = await app_on(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter")
        await pilot.mouse_down("#conversation", offset=(4, 1))
        await pilot.hover("#conversation", offset=(21, 1))
        await pilot.mouse_up("#conversation", offset=(21, 1))
        await press(pilot, "ctrl+c")
        assert app.clipboard == "You help customers"
