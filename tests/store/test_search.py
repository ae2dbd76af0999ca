"""Full-text search finds what was said and noted, newest first, whatever a person types."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milo_tui.store.queries import Reader
from milo_tui.store.search import Hit
from milo_tui.store.store import writing
from milo_tui.suite.conversation import ToolCall
from tests.store.told import attempt, store_run, turn


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    """Two runs: the first noted, its second attempt in two turns with a call."""
    call = ToolCall.read("a", "find_customer", '{"email": "dana@example.com", "bay": 7}')
    await store_run(
        tmp_path / "milo.db",
        tmp_path / "suite",
        attempt(turn("The refund of 84.50 is on its way.")),
        attempt(turn("", "Let me look up the Größe first", [call]), turn("It is refunded."), repeat=2),
        note="before the upgrade of the refund service",
    )
    await store_run(tmp_path / "milo.db", tmp_path / "suite", attempt(turn("No refund is due.\x1b[31m")))
    reader = await Reader.open(tmp_path / "milo.db")
    yield reader
    await reader.aclose()


def shown(hit: Hit) -> str:
    return "".join(f"[{text}]" if found else text for text, found in hit.line)


async def test_notes_come_first_then_attempts_the_newest_first(reader: Reader) -> None:
    hits = await reader.search("refund ")
    assert [(hit.run, hit.part, shown(hit)) for hit in hits] == [
        (1, "note", "before the upgrade of the [refund] service"),
        (2, "answer", "No [refund] is due.\x1b[31m"),
        (1, "answer", "The [refund] of 84.50 is on its way."),
    ]
    assert (hits[2].model, hits[2].prompt, hits[2].repeat) == ("Local", "one/look_up", 1)


async def test_the_last_word_is_found_from_its_beginning(reader: Reader) -> None:
    assert [shown(hit) for hit in await reader.search("is ref")] == ["No [refund] [is] due.\x1b[31m"] * 1 + [
        "It [is] [refunded].",
        "The [refund] of 84.50 [is] on its way.",
    ]


@pytest.mark.parametrize(
    ("typed", "part", "line"),
    [
        ("find_customer", "tool call", '[find_customer] {"email": "dana@example.com", "bay": 7}'),
        ("dana@example.com", "tool call", 'find_customer {"email": "[dana@example.com]", "bay": 7}'),
        ("grosse", None, ""),
        ("größe", "reasoning", "Let me look up the [Größe] first"),
        ("GROSSE", None, ""),
        ("grOße", "reasoning", "Let me look up the [Größe] first"),
        ('"up the"', "reasoning", "Let me look [up the] Größe first"),
        ('"the up"', None, ""),
        ("84.50", "answer", "The refund of [84.50] is on its way."),
    ],
)
async def test_what_is_found_where(reader: Reader, typed: str, part: str | None, line: str) -> None:
    hits = await reader.search(typed)
    assert [(hit.part, shown(hit)) for hit in hits] == ([(part, line)] if part else [])


@pytest.mark.parametrize(
    "typed", ["", "   ", '"', "---", "()", "NOT", '" "', "refund AND NOT", "a:b", "^refund", "{", "NEAR("]
)
async def test_nothing_that_is_typed_is_an_operator_or_an_error(reader: Reader, typed: str) -> None:
    for hit in await reader.search(typed):
        assert all(word.casefold() in shown(hit).casefold() for word in ("refund",) if "refund" in typed)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(typed=st.text(st.characters(exclude_categories=()), max_size=30))
async def test_any_text_may_be_typed(reader: Reader, typed: str) -> None:
    await reader.search(typed)


async def test_notes_go_on_over_pages_and_attempts_follow_them(tmp_path: Path) -> None:
    for i in range(1, 6):
        await store_run(tmp_path / "milo.db", tmp_path / "suite", attempt(turn(f"crate {i}")), note="a crate")
    reader = await Reader.open(tmp_path / "milo.db")
    pages = [await reader.search("crate", limit=3)]
    while len(pages[-1]) == 3:
        pages.append(await reader.search("crate", after=pages[-1][-1], limit=3))
    await reader.aclose()
    assert [[(hit.part, hit.run) for hit in page] for page in pages] == [
        [("note", 5), ("note", 4), ("note", 3)],
        [("note", 2), ("note", 1), ("answer", 5)],
        [("answer", 4), ("answer", 3), ("answer", 2)],
        [("answer", 1)],
    ]


async def test_the_next_page_goes_on_below_the_last_hit(tmp_path: Path) -> None:
    attempts = [attempt(turn(f"crate {i}"), repeat=i) for i in range(1, 8)]
    await store_run(tmp_path / "milo.db", tmp_path / "suite", *attempts, note="crate", repeats=7)
    reader = await Reader.open(tmp_path / "milo.db")
    first = await reader.search("crate", limit=4)
    second = await reader.search("crate", after=first[-1], limit=4)
    third = await reader.search("crate", after=second[-1], limit=4)
    await reader.aclose()
    assert [[hit.attempt for hit in page] for page in (first, second, third)] == [
        [None, 7, 6, 5],
        [4, 3, 2, 1],
        [],
    ]


async def test_a_run_in_the_bin_is_not_found_and_a_deleted_one_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    for word in ("quartz", "basalt"):
        await store_run(path, tmp_path / "suite", attempt(turn(f"a piece of {word}")), note=word)
    reader = await Reader.open(path)
    async with writing(path) as store:
        await store.bin(1, 1e9)
        assert [hit.run for hit in await reader.search("quartz")] == []
        await store.restore(1)
        assert [hit.run for hit in await reader.search("quartz")] == [1, 1]
        await store.bin(1, 1e9)
        assert await store.empty_bin() == 1
        # The numbers of the rows are free again: what stood there must not be found under another's name.
        await store_run(path, tmp_path / "suite", attempt(turn("a piece of basalt")))
        assert [hit.run for hit in await reader.search("quartz")] == []
        assert sorted(hit.run for hit in await reader.search("basalt")) == [2, 2, 3]
    await reader.aclose()


async def test_the_index_is_what_its_view_says(tmp_path: Path) -> None:
    """Else an attempt that is deleted would leave its words behind, or take another's with it."""
    odd = ToolCall.read("a", "Zähle", '{"bay": "half \\ud83d"}')
    path = tmp_path / "milo.db"
    await store_run(
        path,
        tmp_path / "suite",
        attempt(turn("half \ud83d of it\x00 and", "", [odd, odd]), turn("", "hm"), turn("ünd so weiter")),
        attempt(turn(""), repeat=2),
    )
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO attempt_search (attempt_search, rank) VALUES ('integrity-check', 1)")
        db.execute("INSERT INTO note_search (note_search, rank) VALUES ('integrity-check', 1)")
        db.execute("UPDATE turn SET text = 'another' WHERE position = 2")
        with pytest.raises(sqlite3.DatabaseError):
            db.execute("INSERT INTO attempt_search (attempt_search, rank) VALUES ('integrity-check', 1)")


async def test_a_changed_note_is_found_by_its_new_words_alone(tmp_path: Path) -> None:
    path = tmp_path / "milo.db"
    await store_run(path, tmp_path / "suite", note="granite")
    async with writing(path) as store:
        await store.set_note(1, "basalt")
    reader = await Reader.open(path)
    assert [await reader.search(word) for word in ("granite",)] == [[]]
    assert [shown(hit) for hit in await reader.search("basalt")] == ["[basalt]"]
    assert [run.number for run in await reader.runs(words=["basalt"])] == [1]
    assert await reader.runs(words=["granite"]) == []
    await reader.aclose()
