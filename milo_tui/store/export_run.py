"""A run as raw JSON: everything that the database has of it, so that it can be read again anywhere.

Format `milo-run`, version 1. The bytes of requests and responses are deflated (zlib, RFC 1950) and in base64,
since a stream's frames outweigh what they carry many times. Written attempt by attempt, each in a line:
memory does not grow with the run. `run.v1.schema.json` beside this module is its JSON Schema.
"""

import base64
import dataclasses
import json
import os
import secrets
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milo_tui.analysis.decisions import PairDecision, decisions
from milo_tui.analysis.record import Attempt, AttemptDetail, RunRecord, TurnRecord
from milo_tui.store.queries import Reader
from milo_tui.store.rows import STAMPS, pack

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT_VERSION = 1


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of this format and version; it ships beside this module."""
    text = (Path(__file__).parent / f"run.v{FORMAT_VERSION}.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


async def pieces(
    run: RunRecord, attempts: AsyncIterable[AttemptDetail], rows: Iterable[Attempt] = ()
) -> AsyncIterator[str]:
    """The JSON text of a run, piece by piece. Raises what reading the attempts raises.

    `rows` are the attempts' narrow rows, from which the decisions of a run that decides are told first.
    """
    yield f'{{\n "format": "milo-run",\n "format_version": {FORMAT_VERSION},\n'
    if found := [_decision(pair) for pair in decisions(run, rows)]:
        yield f' "decisions": {_laid_out(found)},\n'
    yield ' "run": {\n'
    yield ",\n".join(f"  {json.dumps(name)}: {_laid_out(value)}" for name, value in _run(run).items())
    yield '\n },\n "attempts": ['
    separator = "\n"
    async for attempt in attempts:
        yield separator + json.dumps(_attempt(attempt))
        separator = ",\n"
    yield "\n ]\n}\n"


async def write_results(reader: Reader, number: int, folder: Path) -> Path:
    """Write a run's raw JSON into `folder`, whole or not at all; the file's path. Raises OSError, StoreError.

    The name is `<date>-<run>-<key>.json`: the key keeps apart the runs of two databases.
    """
    run = await reader.run(number)
    day = time.strftime("%Y-%m-%d", time.localtime(run.created))
    path = folder / f"{day}-{number}-{run.key[:6]}.json"
    rows = [] if run.margin is None else await reader.attempts(number)
    await write_whole(path, pieces(run, reader.every_attempt(number), rows))
    return path


async def write_whole(path: Path, text: AsyncIterator[str]) -> None:
    """Write to a file beside `path`, then put it in its place: a reader never sees half of it.

    A link is followed and stays; a device or a pipe, such as /dev/stdout, is written to. Raises OSError.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as file:
            async for piece in text:
                file.write(piece)
        return
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that nobody can have laid a link at, and never through one.
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:
            async for piece in text:
                file.write(piece)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _run(run: RunRecord) -> dict[str, Any]:
    models = [{**_fields(model), "entry": model.entry.as_dict()} for model in run.models]
    # Where it came from matters to this database alone.
    own = {name: value for name, value in _fields(run).items() if name != "origin"}
    return {**own, "models": models, "prompts": [_fields(prompt) for prompt in run.prompts]}


def _decision(pair: PairDecision) -> dict[str, Any]:
    """What follows from the attempts; an import works it out anew."""
    return {
        "a": pair.a,
        "b": pair.b,
        "decision": pair.decision.value,
        "low": pair.interval.low,
        "high": pair.interval.high,
        "answered": pair.answered,
        "holes": pair.holes,
        "pool": pair.pool,
        "about_more": pair.more,
        "history": [[one.low, one.high] for one in pair.history],
    }


def _laid_out(value: Any) -> str:
    """A list of objects with each in a line. json.dumps's own indent takes ten times as long."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"   {json.dumps(item)}" for item in value) + "\n  ]"
    return json.dumps(value)


def _fields(record: "DataclassInstance") -> dict[str, Any]:
    """A record's fields as they are; dataclasses.asdict would copy all that lies in them."""
    return {name: getattr(record, name) for name in _names(type(record))}


@lru_cache
def _names(record: "type[DataclassInstance]") -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(record))


def _attempt(attempt: AttemptDetail) -> dict[str, Any]:
    return {
        **_fields(attempt.attempt),
        "ended": attempt.ended,
        "scorer_version": attempt.scorer_version,
        "checks": [_fields(check) for check in attempt.score.checks] if attempt.score else None,
        "turns": [_turn(turn) for turn in attempt.turns],
    }


def _turn(turn: TurnRecord) -> dict[str, Any]:
    data = _fields(turn)
    request, response = data.pop("request"), data.pop("response")
    clock, usage = data.pop("clock"), data.pop("usage")
    data |= {f"{name}_ns": getattr(clock, name) for name in STAMPS}
    data |= {
        "chunks": clock.chunks,
        "arrivals_us": [stamp // 1000 for stamp in clock.arrivals],
        **_fields(usage),
    }
    data["calls"] = [
        {"id": call.id, "name": call.name, "arguments": call.arguments_text, "problem": call.problem}
        for call in turn.calls
    ]
    data["results"] = [_fields(result) for result in turn.results]
    data["request_zlib_base64"] = _packed(request)
    data["response_zlib_base64"] = _packed(response)
    return data


def _packed(data: bytes) -> str:
    return base64.b64encode(pack(data)).decode("ascii")
