"""The writer: one connection of the runner's, an attempt in one transaction."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, Self

import aiosqlite

from milo_tui.bench.events import GOING_ON, RunPhase
from milo_tui.bench.liveness import is_alive
from milo_tui.bench.record import AttemptRecord, ModelRecord, PromptRecord, RunRecord
from milo_tui.store import rows
from milo_tui.store.database import StoreError, connect, one_sentence
from milo_tui.suite.score import Score


class Store:
    """Writes runs and attempts. Every method commits before it returns, or raises StoreError."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        # The lanes of a run share the connection, and a transaction is the connection's.
        self._one_at_a_time = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the database for writing, made and migrated where need be. Raises StoreError."""
        return cls(await connect(path, write=True), path)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._connection.close()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        async with self._one_at_a_time:
            with one_sentence(self._path):
                await self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    await self._connection.execute("COMMIT")
                except BaseException:
                    # After some errors (a full disk) SQLite has rolled back by itself.
                    if self._connection.in_transaction:
                        await self._connection.execute("ROLLBACK")
                    raise

    async def create_run(self, run: RunRecord) -> int:
        """Store a new run with its models and prompts; the number it got."""
        marks = ", ".join("?" * len(rows.run_values(run)))
        async with self._transaction():
            cursor = await self._connection.execute(
                f"INSERT INTO run ({rows.RUN_COLUMNS}) VALUES ({marks})",
                rows.run_values(run),
            )
            number = cursor.lastrowid
            await cursor.close()
            if number is None:
                raise StoreError(f"{self._path}: the run could not be stored.")
            await self._insert_models(number, run.models)
            await self._insert_prompts(number, run.prompts)
        return number

    async def _insert_models(self, run: int, models: tuple[ModelRecord, ...]) -> None:
        values = [(run, i, *rows.model_values(model)) for i, model in enumerate(models)]
        marks = ", ".join("?" * len(values[0]))
        await self._connection.executemany(
            f"INSERT INTO run_model (run, position, {rows.MODEL_COLUMNS}) VALUES ({marks})", values
        )

    async def _insert_prompts(self, run: int, prompts: tuple[PromptRecord, ...]) -> None:
        for position, prompt in enumerate(prompts):
            definition = rows.dump(prompt.definition)
            digest = hashlib.sha256(definition.encode()).hexdigest()
            await self._connection.execute(
                "INSERT OR IGNORE INTO prompt VALUES (?, ?, ?, ?, ?, ?)",
                (digest, prompt.id, prompt.version, prompt.category, rows.text(prompt.title), definition),
            )
            await self._connection.execute("INSERT INTO run_prompt VALUES (?, ?, ?)", (run, position, digest))

    async def claim(self, run: int, pid: int, process_started: float) -> None:
        """Note which process carries the run out, so that a dead one is known by pid and start time.

        Raises StoreError where another process that still lives is at it.
        """
        async with self._transaction():
            async with self._connection.execute(
                "SELECT phase, runner_pid, runner_started FROM run WHERE number = ?", (run,)
            ) as cursor:
                row = await cursor.fetchone()
            if row is None:
                raise StoreError(f"There is no run {run}; `milo runs` lists those that there are.")
            if RunPhase(row[0]) in GOING_ON and row[1] != pid and is_alive(row[1], row[2]):
                raise StoreError(f"Run {run} is going on in another process; `milo watch {run}` shows it.")
            await self._connection.execute(
                "UPDATE run SET runner_pid = ?, runner_started = ?, phase = ?, finished = NULL WHERE number = ?",
                (pid, process_started, RunPhase.RUNNING.value, run),
            )

    async def set_phase(self, run: int, phase: RunPhase, finished: float | None = None) -> None:
        """Note the run's phase; `finished` with the final ones."""
        async with self._transaction():
            await self._connection.execute(
                "UPDATE run SET phase = ?, finished = ? WHERE number = ?", (phase.value, finished, run)
            )

    async def update_model(self, run: int, model: ModelRecord) -> None:
        """Replace a model's manifest, phase, note, cold start and peak memory."""
        async with self._transaction():
            await self._connection.execute(
                "UPDATE run_model SET manifest = ?, phase = ?, note = ?, cold_start = ?, peak_gb = ? "
                "WHERE run = ? AND id = ?",
                (
                    rows.dump(model.manifest),
                    model.phase.value,
                    rows.text(model.note),
                    model.cold_start,
                    model.peak_gb,
                    run,
                    model.id,
                ),
            )

    async def add_attempt(self, run: int, attempt: AttemptRecord) -> int:
        """Commit an attempt with its turns, calls and checks in one transaction; the id it got."""
        async with self._transaction():
            model = await self._position(
                "SELECT position FROM run_model WHERE run = ? AND id = ?", run, attempt.row.model
            )
            prompt = await self._position(
                "SELECT position FROM run_prompt JOIN prompt USING (hash) WHERE run = ? AND id = ?",
                run,
                attempt.row.prompt,
            )
            id = await self._insert_attempt(run, model, prompt, attempt)
            await self._insert_turns(id, attempt)
            if attempt.score is not None:
                await self._insert_checks(id, attempt.score, attempt.scorer_version)
            await self._summarise(run, model)
        return id

    async def _position(self, sql: str, run: int, name: str) -> int:
        async with self._connection.execute(sql, (run, name)) as cursor:
            row = await cursor.fetchone()
        if row is None:
            raise StoreError(f"{self._path}: run {run} has no {name}.")
        return int(row[0])

    async def _insert_attempt(self, run: int, model: int, prompt: int, attempt: AttemptRecord) -> int:
        values = rows.attempt_values(run, model, prompt, attempt.row, attempt.ended)
        marks = ", ".join("?" * len(values))
        cursor = await self._connection.execute(
            f"INSERT INTO attempt ({rows.ATTEMPT_COLUMNS}) VALUES ({marks})", values
        )
        id = cursor.lastrowid
        await cursor.close()
        if id is None:
            raise StoreError(f"{self._path}: the attempt could not be stored.")
        return id

    async def _insert_turns(self, id: int, attempt: AttemptRecord) -> None:
        turns = [rows.turn_values(id, i, turn) for i, turn in enumerate(attempt.turns)]
        calls = list(_call_values(id, attempt))
        if turns:
            marks = ", ".join("?" * len(turns[0]))
            await self._connection.executemany(
                f"INSERT INTO turn ({rows.TURN_COLUMNS}) VALUES ({marks})", turns
            )
        if calls:
            await self._connection.executemany("INSERT INTO tool_call VALUES (?, ?, ?, ?, ?, ?, ?, ?)", calls)

    async def _insert_checks(self, id: int, score: Score, scorer_version: int) -> None:
        await self._connection.executemany(
            "INSERT INTO check_result VALUES (?, ?, ?, ?, ?, ?)",
            [
                (id, scorer_version, i, rows.text(check.title), check.passed, rows.text(check.reason))
                for i, check in enumerate(score.checks)
            ],
        )

    async def add_score(self, attempt: int, score: Score, scorer_version: int) -> None:
        """Keep one more score of an attempt, that of another scorer; its points and the summary follow it."""
        async with self._transaction():
            await self._insert_checks(attempt, score, scorer_version)
            async with self._connection.execute(
                "UPDATE attempt SET points = ? WHERE id = ? RETURNING run, model", (score.points, attempt)
            ) as cursor:
                row = await cursor.fetchone()
            if row is None:
                raise StoreError(f"{self._path}: there is no attempt {attempt}.")
            await self._summarise(row[0], row[1])

    async def set_scorer_version(self, run: int, version: int) -> None:
        """Note by which scorer all of a run's conversations are scored."""
        async with self._transaction():
            await self._connection.execute(
                "UPDATE run SET scorer_version = ? WHERE number = ?", (version, run)
            )

    async def _summarise(self, run: int, model: int) -> None:
        """Derive the model's summary anew from its attempts: the last one at each prompt and repeat counts."""
        await self._connection.execute(
            """
            INSERT OR REPLACE INTO run_summary
            SELECT run, model, coalesce(sum(points), 0), count(points),
                   avg(CASE WHEN points IS NOT NULL THEN latency_us END),
                   avg(CASE WHEN points IS NOT NULL THEN ttft_us END),
                   avg(CASE WHEN points IS NOT NULL THEN speed END)
            FROM attempt AS a
            WHERE run = ?1 AND model = ?2 AND number = (
              SELECT max(number) FROM attempt AS b
              WHERE b.run = a.run AND b.model = a.model AND b.prompt = a.prompt AND b.repeat = a.repeat)
            GROUP BY run, model
            """,
            (run, model),
        )

    async def set_note(self, run: int, note: str) -> None:
        """Replace a run's note."""
        async with self._transaction():
            await self._connection.execute("UPDATE run SET note = ? WHERE number = ?", (rows.text(note), run))


def _call_values(id: int, attempt: AttemptRecord) -> Iterator[tuple[Any, ...]]:
    for position, turn in enumerate(attempt.turns):
        # By position, as the scorer pairs them: servers give two calls of a turn the same id.
        for i, (call, result) in enumerate(zip_longest(turn.calls, turn.results)):
            if call is not None:
                yield rows.call_values(id, position, i, call, result)


async def set_note(path: Path, run: int, note: str) -> None:
    """Replace a run's note, through a connection of its own. Raises StoreError."""
    store = await Store.open(path)
    try:
        await store.set_note(run, note)
    finally:
        await store.aclose()
