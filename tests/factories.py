"""Records for tests: one function for each record, valid as it is, any field changed by its name.

Nothing here depends on the clock or on chance. A field that joins a record gets its value here, once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from milo_tui.analysis.phases import ModelPhase, Outcome, RunPhase
from milo_tui.analysis.record import (
    Attempt,
    AttemptDetail,
    ModelRecord,
    PromptRecord,
    RunRecord,
    TurnRecord,
)
from milo_tui.endpoints.endpoint import Clock, Usage
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.store.store import Store
from milo_tui.suite.conversation import CheckResult, Score, ToolCall, ToolResult

NOVEMBER = 1_763_629_800.0
"""2025-11-20 09:10 UTC, when the runs of the tests began."""

CATEGORIES = (
    ("single_tool", "Single tool"),
    ("tool_selection", "Tool selection"),
    ("multi_step", "Multi-step chains"),
    ("structured_output", "Structured output"),
    ("error_recovery", "Error recovery"),
)


def make_model(
    id: str = "local",
    name: str = "Local",
    *,
    memory_gb: float | None = None,
    entry: dict[str, object] | None = None,
    **changes: object,
) -> ModelRecord:
    """A model that has finished: a local OpenAI-compatible one if it has `memory_gb`, else one of Anthropic's API.

    `entry` holds further keys of its milo.toml entry.
    """
    where, protocol = ("local", "openai") if memory_gb else ("api", "anthropic")
    record = ModelRecord(
        id=id,
        name=name,
        where="local" if memory_gb else "api",
        protocol=protocol,
        simulated=False,
        memory_gb=memory_gb,
        sampling="temperature 0.0",
        entry=ModelEntry.read_back(
            {"id": id, "name": name, "protocol": protocol, "where": where, "model": id, **(entry or {})}
        ),
        manifest={"server": "made-up 1.0", "sent": {"temperature": 0.0}},
        phase=ModelPhase.DONE,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def make_run(
    models: Sequence[ModelRecord],
    prompts: Sequence[PromptRecord],
    created: float = NOVEMBER,
    **changes: object,
) -> RunRecord:
    """A finished run of three repeats."""
    record = RunRecord(
        number=0,
        key=f"{round(created):012x}",
        suite="milo-bench",
        suite_title="Milo-Bench",
        suite_version=1,
        suite_digest="sha256:0123456789abcdef",
        scorer_version=1,
        categories=CATEGORIES,
        repeats=3,
        seed=7,
        simulated=any(model.simulated for model in models),
        phase=RunPhase.DONE,
        created=created,
        finished=created + 1490,
        note="",
        models=tuple(models),
        prompts=tuple(prompts),
        machine={"system": "made-up", "cores": 2},
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def make_row(
    model: str = "local",
    prompt: str = "one/look_up",
    repeat: int = 1,
    points: int | None = 2,
    **changes: object,
) -> Attempt:
    """A scored attempt; with `points` None one that the infrastructure failed."""
    row = Attempt(
        id=0,
        model=model,
        prompt=prompt,
        repeat=repeat,
        number=1,
        outcome=Outcome.INFRASTRUCTURE if points is None else Outcome.SCORED,
        points=points,
        latency=2.5,
        ttft=0.25,
        tokens_per_second=41.5,
        input_tokens=100,
        output_tokens=20,
        cached_tokens=60,
        lost="",
        error="",
        started=1e9,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def make_attempt(
    row: Attempt,
    turns: Sequence[TurnRecord] = (),
    titles: Sequence[str] = ("the right tool", "the right values", "the right end"),
    reasons: Sequence[str] = ("because",) * 3,
) -> AttemptDetail:
    """An attempt with its turns and a score of `row.points`: the first checks are met."""
    if row.points is None:
        return AttemptDetail(row, "answer", tuple(turns), None)
    checks = tuple(
        CheckResult(title, i < row.points, reason)
        for i, (title, reason) in enumerate(zip(titles, reasons, strict=True))
    )
    return AttemptDetail(row, "answer", tuple(turns), Score(checks), scorer_version=1)


def make_turn(
    text: str = "",
    reasoning: str = "",
    calls: Sequence[ToolCall] = (),
    results: Sequence[ToolResult] = (),
    *,
    clock: Clock | None = None,
    usage: Usage | None = None,
    **changes: object,
) -> TurnRecord:
    """A turn that came to its end within 9 ns, unless `clock` says otherwise."""
    turn = TurnRecord(
        text=text,
        reasoning=reasoning,
        finish_reason="stop",
        complete=True,
        loss=None,
        calls=tuple(calls),
        results=tuple(results),
        sent_at=NOVEMBER,
        clock=clock or Clock(0, 5, 5, 5, 5, 5, 7, 9, chunks=3),
        usage=usage or Usage(input_tokens=100, output_tokens=20, cached_tokens=60),
        quirks=(),
        server="made-up 1.0",
        status=200,
        headers={"content-type": "text/event-stream"},
        request=b'{"messages": []}',
        response=b"data: {}\n\n",
    )
    return replace(turn, **changes)  # type: ignore[arg-type]


def change_turn(
    turn: TurnRecord,
    clock: Mapping[str, Any] | None = None,
    usage: Mapping[str, Any] | None = None,
    **changes: Any,
) -> TurnRecord:
    """A turn with other fields; `clock` and `usage` are fields of its clock and of its usage."""
    return replace(
        turn, clock=replace(turn.clock, **clock or {}), usage=replace(turn.usage, **usage or {}), **changes
    )


async def store_attempts(database: Path, run: RunRecord, attempts: Iterable[AttemptDetail]) -> int:
    """Store a run with these attempts; its number."""
    database.parent.mkdir(parents=True, exist_ok=True)
    store = await Store.open(database)
    try:
        number = await store.create_run(run)
        for attempt in attempts:
            await store.add_attempt(number, attempt)
    finally:
        await store.aclose()
    return number
