"""A live run in memory for tests: a state to start from, events on demand, commands remembered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from textual.pilot import Pilot

from milo_tui.analysis.deciding import Decision
from milo_tui.analysis.decisions import PairDecision
from milo_tui.analysis.exact import Interval
from milo_tui.analysis.phases import ModelPhase, Outcome
from milo_tui.analysis.record import Attempt, PromptRecord, RunRecord
from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.runner.events import (
    AttemptFinished,
    AttemptStarted,
    Command,
    Event,
    ServerNoted,
    Streamed,
    ToolAnswered,
    TurnEnded,
)
from milo_tui.runner.state import ModelState, PromptRow, RunState, cell_key
from milo_tui.tui import themes
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.navigator import Navigator
from milo_tui.tui.screens.live import LiveScreen
from milo_tui.tui.widgets.dialogs import QuestionDialog
from tests.factories import make_model, make_run
from tests.tui.looking import notices, screen
from tests.tui.runs_data import settings

START = 1_700_000_000.0
NOW = START + 761
CATEGORIES = [
    ("single_tool", "Single tool"),
    ("tool_selection", "Tool selection"),
    ("multi_step", "Multi-step chains"),
    ("structured_output", "Structured output"),
    ("error_recovery", "Error recovery"),
]
PROMPTS = [PromptRow(f"{c}/task_{n}", c, f"{title} {n}") for c, title in CATEGORIES for n in range(1, 5)]
NAMES = (
    "Qwen3.5-397B",
    "Claude Sonnet 4.6",
    "MiniMax M2.7",
    "Steady",
    "GLM",
    "Kimi",
    "DeepSeek",
    "Mistral",
    "Nine",
    "Ten",
)


def deciding(state: RunState) -> RunState:
    """The same run as one that decides: a pair of three models is open, the other decided."""
    first, second, third = list(state.models)[:3]
    state.margin = 0.05
    state.pairs = [
        PairDecision(first, second, Decision.UNDECIDED, Interval(-0.031, 0.08), 120, 0, 400, 57),
        PairDecision(third, second, Decision.AS_GOOD, Interval(-0.018, 0.031), 164, 0, 400, 0),
    ]
    return state


class MemoryFeed:
    """A feed that tests put events into."""

    def __init__(self, state: RunState) -> None:
        self.state = state
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self.commands: list[Command] = []
        self.closed = False
        self.unreachable = False

    async def put(self, *events: Event | None) -> None:
        """Hand events over, and wait until they were taken in. None ends the feed."""
        for event in events:
            self.queue.put_nowait(event)
        await self.queue.join()

    async def events(self) -> AsyncIterator[Event]:
        """What was put in."""
        while (event := await self.queue.get()) is not None:
            yield event
            self.queue.task_done()
        self.queue.task_done()

    async def send(self, command: Command) -> None:
        """Remember the command."""
        if self.unreachable:
            raise ConnectionRefusedError("nobody listens")
        self.commands.append(command)

    async def aclose(self) -> None:
        """Remember that the view left."""
        self.closed = True


class LiveApp(BaseApp):
    """The live screen in an app of its own, with a clock that stands still."""

    def __init__(self, feed: MemoryFeed, *, theme: str = themes.DEFAULT_THEME, **options: Any) -> None:
        super().__init__(replace(settings(Path("live")), theme=theme))
        self.feed = feed
        self.live = LiveScreen(feed, cast("Navigator", self), clock=lambda: NOW, **options)
        self.opened: list[int] = []
        self.exported: list[int] = []
        self.opened_attempts: list[tuple[int, int, bool]] = []
        self.copied: list[tuple[str, str]] = []
        self.left = False

    def on_mount(self) -> None:
        """Straight to the screen."""
        self.push_screen(self.live, lambda _: setattr(self, "left", True))

    def copy_text(self, text: str, what: str) -> None:  # type: ignore[override]
        """Remember what was copied."""
        self.copied.append((text, what))

    def open_ended_attempt(self, run: int, attempt: int, *, diff: bool = False) -> None:
        """Remember which attempt was asked for."""
        self.opened_attempts.append((run, attempt, diff))

    def export_table(self, run: int) -> None:
        """Remember which run's table was asked for."""
        self.exported.append(run)

    def open_finished_run(self, run: int) -> None:
        """Remember which run was asked for."""
        self.opened.append(run)


def make_state(models: int = 3, simulated: bool = False) -> RunState:
    """A run in which the first model is at work, the second done, the third waiting, the others at work."""
    named = [
        ModelState(
            id=f"m{n}",
            name=NAMES[n - 1],
            where="local" if n % 2 else "api",
            simulated=simulated and n == 1,
            memory_gb=416.0 if n % 2 else None,
            sampling="temperature 0",
            phase=ModelPhase.RUNNING,
        )
        for n in range(1, models + 1)
    ]
    for place, model in enumerate(named):
        _fill(model, (31, 60, 0)[place % 3])
        if place % 3 == 1:
            model.phase = ModelPhase.DONE
        elif place % 3 == 2:
            model.phase, model.note = ModelPhase.WAITING, f"{NAMES[0]} holds the memory"
    lanes = [[model.id for model in named if model.where == "local"]]
    return RunState(14, "milo-bench 1", 3, CATEGORIES, PROMPTS, {m.id: m for m in named}, START, lanes=lanes)


SYSTEM = "You are the desk of a shop. Look a customer up before you change an order."
ASKED = "Please refund the latest order of dana.whitfield@example.com, which arrived broken. " * 3


def make_record(state: RunState) -> RunRecord:
    """The run of a state as it is stored: each prompt with its request and system prompt."""
    models = [
        make_model(model.id, model.name, memory_gb=model.memory_gb, simulated=model.simulated)
        for model in state.models.values()
    ]
    definition = {"system": SYSTEM, "user": ASKED}
    prompts = [PromptRecord(row.id, 1, row.category, row.title, definition) for row in state.prompts]
    return make_run(models, prompts, number=state.run, categories=tuple(state.categories))


def _fill(model: ModelState, attempts: int) -> None:
    keys = [(row.id, repeat) for repeat in (1, 2, 3) for row in PROMPTS]
    for number, (prompt, repeat) in enumerate(keys[:attempts]):
        points = (3, 3, 3, 2, 3, 3, 1, 3, 3, 0)[number % 10]
        latency = 1.0 + number % 7 / 2
        model.attempts[cell_key(prompt, repeat)] = attempt(
            model.id,
            prompt,
            repeat=repeat,
            points=points,
            latency=latency,
            ttft=latency / 5,
            tokens_per_second=18.0 + number % 5,
        )
    model.planned = len(keys)
    model.recount()


def attempt(model: str, prompt: str, **changes: Any) -> Attempt:
    """A scored attempt; `changes` are fields of Attempt."""
    usual = Attempt(1, model, prompt, 1, 1, Outcome.SCORED, 3, 2.4, 0.4, 18.0, 1400, 40, None, "", "", NOW)
    return replace(usual, **changes)


@dataclass
class Stage:
    """A live screen under test."""

    pilot: Pilot[Any]
    app: LiveApp
    feed: MemoryFeed

    async def draw(self) -> None:
        """Draw now what the timers would draw soon."""
        self.app.live.sync_tables()
        self.app.live.flush_streams()
        await self.pilot.pause()

    async def look(self) -> str:
        """The screen as text, drawn to the present."""
        await self.draw()
        return self.seen()

    def seen(self) -> str:
        """The screen as text, as it is."""
        return screen(self.app)

    def asked(self) -> bool:
        """Whether a question stands."""
        return isinstance(self.app.screen, QuestionDialog)

    def notices(self) -> list[str]:
        """The notices that stand."""
        return notices(self.app)


@asynccontextmanager
async def live(
    state: RunState | None = None, size: tuple[int, int] = (120, 36), **options: Any
) -> AsyncIterator[Stage]:
    feed = MemoryFeed(state or make_state())
    app = LiveApp(feed, **options)
    async with app.run_test(size=size) as pilot:
        stage = Stage(pilot, app, feed)
        await pilot.pause()
        await stage.draw()
        yield stage


def conversation(model: str = "m1") -> list[Any]:
    return [
        AttemptStarted(model, "error_recovery/task_2", 2, at=NOW - 3),
        Streamed(model, StreamPiece("reasoning", "The customer must be looked up first")),
        Streamed(model, StreamPiece("tool call", '{"email": "dana', 0, "find_customer")),
        Streamed(model, StreamPiece("tool call", '@example.com"}', 0)),
        ToolAnswered(model, "find_customer", '{"customer_id": "C-2041"}', False),
        TurnEnded(model, 0, 1.4, 0.4, 18.0, 40),
        ToolAnswered(model, "refund_order", '{"error": "denied"}', True),
        ServerNoted(model, "retry 2 after 429"),
        Streamed(model, StreamPiece("text", "Order ORD-5512 has been refunded.", turn=1)),
    ]


def ended(model: str = "m1", points: int | None = 2, outcome: Outcome = Outcome.SCORED) -> AttemptFinished:
    return AttemptFinished(
        attempt(model, "error_recovery/task_2", repeat=2, outcome=outcome, points=points), NOW
    )
