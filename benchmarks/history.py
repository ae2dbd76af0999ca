"""Looking back at a million attempts: every query beside bare sqlite3, and every key until all of it is painted.

    python -m benchmarks.history [--database FILE] [--model-runs 16700] [--rounds 9] [--keep]

FILE is made where it does not exist (7 minutes, 4 GB; benchmarks/million.py) and deleted afterwards unless --keep or a
name was given. Queries: `bare` is the best statement by hand, fetched as tuples; `sql` are Milo's own statements, run
and fetched likewise; `reader` is the call that a view makes, through the database's thread, objects and all. `cold` is
the reader's first call after the file's pages were dropped from the system's cache. Keys: the app on a pty of 120×40,
from the key's write to the moment when all of what it changes is `seen` (the last byte that changed a cell of the
screen), and to the last byte `written`, which may only repeat what stands there (300 ms of silence end a step).
"""

import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measuring import Row, median, parser, print_table, say
from benchmarks.million import ABSENT, COMMON, MODEL_RUNS, RARE, make, sizes
from benchmarks.seen import Seen
from benchmarks.terminal import Terminal
from milo_tui.store.database import Database, connect
from milo_tui.store.queries import Reader

SIZE = (120, 40)
MOST_MS, MOST_PAINT_MS, MOST_MB, MOST_RATIO = 20, 100, 120, 1.5

_RUN_COLUMNS = (
    "r.number, r.created, r.finished, r.suite, r.suite_version, r.phase, r.note, r.repeats, r.planned, m.id, m.name, "
    "m.location, s.points, s.scored, s.latency_us, s.latencies, s.ttft_us, s.ttfts, s.speed, s.speeds"
)
_SEARCH = """
SELECT a.id, a.run, a.repeat, m.name, p.id, snippet(attempt_search, -1, '[', ']', '…', 24)
FROM attempt_search JOIN attempt a ON a.id = attempt_search.rowid JOIN run ON run.number = a.run
JOIN run_model m ON m.run = a.run AND m.position = a.model
JOIN run_prompt rp ON rp.run = a.run AND rp.position = a.prompt JOIN prompt p ON p.hash = rp.hash
WHERE attempt_search MATCH ? AND run.binned IS NULL ORDER BY attempt_search.rowid DESC LIMIT 50
"""
_NOTES = """
SELECT note_search.rowid, snippet(note_search, 0, '[', ']', '…', 24)
FROM note_search JOIN run ON run.number = note_search.rowid
WHERE note_search MATCH ? AND run.binned IS NULL ORDER BY note_search.rowid DESC LIMIT 50
"""
"""A search finds notes too; a statement for both at once takes longer than the two."""


ESC = "Filter: esc clears it"
"""Milo waits 25 ms for what may follow an esc (a sequence begins so); what is painted comes after that."""


@dataclass(frozen=True)
class Query:
    """A question of a view's, and how one asks it by hand: statements with their values."""

    name: str
    ask: Callable[[Reader], Awaitable[object]]
    bare: tuple[tuple[str, tuple[object, ...]], ...]


def queries(newest: int, middle: int, attempt: int) -> list[Query]:
    """All of them, for a database whose newest run, one in its middle and one attempt have these numbers."""
    page = f"""
        SELECT {_RUN_COLUMNS}
        FROM (SELECT * FROM run WHERE binned IS NULL AND number < ? ORDER BY number DESC LIMIT ?) r
        JOIN run_model m ON m.run = r.number LEFT JOIN run_summary s ON s.run = m.run AND s.model = m.position
        ORDER BY r.number DESC, m.position
        """
    of_run = (
        ("SELECT * FROM run WHERE number = ?", (middle,)),
        ("SELECT * FROM run_model WHERE run = ? ORDER BY position", (middle,)),
        ("SELECT p.* FROM run_prompt JOIN prompt p USING (hash) WHERE run = ? ORDER BY position", (middle,)),
        ("SELECT * FROM attempt WHERE run = ?", (middle,)),
    )
    of_attempt = tuple(
        (f"SELECT * FROM {table} WHERE {key} = ?", (attempt,))
        for table, key in (
            ("attempt", "id"),
            ("turn", "attempt"),
            ("tool_call", "attempt"),
            ("check_result", "attempt"),
        )
    )
    trend = (
        "SELECT r.number, r.created, s.points, s.scored, s.latency_us, s.latencies, "
        "(SELECT max(position) FROM run_prompt p WHERE p.run = m.run) FROM run_model m "
        "JOIN run r ON r.number = m.run JOIN run_summary s ON s.run = m.run AND s.model = m.position "
        "WHERE m.id = 'model-1' AND r.suite = 'milo-bench' AND NOT r.simulated AND r.binned IS NULL "
        "ORDER BY m.run DESC LIMIT 200"
    )

    async def table(reader: Reader) -> object:
        return await reader.run(middle), await reader.attempts(middle)

    def search(words: str, by_hand: str) -> Query:
        bare = ((_NOTES, (by_hand,)), (_SEARCH, (by_hand,)))
        return Query(f"search: {words}", lambda reader: reader.search(words), bare)

    return [
        Query("newest page of runs (100)", lambda reader: reader.runs(limit=100), ((page, (2**62, 100)),)),
        Query("a page in the middle", lambda reader: reader.runs(middle, 100), ((page, (middle, 100)),)),
        Query("a run's table", table, of_run),
        Query("one attempt", lambda reader: reader.attempt(attempt), of_attempt),
        Query("a trend (200 runs)", lambda reader: reader.trend("model-1", "milo-bench"), ((trend, ()),)),
        search(f"{COMMON} ", COMMON),
        search(f"{RARE} ", RARE),
        search(f"{COMMON} {RARE} ", f"{COMMON} {RARE}"),
        search(f"C-{attempt} ", f'"C-{attempt}"'),
        search(f"{ABSENT} ", ABSENT),
        search(COMMON[:3], f"{COMMON[:3]} *"),
    ]


def main() -> None:
    """Print both tables."""
    options = parser(__doc__)
    options.set_defaults(rounds=9)
    options.add_argument("--database", type=Path, help="an existing one, or where to make it")
    options.add_argument("--model-runs", type=int, default=MODEL_RUNS)
    options.add_argument("--keep", action="store_true", help="leave the database there")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path: Path = given.database or Path(folder) / "million.db"
        is_new = not path.exists()
        if is_new:
            say(f"making {path}")
            make(path, given.model_runs)
        for line in sizes(path):
            say(line)
        try:
            asyncio.run(_queries(path, given.rounds))
            say()
            _keys(path, given.rounds)
        finally:
            if is_new and given.database and not given.keep:
                for part in path.parent.glob(f"{path.name}*"):
                    part.unlink()


async def _queries(path: Path, rounds: int) -> None:
    db = connect(path, write=False)
    newest = int(db.execute("SELECT max(number) FROM run").fetchone()[0])
    middle = newest // 2
    attempt = int(db.execute("SELECT min(id) + 30 FROM attempt WHERE run = ?", (middle,)).fetchone()[0])
    rows = []
    for query in queries(newest, middle, attempt):
        bare, sql, reader, cold = (list[float]() for _ in range(4))
        own = await _statements(path, query)
        for number in range(rounds):
            opened = await Reader.open(path)
            if number < 3:
                _drop_cache(path)
                cold.append(await _seconds(query, opened))
            await query.ask(opened)
            reader.append(await _seconds(query, opened))
            await opened.aclose()
            for statements, found in ((query.bare, bare), (own, sql)):
                _fetch(db, statements)
                found.append(_fetch(db, statements))
        rows.append(_row(query.name, bare, sql, reader, cold))
    db.close()
    say(f"queries: ms, medians of {rounds} rounds (cold: of 3)")
    print_table(("", "bare", "sql", "sql / bare", "reader", "cold"), rows)


def _row(name: str, bare: list[float], sql: list[float], reader: list[float], cold: list[float]) -> Row:
    ratio = median(a / b for a, b in zip(sql, bare, strict=True))
    values = [f"{1000 * median(one):.2f}" for one in (bare, sql, reader, cold)]
    values.insert(2, f"{ratio:.2f}")
    met = 1000 * median(reader) < MOST_MS and ratio <= MOST_RATIO
    return Row(name, values, f"< {MOST_MS} ms, ≤ {MOST_RATIO} ×", met)


async def _seconds(query: Query, reader: Reader) -> float:
    start = time.perf_counter()
    await query.ask(reader)
    return time.perf_counter() - start


async def _statements(path: Path, query: Query) -> tuple[tuple[str, tuple[object, ...]], ...]:
    """What Milo asks of SQLite for it."""
    database = await _Recorded.open(path, write=False)
    database.statements = []
    await query.ask(Reader(database))
    await database.aclose()
    return tuple(database.statements)


class _Recorded(Database):
    """A database that remembers what it was asked."""

    statements: list[tuple[str, tuple[object, ...]]]

    async def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run a statement and remember it."""
        self.statements.append((sql, tuple(values)))
        return await super().fetch(sql, values)


def _fetch(db: sqlite3.Connection, statements: tuple[tuple[str, tuple[object, ...]], ...]) -> float:
    start = time.perf_counter()
    for statement, values in statements:
        db.execute(statement, values).fetchall()
    return time.perf_counter() - start


def _drop_cache(path: Path) -> None:
    """Ask the system to forget the file's pages, where it can be asked (Linux)."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


STEPS: tuple[tuple[str, str], ...] = (
    ("Runs: down, with the trend", "j"),
    ("Runs: page down", "\x1b[6~"),
    ("Runs: the other model's trend", "l"),
    ("Runs: enter opens a run", "\r"),
    ("Run: tab, the prompts", "\t"),
    ("Run: right", "l"),
    ("Run: enter opens an attempt", "\r"),
    ("Attempt: next repeat", "]"),
    ("Attempt: next prompt", "}"),
    ("Attempt: d opens the diff", "d"),
    ("Diff: next prompt that differs", "."),
    ("Diff: q, back", "q"),
    ("Attempt: q, back", "q"),
    ("Run: q, back", "q"),
    ("Runs: / opens the filter", "/"),
    ("Filter: s", "s"),
    ("Filter: o", "o"),
    (ESC, "\x1b"),
    ("Runs: ctrl+f opens the search", "\x06"),
    *((f"Search: {RARE[:i]}", RARE[i - 1]) for i in range(1, len(RARE) + 1)),
    ("Search: enter, to the hits", "\r"),
    ("Search: down", "j"),
    ("Search: enter opens the attempt", "\r"),
    ("Attempt: q, back to the search", "q"),
    ("Search: q, back", "q"),
)
"""Steps from Runs and back to it, each a key."""
ENDS = (("Runs: G, the oldest of all", "G"), ("Runs: g, the newest", "g"))
"""Steps of an app that was opened for them: once the end was seen, it is known."""


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Terminal, Seen]]:
    """The app at Runs, with all of it painted."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-P", "-m", "milo_tui", "--db", str(path)]
        terminal, screen = Terminal(command, SIZE, env={"MILO_HOME": home}), Seen(SIZE)
        try:
            screen.last_change(_until_silent(terminal, 2.0))
            yield terminal, screen
        finally:
            terminal.end()


def _keys(path: Path, rounds: int) -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name, _ in (*STEPS, *ENDS)}
    with _opened(path) as (terminal, screen):
        for name, key in STEPS * rounds:
            found[name].append(_press(terminal, key, screen))
        memory = psutil.Process(terminal.process.pid).memory_info().rss / 1e6
    for _ in range(rounds):
        with _opened(path) as (terminal, screen):
            for name, key in ENDS:
                found[name].append(_press(terminal, key, screen))
    rows = []
    for name, taken in found.items():
        seen, written = (sorted(1000 * one for one in each) for each in zip(*taken, strict=True))
        middle = statistics.median(seen)
        values = [f"{one:.0f}" for one in (middle, seen[-1], statistics.median(written))]
        rows.append(Row(name, values, f"< {MOST_PAINT_MS} ms", middle < MOST_PAINT_MS))
    rows.append(
        Row("memory of the app after it all, MB", [f"{memory:.0f}"], f"< {MOST_MB} MB", memory < MOST_MB)
    )
    say(f"keys: ms from the key until what it changes is seen, {rounds} rounds; {SIZE[0]}×{SIZE[1]}")
    print_table(("", "seen p50", "max", "written p50"), rows)


def _press(terminal: Terminal, key: str, screen: Seen) -> tuple[float, float]:
    """Seconds until all is seen, and until all is written."""
    start = time.perf_counter()
    terminal.send(key.encode())
    sent = _until_silent(terminal, 0.3, 2.0)
    if not sent:
        return 0.0, 0.0
    return (screen.last_change(sent) or start) - start, sent[-1][0] - start


def _until_silent(
    terminal: Terminal, silence: float, first: float | None = None
) -> list[tuple[float, bytes]]:
    """What came, and when, before so many seconds of silence; the first may take longer."""
    sent: list[tuple[float, bytes]] = []
    wait = first or silence
    while data := terminal.read(time.perf_counter() + wait):
        sent.append((time.perf_counter(), data))
        wait = silence
    return sent


if __name__ == "__main__":
    main()
