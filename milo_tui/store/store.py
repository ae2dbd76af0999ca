"""The writer: one connection of the runner's, an attempt in one transaction."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from milo_tui.analysis.phases import ACTIVE, Origin, RunPhase
from milo_tui.analysis.record import Attempt, AttemptDetail, ModelRecord, PromptRecord, RunRecord
from milo_tui.processes import is_alive
from milo_tui.store.columns import dump, insert, storable
from milo_tui.store.database import Database, StoreError
from milo_tui.store.lists import no_run
from milo_tui.store.rows import (
    ATTEMPT,
    CALL_SQL,
    CHECK,
    MODEL,
    PROMPT,
    RUN,
    TURN_SQL,
    call_values,
    search_texts,
    turn_values,
)
from milo_tui.suite.conversation import Score

_INSERT_RUN = insert("run", RUN.sql, "planned")
_INSERT_MODEL = insert("run_model", "run, position", MODEL.sql)
_INSERT_PROMPT = insert("prompt", "hash", PROMPT.sql).replace("INSERT", "INSERT OR IGNORE", 1)
_INSERT_ATTEMPT = insert("attempt", "run, model, prompt, ended", ATTEMPT.sql)
_INSERT_TURN = insert("turn", "attempt, position", TURN_SQL)
_INSERT_CALL = insert("tool_call", "attempt, turn, position", CALL_SQL)
_INSERT_CHECK = insert("check_result", "attempt, scorer_version, position", CHECK.sql)
_INSERT_WORDS = insert("attempt_search", "rowid, answer, reasoning, calls")

Positions = tuple[dict[str, int], dict[str, int]]
"""The positions of a run's models, and of its prompts, by their ids."""


class Store:
    """Writes runs and attempts. Every method commits before it returns, or raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._positions: dict[int, Positions] = {}

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the database for writing, created and brought up to date if need be. Raises StoreError."""
        return cls(await Database.open(path, write=True))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._database.aclose()

    async def create_run(self, run: RunRecord) -> int:
        """Store a new run with its models and prompts; the number that it got."""
        db = self._database
        async with db.transaction():
            values = (None, *RUN.values(run)[1:], run.attempts_planned)
            number = await db.insert(_INSERT_RUN, values)
            await db.execute_many(
                _INSERT_MODEL, [(number, i, *MODEL.values(model)) for i, model in enumerate(run.models)]
            )
            prompts = [(_hash(prompt), *PROMPT.values(prompt)) for prompt in run.prompts]
            await db.execute_many(_INSERT_PROMPT, prompts)
            await db.execute_many(
                "INSERT INTO run_prompt VALUES (?, ?, ?)",
                [(number, i, hash) for i, (hash, *_) in enumerate(prompts)],
            )
            await self._set_words(number)
        return number

    async def claim(self, run: int, pid: int, process_started: float) -> None:
        """Note which process carries the run out, so that a dead one is known by pid and start time.

        Raises StoreError where another process that still lives is at it.
        """
        async with self._database.transaction():
            await self._refuse_active(run, pid)
            await self._database.fetch(
                "UPDATE run SET runner_pid = ?, runner_started = ?, phase = ?, finished = NULL WHERE number = ?",
                (pid, process_started, RunPhase.RUNNING.value, run),
            )

    async def approve(self, run: int, models: Sequence[ModelRecord]) -> None:
        """Note that an imported run may be resumed, with the entries of these models."""
        async with self._database.transaction():
            for model in models:
                values = dict(zip(MODEL.names, MODEL.values(model), strict=True))
                await self._database.fetch(
                    "UPDATE run_model SET entry = ?, protocol = ?, location = ?, sampling = ?, memory_gb = ? "
                    "WHERE run = ? AND id = ?",
                    (
                        *(
                            values[name]
                            for name in ("entry", "protocol", "location", "sampling", "memory_gb")
                        ),
                        run,
                        model.id,
                    ),
                )
            await self._database.fetch(
                "UPDATE run SET origin = ? WHERE number = ?", (Origin.APPROVED.value, run)
            )

    async def set_phase(self, run: int, phase: RunPhase, finished: float | None = None) -> None:
        """Note the run's phase; `finished` with the final ones."""
        await self._change(
            "UPDATE run SET phase = ?, finished = ? WHERE number = ?", (phase.value, finished, run)
        )

    async def set_planned(self, run: int, planned: int) -> None:
        """Note how many attempts the run was to make: of one that decides, that is known at its end."""
        await self._change("UPDATE run SET planned = ? WHERE number = ?", (planned, run))

    async def update_model(self, run: int, model: ModelRecord) -> None:
        """Replace a model's manifest, phase, note, cold start and peak memory."""
        await self._change(
            "UPDATE run_model SET manifest = ?, phase = ?, note = ?, cold_start = ?, peak_gb = ? "
            "WHERE run = ? AND id = ?",
            (
                dump(dict(model.manifest)),
                model.phase.value,
                storable(model.note),
                model.cold_start,
                model.peak_gb,
                run,
                model.id,
            ),
        )

    async def add_attempt(self, run: int, attempt: AttemptDetail) -> int:
        """Commit an attempt with its turns, calls and checks in one transaction; the id it got."""
        # To deflate a long answer takes time that the event loop, which stamps streams, does not have.
        turns = await asyncio.to_thread(_turn_values, attempt)
        async with self._database.transaction():
            model, prompt = await self._places(run, attempt.attempt)
            return await self._insert(run, model, prompt, attempt, turns)

    async def add_missing(self, run: int, attempts: Sequence[AttemptDetail]) -> int:
        """Commit those of the attempts that the run does not have yet, in one transaction; how many they were."""
        turns = await asyncio.to_thread(lambda: [_turn_values(attempt) for attempt in attempts])
        added = 0
        async with self._database.transaction():
            await self._refuse_active(run)
            for attempt, values in zip(attempts, turns, strict=True):
                model, prompt = await self._places(run, attempt.attempt)
                if not await self._database.fetch(
                    "SELECT 1 FROM attempt WHERE run = ? AND model = ? AND prompt = ? AND repeat = ? AND number = ?",
                    (run, model, prompt, attempt.attempt.repeat, attempt.attempt.number),
                ):
                    await self._insert(run, model, prompt, attempt, values)
                    added += 1
        return added

    async def add_scores(self, scores: Sequence[tuple[int, Score]], scorer_version: int) -> None:
        """Keep one more score of attempts, given by their ids; points and summaries follow the newest."""
        async with self._database.transaction():
            for id, score in scores:
                await self._add_score(id, score, scorer_version)

    async def set_scorer_version(self, run: int, version: int) -> None:
        """Note by which scorer all of a run's conversations are scored."""
        await self._change("UPDATE run SET scorer_version = ? WHERE number = ?", (version, run))

    async def set_note(self, run: int, note: str) -> None:
        """Replace a run's note."""
        async with self._database.transaction():
            await self._database.fetch("UPDATE run SET note = ? WHERE number = ?", (storable(note), run))
            await self._set_words(run)

    async def bin(self, run: int, when: float) -> None:
        """Move a run to the bin: it leaves all lists, and nothing of it is lost. Raises StoreError of a live one."""
        async with self._database.transaction():
            await self._refuse_active(run)
            await self._database.fetch("UPDATE run SET binned = ? WHERE number = ?", (when, run))

    async def restore(self, run: int) -> None:
        """Take a run out of the bin."""
        await self._change("UPDATE run SET binned = NULL WHERE number = ?", (run,))

    async def empty_bin(self) -> int:
        """Delete what is in the bin for good, run by run; how many they were."""
        count = 0
        while True:
            async with self._database.transaction():
                row = await self._database.fetch_one(
                    "SELECT number FROM run WHERE binned IS NOT NULL LIMIT 1"
                )
                if row is None:
                    return count
                # Attempts first: cascading from the run would drop its models and prompts in an order of SQLite's own.
                await self._database.fetch("DELETE FROM attempt WHERE run = ?", tuple(row))
                await self._database.fetch("DELETE FROM run WHERE number = ?", tuple(row))
            count += 1

    async def _change(self, sql: str, values: tuple[Any, ...]) -> None:
        async with self._database.transaction():
            await self._database.fetch(sql, values)

    async def _set_words(self, run: int) -> None:
        """Note what the run's line can be found by: suite, models, whether it is simulated, note."""
        found = await self._database.fetch(
            "SELECT suite, suite_title, simulated, note FROM run WHERE number = ?", (run,)
        )
        models = await self._database.fetch(
            "SELECT name, id, location FROM run_model WHERE run = ? ORDER BY position", (run,)
        )
        for suite, title, simulated, note in found:
            words = (
                suite,
                title,
                *(word for model in models for word in model),
                "simulated" if simulated else "",
                note,
            )
            text = " ".join(map(str, words)).casefold()
            await self._database.fetch("UPDATE run SET words = ? WHERE number = ?", (text, run))

    async def _refuse_active(self, run: int, pid: int = 0) -> None:
        """Raise StoreError where there is no such run, or another process than `pid` is at it."""
        row = await self._database.fetch_one(
            "SELECT phase, runner_pid, runner_started FROM run WHERE number = ?", (run,)
        )
        if row is None:
            raise no_run(run)
        if row[0] in ACTIVE and row[1] != pid and is_alive(row[1], row[2]):
            raise StoreError(f"Run {run} is active in another process; `milo watch {run}` shows it.")

    async def _places(self, run: int, attempt: Attempt) -> tuple[int, int]:
        """The positions of an attempt's model and prompt in its run; a run's never change."""
        if run not in self._positions:
            models = await self._database.fetch("SELECT id, position FROM run_model WHERE run = ?", (run,))
            prompts = await self._database.fetch(
                "SELECT id, position FROM run_prompt JOIN prompt USING (hash) WHERE run = ?", (run,)
            )
            self._positions[run] = dict(map(tuple, models)), dict(map(tuple, prompts))
        by_model, by_prompt = self._positions[run]
        if attempt.model not in by_model or attempt.prompt not in by_prompt:
            missing = attempt.prompt if attempt.model in by_model else attempt.model
            raise StoreError(f"Run {run} has no {missing}.")
        return by_model[attempt.model], by_prompt[attempt.prompt]

    async def _insert(
        self, run: int, model: int, prompt: int, attempt: AttemptDetail, turns: Sequence[tuple[Any, ...]]
    ) -> int:
        db = self._database
        values = (run, model, prompt, attempt.ended, *ATTEMPT.values(attempt.attempt))
        id = await db.insert(_INSERT_ATTEMPT, values)
        await db.execute_many(_INSERT_TURN, [(id, *turn) for turn in turns])
        if calls := call_values(attempt):
            await db.execute_many(_INSERT_CALL, [(id, *call) for call in calls])
        if attempt.score is not None:
            await self._insert_checks(id, attempt.score, attempt.scorer_version)
        await db.fetch(_INSERT_WORDS, (id, *search_texts(attempt)))
        await self._summarise(run, model, attempt.attempt)
        return id

    async def _insert_checks(self, id: int, score: Score, scorer_version: int) -> None:
        await self._database.execute_many(
            _INSERT_CHECK,
            [(id, scorer_version, i, *CHECK.values(check)) for i, check in enumerate(score.checks)],
        )

    async def _summarise(self, run: int, model: int, attempt: Attempt) -> None:
        """Let the model's summary follow a new attempt: one that replaces another has it derived anew."""
        db = self._database
        if attempt.number > 1:
            await db.fetch("DELETE FROM run_summary WHERE run = ? AND model = ?", (run, model))
            await db.fetch(
                "INSERT INTO run_summary SELECT * FROM summed WHERE run = ? AND model = ?", (run, model)
            )
        elif attempt.points is not None:
            sums: list[float | int] = [attempt.points, 1]
            for value in (attempt.latency, attempt.ttft):
                sums += (0, 0) if value is None else (round(value * 1e6), 1)
            sums += (0, 0) if attempt.tokens_per_second is None else (attempt.tokens_per_second, 1)
            await db.fetch(
                """
                INSERT INTO run_summary VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (run, model) DO UPDATE SET
                  points = points + excluded.points, scored = scored + excluded.scored,
                  latency_us = latency_us + excluded.latency_us, latencies = latencies + excluded.latencies,
                  ttft_us = ttft_us + excluded.ttft_us, ttfts = ttfts + excluded.ttfts,
                  speed = speed + excluded.speed, speeds = speeds + excluded.speeds
                """,
                (run, model, *sums),
            )

    async def _add_score(self, id: int, score: Score, scorer_version: int) -> None:
        db = self._database
        row = await db.fetch_one("SELECT * FROM attempt WHERE id = ?", (id,))
        if row is None:
            raise StoreError(f"There is no attempt {id}.")
        await self._insert_checks(id, score, scorer_version)
        await db.fetch("UPDATE attempt SET points = ? WHERE id = ?", (score.points, id))
        # The summary counts the last attempt of each repeat alone.
        await db.fetch(
            """
            UPDATE run_summary SET points = points + ? WHERE run = ? AND model = ? AND NOT EXISTS (
              SELECT 1 FROM attempt WHERE run = ? AND model = ? AND prompt = ? AND repeat = ? AND number > ?)
            """,
            (
                score.points - row["points"],
                *(row["run"], row["model"]) * 2,
                row["prompt"],
                row["repeat"],
                row["number"],
            ),
        )


@asynccontextmanager
async def writing(path: Path) -> AsyncIterator[Store]:
    """A store for a change or two. Raises StoreError."""
    store = await Store.open(path)
    try:
        yield store
    finally:
        await store.aclose()


def _turn_values(attempt: AttemptDetail) -> list[tuple[Any, ...]]:
    return [(position, *turn_values(turn)) for position, turn in enumerate(attempt.turns)]


def _hash(prompt: PromptRecord) -> str:
    return hashlib.sha256(dump(prompt.definition).encode()).hexdigest()
