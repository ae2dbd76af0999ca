"""The tables' columns, by the dataclasses that are stored in them."""

import json
import sqlite3
import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, zip_longest
from operator import sub
from types import NoneType
from typing import Any

from milo_tui.analysis.record import Attempt, AttemptDetail, ModelRecord, PromptRecord, RunRecord, TurnRecord
from milo_tui.endpoints.endpoint import Clock, Usage
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.store.columns import MOMENT, RUN_CODECS, Codec, Columns, dump, json_codec, optional, storable
from milo_tui.suite.conversation import CheckResult, ToolCall, ToolResult

_SMALL = 16_384


def pack(data: bytes) -> bytes:
    """Bytes deflated (zlib, RFC 1950).

    Small ones quickly and in a small window: to clear 256 KB for 2 KB took most of an attempt's commit, and spared 5 %.
    """
    level, window, memory = (1, 13, 6) if len(data) < _SMALL else (6, 15, 8)
    packing = zlib.compressobj(level, zlib.DEFLATED, window, memory)
    return packing.compress(data) + packing.flush()


@lru_cache(maxsize=512)
def _definition(text: str) -> Mapping[str, Any]:
    """A prompt's file as it is stored; most runs ask the same prompts."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(text)
    return found


def _pack_arrivals(stamps: Sequence[int]) -> bytes | None:
    """Rising nanoseconds as 32-bit differences of microseconds."""
    if not stamps:
        return None
    micros = [stamp // 1000 for stamp in stamps]
    between = list(map(sub, micros, (0, *micros)))
    try:
        gaps = array("I", between)
    except OverflowError:
        # A chunk that comes after more than 71 minutes counts as one after 71.
        gaps = array("I", (min(gap, 2**32 - 1) for gap in between))
    if sys.byteorder == "big":
        gaps.byteswap()
    return gaps.tobytes()


def _unpack_arrivals(stored: bytes | None) -> list[int]:
    if stored is None:
        return []
    gaps = array("I", stored)
    if sys.byteorder == "big":
        gaps.byteswap()
    return [stamp * 1000 for stamp in accumulate(gaps)]


_MICROSECONDS = optional(
    Codec(lambda seconds: round(seconds * 1e6), lambda stored: stored / 1e6, (int,), None)
)
_PACKED = Codec(pack, zlib.decompress, (bytes,), pack(b""))
STAMPS = ("headers", "first_event", "first_reasoning", "first_text", "first_tool_call", "last_delta", "end")
"""The stamps of a clock; each is stored and exported with its unit, as in `headers_ns`."""

RUN = Columns(RunRecord, codecs=RUN_CODECS, without=("models", "prompts"))
MODEL = Columns(
    ModelRecord,
    rename={"where": "location"},
    codecs={"entry": json_codec(lambda entry: dump(entry.as_dict()), ModelEntry.read_back, "")},
)
PROMPT = Columns(PromptRecord, codecs={"definition": Codec(dump, _definition, (str,), "{}")})
ATTEMPT = Columns(
    Attempt,
    rename={"latency": "latency_us", "ttft": "ttft_us", "tokens_per_second": "speed"},
    codecs={"latency": _MICROSECONDS, "ttft": _MICROSECONDS, "started": MOMENT},
    without=("id", "model", "prompt"),
)
"""An attempt's own columns; `model` and `prompt` are positions in the run, which the table has beside them."""

TURN = Columns(
    TurnRecord,
    codecs={"request": _PACKED, "response": _PACKED, "sent_at": MOMENT},
    without=("calls", "results", "clock", "usage"),
)
CLOCK = Columns(
    Clock,
    rename={name: f"{name}_ns" for name in STAMPS},
    codecs={"arrivals": Codec(_pack_arrivals, _unpack_arrivals, (bytes, NoneType), None)},
    without=("sent",),
)
USAGE = Columns(Usage)
CALL = Columns(
    ToolCall, rename={"id": "call_id", "arguments_text": "arguments"}, without=("arguments", "problem")
)
RESULT = Columns(
    ToolResult,
    rename={"content": "result"},
    codecs={"content": json_codec(dump, lambda value: value, "null")},
    without=("call_id",),
)
CHECK = Columns(CheckResult)

TURN_SQL = f"{TURN.sql}, {CLOCK.sql}, {USAGE.sql}"
CALL_SQL = f"{CALL.sql}, {RESULT.sql}"


def turn_values(turn: TurnRecord) -> tuple[Any, ...]:
    """The columns of TURN_SQL."""
    return (*TURN.values(turn), *CLOCK.values(turn.clock), *USAGE.values(turn.usage))


def read_turn(row: Sequence[Any], calls: Sequence[sqlite3.Row]) -> TurnRecord:
    """A turn from TURN_SQL, and CALL_SQL of its tool calls. Raises ValueError and zlib.error of damaged ones."""
    clock, usage = len(TURN), len(TURN) + len(CLOCK)
    return TURN.read(
        row[:clock],
        calls=tuple(ToolCall.read(*call[: len(CALL)]) for call in calls),
        results=tuple(
            RESULT.read(call[len(CALL) :], call_id=call["call_id"])
            for call in calls
            if call["result"] is not None
        ),
        clock=CLOCK.read(row[clock:usage], sent=0),
        usage=USAGE.read(row[usage:]),
    )


def call_values(attempt: AttemptDetail) -> list[tuple[Any, ...]]:
    """Turn, position, and the columns of CALL_SQL, of each tool call.

    Results go by position, as the scorer pairs them: servers give two calls of a turn the same id.
    """
    return [
        (number, i, *CALL.values(call), *((None, None) if result is None else RESULT.values(result)))
        for number, turn in enumerate(attempt.turns)
        for i, (call, result) in enumerate(zip_longest(turn.calls, turn.results))
        if call is not None
    ]


def search_texts(attempt: AttemptDetail) -> tuple[str | None, ...]:
    """Answer, reasoning and calls as they are searched: word for word what the view attempt_text makes of the rows."""
    turns = attempt.turns
    texts = (
        [turn.text for turn in turns if turn.text],
        [turn.reasoning for turn in turns if turn.reasoning],
        [f"{call.name} {call.arguments_text}" for turn in turns for call in turn.calls],
    )
    return tuple(storable("\n".join(text)) if text else None for text in texts)
