"""A run whose models' servers are Milo's own: loading can be ended, life is asked for between attempts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from milo_tui.analysis.phases import ModelPhase, Outcome, RunPhase
from milo_tui.analysis.record import ModelRecord
from milo_tui.endpoints.endpoint import ChatRequest, Endpoint, EndpointError, OnPiece, Reply
from milo_tui.runner.events import Command, Event, ModelChanged, ServerNoted
from milo_tui.runner.runner import Runner
from milo_tui.suite.json_text import JSON

from . import running
from .running import Bench, entry
from .suite import small_suite


class Dying:
    """A supervised endpoint that cannot be talked to; `lives` says how often it can be brought back."""

    peak_gb = 12.3456

    def __init__(self, lives: int) -> None:
        self.lives = lives
        self.asked_for_life = 0

    async def ensure_alive(self) -> None:
        self.asked_for_life += 1
        if self.asked_for_life > self.lives:
            raise EndpointError("it is dead for good.", kind="server", retryable=False)

    def server_facts(self) -> Mapping[str, JSON]:
        return {"version": "1.0", "restarts": self.asked_for_life}

    async def chat(self, request: ChatRequest, on_piece: OnPiece) -> Reply:
        raise EndpointError("it broke off.", kind="server dead", retryable=True)

    async def warm_up(self) -> float:
        return 0.25

    def quota_wait(self) -> float:
        return 0.0

    def is_only_kept_alive(self) -> bool:
        return False

    def sent_keys(self) -> Mapping[str, JSON]:
        return {}

    async def aclose(self) -> None:
        pass


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    """Two local models on one machine, which share a lane."""
    models = [entry("first", "http://127.0.0.1:9"), entry("second", "http://127.0.0.1:9")]
    return await Bench.create(tmp_path / "milo.db", small_suite(tmp_path / "suite"), models)


def open_with(
    monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint, loaded: asyncio.Event | None = None
) -> list[str]:
    """Let every model open this endpoint once `loaded` is set; the models that were opened and closed again."""
    seen: list[str] = []

    @asynccontextmanager
    async def opened(model: ModelRecord) -> AsyncIterator[Endpoint]:
        seen.append(f"open {model.id}")
        try:
            if loaded is not None:
                await loaded.wait()
            yield endpoint
        finally:
            seen.append(f"close {model.id}")

    monkeypatch.setattr(running, "open_endpoint", opened)
    return seen


async def test_a_stop_while_a_model_loads_waits_for_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = open_with(monkeypatch, Dying(0), asyncio.Event())
    bench.on_event = _when_loading(lambda runner: runner.stop(now=False))
    assert await bench.carry_out() is RunPhase.STOPPED
    assert seen == ["open first", "close first"]
    assert not await bench.rows()


async def test_a_model_that_is_skipped_while_it_loads_makes_room_for_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = open_with(monkeypatch, Dying(0), asyncio.Event())

    def skip(runner: Runner) -> None:
        if len(seen) == 1:
            runner.command(Command("skip", "first"))
        else:
            runner.stop(now=True)

    bench.on_event = _when_loading(skip)
    await bench.carry_out()
    assert seen == ["open first", "close first", "open second", "close second"]
    assert (await bench.record()).model("first").phase is ModelPhase.SKIPPED


def _when_loading(act: Callable[[Runner], None]) -> Callable[[Runner, Event], None]:
    def on_event(runner: Runner, event: Event) -> None:
        if isinstance(event, ModelChanged) and event.phase is ModelPhase.LOADING:
            asyncio.get_running_loop().call_later(0.05, act, runner)

    return on_event


async def test_life_is_asked_for_before_every_attempt_and_its_end_is_the_models(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Dying(2)
    open_with(monkeypatch, endpoint)
    assert await bench.carry_out() is RunPhase.INCOMPLETE
    first = (await bench.record()).model("first")
    rows = [row for row in await bench.rows() if row.model == "first"]
    assert (first.phase, first.note) == (ModelPhase.FAILED, "it is dead for good.")
    assert [row.outcome for row in rows] == [Outcome.INFRASTRUCTURE] * 2
    assert first.peak_gb == 12.35
    assert first.manifest["managed"] == {"version": "1.0", "restarts": 2}


async def test_what_a_server_says_while_it_loads_is_shown_and_not_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_with(monkeypatch, Dying(0))

    def tell(runner: Runner, event: Event) -> None:
        if isinstance(event, ModelChanged) and event.phase is ModelPhase.LOADING and not event.note:
            runner.loading(event.model, "12 s, 38.2 of 416 GB")
            runner.note(event.model, "started again")

    bench.on_event = tell
    await bench.carry_out()
    notes = [event.note for event in bench.of(ModelChanged) if isinstance(event, ModelChanged)]
    assert "12 s, 38.2 of 416 GB" in notes
    assert any(isinstance(event, ServerNoted) and event.text == "started again" for event in bench.events)
