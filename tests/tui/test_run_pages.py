"""The pages of a list of runs: what is known, what is dropped, and where live runs stand."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.analysis.phases import RunPhase
from milo_tui.store.summary import RunSummary
from milo_tui.tui import run_pages
from milo_tui.tui.run_pages import PAGE, RunPages
from tests.factories import NOVEMBER


def line(number: int, note: str = "") -> RunSummary:
    """A run's line."""
    return RunSummary(
        number=number,
        key=f"{number}",
        suite="milo-bench",
        suite_title="Milo-Bench",
        suite_version=1,
        simulated=False,
        phase=RunPhase.DONE,
        created=NOVEMBER + number,
        finished=None,
        repeats=3,
        note=note,
        models=(),
    )


def page(numbers: Iterable[int]) -> list[RunSummary]:
    """The newest of some runs, as the store gives them."""
    return [line(number) for number in sorted(numbers, reverse=True)[:PAGE]]


def read_all(pages: RunPages, there: Iterable[int]) -> None:
    """Read page after page of the runs that there are."""
    while not pages.complete:
        below = pages.oldest
        pages.take(page(n for n in there if below is None or n < below), below)


def test_pages_follow_one_another() -> None:
    pages = RunPages()
    read_all(pages, range(1, 2 * PAGE + 51))
    assert pages.numbers() == list(range(2 * PAGE + 50, 0, -1))
    assert pages.index_of(7) == 2 * PAGE + 43
    assert pages.index_of(1000) is None


def test_exactly_a_page_is_known_to_be_all_after_one_more_look() -> None:
    pages = RunPages()
    pages.take(page(range(1, PAGE + 1)))
    assert not pages.complete
    pages.take([], pages.oldest)
    assert pages.complete
    assert len(pages) == PAGE


def test_new_runs_come_on_top_and_those_gone_leave() -> None:
    pages = RunPages()
    read_all(pages, range(1, 2 * PAGE))
    there = set(range(1, 2 * PAGE + 10)) - {2 * PAGE - 5}
    pages.take(page(there))
    assert pages.numbers() == sorted(there, reverse=True)


def test_where_more_than_a_page_is_new_the_list_begins_anew_rather_than_with_a_gap() -> None:
    pages = RunPages()
    read_all(pages, range(1, 50))
    pages.take(page(range(1, 500)))
    assert pages.numbers() == list(range(499, 299, -1))
    read_all(pages, range(1, 500))
    assert pages.numbers() == list(range(499, 0, -1))


def test_a_live_run_stands_on_top_once_and_goes_back_to_its_place() -> None:
    pages = RunPages()
    pages.take(page(range(1, 11)))
    pages.set_live([line(4), line(8)])
    assert pages.numbers() == [8, 4, 10, 9, 7, 6, 5, 3, 2, 1]
    assert [pages.number(index) for index in range(3)] == [8, 4, 10]
    pages.take(page(range(1, 12)))
    assert pages.numbers() == [8, 4, 11, 10, 9, 7, 6, 5, 3, 2, 1]
    assert pages.index_of(4) == 1
    pages.set_live([line(8)])
    assert pages.numbers() == [8, 11, 10, 9, 7, 6, 5, 4, 3, 2, 1]
    pages.set_live([])
    assert pages.numbers() == list(range(11, 0, -1))


def test_a_live_run_older_than_what_was_read_waits_for_its_page() -> None:
    pages = RunPages()
    pages.set_live([line(3)])
    pages.take(page(range(1, 301)))
    pages.set_live([])
    assert 3 not in pages.numbers()
    read_all(pages, range(1, 301))
    assert pages.numbers() == list(range(300, 0, -1))


def test_a_newer_line_takes_the_place_of_the_old_one() -> None:
    pages = RunPages()
    pages.take(page(range(1, 4)))
    pages.set_live([line(3)])
    for number in (1, 3):
        pages.put(line(number, "new"))
    pages.put(line(99, "not shown"))
    lines = [pages.line(index) for index in range(len(pages))]
    assert [found.note for found in lines if found] == ["new", "", "new"]


def test_lines_far_from_the_cursor_are_dropped_and_their_numbers_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_pages, "KEPT", 100)
    pages = RunPages()
    read_all(pages, range(1, 1001))
    pages.drop(500)
    assert len(pages) == 1000
    assert pages.line(0) is None
    assert pages.line(500) == line(500)
    assert sum(pages.line(index) is not None for index in range(1000)) == 100
    pages.take(page(range(1, 1001)))
    assert pages.line(0) == line(1000)
    assert len(pages) == 1000


@given(st.sets(st.integers(1, 700)), st.sets(st.integers(1, 700), max_size=3), st.integers(1, 700))
def test_whatever_is_read_is_shown_once_in_order(there: set[int], live: set[int], start: int) -> None:
    pages = RunPages()
    pages.set_live([line(number) for number in live & there])
    read_all(pages, there)
    below = [number for number in there if number < start]
    pages.take(page(below), start)
    rest = there - live
    assert pages.numbers() == sorted(live & there, reverse=True) + sorted(rest, reverse=True)
    assert all(pages.index_of(number) is not None for number in there)


def test_a_run_taken_out_is_gone() -> None:
    pages = RunPages()
    pages.take([replace(found, note="x") for found in page(range(1, 5))])
    pages.remove(3)
    pages.remove(77)
    assert pages.numbers() == [4, 2, 1]
