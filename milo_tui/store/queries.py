"""What the views read: one connection, queries only, lists by the page."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import aiosqlite

from milo_tui.bench.events import GOING_ON, RunPhase
from milo_tui.bench.evidence import Answered, Evidence, FailedCheck, digest
from milo_tui.bench.liveness import is_alive
from milo_tui.bench.record import AttemptRecord, AttemptRow, RunRecord
from milo_tui.store import rows
from milo_tui.store.database import StoreError, connect, one_sentence
from milo_tui.store.summary import ModelSummary, RunSummary
from milo_tui.suite.score import Score


class Reader:
    """Reads runs and attempts. Raises StoreError with one sentence where it cannot."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        connection.row_factory = sqlite3.Row

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the database for reading; an absent one is made empty. Raises StoreError."""
        return cls(await connect(path, write=False), path)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def _all(self, sql: str, parameters: Iterable[Any] = ()) -> list[sqlite3.Row]:
        with one_sentence(self._path):
            async with self._connection.execute(sql, tuple(parameters)) as cursor:
                return list(await cursor.fetchall())

    async def _one(self, sql: str, parameters: Iterable[Any] = ()) -> sqlite3.Row | None:
        found = await self._all(sql, parameters)
        return found[0] if found else None

    async def runs(self, before: int | None = None, limit: int = 200) -> list[RunSummary]:
        """A page of runs, newest first: those with a number below `before`."""
        found = await self._all(
            "SELECT * FROM run WHERE binned IS NULL AND number < ? ORDER BY number DESC LIMIT ?",
            (before if before is not None else 2**62, limit),
        )
        return await self._summaries(found)

    async def summary(self, run: int) -> RunSummary:
        """One run's line. Raises StoreError where there is none."""
        found = await self._all("SELECT * FROM run WHERE number = ?", (run,))
        if not found:
            raise StoreError(f"There is no run {run}; `milo runs` lists those that there are.")
        return (await self._summaries(found))[0]

    async def _summaries(self, runs: Sequence[sqlite3.Row]) -> list[RunSummary]:
        numbers = [row["number"] for row in runs]
        marks = ", ".join("?" * len(numbers))
        models: dict[int, list[ModelSummary]] = defaultdict(list)
        for row in await self._all(
            f"""
            SELECT m.run, m.id, m.name, m.location, s.points, s.scored, s.latency_us, s.ttft_us, s.speed,
                   run.repeats * (SELECT count(*) FROM run_prompt WHERE run_prompt.run = m.run) AS planned
            FROM run_model AS m JOIN run ON run.number = m.run
            LEFT JOIN run_summary AS s ON s.run = m.run AND s.model = m.position
            WHERE m.run IN ({marks}) ORDER BY m.run, m.position
            """,
            numbers,
        ):
            models[row["run"]].append(_model_summary(row))
        return [_run_summary(row, models[row["number"]]) for row in runs]

    async def find_run(self, wanted: str) -> int:
        """The number of the run that a person names: a number, the beginning of its key, or `last`."""
        if wanted == "last":
            row = await self._one("SELECT max(number) AS number FROM run WHERE binned IS NULL")
            if row is None or row["number"] is None:
                raise StoreError("There is no run yet; `milo demo` makes one.")
            return int(row["number"])
        found = await self._all(
            "SELECT number FROM run WHERE CAST(number AS TEXT) = ?1 OR (length(?1) > 3 AND key LIKE ?1 || '%')",
            (wanted.replace("%", "").replace("_", ""),),
        )
        if len(found) > 1:
            raise StoreError(
                f"{wanted} is the beginning of {len(found)} runs; give more of it, or the number."
            )
        if not found:
            raise StoreError(f"There is no run {wanted}; `milo runs` lists those that there are.")
        return int(found[0]["number"])

    async def run(self, number: int) -> RunRecord:
        """A run whole, without its attempts. Raises StoreError where there is none."""
        row = await self._one("SELECT * FROM run WHERE number = ?", (number,))
        if row is None:
            raise StoreError(f"There is no run {number}; `milo runs` lists those that there are.")
        models = await self._all("SELECT * FROM run_model WHERE run = ? ORDER BY position", (number,))
        prompts = await self._all(
            "SELECT prompt.* FROM run_prompt JOIN prompt USING (hash) WHERE run = ? ORDER BY position",
            (number,),
        )
        return rows.run_record(
            dict(row),
            _phase(row),
            [rows.model_record(dict(model)) for model in models],
            [rows.prompt_record(dict(prompt)) for prompt in prompts],
        )

    async def attempts(self, run: int) -> list[AttemptRow]:
        """The narrow rows of all attempts of a run, retries among them, in the order they were stored."""
        found = await self._all(
            """
            SELECT a.*, m.id AS model_id, p.id AS prompt_id FROM attempt AS a
            JOIN run_model AS m ON m.run = a.run AND m.position = a.model
            JOIN run_prompt AS rp ON rp.run = a.run AND rp.position = a.prompt
            JOIN prompt AS p ON p.hash = rp.hash
            WHERE a.run = ? ORDER BY a.id
            """,
            (run,),
        )
        return [rows.attempt_row(dict(row), row["model_id"], row["prompt_id"]) for row in found]

    async def past_latencies(self) -> dict[str, float]:
        """For each model id the mean latency of an attempt in its newest run that has one, in seconds."""
        found = await self._all(
            """
            SELECT m.id, s.latency_us, max(s.run) FROM run_summary AS s
            JOIN run_model AS m ON m.run = s.run AND m.position = s.model
            WHERE s.latency_us IS NOT NULL GROUP BY m.id
            """
        )
        return {row["id"]: row["latency_us"] / 1e6 for row in found}

    async def scored_attempts(self, run: int, after: int = 0, limit: int = 200) -> list[int]:
        """A page of the ids of a run's scored attempts, those after `after`, in the order they were stored."""
        found = await self._all(
            "SELECT id FROM attempt WHERE run = ? AND points IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
            (run, after, limit),
        )
        return [row["id"] for row in found]

    async def attempt(self, id: int) -> AttemptRecord:
        """An attempt whole, with its newest score. Raises StoreError where there is none."""
        row = await self._one(
            """
            SELECT a.*, m.id AS model_id, p.id AS prompt_id FROM attempt AS a
            JOIN run_model AS m ON m.run = a.run AND m.position = a.model
            JOIN run_prompt AS rp ON rp.run = a.run AND rp.position = a.prompt
            JOIN prompt AS p ON p.hash = rp.hash
            WHERE a.id = ?
            """,
            (id,),
        )
        if row is None:
            raise StoreError(f"There is no attempt {id}.")
        turns = await self._all("SELECT * FROM turn WHERE attempt = ? ORDER BY position", (id,))
        calls: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for call in await self._all(
            "SELECT * FROM tool_call WHERE attempt = ? ORDER BY turn, position", (id,)
        ):
            calls[call["turn"]].append(dict(call))
        checks = await self._all(
            "SELECT * FROM check_result WHERE attempt = ?1 AND scorer_version = "
            "(SELECT max(scorer_version) FROM check_result WHERE attempt = ?1) ORDER BY position",
            (id,),
        )
        return AttemptRecord(
            row=rows.attempt_row(dict(row), row["model_id"], row["prompt_id"]),
            ended=row["ended"],
            turns=tuple(rows.turn_record(dict(turn), calls[turn["position"]]) for turn in turns),
            score=Score(tuple(rows.check_result(dict(check)) for check in checks)) if checks else None,
            scorer_version=checks[0]["scorer_version"] if checks else 0,
        )

    async def evidence(self, run: int) -> Evidence:
        """What lies behind a run's points: failed checks, and what was answered, by attempt."""
        return Evidence(await self._failed_checks(run), await self._answered(run))

    async def _failed_checks(self, run: int) -> dict[int, list[FailedCheck]]:
        found: dict[int, list[FailedCheck]] = defaultdict(list)
        for row in await self._all(
            """
            SELECT c.* FROM check_result AS c JOIN attempt AS a ON a.id = c.attempt
            WHERE a.run = ? AND NOT c.passed AND c.scorer_version = (
              SELECT max(scorer_version) FROM check_result AS newer WHERE newer.attempt = c.attempt)
            ORDER BY c.attempt, c.position
            """,
            (run,),
        ):
            check = FailedCheck(row["position"] + 1, row["title"], row["reason"])
            found[row["attempt"]].append(check)
        return dict(found)

    async def _answered(self, run: int) -> dict[int, Answered]:
        calls: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
        for row in await self._all(
            "SELECT c.attempt, c.turn, c.name, c.arguments FROM tool_call AS c "
            "JOIN attempt AS a ON a.id = c.attempt WHERE a.run = ? ORDER BY c.attempt, c.turn, c.position",
            (run,),
        ):
            calls[row["attempt"], row["turn"]].append((row["name"], row["arguments"]))
        turns: dict[int, list[sqlite3.Row]] = defaultdict(list)
        for row in await self._all(
            "SELECT t.attempt, t.position, t.text, t.reasoning, t.input_tokens, t.cached_tokens FROM turn AS t "
            "JOIN attempt AS a ON a.id = t.attempt WHERE a.run = ? ORDER BY t.attempt, t.position",
            (run,),
        ):
            turns[row["attempt"]].append(row)
        return {attempt: _answered(said, calls) for attempt, said in turns.items()}


def _answered(
    turns: Sequence[sqlite3.Row], calls: Mapping[tuple[int, int], Sequence[tuple[str, str]]]
) -> Answered:
    said = (
        (turn["reasoning"], turn["text"], calls.get((turn["attempt"], turn["position"]), ()))
        for turn in turns
    )
    return Answered(digest(said), turns[0]["input_tokens"], turns[0]["cached_tokens"])


def _phase(row: sqlite3.Row) -> RunPhase:
    """The run's phase as it is: one whose runner died stands as incomplete."""
    phase = RunPhase(row["phase"])
    if phase in GOING_ON and not is_alive(row["runner_pid"], row["runner_started"]):
        return RunPhase.INCOMPLETE
    return phase


def _run_summary(row: sqlite3.Row, models: list[ModelSummary]) -> RunSummary:
    return RunSummary(
        number=row["number"],
        key=row["key"],
        suite=row["suite"],
        suite_title=row["suite_title"],
        suite_version=row["suite_version"],
        simulated=bool(row["simulated"]),
        phase=_phase(row),
        created=row["created"],
        finished=row["finished"],
        repeats=row["repeats"],
        note=row["note"],
        models=tuple(models),
    )


def _model_summary(row: sqlite3.Row) -> ModelSummary:
    def seconds(value: float | None) -> float | None:
        return None if value is None else value / 1e6

    return ModelSummary(
        id=row["id"],
        name=row["name"],
        where=row["location"],
        points=row["points"] or 0,
        scored=row["scored"] or 0,
        planned=row["planned"],
        latency=seconds(row["latency_us"]),
        ttft=seconds(row["ttft_us"]),
        tokens_per_second=row["speed"],
    )
