"""Runs made up for the reports' tests: what every score, call and hole is follows from the arguments."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from milo_tui.analysis.evidence import Evidence
from milo_tui.analysis.record import (
    AttemptRecord,
    AttemptRow,
    ModelRecord,
    PromptRecord,
    RunRecord,
    TurnRecord,
)
from milo_tui.runner.events import Outcome, Phase, RunPhase
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store
from milo_tui.suite.conversation import ToolCall, ToolResult
from milo_tui.suite.score import CheckResult, Score

CATEGORIES = (
    ("single_tool", "Single tool"),
    ("tool_selection", "Tool selection"),
    ("multi_step", "Multi-step chains"),
    ("structured_output", "Structured output"),
    ("error_recovery", "Error recovery"),
)
STARTED = 1_763_629_800.0

Points = Callable[[int, int, int], int | None]
"""Model, prompt (both from 0) and repeat (from 1) → points; None for a hole."""


def model(id: str, name: str, *, memory: float | None = None, simulated: bool = False) -> ModelRecord:
    """A model; with memory it is a local one."""
    return ModelRecord(
        id=id,
        name=name,
        where="local" if memory else "api",
        protocol="openai" if memory else "anthropic",
        simulated=simulated,
        memory_gb=memory,
        sampling="temperature 0.0",
        entry={
            "id": id,
            "name": name,
            "protocol": "openai" if memory else "anthropic",
            "where": "local" if memory else "api",
            "model": f"made-up-{id}",
            "base_url": f"http://{id}.example:8080/v1",
            "temperature": 0.0,
        },
        manifest={"server": "made-up 1.0", "sent": {"temperature": 0.0}},
        phase=Phase.DONE,
        cold_start=4.5,
    )


QWEN = model("qwen", "Qwen3.5-397B", memory=416)
SONNET = model("sonnet", "Claude Sonnet 4.6")
MINIMAX = model("minimax", "MiniMax M2.7", memory=203)


def run(
    models: Sequence[ModelRecord] = (QWEN, SONNET), key: str = "made0001", **changes: object
) -> RunRecord:
    """A finished run of twenty prompts, four a category."""
    record = RunRecord(
        number=1,
        key=key,
        suite="milo-bench",
        suite_title="Milo-Bench",
        suite_version=1,
        suite_digest="sha256:made-up",
        scorer_version=1,
        categories=CATEGORIES,
        repeats=3,
        seed=7,
        simulated=any(model.simulated for model in models),
        phase=RunPhase.DONE,
        created=STARTED,
        finished=STARTED + 1500,
        note="",
        models=tuple(models),
        prompts=tuple(
            PromptRecord(f"{id}/p{i}", 1, id, f"{title} {i}", {"user": f"Do {title} {i}."})
            for id, title in CATEGORIES
            for i in range(1, 5)
        ),
        machine={"system": "made-up", "cores": 2, "versions": {"milo-tui": "0.1.0"}},
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def published_points(model: int, prompt: int, repeat: int) -> int:
    """174 of 180 for the first model, 171 for the second, which loses one point more in each repeat of prompt 12."""
    return 2 if prompt in (8, 9) or (model == 1 and prompt == 12) else 3


def attempt(
    record: RunRecord, model: int, prompt: int, repeat: int, points: int | None, number: int = 1
) -> AttemptRecord:
    """An attempt of two turns, or one that the infrastructure failed."""
    row = AttemptRow(
        id=0,
        model=record.models[model].id,
        prompt=record.prompts[prompt].id,
        repeat=repeat,
        number=number,
        outcome=Outcome.INFRASTRUCTURE if points is None else Outcome.SCORED,
        points=points,
        latency=None if points is None else 2.0 + model + 0.1 * repeat,
        ttft=None if points is None else 0.4,
        tokens_per_second=None if points is None else 30.0,
        input_tokens=None if points is None else 800,
        output_tokens=None if points is None else 60,
        cached_tokens=None if points is None else (0 if repeat == 1 else 600),
        lost="",
        error="HTTP 503 from gpu-box.example:8080, see /home/kim/logs/server.log" if points is None else "",
        started=record.created + 10 * prompt + repeat,
    )
    if points is None:
        return AttemptRecord(row, "answer", (), None)
    titles = ("the right tool", "the right values", "the right end")
    checks = tuple(
        CheckResult(title, i < points, "expected 84.5, found 8.45") for i, title in enumerate(titles)
    )
    return AttemptRecord(row, "answer", talk(f"Done, {points} of 3.", repeat), Score(checks))


def talk(said: str, repeat: int = 1, arguments: str = '{"order": "ORD-5512"}') -> tuple[TurnRecord, ...]:
    """A call with its result, then an answer."""
    call = ToolCall.read(f"call-{repeat}", "find_order", arguments)
    return (
        _turn(repeat, calls=(call,), results=(ToolResult(call.id, {"total": 84.5}),)),
        _turn(repeat, text=said),
    )


def _turn(repeat: int, **changes: object) -> TurnRecord:
    turn = TurnRecord(
        text="",
        reasoning="",
        finish_reason="stop",
        complete=True,
        loss=None,
        calls=(),
        results=(),
        sent_at=STARTED,
        headers_ns=1,
        first_event_ns=2,
        first_reasoning_ns=None,
        first_text_ns=3,
        first_tool_call_ns=None,
        last_delta_ns=4,
        end_ns=5,
        chunks=2,
        input_tokens=400,
        output_tokens=30,
        cached_tokens=0 if repeat == 1 else 300,
        cache_write_tokens=None,
        reasoning_tokens=None,
        quirks=(),
        server="made-up 1.0",
        status=200,
        headers={"x-host": "gpu-box.example"},
        request=b'{"messages": []}',
        response=b"data: {}",
    )
    return replace(turn, **changes)  # type: ignore[arg-type]


def rows(record: RunRecord, points: Points = published_points) -> list[AttemptRow]:
    """The narrow rows of all attempts, without a store."""
    return [
        replace(attempt(record, m, p, k, points(m, p, k)).row, id=1 + k + 10 * p + 1000 * m)
        for m in range(len(record.models))
        for p in range(len(record.prompts))
        for k in range(1, record.repeats + 1)
    ]


async def store(database: Path, record: RunRecord, points: Points = published_points) -> int:
    """Store a run with all its attempts; its number."""
    attempts = [
        attempt(record, m, p, k, points(m, p, k))
        for m in range(len(record.models))
        for p in range(len(record.prompts))
        for k in range(1, record.repeats + 1)
    ]
    return await store_attempts(database, record, attempts)


async def store_attempts(database: Path, record: RunRecord, attempts: Sequence[AttemptRecord]) -> int:
    """Store a run with these attempts; its number."""
    database.parent.mkdir(parents=True, exist_ok=True)
    opened = await Store.open(database)
    try:
        number = await opened.create_run(record)
        for one in attempts:
            await opened.add_attempt(number, one)
    finally:
        await opened.aclose()
    return number


async def read(database: Path, number: int) -> tuple[RunRecord, list[AttemptRow], Evidence]:
    """What a report is made from."""
    reader = await Reader.open(database)
    try:
        return await reader.run(number), await reader.attempts(number), await reader.evidence(number)
    finally:
        await reader.aclose()
