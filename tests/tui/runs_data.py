"""Runs made up for the screens' tests: no clock, no chance, everything follows from the arguments."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from milo_tui.analysis.record import AttemptDetail, ModelRecord, PromptRecord, RunRecord, TurnRecord
from milo_tui.config import Settings
from milo_tui.endpoints.endpoint import Clock, Usage
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

TITLES = (
    "Refund the second order",
    "Look up a night rate",
    "Book the earlier train",
    "Name the cheapest room",
)


def model(id: str, name: str, *, local_gb: float | None = None, simulated: bool = False) -> ModelRecord:
    """A model of a run; with memory it is a local one."""
    server = {"weights": f"made-up/{id}", "trust_remote_code": bool(local_gb)}
    return make_model(
        id,
        name,
        memory_gb=local_gb,
        entry={"server": server},
        simulated=simulated,
        sampling="temperature 0",
        manifest={"sent": {"temperature": 0, "max_tokens": 4096}, "server": "made-up 1.0"},
        cold_start=12.4 if local_gb else 0.8,
    )


MODELS = (
    model("qwen3.5-397b", "Qwen3.5-397B", local_gb=416),
    model("sonnet-4.6", "Claude Sonnet 4.6"),
    model("minimax-m2.7", "MiniMax M2.7", local_gb=203),
)


def prompts() -> tuple[PromptRecord, ...]:
    """Twenty prompts, four in each category."""
    return tuple(
        PromptRecord(
            id=f"{category}/{title.lower().replace(' ', '_')}",
            version=1,
            category=category,
            title=title,
            definition={
                "id": f"{category}/{title}",
                "system": "You help customers of a shop.",
                "user": f"Please: {title.lower()}.",
            },
        )
        for category, _ in CATEGORIES
        for title in TITLES
    )


def run(models: Sequence[ModelRecord] = MODELS, created: float = NOVEMBER, **changes: object) -> RunRecord:
    """A finished run, changed as wanted."""
    usual = {"prompts": prompts(), "machine": {"chip": "made-up M3", "memory": {"total_gb": 512}}}
    return make_run(models, created=created, **{**usual, **changes})  # type: ignore[arg-type]


def points_of(model: int, prompt: int, repeat: int) -> int:
    """Good, but not perfect; the models differ."""
    if prompt in (9, 11) and model == 2:
        return (2, 1, 2)[repeat - 1]
    if prompt in (8, 10):
        return 2
    return 1 if (model, prompt) == (2, 13) else 2 if (model, prompt) in ((1, 12), (2, 12)) else 3


def attempt(
    run: RunRecord, model: int, prompt: int, repeat: int, points: int | None, number: int = 1
) -> AttemptDetail:
    """An attempt of two turns: a call with its result, then an answer."""
    scored = points is not None
    row = make_row(
        run.models[model].id,
        run.prompts[prompt].id,
        repeat,
        points,
        number=number,
        latency=1.5 + 0.7 * model + 0.1 * (prompt % 7) + 0.05 * repeat if scored else None,
        ttft=0.4 + 0.1 * model,
        tokens_per_second=18.0 + 30 * model,
        input_tokens=812,
        output_tokens=64,
        cached_tokens=None,
        error="" if scored else "The server answered 503 three times.",
        started=run.created + 10 * prompt + repeat + 400 * model,
    )
    reasons = (
        "the calls were made",
        "expected refund_order(84.5), found refund_order(8.45)",
        "the answer holds the facts",
    )
    titles = ("looks the customer up", "refunds the right order", "tells the amount")
    return make_attempt(row, (turn_with_call(), turn_with_answer()) if scored else (), titles, reasons)


@cache
def turn_with_call() -> TurnRecord:
    """A turn that thinks and calls a tool."""
    arguments = '{"email": "dana.whitfield@example.org", "include": ["orders", "addresses"], "limit": 10}'
    return _turn(
        reasoning="The customer must be looked up first, then the order.",
        calls=(ToolCall.read("call-1", "find_customer", arguments),),
        results=(ToolResult("call-1", {"customer_id": "C-2041", "name": "Dana Whitfield"}),),
    )


@cache
def turn_with_answer() -> TurnRecord:
    """A turn that answers in words."""
    return _turn(text="I refunded 84.50 EUR for order A-17 to Dana Whitfield.")


def _turn(
    text: str = "",
    reasoning: str = "",
    calls: tuple[ToolCall, ...] = (),
    results: tuple[ToolResult, ...] = (),
) -> TurnRecord:
    clock = Clock(
        0,
        headers=100_000_000,
        first_event=200_000_000,
        first_reasoning=410_000_000 if reasoning else None,
        first_text=620_000_000 if text else None,
        first_tool_call=900_000_000 if calls else None,
        last_delta=1_900_000_000,
        end=2_000_000_000,
        chunks=40,
    )
    usage = Usage(input_tokens=406, output_tokens=32)
    return make_turn(
        text, reasoning, calls, results, clock=clock, usage=usage, headers={}, request=b"{}", response=b"{}"
    )


Points = Callable[[int, int, int], int | None]


async def store_run(database: Path, record: RunRecord, points: Points = points_of) -> int:
    """Store a run with all its attempts; those that `points` gives None failed by the infrastructure."""
    attempts = [
        attempt(record, model, prompt, repeat, points(model, prompt, repeat))
        for model in range(len(record.models))
        for prompt in range(len(record.prompts))
        for repeat in range(1, record.repeats + 1)
    ]
    return await store_attempts(database, record, attempts)


def settings(folder: Path) -> Settings:
    """Settings whose files all lie in a folder of the test's own."""
    return Settings(
        home=folder,
        database=folder / "milo.db",
        config=None,
        results=folder / "bench_results",
        runtime=folder / "runtime",
    )
