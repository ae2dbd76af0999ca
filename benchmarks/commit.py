"""What committing an attempt costs: two turns, 6 KB of JSON, two tool calls, three checks.

    python -m benchmarks.commit [--rounds 7] [--commits 300]

Beside Store.add_attempt, called from the event loop as the runner does: bare sqlite3 that puts the 6 KB as one blob
into one table, and bare sqlite3 that writes the same rows from values that lie ready, deflated before. All in WAL with
synchronous=NORMAL, a database of its own each, a transaction an attempt. No limit: what must hold is that stamps stay
true while the runner commits (`python -m benchmarks stamps`).
"""

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.measuring import Row, median, parser, print_table, quantile, say
from benchmarks.million import COMMON
from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt, AttemptDetail, RunRecord, TurnRecord
from milo_tui.config import data_folder
from milo_tui.endpoints.endpoint import Clock, Usage
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.runner.plan import new_run
from milo_tui.store import rows
from milo_tui.store.columns import insert
from milo_tui.store.database import connect
from milo_tui.store.store import Store
from milo_tui.suite.conversation import SCORER_VERSION, CheckResult, Score, ToolCall, ToolResult
from milo_tui.suite.loading import load_suite

_EVENT = 'data: {"choices":[{"delta":{"content":"?"}}]}\n\n'


def main() -> None:
    """Print the table."""
    options = parser(__doc__)
    options.set_defaults(rounds=7)
    options.add_argument("--commits", type=int, default=300, help="commits a round")
    given = options.parse_args()
    found: dict[str, list[list[float]]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as name:
        for number in range(given.rounds):
            for place, (way, measure) in enumerate(WAYS.items()):
                found[way].append(measure(Path(name) / f"{number}-{place}.db", given.commits))
    say(f"µs a commit, {given.rounds} rounds of {given.commits}")
    names = list(WAYS)
    medians = {way: [median(one) * 1e6 for one in taken] for way, taken in found.items()}

    def row(way: str) -> Row:
        taken = [1e6 * one for round_ in found[way] for one in round_]
        ratios = [
            median(a / b for a, b in zip(medians[way], medians[other], strict=True)) for other in names[:2]
        ]
        values = [
            f"{median(medians[way]):.0f}",
            f"{quantile(taken, 0.99):.0f}",
            *(f"{ratio:.2f}" for ratio in ratios),
        ]
        return Row(way, values)

    print_table(("", "p50", "p99", "/ one blob", "/ same rows"), [row(way) for way in names])


def made_up_attempt(number: int, chance: random.Random) -> AttemptDetail:
    """An attempt at repeat `number` of a prompt without a name; two turns, 5 KB of requests and responses."""
    words = [COMMON, "refund", "order", "customer", "crate", "look", "first", "then", "amount", "due"]

    def said(count: int) -> str:
        return " ".join(chance.choices(words, k=count))

    call = ToolCall.read("call_1", "find_customer", '{"email": "dana.whitfield@example.com"}')
    turn = TurnRecord(
        text=said(30), reasoning=said(40), finish_reason="stop", complete=True, loss=None, calls=(call,),
        results=(ToolResult("call_1", {"customer_id": "C-2041"}),), sent_at=1e9,
        clock=Clock(0, 5, 5, 5, 5, 5, 7, 9, chunks=20, arrivals=list(range(400_000_000, 800_000_000, 20_000_000))),
        usage=Usage(700, 60, 512),
        quirks=(), server="0.32.2", status=200, headers={"content-type": "text/event-stream"},
        request=said(150).encode(),
        response="".join(_EVENT.replace("?", said(1)) for _ in range(40)).encode(),
    )  # fmt: skip
    row = Attempt(0, "m", "", number, 1, Outcome.SCORED, 2, 2.5, 0.4, 41.5, 1400, 120, 512, "", "", 1e9)
    checks = tuple(CheckResult(f"check {i}", i < 2, "found what was expected") for i in range(3))
    return AttemptDetail(row, "answer", (turn, turn), Score(checks), SCORER_VERSION)


def _run() -> RunRecord:
    entry = ModelEntry(id="m", name="m", protocol="openai", where="local", base_url="http://127.0.0.1:1")
    return new_run(load_suite(data_folder("prompts") / "milo"), [entry], 1000, 1)


def _blob(path: Path, commits: int) -> list[float]:
    db = connect(path, write=True)
    db.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, data BLOB)")
    data = [random.Random(i).randbytes(6000) for i in range(commits)]

    def commit(number: int) -> None:
        db.execute("INSERT INTO plain (data) VALUES (?)", (data[number],))

    return _bare(db, commit, commits)


def _same_rows(path: Path, commits: int) -> list[float]:
    db, commit = _ready(path, commits)
    return _bare(db, commit, commits)


def _ready(path: Path, commits: int) -> tuple[sqlite3.Connection, Callable[[int], None]]:
    """The statements of Store.add_attempt, as somebody would write them who has nothing else to do."""
    store_run = _run()
    asyncio.run(_create(path, store_run))
    db = connect(path, write=True)
    chance = random.Random(1)
    ready = []
    for number in range(commits):
        made = made_up_attempt(number + 1, chance)
        id = number + 1
        values = (1, 0, 0, made.ended, *rows.ATTEMPT.values(made.attempt))
        turns = [(id, i, *rows.turn_values(turn)) for i, turn in enumerate(made.turns)]
        calls = [(id, *call) for call in rows.call_values(made)]
        checks = [(id, 1, i, f"check {i}", i < 2, "found what was expected") for i in range(3)]
        ready.append((values, turns, calls, checks, (id, *rows.search_texts(made))))

    def commit(number: int) -> None:
        values, turns, calls, checks, texts = ready[number]
        db.execute(insert("attempt", "run, model, prompt, ended", rows.ATTEMPT.sql), values)
        db.executemany(insert("turn", "attempt, position", rows.TURN_SQL), turns)
        db.executemany(insert("tool_call", "attempt, turn, position", rows.CALL_SQL), calls)
        db.executemany("INSERT INTO check_result VALUES (?, ?, ?, ?, ?, ?)", checks)
        db.execute("INSERT INTO attempt_search (rowid, answer, reasoning, calls) VALUES (?, ?, ?, ?)", texts)
        db.execute(
            "INSERT INTO run_summary VALUES (1, 0, 2, 1, 2500000, 1, 400000, 1, 41.5, 1) ON CONFLICT DO UPDATE SET "
            "points = points + 2, scored = scored + 1, latency_us = latency_us + 2500000, latencies = latencies + 1, "
            "ttft_us = ttft_us + 400000, ttfts = ttfts + 1, speed = speed + 41.5, speeds = speeds + 1"
        )

    return db, commit


def _bare(db: sqlite3.Connection, commit: Callable[[int], None], commits: int) -> list[float]:
    taken = []
    for number in range(commits):
        start = time.perf_counter()
        _commit(db, commit, number)
        taken.append(time.perf_counter() - start)
    db.close()
    return taken


def _commit(db: sqlite3.Connection, commit: Callable[[int], None], number: int) -> None:
    db.execute("BEGIN IMMEDIATE")
    commit(number)
    db.execute("COMMIT")


async def _create(path: Path, run: RunRecord) -> None:
    store = await Store.open(path)
    await store.create_run(run)
    await store.aclose()


def _store(path: Path, commits: int) -> list[float]:
    return asyncio.run(_stored(path, commits))


async def _stored(path: Path, commits: int) -> list[float]:
    store = await Store.open(path)
    run = _run()
    await store.create_run(run)
    chance = random.Random(1)
    made = [made_up_attempt(number + 1, chance) for number in range(commits)]
    made = [replace(one, attempt=replace(one.attempt, prompt=run.prompts[0].id)) for one in made]
    taken = []
    for attempt in made:
        start = time.perf_counter()
        await store.add_attempt(1, attempt)
        taken.append(time.perf_counter() - start)
    await store.aclose()
    return taken


WAYS: dict[str, Callable[[Path, int], list[float]]] = {
    "bare sqlite3, one blob of 6 KB": _blob,
    "bare sqlite3, the same rows": _same_rows,
    "milo": _store,
}


if __name__ == "__main__":
    main()
