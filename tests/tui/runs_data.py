"""Runs made up for the screens' tests: no clock, no chance, everything follows from the arguments."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from milo_tui.analysis.record import (
    AttemptRecord,
    AttemptRow,
    ModelRecord,
    PromptRecord,
    RunRecord,
    TurnRecord,
)
from milo_tui.config import Settings
from milo_tui.runner.events import Outcome, Phase, RunPhase
from milo_tui.store.store import Store
from milo_tui.suite.conversation import ToolCall, ToolResult
from milo_tui.suite.score import CheckResult, Score

NOVEMBER = 1_763_629_800.0
"""2025-11-20 09:10 UTC."""

CATEGORIES = (
    ("single_tool", "Single tool"),
    ("tool_selection", "Tool selection"),
    ("multi_step", "Multi-step chains"),
    ("structured_output", "Structured output"),
    ("error_recovery", "Error recovery"),
)
TITLES = (
    "Refund the second order",
    "Look up a night rate",
    "Book the earlier train",
    "Name the cheapest room",
)


def model(id: str, name: str, *, local_gb: float | None = None, simulated: bool = False) -> ModelRecord:
    """A model of a run; with memory it is a local one."""
    return ModelRecord(
        id=id,
        name=name,
        where="local" if local_gb else "api",
        protocol="openai" if local_gb else "anthropic",
        simulated=simulated,
        memory_gb=local_gb,
        sampling="temperature 0",
        entry={
            "id": id,
            "name": name,
            "protocol": "openai" if local_gb else "anthropic",
            "where": "local" if local_gb else "api",
            "model": id,
            "server": {"weights": f"made-up/{id}", "trust_remote_code": bool(local_gb)},
        },
        manifest={"sent": {"temperature": 0, "max_tokens": 4096}, "server": "made-up 1.0"},
        phase=Phase.DONE,
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
        prompts=prompts(),
        machine={"chip": "made-up M3", "memory": {"total_gb": 512}},
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def points_of(model: int, prompt: int, repeat: int) -> int:
    """Good, but not perfect; the models differ."""
    if prompt in (9, 11) and model == 2:
        return (2, 1, 2)[repeat - 1]
    if prompt in (8, 10):
        return 2
    return 1 if (model, prompt) == (2, 13) else 2 if (model, prompt) in ((1, 12), (2, 12)) else 3


def attempt(
    run: RunRecord, model: int, prompt: int, repeat: int, points: int | None, number: int = 1
) -> AttemptRecord:
    """An attempt of two turns: a call with its result, then an answer."""
    latency = 1.5 + 0.7 * model + 0.1 * (prompt % 7) + 0.05 * repeat
    outcome = Outcome.SCORED if points is not None else Outcome.INFRASTRUCTURE
    titles = ("looks the customer up", "refunds the right order", "tells the amount")
    reasons = (
        "the calls were made",
        "expected refund_order(84.5), found refund_order(8.45)",
        "the answer holds the facts",
    )
    checks = tuple(
        CheckResult(title, number < (points or 0), reason)
        for number, (title, reason) in enumerate(zip(titles, reasons, strict=True))
    )
    return AttemptRecord(
        row=AttemptRow(
            id=0,
            model=run.models[model].id,
            prompt=run.prompts[prompt].id,
            repeat=repeat,
            number=number,
            outcome=outcome,
            points=points,
            latency=latency if points is not None else None,
            ttft=0.4 + 0.1 * model,
            tokens_per_second=18.0 + 30 * model,
            input_tokens=812,
            output_tokens=64,
            cached_tokens=None,
            lost="",
            error="" if points is not None else "The server answered 503 three times.",
            started=run.created + 10 * prompt + repeat + 400 * model,
        ),
        ended="answer",
        turns=(turn_with_call(), turn_with_answer()) if points is not None else (),
        score=Score(checks) if points is not None else None,
        scorer_version=1,
    )


def turn_with_call() -> TurnRecord:
    """A turn that thinks and calls a tool."""
    arguments = '{"email": "dana.whitfield@example.org", "include": ["orders", "addresses"], "limit": 10}'
    return _turn(
        reasoning="The customer must be looked up first, then the order.",
        calls=(ToolCall.read("call-1", "find_customer", arguments),),
        results=(ToolResult("call-1", {"customer_id": "C-2041", "name": "Dana Whitfield"}),),
    )


def turn_with_answer() -> TurnRecord:
    """A turn that answers in words."""
    return _turn(text="I refunded 84.50 EUR for order A-17 to Dana Whitfield.")


def _turn(
    text: str = "",
    reasoning: str = "",
    calls: tuple[ToolCall, ...] = (),
    results: tuple[ToolResult, ...] = (),
) -> TurnRecord:
    return TurnRecord(
        text=text,
        reasoning=reasoning,
        finish_reason="stop",
        complete=True,
        loss=None,
        calls=calls,
        results=results,
        sent_at=NOVEMBER,
        headers_ns=100_000_000,
        first_event_ns=200_000_000,
        first_reasoning_ns=410_000_000 if reasoning else None,
        first_text_ns=620_000_000 if text else None,
        first_tool_call_ns=900_000_000 if calls else None,
        last_delta_ns=1_900_000_000,
        end_ns=2_000_000_000,
        chunks=40,
        input_tokens=406,
        output_tokens=32,
        cached_tokens=None,
        cache_write_tokens=None,
        reasoning_tokens=None,
        quirks=(),
        server="made-up 1.0",
        status=200,
        headers={},
        request=b"{}",
        response=b"{}",
    )


Points = Callable[[int, int, int], int | None]


async def store_run(database: Path, record: RunRecord, points: Points = points_of) -> int:
    """Store a run with all its attempts; those that `points` gives None failed by the infrastructure."""
    store = await Store.open(database)
    try:
        number = await store.create_run(record)
        for model in range(len(record.models)):
            for prompt in range(len(record.prompts)):
                for repeat in range(1, record.repeats + 1):
                    earned = points(model, prompt, repeat)
                    await store.add_attempt(number, attempt(record, model, prompt, repeat, earned))
    finally:
        await store.aclose()
    return number


def settings(folder: Path) -> Settings:
    """Settings whose files all lie in a folder of the test's own."""
    return Settings(
        home=folder,
        database=folder / "milo.db",
        config=None,
        results=folder / "bench_results",
        runtime=folder / "runtime",
    )
