"""The writer: one connection of the runner's, an attempt in one transaction."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Self

from milo_tui.analysis.phases import ACTIVE, RunPhase
from milo_tui.analysis.record import Attempt, AttemptDetail, ModelRecord, PromptRecord, RunRecord
from milo_tui.store import rows
from milo_tui.store.database import StoreError
from milo_tui.store.liveness import is_alive
from milo_tui.store.records import positions
from milo_tui.store.thread import DatabaseThread
from milo_tui.store.writing import writing as writing
from milo_tui.suite.score import Score


class Store:
    """Writes runs and attempts. Every method commits before it returns, or raises StoreError."""

    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._places: dict[int, _Places] = {}

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the database for writing, made and migrated where need be. Raises StoreError."""
        return cls(await DatabaseThread.open(path, write=True))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._database.aclose()

    async def create_run(self, run: RunRecord, wanted: int | None = None) -> int:
        """Store a new run with its models and prompts; its number: `wanted` where that is free, or the next."""
        return await self._database.write(_create_run, run, wanted)

    async def claim(self, run: int, pid: int, process_started: float) -> None:
        """Note which process carries the run out, so that a dead one is known by pid and start time.

        Raises StoreError where another process that still lives is at it.
        """
        await self._database.write(_claim, run, pid, process_started)

    async def set_phase(self, run: int, phase: RunPhase, finished: float | None = None) -> None:
        """Note the run's phase; `finished` with the final ones."""
        await self._database.write(
            _execute, "UPDATE run SET phase = ?, finished = ? WHERE number = ?", (phase.value, finished, run)
        )

    async def update_model(self, run: int, model: ModelRecord) -> None:
        """Replace a model's manifest, phase, note, cold start and peak memory."""
        await self._database.write(
            _execute,
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

    async def add_attempt(self, run: int, attempt: AttemptDetail) -> int:
        """Commit an attempt with its turns, calls and checks in one transaction; the id it got."""
        return await self._database.write(_add_attempt, run, attempt, self._places)

    async def add_missing(self, run: int, attempts: Sequence[AttemptDetail]) -> int:
        """Commit those of the attempts that the run does not have yet, in one transaction; how many they were."""
        return await self._database.write(_add_missing, run, attempts, self._places)

    async def add_scores(self, scores: Sequence[tuple[int, Score]], scorer_version: int) -> None:
        """Keep one more score of attempts, given by their ids; points and summaries follow the newest."""
        await self._database.write(_add_scores, scores, scorer_version)

    async def set_scorer_version(self, run: int, version: int) -> None:
        """Note by which scorer all of a run's conversations are scored."""
        await self._database.write(
            _execute, "UPDATE run SET scorer_version = ? WHERE number = ?", (version, run)
        )

    async def set_note(self, run: int, note: str) -> None:
        """Replace a run's note."""
        await self._database.write(_set_note, run, note)

    async def bin(self, run: int, when: float) -> None:
        """Move a run to the bin: it leaves all lists, and nothing of it is lost. Raises StoreError of a live one."""
        await self._database.write(_bin, run, when)

    async def restore(self, run: int) -> None:
        """Take a run out of the bin."""
        await self._database.write(_execute, "UPDATE run SET binned = NULL WHERE number = ?", (run,))

    async def empty_bin(self) -> int:
        """Delete what is in the bin for good, run by run; how many they were."""
        count = 0
        while await self._database.write(_delete_one):
            count += 1
        return count


def _insert_into(table: str, columns: str) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * (columns.count(',') + 1))})"


_INSERT_RUN = _insert_into("run", f"number, {rows.RUN_COLUMNS}")
_INSERT_MODEL = _insert_into("run_model", f"run, position, {rows.MODEL_COLUMNS}")
_INSERT_ATTEMPT = _insert_into("attempt", rows.ATTEMPT_COLUMNS)
_INSERT_TURN = _insert_into("turn", rows.TURN_COLUMNS)


def _execute(db: sqlite3.Connection, sql: str, values: tuple[Any, ...]) -> None:
    db.execute(sql, values)


def _create_run(db: sqlite3.Connection, run: RunRecord, wanted: int | None) -> int:
    if not wanted or db.execute("SELECT 1 FROM run WHERE number = ?", (wanted,)).fetchone():
        wanted = None
    values = (wanted, *rows.run_values(run))
    number = db.execute(_INSERT_RUN, values).lastrowid
    if number is None:
        raise StoreError("The run could not be stored.")
    models = [(number, i, *rows.model_values(model)) for i, model in enumerate(run.models)]
    db.executemany(_INSERT_MODEL, models)
    _insert_prompts(db, number, run.prompts)
    _set_words(db, number)
    return number


def _insert_prompts(db: sqlite3.Connection, run: int, prompts: tuple[PromptRecord, ...]) -> None:
    for position, prompt in enumerate(prompts):
        definition = rows.dump(prompt.definition)
        digest = hashlib.sha256(definition.encode()).hexdigest()
        db.execute(
            "INSERT OR IGNORE INTO prompt VALUES (?, ?, ?, ?, ?, ?)",
            (digest, prompt.id, prompt.version, prompt.category, rows.text(prompt.title), definition),
        )
        db.execute("INSERT INTO run_prompt VALUES (?, ?, ?)", (run, position, digest))


def _set_words(db: sqlite3.Connection, run: int) -> None:
    """Note what the run's line can be found by: suite, models, whether it is simulated, note."""
    suite, title, simulated, note = db.execute(
        "SELECT suite, suite_title, simulated, note FROM run WHERE number = ?", (run,)
    ).fetchone()
    models = db.execute("SELECT name, id, location FROM run_model WHERE run = ? ORDER BY position", (run,))
    words = (suite, title, *(word for model in models for word in model), "simulated" * simulated, note)
    db.execute("UPDATE run SET words = ? WHERE number = ?", (" ".join(words).casefold(), run))


def _claim(db: sqlite3.Connection, run: int, pid: int, process_started: float) -> None:
    _refuse_going_on(db, run, pid)
    db.execute(
        "UPDATE run SET runner_pid = ?, runner_started = ?, phase = ?, finished = NULL WHERE number = ?",
        (pid, process_started, RunPhase.RUNNING.value, run),
    )


def _refuse_going_on(db: sqlite3.Connection, run: int, pid: int = 0) -> None:
    """Raise StoreError where there is no such run, or another process than `pid` is at it."""
    row = db.execute("SELECT phase, runner_pid, runner_started FROM run WHERE number = ?", (run,)).fetchone()
    if row is None:
        raise StoreError(f"There is no run {run}; `milo runs` lists those that there are.")
    if RunPhase(row[0]) in ACTIVE and row[1] != pid and is_alive(row[1], row[2]):
        raise StoreError(f"Run {run} is going on in another process; `milo watch {run}` shows it.")


_Places = tuple[dict[str, int], dict[str, int]]
"""The positions of a run's models, and of its prompts, by their ids."""


def _places(db: sqlite3.Connection, run: int, row: Attempt, known: dict[int, _Places]) -> tuple[int, int]:
    """The positions of an attempt's model and prompt in its run; a run's never change."""
    if run not in known:
        known[run] = positions(db, run)
    models, prompts = known[run]
    if row.model not in models or row.prompt not in prompts:
        raise StoreError(f"Run {run} has no {row.prompt if row.model in models else row.model}.")
    return models[row.model], prompts[row.prompt]


def _add_attempt(db: sqlite3.Connection, run: int, attempt: AttemptDetail, known: dict[int, _Places]) -> int:
    return _insert(db, run, *_places(db, run, attempt.attempt, known), attempt)


def _add_missing(
    db: sqlite3.Connection, run: int, attempts: Sequence[AttemptDetail], known: dict[int, _Places]
) -> int:
    _refuse_going_on(db, run)
    added = 0
    for attempt in attempts:
        model, prompt = _places(db, run, attempt.attempt, known)
        if not db.execute(
            "SELECT 1 FROM attempt WHERE run = ? AND model = ? AND prompt = ? AND repeat = ? AND number = ?",
            (run, model, prompt, attempt.attempt.repeat, attempt.attempt.number),
        ).fetchone():
            _insert(db, run, model, prompt, attempt)
            added += 1
    return added


def _insert(db: sqlite3.Connection, run: int, model: int, prompt: int, attempt: AttemptDetail) -> int:
    values = rows.attempt_values(run, model, prompt, attempt.attempt, attempt.ended)
    id = db.execute(_INSERT_ATTEMPT, values).lastrowid
    if id is None:
        raise StoreError("The attempt could not be stored.")
    turns = [rows.turn_values(id, i, turn) for i, turn in enumerate(attempt.turns)]
    if turns:
        db.executemany(_INSERT_TURN, turns)
    db.executemany("INSERT INTO tool_call VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _call_values(id, attempt))
    if attempt.score is not None:
        _insert_checks(db, id, attempt.score, attempt.scorer_version)
    _index(db, id, attempt)
    _summarise(db, run, model, attempt.attempt)
    return id


def _index(db: sqlite3.Connection, id: int, attempt: AttemptDetail) -> None:
    """Make the attempt's words findable: word for word what the view attempt_text makes of its rows."""
    turns = attempt.turns
    calls = [f"{call.name} {call.arguments_text}" for turn in turns for call in turn.calls]
    texts = (
        [turn.text for turn in turns if turn.text],
        [turn.reasoning for turn in turns if turn.reasoning],
        calls,
    )
    db.execute(
        "INSERT INTO attempt_search (rowid, answer, reasoning, calls) VALUES (?, ?, ?, ?)",
        (id, *(rows.text("\n".join(text)) if text else None for text in texts)),
    )


def _call_values(id: int, attempt: AttemptDetail) -> Iterator[tuple[Any, ...]]:
    for position, turn in enumerate(attempt.turns):
        # By position, as the scorer pairs them: servers give two calls of a turn the same id.
        for i, (call, result) in enumerate(zip_longest(turn.calls, turn.results)):
            if call is not None:
                yield rows.call_values(id, position, i, call, result)


def _insert_checks(db: sqlite3.Connection, id: int, score: Score, scorer_version: int) -> None:
    db.executemany(
        "INSERT INTO check_result VALUES (?, ?, ?, ?, ?, ?)",
        [
            (id, scorer_version, i, rows.text(check.title), check.passed, rows.text(check.reason))
            for i, check in enumerate(score.checks)
        ],
    )


def _summarise(db: sqlite3.Connection, run: int, model: int, row: Attempt) -> None:
    """Let the model's summary follow a new attempt: one that replaces another has it derived anew."""
    if row.number > 1:
        db.execute("DELETE FROM run_summary WHERE run = ? AND model = ?", (run, model))
        db.execute("INSERT INTO run_summary SELECT * FROM summed WHERE run = ? AND model = ?", (run, model))
    elif row.points is not None:
        sums: list[float | int] = [row.points, 1]
        for value in (row.latency, row.ttft):
            sums += (0, 0) if value is None else (round(value * 1e6), 1)
        sums += (0, 0) if row.tokens_per_second is None else (row.tokens_per_second, 1)
        db.execute(
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


def _add_scores(db: sqlite3.Connection, scores: Sequence[tuple[int, Score]], scorer_version: int) -> None:
    for id, score in scores:
        row = db.execute("SELECT * FROM attempt WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise StoreError(f"There is no attempt {id}.")
        _insert_checks(db, id, score, scorer_version)
        db.execute("UPDATE attempt SET points = ? WHERE id = ?", (score.points, id))
        # The summary counts the last attempt of each repeat alone.
        db.execute(
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


def _set_note(db: sqlite3.Connection, run: int, note: str) -> None:
    db.execute("UPDATE run SET note = ? WHERE number = ?", (rows.text(note), run))
    _set_words(db, run)


def _bin(db: sqlite3.Connection, run: int, when: float) -> None:
    _refuse_going_on(db, run)
    db.execute("UPDATE run SET binned = ? WHERE number = ?", (when, run))


def _delete_one(db: sqlite3.Connection) -> bool:
    found = db.execute("SELECT number FROM run WHERE binned IS NOT NULL LIMIT 1").fetchone()
    if found is None:
        return False
    # Attempts first: cascading from the run would drop its models and prompts in an order of SQLite's own.
    db.execute("DELETE FROM attempt WHERE run = ?", found)
    db.execute("DELETE FROM run WHERE number = ?", found)
    return True
