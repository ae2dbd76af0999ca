"""Lists of runs, and a model's trend over them: pages by key from narrow rows, at any size of database."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

from milo_tui.analysis.figures import Sums
from milo_tui.analysis.phases import ACTIVE, RunPhase
from milo_tui.processes import is_alive
from milo_tui.store.columns import RUN_CODECS, Columns, UnreadableColumn, storable
from milo_tui.store.database import Database, StoreError, whole
from milo_tui.store.summary import ModelSummary, RunSummary, TrendPoint
from milo_tui.suite.json_text import show

_SUMMARY = Columns(RunSummary, codecs=RUN_CODECS, without=("models",))
_RUN = f"{_SUMMARY.sql}, planned, runner_pid, runner_started"

_SUMS = ("scored", "points", "latency_us", "latencies", "ttft_us", "ttfts", "speed", "speeds")

_STATES = ("live", "paused", "stopping", "stopped", "done", "incomplete")

# As the list names a run's state; one that should be going on and has no runner was interrupted.
_STATE = """
CASE phase
  WHEN 'stopped' THEN 'stopped'
  WHEN 'incomplete' THEN 'incomplete'
  WHEN 'done' THEN
    iif((SELECT sum(scored) FROM run_summary WHERE run = number) >= planned, 'done', 'incomplete')
  ELSE iif(is_alive(runner_pid, runner_started), iif(phase = 'running', 'live', phase), 'incomplete')
END
"""


class RunLists:
    """Reads lists of runs. Raises StoreError with one sentence where it cannot."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the database for reading; an absent one is made empty. Raises StoreError."""
        return cls(await Database.open(path, write=False))

    async def aclose(self) -> None:
        """Close the connection."""
        await self.database.aclose()

    async def runs(
        self, before: int | None = None, limit: int = 200, words: Sequence[str] = (), *, binned: bool = False
    ) -> list[RunSummary]:
        """A page of runs, newest first: below `before`, with every one of `words` in its line; or those in the bin."""
        condition, values = _condition(before, words, binned)
        rows = await self.database.fetch(
            f"SELECT {_RUN} FROM run WHERE {condition} ORDER BY number DESC LIMIT ?", (*values, limit)
        )
        return await self._summaries(rows)

    async def run_numbers(
        self, before: int | None = None, words: Sequence[str] = (), *, binned: bool = False
    ) -> list[int]:
        """The numbers of all the runs that pages from `before` on would hold, newest first."""
        condition, values = _condition(before, words, binned)
        rows = await self.database.fetch(
            f"SELECT number FROM run WHERE {condition} ORDER BY number DESC", values
        )
        return [number for (number,) in rows]

    async def summary(self, run: int) -> RunSummary:
        """One run's line. Raises StoreError where there is none."""
        rows = await self.database.fetch(f"SELECT {_RUN} FROM run WHERE number = ?", (run,))
        if not rows:
            raise no_run(run)
        return (await self._summaries(rows))[0]

    async def find_run(self, name: str) -> int:
        """The number of the run that a person names: a number, the beginning of its key, or `last`."""
        if name == "last":
            newest = await self.database.fetch_one(
                "SELECT number FROM run WHERE binned IS NULL ORDER BY number DESC LIMIT 1"
            )
            if newest is None:
                raise StoreError("There is no run yet; `milo demo` makes one.")
            return int(newest[0])
        found: list[sqlite3.Row] = []
        if name.isascii() and name.isdigit() and len(name) < 19:
            found += await self.database.fetch("SELECT number FROM run WHERE number = ?", (int(name),))
        if len(name) > 3:
            key = storable(name)
            found += await self.database.fetch(
                "SELECT number FROM run WHERE key >= ? AND key < ?", (key, key + "\U0010ffff")
            )
        numbers = {int(number) for (number,) in found}
        if len(numbers) > 1:
            raise StoreError(
                f"{name} is the beginning of {len(numbers)} runs; give more of it, or the number."
            )
        if not numbers:
            raise no_run(name)
        return numbers.pop()

    async def run_of_key(self, key: str) -> int | None:
        """The number of the run with this key, whether in the bin or not."""
        row = await self.database.fetch_one("SELECT number FROM run WHERE key = ?", (storable(key),))
        return None if row is None else int(row[0])

    async def trend(
        self, model: str, suite: str, *, simulated: bool = False, limit: int = 200
    ) -> list[TrendPoint]:
        """A model's newest runs of a suite, the oldest first. Runs with simulated models are apart from the others.

        Runs of fewer prompts than the most that a run of the same version asked are left out: a part is no trend.
        """
        found = await self.database.fetch(
            """
            SELECT run.number, run.created, run.suite_version, s.points, s.scored, s.latency_us, s.latencies,
                   s.ttft_us, s.ttfts, s.speed, s.speeds,
                   (SELECT max(position) FROM run_prompt WHERE run_prompt.run = m.run) AS asked
            FROM run_model AS m
            JOIN run ON run.number = m.run
            JOIN run_summary AS s ON s.run = m.run AND s.model = m.position
            WHERE m.id = ? AND run.suite = ? AND run.simulated = ? AND run.binned IS NULL
            ORDER BY m.run DESC LIMIT ?
            """,
            (model, suite, simulated, limit),
        )
        most: dict[int, int] = {}
        for row in found:
            most[row["suite_version"]] = max(row["asked"] or 0, most.get(row["suite_version"], 0))
        points = []
        for row in found:
            if row["asked"] == most[row["suite_version"]]:
                with suppress(UnreadableColumn):
                    sums, created = _sums(row), number_in(row, "created")
                    points.append(
                        TrendPoint(row["number"], created, row["suite_version"], sums.share, sums.latency)
                    )
        # An imported run has a number of its day, not of its time.
        return sorted(points, key=lambda point: (point.created, point.run))

    async def past_latencies(self) -> dict[str, float]:
        """For each model id the mean latency of an attempt in its newest run that has one, in seconds."""
        found = await self.database.fetch(
            """
            SELECT id, (
              SELECT s.latency_us / 1e6 / s.latencies FROM run_model AS m
              JOIN run_summary AS s ON s.run = m.run AND s.model = m.position
              WHERE m.id = known.id AND s.latencies > 0 ORDER BY m.run DESC LIMIT 1)
            FROM (SELECT DISTINCT id FROM run_model) AS known
            """
        )
        return {id: latency for id, latency in found if isinstance(latency, float)}

    async def _summaries(self, runs: Sequence[sqlite3.Row]) -> list[RunSummary]:
        found: dict[int, list[sqlite3.Row]] = defaultdict(list)
        numbers = [row["number"] for row in runs]
        for row in await self.database.fetch(
            f"""
            SELECT m.run, m.id, m.name, m.location, s.points, s.scored, s.latency_us, s.latencies, s.ttft_us, s.ttfts,
                   s.speed, s.speeds
            FROM run_model AS m LEFT JOIN run_summary AS s ON s.run = m.run AND s.model = m.position
            WHERE m.run IN ({", ".join("?" * len(numbers))}) ORDER BY m.run, m.position
            """,
            numbers,
        ):
            found[row[0]].append(row)
        return [_run_summary(row, found[row["number"]]) for row in runs]


def _condition(before: int | None, words: Sequence[str], binned: bool) -> tuple[str, list[Any]]:
    """What SQL says of the runs that are wanted, and its values."""
    wanted = ["binned IS NOT NULL" if binned else "binned IS NULL", "number < ?"]
    values: list[Any] = [2**62 if before is None else before]
    for word in (storable(word).casefold() for word in words):
        wanted.append("(instr(words, ?) OR instr(number, ?))")
        values += [word] * 2
        if any(word in state for state in _STATES):
            wanted[-1] = f"({wanted[-1]} OR instr({_STATE}, ?))"
            values.append(word)
    return " AND ".join(wanted), values


def no_run(run: int | str) -> StoreError:
    """The error for a run that is not in the database."""
    return StoreError(f"There is no run {run}; `milo runs` lists the runs.")


def phase_of(row: sqlite3.Row, scored: int) -> RunPhase:
    """The run's phase as it is, with so many scored attempts: one whose runner died stands as incomplete."""
    try:
        phase = RunPhase(row["phase"])
    except ValueError:
        raise UnreadableColumn(f"phase holds {show(row['phase'], 60)}") from None
    if phase in ACTIVE and not is_alive(row["runner_pid"], row["runner_started"]):
        return RunPhase.INCOMPLETE
    return phase.given(scored, number_in(row, "planned"))


def number_in(row: sqlite3.Row, column: str) -> Any:
    """A number of a row. Raises UnreadableColumn where it is none."""
    if not isinstance(value := row[column], int | float):
        raise UnreadableColumn(f"{column} holds {show(value, 60)}")
    return value


def _run_summary(row: sqlite3.Row, models: Sequence[sqlite3.Row]) -> RunSummary:
    try:
        with whole(f"Run {row['number']}"):
            return _whole_summary(row, models)
    except StoreError as error:
        # The others stay usable, and this one says in the list what is wrong with it.
        return RunSummary(
            row["number"], "", "", "damaged", 0, False, RunPhase.INCOMPLETE, 0.0, None, 0, str(error), ()
        )


def _whole_summary(row: sqlite3.Row, models: Sequence[sqlite3.Row]) -> RunSummary:
    planned = number_in(row, "planned") // max(1, len(models))
    sums = [_sums(model, planned) for model in models]
    phase = phase_of(row, sum(model.scored for model in sums))
    if row["margin"] is not None and phase is RunPhase.DONE:
        # A run that decides ends where it has decided, each model at its own place.
        sums = [replace(model, planned=model.scored) for model in sums]
    return _SUMMARY.read(
        row,
        phase=phase,
        models=tuple(
            ModelSummary(str(model["id"]), str(model["name"]), _where(model["location"]), figures)
            for model, figures in zip(models, sums, strict=True)
        ),
    )


def _where(stored: Any) -> Literal["local", "api"]:
    if stored not in ("local", "api"):
        raise UnreadableColumn(f"location holds {show(stored, 60)}")
    return "local" if stored == "local" else "api"


def _sums(row: sqlite3.Row, planned: int = 0) -> Sums:
    """The stored sums of a model in a run; none are stored before its first score. Raises UnreadableColumn."""
    for column in _SUMS:
        if row[column] is not None:
            number_in(row, column)
    return Sums(
        planned=planned,
        scored=row["scored"] or 0,
        points=row["points"] or 0,
        latency_sum=(row["latency_us"] or 0) / 1e6,
        latency_count=row["latencies"] or 0,
        ttft_sum=(row["ttft_us"] or 0) / 1e6,
        ttft_count=row["ttfts"] or 0,
        speed_sum=row["speed"] or 0.0,
        speed_count=row["speeds"] or 0,
    )
