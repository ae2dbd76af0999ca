"""Every screen as text, at the smallest size that is promised and at a large one; a few in colour, as SVG.

`pytest tests/tui/test_snapshots.py --update-snapshots` writes the files in snapshots/ anew; `git diff` then shows
what changed.
"""

import asyncio
import difflib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.app import App

from milo_tui.analysis.phases import RunPhase
from milo_tui.config import Settings
from milo_tui.endpoints.discovery import Found
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.runner.events import RunChanged
from milo_tui.store.store import Store
from milo_tui.tui import offers
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens import new_run
from milo_tui.tui.widgets import run_browser
from tests.conftest import INHERITED
from tests.factories import NOVEMBER
from tests.tui.diff_data import diff_run, made
from tests.tui.live_feed import NOW, conversation, deciding, ended, live, make_record, make_state
from tests.tui.looking import move, press, screen, settle
from tests.tui.runs_data import MODELS, Points, model, points_of, run, settings, store_run
from tests.tui.test_attempt import streamed

FOLDER = Path(__file__).parent / "snapshots"
SIZES = ("80x24", "160x45")
DAY = 86_400.0

WALK = {
    "runs": (),
    "runs-other-model": ("j", "l"),
    "runs-filtered": ("slash", "type sonnet incomplete", "enter"),
    "runs-no-match": ("slash", "type zzz"),
    "help": ("escape", "question_mark"),
    "note": ("escape", "m"),
    "search": ("escape", "ctrl+f"),
    "search-hits": ("type refunded", "enter", "j"),
    "search-nothing": ("slash", "type zzz"),
    "bin": ("escape", "B"),
    "new-run": ("escape", "n"),
    "compare": ("escape", "j", "space", "j", "space", "c"),
    "run-table": ("escape", "enter"),
    "run-intervals": ("i",),
    "run-prompts": ("2", "j", "l"),
    "run-plots": ("3",),
    "run-manifest": ("4",),
    "run-log": ("5",),
    "run-answer": ("6",),
    "run-incomplete": ("escape", "k", "enter"),
    "attempt-conversation": ("escape", "g", "enter", "2", "enter"),
    "attempt-raw": ("2", "j", "enter"),
    "attempt-timing": ("3",),
    "attempt-checks": ("4",),
    "diff-none": ("escape", "d"),
    "diff-side": ("b",),
    "diff": ("escape", "full_stop", "full_stop", "full_stop"),
    "diff-all-models": ("m",),
    "diff-json": ("m", "full_stop"),
}
"""Each screen, and the keys that lead to it from the one before, words to type among them."""

EMPTY = {
    "empty-runs": (),
    "empty-search": ("ctrl+f",),
    "empty-bin": ("escape", "B"),
    "empty-new-run": ("escape", "n"),
}
"""The same of a database in which there is nothing."""

LIVE = ("live", "live-zoomed", "live-paged", "live-end", "live-stop")
LIVE_SIZES = ("80x24", "120x36", "160x45")
SMALL = "small"
TEXTS = [f"{size}/{name}.txt" for size in SIZES for name in (*WALK, *EMPTY, SMALL)]
TEXTS += [f"{size}/{name}.txt" for size in LIVE_SIZES for name in LIVE]
COLOURED = [
    "80x24/runs.svg",
    "160x45/run-table.svg",
    "80x24/attempt-conversation.svg",
    "160x45/diff.svg",
    "120x36/live-light.svg",
    "120x36/live-deciding.svg",
]

Pictures = dict[str, str]
"""What was seen, by its file in snapshots/."""


def varied(day: int) -> Points:
    """Points that differ a little from day to day."""
    return lambda m, p, r: max(
        0, points_of(m, p, r) - ((p + 3 * day + m) % 11 == 0) - (day == 2 and p % 4 == 0)
    )


async def store_history(database: Path) -> None:
    """Simulated and real runs, a new version of the suite, an incomplete run, one in the bin, one made for diffs."""
    simulated = [model("steady", "Steady", simulated=True), model("hasty", "Hasty", simulated=True)]
    await store_run(database, run(simulated))
    for day in range(1, 5):
        note = "after the server's update" if day == 3 else ""
        record = run(created=NOVEMBER + DAY * day, suite_version=1 + (day > 2), note=note)
        await store_run(database, record, varied(day))
    holes = run(
        created=NOVEMBER + 6 * DAY, phase=RunPhase.INCOMPLETE, suite_version=2, note="the night's run"
    )
    await store_run(database, holes, lambda m, p, r: None if (m, p) == (2, 17) else points_of(m, p, r))
    binned = await store_run(database, run(MODELS[:1], created=NOVEMBER + 7 * DAY, note="wrong sampling"))
    record = diff_run(created=NOVEMBER + 8 * DAY, suite_version=2)
    store = await Store.open(database)
    await store.bin(binned, NOVEMBER + 7.5 * DAY)
    number = await store.create_run(record)
    for m in range(3):
        for p in range(4):
            for r in (1, 2):
                attempt = made(record, m, p, r)
                await store.add_attempt(number, replace(attempt, turns=tuple(map(streamed, attempt.turns))))
    await store.aclose()


def entries() -> tuple[ModelEntry, ...]:
    """A local model that is not there, and one of a cloud without its key."""
    local = {
        "id": "qwen",
        "name": "Qwen3.5-397B",
        "protocol": "openai",
        "where": "local",
        "base_url": "http://127.0.0.1:9/v1",
        "memory_gb": 416,
    }
    cloud = {
        "id": "sonnet",
        "name": "Claude Sonnet 4.6",
        "protocol": "anthropic",
        "where": "api",
        "base_url": "http://127.0.0.1:9",
        "model": "claude-sonnet-4-6",
        "api_key_env": "NO_SUCH_KEY",
    }
    return ModelEntry.model_validate(local), ModelEntry.model_validate(cloud)


def look(pictures: Pictures, app: App[Any], name: str) -> None:
    """Keep what the screen shows as text, and in colour where that is asked for."""
    place = f"{app.size.width}x{app.size.height}/{name}"
    pictures[f"{place}.txt"] = screen(app).rstrip() + "\n"
    if f"{place}.svg" in COLOURED:
        pictures[f"{place}.svg"] = app.export_screenshot() + "\n"


async def walked(
    pictures: Pictures, chosen: Settings, size: tuple[int, int], walk: dict[str, tuple[str, ...]]
) -> None:
    """Keep what a walk shows at each of its places."""
    app = MiloApp(chosen)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for name, keys in walk.items():
            for key in keys:
                typed = key.removeprefix("type ")
                await (press(pilot, key) if typed == key else move(pilot, *typed))
            look(pictures, app, name)


async def watched(pictures: Pictures, size: tuple[int, int]) -> None:
    """Keep the live screen in the middle of a run, of one with more models than fit, and at a run's end."""
    state = make_state()
    async with live(state, size=size, record=make_record(state)) as it:
        await it.feed.put(*conversation())
        for name, keys in (("live", ()), ("live-zoomed", ("z",)), ("live-stop", ("z", "x"))):
            await it.pilot.press(*keys)
            await it.draw()
            look(pictures, it.app, name)
    state = make_state(10)
    async with live(state, size=size, record=make_record(state)) as it:
        await it.feed.put(*conversation())
        await it.pilot.press("greater_than_sign")
        await it.draw()
        look(pictures, it.app, "live-paged")
    state = make_state(2)
    async with live(state, size=size, record=make_record(state)) as it:
        await it.feed.put(*conversation(), ended(points=3), RunChanged(RunPhase.INCOMPLETE, at=NOW), None)
        await settle(it.pilot)
        await it.draw()
        look(pictures, it.app, "live-end")
        if f"{size[0]}x{size[1]}" in SIZES:
            await it.pilot.resize_terminal(70, 15)
            pictures[f"{size[0]}x{size[1]}/{SMALL}.txt"] = (await it.look()).rstrip() + "\n"


async def watched_in_light(pictures: Pictures) -> None:
    """Keep the live screen of four models in the light theme."""
    async with live(make_state(4, simulated=True), size=(120, 36), theme="milo-light") as it:
        await it.feed.put(*conversation())
        await it.feed.put(*conversation("m4"), ended("m4"))
        await it.draw()
        look(pictures, it.app, "live-light")


async def watched_while_it_decides(pictures: Pictures) -> None:
    """Keep the live screen of a run with two pairs to decide."""
    async with live(deciding(make_state(3, simulated=True)), size=(120, 36)) as it:
        await it.feed.put(*conversation())
        await it.draw()
        look(pictures, it.app, "live-deciding")


async def taken(folder: Path) -> Pictures:
    """All pictures."""
    whole, empty = replace(settings(folder), models=entries()), settings(folder / "empty")
    pictures: Pictures = {}
    for size in SIZES:
        width, height = map(int, size.split("x"))
        await walked(pictures, whole, (width, height), WALK)
        await walked(pictures, empty, (width, height), EMPTY)
    for size in LIVE_SIZES:
        width, height = map(int, size.split("x"))
        await watched(pictures, (width, height))
    await watched_in_light(pictures)
    await watched_while_it_decides(pictures)
    return pictures


async def nobody(ports: dict[int, str] | None = None) -> list[Found]:
    """No server listens on this machine."""
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the history lies that all pictures show."""
    place = tmp_path_factory.mktemp("pictures")
    asyncio.run(store_history(settings(place).database))
    return place


@pytest.fixture(scope="module")
def pictures(folder: Path) -> Iterator[Pictures]:
    """All pictures: one app for each size goes through all screens."""
    with pytest.MonkeyPatch.context() as patch:
        for name in INHERITED:
            patch.delenv(name, raising=False)
        patch.setenv("MILO_HOME", str(folder / "home"))
        patch.setenv("TZ", "UTC")
        time.tzset()
        patch.setattr(offers, "find_servers", nobody)
        patch.setattr(new_run, "machine_gb", lambda: 512.0)
        patch.setattr(run_browser, "TREND_AFTER", 0)
        yield asyncio.run(taken(folder))
    time.tzset()


@pytest.mark.parametrize("name", [*TEXTS, *COLOURED])
def test_a_screen_looks_as_before(
    pictures: Pictures, name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    file = FOLDER / name
    if request.config.getoption("--update-snapshots"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(pictures[name], encoding="utf-8")
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if before == pictures[name]:
        return
    if file.suffix == ".svg":
        now = tmp_path / file.name
        now.write_text(pictures[name], encoding="utf-8")
        pytest.fail(f"{name} looks different: see {now} (--update-snapshots keeps it)", pytrace=False)
    changes = difflib.unified_diff(
        before.splitlines(), pictures[name].splitlines(), "before", "now", lineterm="", n=2
    )
    text = "\n".join(changes)
    pytest.fail(f"{name} looks different (--update-snapshots keeps it):\n{text}", pytrace=False)


def test_every_picture_has_its_screen() -> None:
    files = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*.*")}
    assert files == {*TEXTS, *COLOURED}


def test_no_picture_is_wider_than_its_screen_or_names_a_place_of_this_machine() -> None:
    for file in FOLDER.rglob("*.txt"):
        lines = file.read_text(encoding="utf-8").splitlines()
        width, height = map(int, file.parent.name.split("x"))
        assert len(lines) <= height, file
        assert not [line for line in lines if "/tmp" in line or "/work" in line], file
        assert max(map(len, lines)) <= width, file
