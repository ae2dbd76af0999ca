"""What the views read: one connection, queries only, lists by the page."""

import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from milo_tui.analysis.evidence import Evidence, FailedCheck, ReplyDigest, digest
from milo_tui.analysis.record import MOST_PLANNED, Attempt, AttemptDetail, RunRecord
from milo_tui.store import search
from milo_tui.store.columns import Columns, UnreadableColumn
from milo_tui.store.database import StoreError, whole
from milo_tui.store.lists import RunLists, no_run, phase_of
from milo_tui.store.rows import ATTEMPT, CALL_SQL, CHECK, MODEL, PROMPT, RUN, TURN_SQL, read_turn
from milo_tui.store.search import Hit
from milo_tui.suite.conversation import Score
from milo_tui.suite.json_text import show

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Part = TypeVar("Part", bound="DataclassInstance")

_DETAIL = f"""
SELECT a.id, m.id AS model_id, p.id AS prompt_id, a.run, a.ended, {ATTEMPT.prefixed("a")} FROM attempt AS a
JOIN run_model AS m ON m.run = a.run AND m.position = a.model
JOIN run_prompt AS rp ON rp.run = a.run AND rp.position = a.prompt
JOIN prompt AS p ON p.hash = rp.hash
"""

_ROWS_OF_RUN = """
SELECT (SELECT count(*) FROM run_prompt WHERE run = ?), coalesce(max(prompt), -1), coalesce(max(model), -1)
FROM attempt WHERE run = ?
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
        with whole(f"Run {number}"):
            run = RUN.read(
                row,
                phase=phase_of(row, scored[0][0]),
                models=tuple(_read_part("model", model, MODEL) for model in models),
                prompts=tuple(_read_part("prompt", prompt, PROMPT) for prompt in prompts),
            )
            _refuse_odd_size(run, await self.database.fetch(_ROWS_OF_RUN, (number,) * 2))
        return run

    async def attempts(self, run: int) -> list[Attempt]:
        """All attempts of a run, retries among them, in the order they were stored."""
        db = self.database
        models = await db.fetch("SELECT position, id FROM run_model WHERE run = ?", (run,))
        prompts = await db.fetch(
            "SELECT position, id FROM run_prompt JOIN prompt USING (hash) WHERE run = ?", (run,)
        )
        rows = await db.fetch(
            f"SELECT {ATTEMPT.sql}, id, model, prompt FROM attempt WHERE run = ? ORDER BY id", (run,)
        )
        with whole(f"Run {run}"):
            by_model, by_prompt = dict(map(tuple, models)), dict(map(tuple, prompts))
            return [
                ATTEMPT.read(row, id=row[-3], model=by_model[row[-2]], prompt=by_prompt[row[-1]])
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
        if missing := set(ids) - {row["id"] for row in attempts}:
            await self._refuse_incomplete(min(missing))
        return [_detail(row, turns[row["id"]], calls[row["id"]], checks[row["id"]]) for row in attempts]

    async def _refuse_incomplete(self, id: int) -> None:
        """Raise StoreError of an attempt whose model or prompt is missing; one that is not there is no fault."""
        for (run,) in await self.database.fetch("SELECT run FROM attempt WHERE id = ?", (id,)):
            with whole(f"Run {run}"):
                raise UnreadableColumn(f"the model or the prompt of attempt {id} is missing")

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
        with whole(f"Run {run}"):
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
            check = FailedCheck(row["position"] + 1, str(row["title"]), str(row["reason"]))
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


def _read_part(what: str, row: sqlite3.Row, columns: Columns[Part]) -> Part:
    """A model or prompt of a run. Raises UnreadableColumn that says which."""
    try:
        return columns.read(row)
    except UnreadableColumn as error:
        raise UnreadableColumn(f"{error} ({what} {show(row['id'], 60)})") from None


def _refuse_odd_size(run: RunRecord, counts: Sequence[sqlite3.Row]) -> None:
    """Raise UnreadableColumn where rows of the run are missing, or it plans more than anything can go over."""
    ((prompts, last_prompt, last_model),) = counts
    if len(run.prompts) < max(prompts, last_prompt + 1) or len(run.models) <= last_model:
        raise UnreadableColumn("a model or a prompt of its attempts is missing")
    if not run.decides_properly:
        raise UnreadableColumn(
            f"margin and confidence hold {run.margin} and {run.confidence}, and need 0 to 1 each"
        )
    if run.attempts_planned > MOST_PLANNED:
        raise UnreadableColumn(f"repeats holds {run.repeats}, which makes {run.attempts_planned} attempts")


def _detail(
    row: sqlite3.Row,
    turns: Sequence[sqlite3.Row],
    calls: Sequence[sqlite3.Row],
    checks: Sequence[sqlite3.Row],
) -> AttemptDetail:
    by_turn: dict[int, list[sqlite3.Row]] = defaultdict(list)
    for call in calls:
        by_turn[call["turn"]].append(call)
    with whole(f"Run {row['run']}, attempt {row['id']},"):
        if row["ended"] not in ("answer", "turn limit"):
            raise UnreadableColumn(f"ended holds {show(row['ended'], 60)}")
        return AttemptDetail(
            attempt=ATTEMPT.read(row[5:], id=row[0], model=row[1], prompt=row[2]),
            ended=row["ended"],
            turns=tuple(read_turn(turn, by_turn[turn["position"]]) for turn in turns),
            score=Score(tuple(CHECK.read(check) for check in checks)) if checks else None,
            scorer_version=checks[0]["scorer_version"] if checks else 0,
        )


def _reply_digest(
    turns: Sequence[sqlite3.Row], calls: Mapping[tuple[int, int], Sequence[tuple[str, str]]]
) -> ReplyDigest:
    replies = (
        (turn["reasoning"], turn["text"], calls.get((turn["attempt"], turn["position"]), ()))
        for turn in turns
    )
    return ReplyDigest(digest(replies), turns[0]["input_tokens"], turns[0]["cached_tokens"])
