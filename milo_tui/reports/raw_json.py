"""A run as raw JSON: everything that the database has of it, so that it can be read again anywhere.

Format `milo-run`, version 1. The bytes of requests and responses are deflated (zlib, RFC 1950) and in base64,
since a stream's frames outweigh what they carry many times. Written attempt by attempt: memory does not
grow with the run. `run.v1.schema.json` beside this module is its JSON Schema.
"""

import base64
import dataclasses
import json
import os
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from milo_tui.bench.record import AttemptRecord, RunRecord, TurnRecord
from milo_tui.reports.sharing import Sharing
from milo_tui.store.queries import Reader

FORMAT_VERSION = 1


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of this format and version; it ships beside this module."""
    text = (Path(__file__).parent / f"run.v{FORMAT_VERSION}.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


async def pieces(reader: Reader, number: int, *, share: bool = False) -> AsyncIterator[str]:
    """The JSON text of a run, piece by piece; `share` leaves out what sharing.py names. Raises StoreError."""
    run = await reader.run(number)
    sharing = Sharing(run) if share else None
    run = sharing.run(run) if sharing else run
    head = json.dumps({"format": "milo-run", "format_version": FORMAT_VERSION, "run": _run(run)}, indent=1)
    yield head.removesuffix("\n}") + ',\n "attempts": ['
    separator = "\n"
    for row in await reader.attempts(number):
        attempt = await reader.attempt(row.id)
        yield separator + json.dumps(_attempt(sharing.attempt(attempt) if sharing else attempt), indent=1)
        separator = ",\n"
    yield "\n ]\n}\n"


async def write_results(reader: Reader, number: int, folder: Path) -> Path:
    """Write a run's raw JSON into `folder`, whole or not at all; the file's path. Raises OSError, StoreError.

    The name is `<date>-<run>-<key>.json`: the key keeps apart the runs of two databases.
    """
    run = await reader.run(number)
    day = time.strftime("%Y-%m-%d", time.localtime(run.created))
    path = folder / f"{day}-{number}-{run.key[:6]}.json"
    await write_whole(path, pieces(reader, number))
    return path


async def write_whole(path: Path, text: AsyncIterator[str]) -> None:
    """Write to a file beside `path`, then put it in its place: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            async for piece in text:
                file.write(piece)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _run(run: RunRecord) -> dict[str, Any]:
    data = {field.name: getattr(run, field.name) for field in dataclasses.fields(run)}
    data["phase"] = run.phase.value
    data["models"] = [dataclasses.asdict(model) for model in run.models]
    data["prompts"] = [dataclasses.asdict(prompt) for prompt in run.prompts]
    return data


def _attempt(attempt: AttemptRecord) -> dict[str, Any]:
    return {
        **dataclasses.asdict(attempt.row),
        "ended": attempt.ended,
        "scorer_version": attempt.scorer_version,
        "checks": [dataclasses.asdict(check) for check in attempt.score.checks] if attempt.score else None,
        "turns": [_turn(turn) for turn in attempt.turns],
    }


def _turn(turn: TurnRecord) -> dict[str, Any]:
    data = {
        field.name: getattr(turn, field.name)
        for field in dataclasses.fields(turn)
        if field.name not in ("request", "response", "calls", "results")
    }
    data["calls"] = [
        {"id": call.id, "name": call.name, "arguments": call.arguments_text, "problem": call.problem}
        for call in turn.calls
    ]
    data["results"] = [dataclasses.asdict(result) for result in turn.results]
    data["request_zlib_base64"] = _packed(turn.request)
    data["response_zlib_base64"] = _packed(turn.response)
    return data


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 6)).decode("ascii")
