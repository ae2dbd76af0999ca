"""Records to rows and back: the one place that knows how a value lies in a column."""

import json
import sqlite3
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import sub
from typing import Any

from pydantic import ValidationError

from milo_tui.analysis.phases import ModelPhase, Outcome, RunPhase
from milo_tui.analysis.record import (
    Attempt,
    ModelRecord,
    PromptRecord,
    RunRecord,
    TurnRecord,
)
from milo_tui.endpoints.endpoint import Clock, Usage
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.store.database import StoreError
from milo_tui.store.texts import text as text
from milo_tui.suite.conversation import Loss, ToolCall, ToolResult
from milo_tui.suite.score import CheckResult

_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
_SMALL = 16_384


def dump(value: Any) -> str:
    """A value as compact ASCII JSON."""
    return _ENCODER.encode(value) if value or not isinstance(value, list | tuple) else "[]"


def pack(data: bytes) -> bytes:
    """Bytes deflated (zlib, RFC 1950).

    Small ones quickly and in a small window: to clear 256 KB for 2 KB took most of an attempt's commit, and spared 5 %.
    """
    level, window, memory = (1, 13, 6) if len(data) < _SMALL else (6, 15, 8)
    packing = zlib.compressobj(level, zlib.DEFLATED, window, memory)
    return packing.compress(data) + packing.flush()


def _microseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e6)


def _seconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6


def run_values(run: RunRecord) -> tuple[Any, ...]:
    """A run's columns, those that it is stored with."""
    return (
        run.key,
        text(run.suite),
        text(run.suite_title),
        run.suite_version,
        run.suite_digest,
        run.scorer_version,
        dump(run.categories),
        run.repeats,
        run.seed,
        run.simulated,
        run.phase.value,
        run.created,
        run.finished,
        text(run.note),
        dump(run.machine),
        run.attempts_planned,
    )


RUN_COLUMNS = (
    "key, suite, suite_title, suite_version, suite_digest, scorer_version, categories, repeats, seed, simulated, "
    "phase, created, finished, note, machine, planned"
)


def run_record(
    row: sqlite3.Row, phase: RunPhase, models: Sequence[ModelRecord], prompts: Sequence[PromptRecord]
) -> RunRecord:
    """A run from its row."""
    return RunRecord(
        number=row["number"],
        key=row["key"],
        suite=row["suite"],
        suite_title=row["suite_title"],
        suite_version=row["suite_version"],
        suite_digest=row["suite_digest"],
        scorer_version=row["scorer_version"],
        categories=tuple((id, title) for id, title in json.loads(row["categories"])),
        repeats=row["repeats"],
        seed=row["seed"],
        simulated=bool(row["simulated"]),
        phase=phase,
        created=row["created"],
        finished=row["finished"],
        note=row["note"],
        models=tuple(models),
        prompts=tuple(prompts),
        machine=json.loads(row["machine"]),
    )


MODEL_COLUMNS = (
    "id, name, location, protocol, simulated, memory_gb, sampling, entry, manifest, phase, note, cold_start, "
    "peak_gb"
)


def model_values(model: ModelRecord) -> tuple[Any, ...]:
    """A model's columns from id to peak_gb."""
    return (
        model.id,
        text(model.name),
        model.where,
        model.protocol,
        model.simulated,
        model.memory_gb,
        text(model.sampling),
        dump(model.entry.as_dict()),
        dump(model.manifest),
        model.phase.value,
        text(model.note),
        model.cold_start,
        model.peak_gb,
    )


def model_record(row: sqlite3.Row) -> ModelRecord:
    """A model from its row."""
    return ModelRecord(
        id=row["id"],
        name=row["name"],
        where=row["location"],
        protocol=row["protocol"],
        simulated=bool(row["simulated"]),
        memory_gb=row["memory_gb"],
        sampling=row["sampling"],
        entry=_entry(row),
        manifest=json.loads(row["manifest"]),
        phase=ModelPhase(row["phase"]),
        note=row["note"],
        cold_start=row["cold_start"],
        peak_gb=row["peak_gb"],
    )


def _entry(row: sqlite3.Row) -> ModelEntry:
    columns = {"id": row["id"], "name": row["name"], "protocol": row["protocol"], "where": row["location"]}
    try:
        return ModelEntry.read_back({**columns, **json.loads(row["entry"])})
    except ValidationError as error:
        raise StoreError(
            f"Run {row['run']}: the entry of model {row['id']} cannot be read: {problem(error)}; "
            "`milo doctor` looks at the whole database."
        ) from None


def problem(error: ValidationError) -> str:
    """The first thing that is wrong, with its field."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def prompt_record(row: sqlite3.Row) -> PromptRecord:
    """A prompt from its row."""
    return PromptRecord(
        id=row["id"],
        version=row["version"],
        category=row["category"],
        title=row["title"],
        definition=_definition(row["definition"]),
    )


@lru_cache(maxsize=512)
def _definition(text: str) -> Mapping[str, Any]:
    """A prompt's file as it is stored; most runs ask the same prompts."""
    found: dict[str, Any] = json.loads(text)
    return found


ATTEMPT_COLUMNS = (
    "run, model, prompt, repeat, number, outcome, points, latency_us, ttft_us, speed, input_tokens, output_tokens, "
    "cached_tokens, lost, error, started, ended"
)


def attempt_values(run: int, model: int, prompt: int, row: Attempt, ended: str) -> tuple[Any, ...]:
    """An attempt's columns; `model` and `prompt` are positions in the run."""
    return (
        run,
        model,
        prompt,
        row.repeat,
        row.number,
        row.outcome.value,
        row.points,
        _microseconds(row.latency),
        _microseconds(row.ttft),
        row.tokens_per_second,
        row.input_tokens,
        row.output_tokens,
        row.cached_tokens,
        row.lost,
        text(row.error),
        row.started,
        ended,
    )


def attempt_row(values: Sequence[Any], model: str, prompt: str) -> Attempt:
    """The narrow row of an attempt, from its id and ATTEMPT_COLUMNS: by place, as by name took twice as long."""
    id, _, _, _, repeat, number, outcome, points, latency, ttft, speed, *rest = values
    input_tokens, output_tokens, cached_tokens, lost, error, started, _ = rest
    return Attempt(
        id=id,
        model=model,
        prompt=prompt,
        repeat=repeat,
        number=number,
        outcome=Outcome(outcome),
        points=points,
        latency=_seconds(latency),
        ttft=_seconds(ttft),
        tokens_per_second=speed,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached_tokens,
        lost=lost,
        error=error,
        started=started,
    )


TURN_COLUMNS = (
    "attempt, position, text, reasoning, finish_reason, complete, loss, sent_at, headers_ns, first_event_ns, "
    "first_reasoning_ns, first_text_ns, first_tool_call_ns, last_delta_ns, end_ns, chunks, input_tokens, "
    "output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, quirks, server, status, headers, "
    "request, response, arrivals"
)


def turn_values(attempt: int, position: int, turn: TurnRecord) -> tuple[Any, ...]:
    """A turn's columns."""
    clock, usage = turn.clock, turn.usage
    return (
        attempt,
        position,
        text(turn.text),
        text(turn.reasoning),
        None if turn.finish_reason is None else text(turn.finish_reason),
        turn.complete,
        None if turn.loss is None else turn.loss.value,
        turn.sent_at,
        clock.headers,
        clock.first_event,
        clock.first_reasoning,
        clock.first_text,
        clock.first_tool_call,
        clock.last_delta,
        clock.end,
        clock.chunks,
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        dump(turn.quirks),
        text(turn.server),
        turn.status,
        dump(dict(turn.headers)),
        pack(turn.request),
        pack(turn.response),
        _gaps([stamp // 1000 for stamp in clock.arrivals]),
    )


def turn_record(row: sqlite3.Row, calls: Sequence[sqlite3.Row]) -> TurnRecord:
    """A turn from its row and those of its tool calls."""
    return TurnRecord(
        text=row["text"],
        reasoning=row["reasoning"],
        finish_reason=row["finish_reason"],
        complete=bool(row["complete"]),
        loss=None if row["loss"] is None else Loss(row["loss"]),
        calls=tuple(ToolCall.read(call["call_id"], call["name"], call["arguments"]) for call in calls),
        results=tuple(_result(call) for call in calls if call["result"] is not None),
        sent_at=row["sent_at"],
        clock=Clock(
            sent=0,
            headers=row["headers_ns"],
            first_event=row["first_event_ns"],
            first_reasoning=row["first_reasoning_ns"],
            first_text=row["first_text_ns"],
            first_tool_call=row["first_tool_call_ns"],
            last_delta=row["last_delta_ns"],
            end=row["end_ns"],
            chunks=row["chunks"],
            arrivals=[stamp * 1000 for stamp in _arrivals(row["arrivals"])],
        ),
        usage=Usage(
            row["input_tokens"],
            row["output_tokens"],
            row["cached_tokens"],
            row["cache_write_tokens"],
            row["reasoning_tokens"],
        ),
        quirks=tuple(json.loads(row["quirks"])),
        server=row["server"],
        status=row["status"],
        headers=json.loads(row["headers"]),
        request=zlib.decompress(row["request"]),
        response=zlib.decompress(row["response"]),
    )


def _gaps(stamps: Sequence[int]) -> bytes | None:
    """Rising microseconds as 32-bit differences."""
    if not stamps:
        return None
    between = list(map(sub, stamps, (0, *stamps)))
    try:
        gaps = array("I", between)
    except OverflowError:
        # A chunk that comes after more than 71 minutes counts as one after 71.
        gaps = array("I", (min(gap, 2**32 - 1) for gap in between))
    if sys.byteorder == "big":
        gaps.byteswap()
    return gaps.tobytes()


def _arrivals(stored: bytes | None) -> tuple[int, ...]:
    if stored is None:
        return ()
    gaps = array("I", stored)
    if sys.byteorder == "big":
        gaps.byteswap()
    return tuple(accumulate(gaps))


def call_values(
    attempt: int, turn: int, position: int, call: ToolCall, result: ToolResult | None
) -> tuple[Any, ...]:
    """A tool call's columns, its result's among them."""
    return (
        attempt,
        turn,
        position,
        text(call.id),
        text(call.name),
        text(call.arguments_text),
        None if result is None else dump(result.content),
        None if result is None else result.is_error,
    )


def _result(row: sqlite3.Row) -> ToolResult:
    return ToolResult(row["call_id"], json.loads(row["result"]), bool(row["is_error"]))


def check_result(row: sqlite3.Row) -> CheckResult:
    """A check's result from its row."""
    return CheckResult(row["title"], bool(row["passed"]), row["reason"])
