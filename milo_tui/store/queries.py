"""What the views read: one connection, queries only, lists by the page."""

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence

from milo_tui.analysis.evidence import Evidence, FailedCheck, ReplyDigest, digest
from milo_tui.analysis.record import Attempt, AttemptDetail, ModelRecord, RunRecord
from milo_tui.store import search
from milo_tui.store.database import StoreError
from milo_tui.store.lists import RunLists, no_run, phase_of
from milo_tui.store.rows import ATTEMPT, CALL_SQL, CHECK, MODEL, PROMPT, RUN, TURN_SQL, read_turn
from milo_tui.store.search import Hit
from milo_tui.suite.conversation import Score

_DETAIL = f"""
SELECT a.id, m.id AS model_id, p.id AS prompt_id, a.ended, {ATTEMPT.prefixed("a")} FROM attempt AS a
JOIN run_model AS m ON m.run = a.run AND m.position = a.model
JOIN run_prompt AS rp ON rp.run = a.run AND rp.position = a.prompt
JOIN prompt AS p ON p.hash = rp.hash
"""


class Reader(RunLists):
    """Reads runs and attempts, and the lists of runs. Raises StoreError with one sentence where it cannot."""

    async def search(self, text: str, after: Hit | None = None, limit: int = 50) -> list[Hit]:
        """Where all words of `text` stand, newest first; what comes `after` a hit, for a next page."""
        return await search.search(self.database, text, after, limit)

    async def run(self, number: int) -> RunRecord:
        """A run with its models and prompts, without its attempts. Raises StoreError where there is none."""
        db = self.database
        row = await db.fetch_one(
            f"SELECT {RUN.sql}, planned, runner_pid, runner_started FROM run WHERE number = ?", (number,)
        )
        if row is None:
            raise no_run(number)
        models = await db.fetch(
            f"SELECT {MODEL.sql} FROM run_model WHERE run = ? ORDER BY position", (number,)
        )
        prompts = await db.fetch(
            f"SELECT {PROMPT.sql} FROM run_prompt JOIN prompt USING (hash) WHERE run = ? ORDER BY position",
            (number,),
        )
        scored = await db.fetch("SELECT coalesce(sum(scored), 0) FROM run_summary WHERE run = ?", (number,))
        return RUN.read(
            row,
            phase=phase_of(row, scored[0][0]),
            models=tuple(_model(number, model) for model in models),
            prompts=tuple(PROMPT.read(prompt) for prompt in prompts),
        )

    async def attempts(self, run: int) -> list[Attempt]:
        """All attempts of a run, retries among them, in the order they were stored."""
        db = self.database
        models = await db.fetch("SELECT id FROM run_model WHERE run = ? ORDER BY position", (run,))
        prompts = await db.fetch(
            "SELECT id FROM run_prompt JOIN prompt USING (hash) WHERE run = ? ORDER BY position", (run,)
        )
        rows = await db.fetch(
            f"SELECT {ATTEMPT.sql}, id, model, prompt FROM attempt WHERE run = ? ORDER BY id", (run,)
        )
        return [
            ATTEMPT.read(row, id=row[-3], model=models[row[-2]][0], prompt=prompts[row[-1]][0])
            for row in rows
        ]

    async def attempt_ids(
        self, run: int, after: int = 0, limit: int = 200, *, scored: bool = False
    ) -> list[int]:
        """A page of the ids of a run's attempts, those after `after`, in the order they were stored."""
        rows = await self.database.fetch(
            f"SELECT id FROM attempt WHERE run = ? AND id > ? {'AND points IS NOT NULL' if scored else ''} "
            "ORDER BY id LIMIT ?",
            (run, after, limit),
        )
        return [id for (id,) in rows]

    async def attempt(self, id: int) -> AttemptDetail:
        """An attempt with its turns and its newest score. Raises StoreError where there is none."""
        found = await self._details([id])
        if not found:
            raise StoreError(f"There is no attempt {id}.")
        return found[0]

    async def whole_attempts(self, run: int, after: int = 0, limit: int = 20) -> list[AttemptDetail]:
        """A page of a run's attempts with their turns, those after the id `after`, in the order they were stored."""
        return await self._details(await self.attempt_ids(run, after, limit))

    async def every_attempt(self, run: int) -> AsyncIterator[AttemptDetail]:
        """All attempts of a run with their turns, page by page, so that memory does not grow with the run."""
        last = 0
        while page := await self.whole_attempts(run, last):
            last = page[-1].attempt.id
            for attempt in page:
                yield attempt

    async def _details(self, ids: Sequence[int]) -> list[AttemptDetail]:
        chosen = f"IN ({', '.join('?' * len(ids))})"
        attempts = await self.database.fetch(f"{_DETAIL} WHERE a.id {chosen} ORDER BY a.id", ids)
        turns = await self._of_attempts(f"SELECT {TURN_SQL}, attempt, position FROM turn", ids, "position")
        calls = await self._of_attempts(
            f"SELECT {CALL_SQL}, attempt, turn FROM tool_call", ids, "turn, position"
        )
        checks = await self._of_attempts(
            f"SELECT {CHECK.sql}, attempt, scorer_version FROM check_result AS c",
            ids,
            "position",
            "AND scorer_version = (SELECT max(scorer_version) FROM check_result WHERE attempt = c.attempt)",
        )
        return [_detail(row, turns[row["id"]], calls[row["id"]], checks[row["id"]]) for row in attempts]

    async def _of_attempts(
        self, select: str, ids: Sequence[int], order: str, further: str = ""
    ) -> dict[int, list[sqlite3.Row]]:
        """Rows of some attempts, by attempt."""
        found: dict[int, list[sqlite3.Row]] = defaultdict(list)
        sql = f"{select} WHERE attempt IN ({', '.join('?' * len(ids))}) {further} ORDER BY attempt, {order}"
        for row in await self.database.fetch(sql, ids):
            found[row["attempt"]].append(row)
        return found

    async def evidence(self, run: int) -> Evidence:
        """What lies behind a run's points: failed checks, and what was answered, by attempt."""
        return Evidence(await self._failed_checks(run), await self._answered(run))

    async def _failed_checks(self, run: int) -> dict[int, list[FailedCheck]]:
        found: dict[int, list[FailedCheck]] = defaultdict(list)
        rows = await self.database.fetch(
            """
            SELECT c.* FROM check_result AS c JOIN attempt AS a ON a.id = c.attempt
            WHERE a.run = ? AND NOT c.passed AND c.scorer_version = (
              SELECT max(scorer_version) FROM check_result AS newer WHERE newer.attempt = c.attempt)
            ORDER BY c.attempt, c.position
            """,
            (run,),
        )
        for row in rows:
            check = FailedCheck(row["position"] + 1, row["title"], row["reason"])
            found[row["attempt"]].append(check)
        return dict(found)

    async def _answered(self, run: int) -> dict[int, ReplyDigest]:
        calls: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
        for attempt, turn, name, arguments in await self.database.fetch(
            "SELECT c.attempt, c.turn, c.name, c.arguments FROM tool_call AS c "
            "JOIN attempt AS a ON a.id = c.attempt WHERE a.run = ? ORDER BY c.attempt, c.turn, c.position",
            (run,),
        ):
            calls[attempt, turn].append((name, arguments))
        turns: dict[int, list[sqlite3.Row]] = defaultdict(list)
        for row in await self.database.fetch(
            "SELECT t.attempt, t.position, t.text, t.reasoning, t.input_tokens, t.cached_tokens FROM turn AS t "
            "JOIN attempt AS a ON a.id = t.attempt WHERE a.run = ? ORDER BY t.attempt, t.position",
            (run,),
        ):
            turns[row["attempt"]].append(row)
        return {attempt: _reply_digest(rows, calls) for attempt, rows in turns.items()}


def _model(run: int, row: sqlite3.Row) -> ModelRecord:
    try:
        return MODEL.read(row)
    except ValueError as error:
        raise StoreError(
            f"Run {run}: model {row['id']} cannot be read ({error}); "
            "`milo doctor` looks at the whole database."
        ) from None


def _detail(
    row: sqlite3.Row,
    turns: Sequence[sqlite3.Row],
    calls: Sequence[sqlite3.Row],
    checks: Sequence[sqlite3.Row],
) -> AttemptDetail:
    by_turn: dict[int, list[sqlite3.Row]] = defaultdict(list)
    for call in calls:
        by_turn[call["turn"]].append(call)
    try:
        return AttemptDetail(
            attempt=ATTEMPT.read(row[4:], id=row[0], model=row[1], prompt=row[2]),
            ended=row["ended"],
            turns=tuple(read_turn(turn, by_turn[turn["position"]]) for turn in turns),
            score=Score(tuple(CHECK.read(check) for check in checks)) if checks else None,
            scorer_version=checks[0]["scorer_version"] if checks else 0,
        )
    except (ValueError, zlib.error) as error:
        raise StoreError(
            f"Attempt {row[0]} is damaged in the database ({error}); `milo doctor` looks at the whole of it."
        ) from None


def _reply_digest(
    turns: Sequence[sqlite3.Row], calls: Mapping[tuple[int, int], Sequence[tuple[str, str]]]
) -> ReplyDigest:
    replies = (
        (turn["reasoning"], turn["text"], calls.get((turn["attempt"], turn["position"]), ()))
        for turn in turns
    )
    return ReplyDigest(digest(replies), turns[0]["input_tokens"], turns[0]["cached_tokens"])
