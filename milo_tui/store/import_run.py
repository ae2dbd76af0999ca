"""A run's raw JSON back into a database: nothing doubled, nothing lost, and nothing half done that cannot go on.

A run is known by its key wherever it goes, an attempt by its model, prompt, repeat and number. So the same file
twice changes nothing, and an import that was broken off is completed by the same command.
"""

import base64
import binascii
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from milo_tui.analysis.phases import FINAL_PHASES, Origin, RunPhase
from milo_tui.analysis.record import MOST_PLANNED, Attempt, AttemptDetail, RunRecord, TurnRecord
from milo_tui.endpoints.entry import READ_BACK, ModelEntry
from milo_tui.errors import MiloError
from milo_tui.store.export_run import FORMAT_VERSION, schema
from milo_tui.store.json_stream import JsonProblem, members
from milo_tui.store.queries import Reader
from milo_tui.store.rows import STAMPS
from milo_tui.store.store import Store
from milo_tui.suite.conversation import CheckResult, Score, ToolCall

_BATCH = 200
_MOST_TOTAL, _MOST_RATIO = 100_000_000, 100
"""Bytes that all requests and responses may unpack to: so many, and so many times the file's size."""
_MOST_BYTES = 1 << 26
"""What a request or a response may deflate from; nothing that a model says comes near it."""

_RUN = TypeAdapter(RunRecord)
_ROW = TypeAdapter(Attempt)
_TURN = TypeAdapter(TurnRecord)
_CHECKS = TypeAdapter(tuple[CheckResult, ...])


class ImportProblem(MiloError):
    """A file that cannot be brought in; one sentence with file, place and what is wrong."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file: the run's number here, whether it is new here, and how many attempts were new.

    `refused` attempts of the file are not in the run and were left out, since it is not to be changed.
    """

    run: int
    is_new: bool
    added: int
    attempts: int
    is_binned: bool
    refused: int = 0


async def import_run(store: Store, reader: Reader, path: Path) -> Imported:
    """Bring a file's run in. Raises ImportProblem and StoreError; what was brought in before stands."""
    run = _run(path)
    attempts = sum(1 for _ in _attempts(path, run))
    number = await reader.run_of_key(run.key)
    is_new = number is None
    if number is None:
        number = await store.create_run(replace(run, phase=RunPhase.INCOMPLETE, origin=Origin.IMPORTED))
    elif (refused := await _refused(reader, number, path, run)) is not None:
        summary = await reader.summary(number)
        return Imported(number, False, 0, attempts, summary.binned is not None, refused)
    added = 0
    found = _attempts(path, run)
    while batch := list(islice(found, _BATCH)):
        added += await store.add_missing(number, batch)
    summary = await reader.summary(number)
    if is_new or added:
        phase = run.phase if run.phase in FINAL_PHASES else RunPhase.INCOMPLETE
        await store.set_phase(number, phase, run.finished)
    return Imported(number, is_new, added, attempts, summary.binned is not None)


async def _refused(reader: Reader, number: int, path: Path, run: RunRecord) -> int | None:
    """How many attempts of the file a run lacks that no import may change: one made here, or a finished one."""
    stored = await reader.run(number)
    if stored.origin is not Origin.HERE and stored.phase not in (RunPhase.DONE, RunPhase.STOPPED):
        return None
    have = {_key(attempt) for attempt in await reader.attempts(number)}
    return sum(_key(found.attempt) not in have for found in _attempts(path, run))


def _key(attempt: Attempt) -> tuple[str, str, int, int]:
    return attempt.model, attempt.prompt, attempt.repeat, attempt.number


def _run(path: Path) -> RunRecord:
    """The run that a file holds, without its attempts."""
    found: dict[str, Any] = {}
    for name, value in _members(path):
        if name == "attempts" and "run" in found:
            break
        found[name] = None if name == "attempts" else value
    if found.get("format") != "milo-run" or not isinstance(found.get("run"), dict):
        if found.get("format") == "milo-published":
            raise ImportProblem(f"{path} is the published table, which Milo has already: no run to import.")
        raise ImportProblem(
            f'{path} holds no run: its "format" is not "milo-run". `milo show RUN --format json` writes such a file.'
        )
    if found.get("format_version") != FORMAT_VERSION:
        raise ImportProblem(
            f"{path} has format_version {found.get('format_version')!r}, and this Milo reads {FORMAT_VERSION}; "
            "upgrade Milo."
        )
    run: RunRecord = _read(_RUN, {**found["run"], "models": _models(found["run"], path)}, path, "run")
    if not run.models or not run.prompts:
        raise ImportProblem(f"{path}: run names no {'prompts' if run.models else 'models'}.")
    if not run.decides_properly:
        raise ImportProblem(
            f"{path}: run.margin and run.confidence need a number between 0 and 1 each, or neither."
        )
    _check_schema("run", found["run"], path, "run")
    if (planned := run.attempts_planned) > MOST_PLANNED:
        raise ImportProblem(f"{path}: run plans {planned} attempts; at most {MOST_PLANNED} can be imported.")
    return run


def _check_schema(part: str, data: Any, path: Path, where: str) -> None:
    """Raise ImportProblem where a part of the file does not keep to the published schema and its bounds."""
    error = next(_validator(part).iter_errors(data), None)
    if error is not None:
        message = error.message if len(error.message) < 200 else f"not allowed by {error.validator}"
        raise ImportProblem(f"{path}: {where}{error.json_path[1:]}: {message}.")


@cache
def _validator(part: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": schema()["$defs"]})


def _models(run: dict[str, Any], path: Path) -> Any:
    """The models of a run, their entries read."""
    models = run.get("models")
    if not isinstance(models, list):
        return models
    found = []
    for i, model in enumerate(models):
        if not isinstance(model, dict) or not isinstance(model.get("entry"), dict):
            raise ImportProblem(f"{path}: run.models[{i}].entry is no object.")
        known = {key: model[key] for key in ("id", "name", "protocol", "where") if key in model}
        try:
            found.append({**model, "entry": ModelEntry.read_back({**known, **model["entry"]})})
        except ValueError as error:
            raise ImportProblem(f"{path}: run.models[{i}].entry: {error}.") from None
    return found


def _attempts(path: Path, run: RunRecord) -> Iterator[AttemptDetail]:
    models, prompts = {model.id for model in run.models}, {prompt.id for prompt in run.prompts}
    place = size = 0
    most = _MOST_TOTAL + _MOST_RATIO * path.stat().st_size
    for name, value in _members(path):
        if name != "attempts":
            continue
        where = f"attempts[{place}]"
        attempt = _attempt(value, path, where)
        size += sum(len(turn.request) + len(turn.response) for turn in attempt.turns)
        if size > most:
            raise ImportProblem(f"{path}: its requests and responses unpack to more than {most // 10**6} MB.")
        if attempt.attempt.repeat > run.repeats:
            raise ImportProblem(f"{path}: {where}.repeat is {attempt.attempt.repeat} of {run.repeats}.")
        if attempt.attempt.model not in models or attempt.attempt.prompt not in prompts:
            wrong = "model" if attempt.attempt.model not in models else "prompt"
            raise ImportProblem(
                f"{path}: {where}.{wrong} {getattr(attempt.attempt, wrong)!r} is none of the run's."
            )
        yield attempt
        place += 1


def _members(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        yield from members(path, "attempts")
    except JsonProblem as error:
        raise ImportProblem(f"{path}, {error}; the file is damaged or no JSON.") from None
    except OSError as error:
        raise ImportProblem(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None


def _attempt(data: Any, path: Path, where: str) -> AttemptDetail:
    if not isinstance(data, dict):
        raise ImportProblem(f"{path}: {where} is no object.")
    row: Attempt = _read(_ROW, data, path, where)
    turns = data.get("turns")
    if not isinstance(turns, list):
        raise ImportProblem(f"{path}: {where}.turns is no list.")
    checks = data.get("checks")
    score = None if checks is None else Score(_read(_CHECKS, checks, path, f"{where}.checks"))
    if row.points != (None if score is None else score.points):
        raise ImportProblem(
            f"{path}: {where}.points is {row.points}, and its checks earn {score and score.points}."
        )
    read = tuple(_turn(turn, path, f"{where}.turns[{i}]") for i, turn in enumerate(turns))
    _check_schema("attempt", data, path, where)
    return AttemptDetail(
        attempt=row,
        ended="turn limit" if data.get("ended") == "turn limit" else "answer",
        turns=read,
        score=score,
        scorer_version=int(data.get("scorer_version") or 0),
    )


def _turn(data: Any, path: Path, where: str) -> TurnRecord:
    try:
        calls = [ToolCall.read(call["id"], call["name"], call["arguments"]) for call in data["calls"]]
        bytes_ = {part: _unpacked(data[f"{part}_zlib_base64"]) for part in ("request", "response")}
    except (TypeError, KeyError, AttributeError) as error:
        raise ImportProblem(f"{path}: {where} lacks {error} or has it in another shape.") from None
    except (ValueError, binascii.Error, zlib.error) as error:
        raise ImportProblem(
            f"{path}: {where}: its request or response cannot be unpacked ({error})."
        ) from None
    stamps = {name: data.get(f"{name}_ns") for name in STAMPS}
    if not isinstance(arrivals := data.get("arrivals_us", []), list):
        raise ImportProblem(f"{path}: {where}.arrivals_us is no list.")
    if not all(isinstance(stamp, int) for stamp in arrivals):
        raise ImportProblem(f"{path}: {where}.arrivals_us must hold integers.")
    clock = {
        "sent": 0,
        **stamps,
        "chunks": data.get("chunks"),
        "arrivals": [stamp * 1000 for stamp in arrivals],
    }
    turn: TurnRecord = _read(
        _TURN, {**data, "calls": calls, **bytes_, "clock": clock, "usage": data}, path, where
    )
    return turn


def _unpacked(text: str) -> bytes:
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(base64.b64decode(text, validate=True), _MOST_BYTES)
    if not unpacking.eof:
        raise ValueError("it is cut short, or beyond 64 MB")
    return data


def _read(adapter: TypeAdapter[Any], data: Mapping[str, Any], path: Path, where: str) -> Any:
    try:
        return adapter.validate_python(data, context=READ_BACK)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise ImportProblem(f"{path}: {where}{field}: {first['msg']}.") from None
