"""Attempts with words of their own, stored in a small run, for the tests of looking back."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from milo_tui.analysis.record import AttemptRecord, AttemptRow, TurnRecord
from milo_tui.runner.events import Outcome, RunPhase
from milo_tui.runner.plan import new_run
from milo_tui.store.store import Store
from milo_tui.suite.conversation import ToolCall, ToolResult
from milo_tui.suite.score import CheckResult, Score
from tests.runner.running import entry
from tests.runner.suite import small_suite


def turn(text: str = "", reasoning: str = "", calls: Sequence[ToolCall] = (), **more: object) -> TurnRecord:
    """A turn; each call got a result."""
    made = TurnRecord(
        text=text,
        reasoning=reasoning,
        finish_reason="stop",
        complete=True,
        loss=None,
        calls=tuple(calls),
        results=tuple(ToolResult(call.id, {"crates": 412}) for call in calls),
        sent_at=1e9,
        headers_ns=5,
        first_event_ns=5,
        first_reasoning_ns=5,
        first_text_ns=5,
        first_tool_call_ns=5,
        last_delta_ns=7,
        end_ns=9,
        chunks=3,
        input_tokens=100,
        output_tokens=20,
        cached_tokens=60,
        cache_write_tokens=None,
        reasoning_tokens=None,
        quirks=(),
        server="0.32.2",
        status=200,
        headers={"content-type": "text/event-stream"},
        request=b'{"q": 1}',
        response=b"data: \xff\xfe\n\n",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def attempt(
    *turns: TurnRecord,
    repeat: int = 1,
    points: int | None = 2,
    model: str = "local",
    prompt: str = "one/look_up",
    number: int = 1,
    latency: float = 2.5,
) -> AttemptRecord:
    """A scored attempt, or with `points` None one that failed by the infrastructure."""
    outcome = Outcome.INFRASTRUCTURE if points is None else Outcome.SCORED
    row = AttemptRow(
        0, model, prompt, repeat, number, outcome, points, latency, 0.25, 41.5, 100, 20, 60, "", "", 1e9
    )
    checks = tuple(CheckResult(f"check {i}", i < (points or 0), "because") for i in range(3))
    return AttemptRecord(row, "answer", turns or (turn("Done."),), None if points is None else Score(checks))


async def store_run(
    database: Path,
    folder: Path,
    *attempts: AttemptRecord,
    note: str = "",
    models: Sequence[str] = ("local",),
    repeats: int = 2,
    **changes: object,
) -> int:
    """A finished run of the small suite with these attempts; its number."""
    run = new_run(small_suite(folder), [entry(id, "http://h:1") for id in models], repeats, 7, note)
    store = await Store.open(database)
    try:
        number = await store.create_run(replace(run, **{"phase": RunPhase.DONE, **changes}))  # type: ignore[arg-type]
        for made in attempts:
            await store.add_attempt(number, made)
    finally:
        await store.aclose()
    return number
