"""Attempts with words of their own, stored in a small run, for the tests of looking back."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from milo_tui.analysis.phases import RunPhase
from milo_tui.analysis.record import AttemptDetail, TurnRecord
from milo_tui.runner.plan import new_run
from milo_tui.suite.conversation import ToolCall, ToolResult
from tests.factories import make_attempt, make_row, make_turn, store_attempts
from tests.runner.running import entry
from tests.runner.suite import small_suite


def turn(text: str = "", reasoning: str = "", calls: Sequence[ToolCall] = (), **more: object) -> TurnRecord:
    """A turn; each call got a result."""
    results = tuple(ToolResult(call.id, {"crates": 412}) for call in calls)
    usual = {"request": b'{"q": 1}', "response": b"data: \xff\xfe\n\n", "server": "0.32.2"}
    return make_turn(text, reasoning, calls, results, **{**usual, **more})  # type: ignore[arg-type]


def attempt(*turns: TurnRecord, repeat: int = 1, points: int | None = 2, **row: object) -> AttemptDetail:
    """A scored attempt, or with `points` None one that failed by the infrastructure."""
    made = make_row(repeat=repeat, points=points, **row)  # type: ignore[arg-type]
    return make_attempt(made, turns or (turn("Done."),), titles=("check 0", "check 1", "check 2"))


async def store_run(
    database: Path,
    folder: Path,
    *attempts: AttemptDetail,
    note: str = "",
    models: Sequence[str] = ("local",),
    repeats: int = 2,
    **changes: object,
) -> int:
    """A finished run of the small suite with these attempts; its number."""
    run = new_run(small_suite(folder), [entry(id, "http://h:1") for id in models], repeats, 7, note)
    finished = replace(run, **{"phase": RunPhase.DONE, **changes})  # type: ignore[arg-type]
    return await store_attempts(database, finished, attempts)
