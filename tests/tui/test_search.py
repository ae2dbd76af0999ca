"""Search: what is found, how a hit stands in its line, and the way to its attempt and back."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from milo_tui.analysis.record import AttemptDetail, RunRecord
from milo_tui.config import Settings
from milo_tui.store.queries import Reader
from milo_tui.store.search import Hit
from milo_tui.store.store import Store
from milo_tui.tui import clipboard
from milo_tui.tui.app import MiloApp
from milo_tui.tui.clipboard import ClipboardAccess
from milo_tui.tui.screens.attempt import AttemptScreen
from milo_tui.tui.screens.run import RunScreen
from milo_tui.tui.screens.runs import RunsScreen
from milo_tui.tui.screens.search import SearchScreen
from milo_tui.tui.widgets.hit_list import FOUND, HitList, around, columns, hit_line, needs_of, place_of
from milo_tui.tui.widgets.text_view import TextView
from tests.factories import NOVEMBER
from tests.tui.hostile import FORBIDDEN, PAYLOADS
from tests.tui.looking import move, press, screen, settle
from tests.tui.runs_data import MODELS, attempt, model, run, settings, store_run, turn_with_answer

SIMULATED = (model("steady", "Steady", simulated=True),)


def saying(record: RunRecord, prompt: int, repeat: int, text: str, reasoning: str = "") -> AttemptDetail:
    """An attempt of the first model that answers this, after thinking that."""
    turn = replace(turn_with_answer(), text=text, reasoning=reasoning)
    return replace(attempt(record, 0, prompt, repeat, 3), turns=(turn,))


@pytest.fixture
async def three_runs(tmp_path: Path) -> Settings:
    """A whole run with a note, a simulated one, and one of two attempts that say things of their own."""
    chosen = settings(tmp_path)
    await store_run(chosen.database, run(MODELS[:2], note="after the harbour update"))
    await store_run(chosen.database, run(SIMULATED, created=NOVEMBER + 100))
    record = run(MODELS[:1], created=NOVEMBER + 200)
    store = await Store.open(chosen.database)
    number = await store.create_run(record)
    await store.add_attempt(
        number, saying(record, 0, 1, "The harbour is closed on Monday.", "Harbours close early?")
    )
    await store.add_attempt(
        number, saying(record, 9, 2, "Yes.", "I should ask for the harbour, not the marina.")
    )
    await store.aclose()
    return chosen


def type_words(app: MiloApp, text: str) -> None:
    """Put words into the line as if typed."""
    app.screen.query_one(Input).value = text


def hits(app: MiloApp) -> list[tuple[int, str]]:
    """Run and part of each hit in the list."""
    return [(hit.run, hit.part) for hit in app.screen.query_one(HitList).hits]


async def test_a_search_finds_answers_reasoning_calls_and_notes_and_says_which(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        assert isinstance(app.screen, SearchScreen)
        await move(pilot, *"harbour")
        assert hits(app) == [(1, "note"), (3, "reasoning"), (3, "answer")]
        shown = screen(app)
        assert "3 hits" in shown
        line = next(line for line in shown.splitlines() if "reasoning" in line)
        assert line.split()[:2] == ["3", "Qwen3.5-397B"]
        assert "look_up_a_night_rate · 2" in line
        assert "I should ask for the harbour, not the marina." in line
        await move(pilot, *[*["backspace"] * 7, *"find_customer"])
        assert {part for _, part in hits(app)} == {"tool call"}
        assert "50+ hits" in screen(app)


async def test_the_palette_leads_to_it(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+p", *"Search")
        await pilot.app.workers.wait_for_complete()
        await press(pilot, "enter")
        assert isinstance(app.screen, SearchScreen)


async def test_it_searches_as_one_types_and_the_last_word_may_be_unfinished(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        await move(pilot, *"mari")
        assert hits(app) == [(3, "reasoning")]
        await move(pilot, *"zz")
        assert hits(app) == []
        assert "No hits for marizz" in screen(app)
        await move(pilot, *["backspace"] * 6)
        assert "Type what to look for" in screen(app)
        type_words(app, '"closed on monday"')
        await settle(pilot)
        assert hits(app) == [(3, "answer")]
        type_words(app, '"monday closed"')
        await settle(pilot)
        assert hits(app) == []


async def test_from_runs_to_a_hit_s_attempt_and_back_by_keys(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        await move(pilot, *"harbour")
        await press(pilot, "enter", "j")
        assert "run 3 · reasoning · Qwen3.5-397B · tool_selection/" not in screen(app)
        await press(pilot, "enter")
        assert isinstance(app.screen, AttemptScreen)
        shown = screen(app)
        assert "run 3 · Qwen3.5-397B" in shown
        assert "not the marina" in shown
        await press(pilot, "escape")
        assert isinstance(app.screen, SearchScreen)
        assert app.screen.query_one(HitList).cursor == 1
        assert app.screen.query_one(Input).value == "harbour"
        await press(pilot, "k", "enter")
        assert isinstance(app.screen, RunScreen)
        assert app.screen.number == 1
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, RunsScreen)


async def test_pages_follow_as_the_cursor_nears_the_end(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        await move(pilot, *"refunded")
        await press(pilot, "enter")
        assert len(hits(app)) == 50
        for _ in range(5):
            await press(pilot, "G")
        found = app.screen.query_one(HitList).hits
        assert len(found) == 180
        assert "180 hits" in screen(app)
        attempts = [hit.attempt for hit in found if hit.attempt is not None]
        assert attempts == sorted(set(attempts), reverse=True)


async def test_the_latest_words_win_however_late_an_earlier_answer_comes(
    three_runs: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = Reader.search

    async def slow(reader: Reader, text: str, after: Hit | None = None, limit: int = 50) -> list[Hit]:
        found = await search(reader, text, after, limit)
        await asyncio.sleep(0.4 if text == "harbour" else 0)
        return found

    monkeypatch.setattr(Reader, "search", slow)
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        type_words(app, "harbour")
        await pilot.pause(0.1)
        type_words(app, "marina")
        await settle(pilot)
        await pilot.pause(0.5)
        assert hits(app) == [(3, "reasoning")]


async def test_y_copies_the_hit(three_runs: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(
        ClipboardAccess, "detect", lambda: ClipboardAccess(tmux=False, ssh=True, tools=frozenset())
    )

    async def copy(text: str, *rest: object) -> str:
        copied.append(text)
        return "here"

    monkeypatch.setattr(clipboard, "copy", copy)
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        await move(pilot, *"marina")
        await press(pilot, "enter", "y")
        assert copied == [
            "run 3 · reasoning · Qwen3.5-397B · multi_step/look_up_a_night_rate · repeat 2: "
            "I should ask for the harbour, not the marina."
        ]


async def test_an_empty_database_says_that_there_is_nothing_to_search(tmp_path: Path) -> None:
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        assert "No runs yet: nothing to search." in screen(app)
        await press(pilot, "x", "enter", "down")
        assert "No runs yet" in screen(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, RunsScreen)


async def test_simulated_hits_say_so(three_runs: Settings) -> None:
    app = MiloApp(three_runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        await move(pilot, *"refunded")
        lines = [line for line in screen(app).splitlines() if " Steady " in line]
        assert lines
        assert all(" sim " in line or "simulated" in line for line in lines)


HIT = Hit(
    1204,
    "answer",
    (("… far away there was once upon a time a ", False), ("harbour", True), (" that nobody knew … ", False)),
    False,
    attempt=7,
    model="Claude Sonnet 4.6",
    prompt="multi_step/refund_the_second_order",
    repeat=2,
)


@pytest.mark.parametrize("width", [78, 80, 100, 158, 198])
def test_a_hit_fits_its_line_and_the_found_word_is_seen_and_marked(width: int) -> None:
    long = replace(HIT, model="A model with a very long name " * 3, prompt="x/" + "y" * 90, simulated=True)
    for hit in (HIT, long, replace(HIT, attempt=None, part="note", model="", prompt="")):
        line = hit_line(hit, columns(needs_of([HIT, long]), width))
        assert line.cell_length <= width
        assert "harbour" in line.plain
        marked = [line.plain[span.start : span.end] for span in line.spans if span.style == FOUND]
        assert marked == ["harbour"]
    assert "· 2" in hit_line(HIT, columns(needs_of([HIT]), 78)).plain


def test_a_mark_is_more_than_a_colour() -> None:
    assert {"bold", "underline"} <= set(FOUND.split())


def test_what_lies_far_before_the_word_goes_first() -> None:
    cut = around(HIT, 30).plain
    assert cut.startswith("…")
    assert "upon a time a harbour that" in cut or "a time a harbour that" in cut
    assert around(HIT, 200).plain.startswith("… far away")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_hit_stays_text(payload: str) -> None:
    hit = replace(
        HIT, line=((payload, False), (payload, True), (payload, False)), model=payload, prompt=f"a/{payload}"
    )
    for width in (60, 158):
        line = hit_line(hit, columns(needs_of([hit]), width)).plain
        assert not [character for character in FORBIDDEN if character in line]
        assert "\n" not in line
    assert around(hit, 20).cell_length <= 20
    assert not [character for character in FORBIDDEN if character in place_of(hit).plain]


async def test_hostile_words_and_hits_do_nothing(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    record = run(MODELS[:1])
    store = await Store.open(chosen.database)
    number = await store.create_run(record)
    for place, payload in enumerate(PAYLOADS):
        await store.add_attempt(number, saying(record, place, 1, f"before {payload} needle {payload} after"))
    await store.set_note(number, "needle " + " ".join(PAYLOADS).replace("\ud83d", ""))
    await store.aclose()
    app = MiloApp(chosen)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f")
        await move(pilot, *"needle")
        assert len(hits(app)) == len(PAYLOADS) + 1
        await press(pilot, "enter")
        for _ in PAYLOADS:
            shown = app.export_screenshot()
            assert not [character for character in FORBIDDEN if character in shown]
            await press(pilot, "j")
        await press(pilot, "slash")
        for payload in (*PAYLOADS, '"', "AND", "NEAR(a b)", "*", "a:b", "-x", "^y", "()"):
            type_words(app, payload)
            await settle(pilot)
            shown = app.export_screenshot()
            assert not [character for character in FORBIDDEN if character in shown]
        assert isinstance(app.screen, SearchScreen)
        assert not app._notifications


async def test_a_hit_is_opened_where_it_stands_and_slash_finds_other_words(tmp_path: Path) -> None:
    where = settings(tmp_path)
    record = run(MODELS[:1])
    store = await Store.open(where.database)
    number = await store.create_run(record)
    lines = "\n".join(f"step {n}" for n in range(200))
    await store.add_attempt(number, saying(record, 0, 1, "Done.", f"{lines}\nthe lighthouse keeper\n{lines}"))
    await store.aclose()
    app = MiloApp(where)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+f", *"lighthouse", "enter", "enter")
        assert isinstance(app.screen, AttemptScreen)
        await settle(pilot)
        view = app.screen.query_one("#conversation", TextView)
        assert "lighthouse" in screen(app)
        top = view.top
        assert top > 100
        await press(pilot, "slash", *"step", "enter", "n", "n")
        assert 0 < view.top < top
        await press(pilot, "N")
        before = view.top
        await press(pilot, "escape")
        assert view.top == before
        assert isinstance(app.screen, AttemptScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, SearchScreen)
