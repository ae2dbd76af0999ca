"""A run, its attempts and one attempt whole, from their rows."""

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from milo_tui.analysis.evidence import Answered, Evidence, FailedCheck, digest
from milo_tui.analysis.record import Attempt, AttemptDetail, RunRecord, TurnRecord
from milo_tui.store import rows
from milo_tui.store.database import StoreError
from milo_tui.store.lists import phase_of
from milo_tui.suite.score import Score

_NARROW = ", ".join(f"a.{column}" for column in ("id", *rows.ATTEMPT_COLUMNS.split(", ")))
_ATTEMPT = f"""
SELECT {_NARROW}, m.id AS model_id, p.id AS prompt_id FROM attempt AS a
JOIN run_model AS m ON m.run = a.run AND m.position = a.model
JOIN run_prompt AS rp ON rp.run = a.run AND rp.position = a.prompt
JOIN prompt AS p ON p.hash = rp.hash
"""


def run(db: sqlite3.Connection, number: int) -> RunRecord:
    """A run whole, without its attempts. Raises StoreError where there is none."""
    row = db.execute("SELECT * FROM run WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise StoreError(f"There is no run {number}; `milo runs` lists those that there are.")
    models = db.execute("SELECT * FROM run_model WHERE run = ? ORDER BY position", (number,))
    prompts = db.execute(
        "SELECT prompt.* FROM run_prompt JOIN prompt USING (hash) WHERE run = ? ORDER BY position", (number,)
    )
    (scored,) = db.execute(
        "SELECT coalesce(sum(scored), 0) FROM run_summary WHERE run = ?", (number,)
    ).fetchone()
    return rows.run_record(
        row,
        phase_of(row, scored),
        [rows.model_record(model) for model in models],
        [rows.prompt_record(prompt) for prompt in prompts],
    )


def attempts(db: sqlite3.Connection, run: int) -> list[Attempt]:
    """The narrow rows of all attempts of a run, retries among them, in the order they were stored."""
    found = db.execute(f"SELECT {_NARROW} FROM attempt AS a WHERE run = ? ORDER BY id", (run,))
    model_ids, prompt_ids = map(list, positions(db, run))
    return [rows.attempt_row(row, model_ids[row["model"]], prompt_ids[row["prompt"]]) for row in found]


def positions(db: sqlite3.Connection, run: int) -> tuple[dict[str, int], dict[str, int]]:
    """The positions of a run's models and of its prompts by their ids, in their order."""
    models = db.execute("SELECT id, position FROM run_model WHERE run = ? ORDER BY position", (run,))
    prompts = db.execute(
        "SELECT id, position FROM run_prompt JOIN prompt USING (hash) WHERE run = ? ORDER BY position", (run,)
    )
    return dict(models.fetchall()), dict(prompts.fetchall())


def attempt_ids(
    db: sqlite3.Connection, run: int, after: int = 0, limit: int = 200, scored: bool = False
) -> list[int]:
    """A page of the ids of a run's attempts, those after `after`, in the order they were stored."""
    found = db.execute(
        f"SELECT id FROM attempt WHERE run = ? AND id > ? {'AND points IS NOT NULL' if scored else ''} "
        "ORDER BY id LIMIT ?",
        (run, after, limit),
    )
    return [id for (id,) in found]


def attempt(db: sqlite3.Connection, id: int) -> AttemptDetail:
    """An attempt whole, with its newest score. Raises StoreError where there is none."""
    row = db.execute(f"{_ATTEMPT} WHERE a.id = ?", (id,)).fetchone()
    if row is None:
        raise StoreError(f"There is no attempt {id}.")
    calls: dict[int, list[sqlite3.Row]] = defaultdict(list)
    for call in db.execute("SELECT * FROM tool_call WHERE attempt = ? ORDER BY turn, position", (id,)):
        calls[call["turn"]].append(call)
    turns = db.execute("SELECT * FROM turn WHERE attempt = ? ORDER BY position", (id,))
    checks = db.execute(
        "SELECT * FROM check_result WHERE attempt = ?1 AND scorer_version = "
        "(SELECT max(scorer_version) FROM check_result WHERE attempt = ?1) ORDER BY position",
        (id,),
    ).fetchall()
    return AttemptDetail(
        attempt=rows.attempt_row(row[:-2], row["model_id"], row["prompt_id"]),
        ended=row["ended"],
        turns=_turns(id, turns, calls),
        score=Score(tuple(rows.check_result(check) for check in checks)) if checks else None,
        scorer_version=checks[0]["scorer_version"] if checks else 0,
    )


def _turns(
    id: int, turns: Iterable[sqlite3.Row], calls: Mapping[int, list[sqlite3.Row]]
) -> tuple[TurnRecord, ...]:
    try:
        return tuple(rows.turn_record(turn, calls[turn["position"]]) for turn in turns)
    except (ValueError, zlib.error) as error:
        raise StoreError(
            f"Attempt {id} is damaged in the database ({error}); `milo doctor` looks at the whole of it."
        ) from None


def whole_attempts(db: sqlite3.Connection, run: int, after: int, limit: int) -> list[AttemptDetail]:
    """A page of a run's attempts whole, in the order they were stored."""
    return [attempt(db, id) for id in attempt_ids(db, run, after, limit)]


def evidence(db: sqlite3.Connection, run: int) -> Evidence:
    """What lies behind a run's points: failed checks, and what was answered, by attempt."""
    return Evidence(_failed_checks(db, run), _answered(db, run))


def _failed_checks(db: sqlite3.Connection, run: int) -> dict[int, list[FailedCheck]]:
    found: dict[int, list[FailedCheck]] = defaultdict(list)
    for row in db.execute(
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


def _answered(db: sqlite3.Connection, run: int) -> dict[int, Answered]:
    calls: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for attempt, turn, name, arguments in db.execute(
        "SELECT c.attempt, c.turn, c.name, c.arguments FROM tool_call AS c "
        "JOIN attempt AS a ON a.id = c.attempt WHERE a.run = ? ORDER BY c.attempt, c.turn, c.position",
        (run,),
    ):
        calls[attempt, turn].append((name, arguments))
    turns: dict[int, list[Any]] = defaultdict(list)
    for row in db.execute(
        "SELECT t.attempt, t.position, t.text, t.reasoning, t.input_tokens, t.cached_tokens FROM turn AS t "
        "JOIN attempt AS a ON a.id = t.attempt WHERE a.run = ? ORDER BY t.attempt, t.position",
        (run,),
    ):
        turns[row["attempt"]].append(row)
    return {attempt: _said(said, calls) for attempt, said in turns.items()}


def _said(
    turns: Sequence[sqlite3.Row], calls: Mapping[tuple[int, int], Sequence[tuple[str, str]]]
) -> Answered:
    said = (
        (turn["reasoning"], turn["text"], calls.get((turn["attempt"], turn["position"]), ()))
        for turn in turns
    )
    return Answered(digest(said), turns[0]["input_tokens"], turns[0]["cached_tokens"])
