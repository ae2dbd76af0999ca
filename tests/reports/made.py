"""Runs made up for the reports' tests: what every score, call and hole is follows from the arguments."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from milo_tui.analysis.evidence import Evidence
from milo_tui.analysis.record import (
    Attempt,
    AttemptDetail,
    ModelRecord,
    PromptRecord,
    RunRecord,
    TurnRecord,
)
from milo_tui.endpoints.endpoint import Clock, Usage
from milo_tui.store.queries import Reader
from milo_tui.suite.conversation import ToolCall, ToolResult
from tests.factories import (
    CATEGORIES,
    NOVEMBER,
    make_attempt,
    make_model,
    make_row,
    make_run,
    make_turn,
    store_attempts,
)

STARTED = NOVEMBER

Points = Callable[[int, int, int], int | None]
"""Model, prompt (both from 0) and repeat (from 1) → points; None for a hole."""


def model(id: str, name: str, *, memory: float | None = None, simulated: bool = False) -> ModelRecord:
    """A model; with memory it is a local one."""
    wire = {"model": f"made-up-{id}", "base_url": f"http://{id}.example:8080/v1", "temperature": 0.0}
    return make_model(id, name, memory_gb=memory, entry=wire, simulated=simulated, cold_start=4.5)


QWEN = model("qwen", "Qwen3.5-397B", memory=416)
SONNET = model("sonnet", "Claude Sonnet 4.6")
MINIMAX = model("minimax", "MiniMax M2.7", memory=203)


def run(
    models: Sequence[ModelRecord] = (QWEN, SONNET), key: str = "made0001", **changes: object
) -> RunRecord:
    """A finished run of twenty prompts, four a category."""
    prompts = [
        PromptRecord(f"{id}/p{i}", 1, id, f"{title} {i}", {"user": f"Do {title} {i}."})
        for id, title in CATEGORIES
        for i in range(1, 5)
    ]
    usual = {
        "number": 1,
        "key": key,
        "suite_digest": "sha256:made-up",
        "finished": STARTED + 1500,
        "machine": {"system": "made-up", "cores": 2, "versions": {"milo-tui": "0.1.0"}},
    }
    return make_run(models, prompts, **{**usual, **changes})  # type: ignore[arg-type]


def published_points(model: int, prompt: int, repeat: int) -> int:
    """174 of 180 for the first model, 171 for the second, which loses one point more in each repeat of prompt 12."""
    return 2 if prompt in (8, 9) or (model == 1 and prompt == 12) else 3


def attempt(
    record: RunRecord, model: int, prompt: int, repeat: int, points: int | None, number: int = 1
) -> AttemptDetail:
    """An attempt of two turns, or one that the infrastructure failed."""
    scored = {
        "latency": 2.0 + model + 0.1 * repeat,
        "ttft": 0.4,
        "tokens_per_second": 30.0,
        "input_tokens": 800,
        "output_tokens": 60,
        "cached_tokens": 0 if repeat == 1 else 600,
    }
    row = make_row(
        record.models[model].id,
        record.prompts[prompt].id,
        repeat,
        points,
        number=number,
        error="HTTP 503 from gpu-box.example:8080, see /home/kim/logs/server.log" if points is None else "",
        started=record.created + 10 * prompt + repeat,
        **(dict.fromkeys(scored) if points is None else scored),
    )
    turns = () if points is None else talk(f"Done, {points} of 3.", repeat)
    return make_attempt(row, turns, reasons=("expected 84.5, found 8.45",) * 3)


@cache
def talk(said: str, repeat: int = 1, arguments: str = '{"order": "ORD-5512"}') -> tuple[TurnRecord, ...]:
    """A call with its result, then an answer."""
    call = ToolCall.read(f"call-{repeat}", "find_order", arguments)
    return (
        _turn(repeat, calls=(call,), results=(ToolResult(call.id, {"total": 84.5}),)),
        _turn(repeat, text=said),
    )


def _turn(repeat: int, **changes: object) -> TurnRecord:
    clock = Clock(0, headers=1, first_event=2, first_text=3, last_delta=4, end=5, chunks=2)
    usage = Usage(input_tokens=400, output_tokens=30, cached_tokens=0 if repeat == 1 else 300)
    return make_turn(
        clock=clock,
        usage=usage,
        headers={"x-host": "gpu-box.example"},
        response=b"data: {}",
        **changes,  # type: ignore[arg-type]
    )


def rows(record: RunRecord, points: Points = published_points) -> list[Attempt]:
    """The narrow rows of all attempts, without a store."""
    return [
        replace(attempt(record, m, p, k, points(m, p, k)).attempt, id=1 + k + 10 * p + 1000 * m)
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


async def read(database: Path, number: int) -> tuple[RunRecord, list[Attempt], Evidence]:
    """What a report is made from."""
    reader = await Reader.open(database)
    try:
        return await reader.run(number), await reader.attempts(number), await reader.evidence(number)
    finally:
        await reader.aclose()
