"""Whether a database is whole: what SQLite finds, and what Milo cannot read."""

from pathlib import Path

from milo_tui.store.database import Database, StoreError
from milo_tui.store.queries import Reader

MOST_PROBLEMS = 20
"""How many problems are looked for; a database with more needs the same treatment."""
_MOST_ATTEMPTS = 100_000
"""How many attempts are read whole, those of the newest runs; it takes a quarter of a millisecond each."""


async def problems(path: Path) -> list[str]:
    """What is wrong with the database, a sentence each, nothing for a healthy one. Raises StoreError."""
    database = await Database.open(path, write=False)
    try:
        found = [str(row[0]) for row in await database.fetch("PRAGMA integrity_check(5)")]
        found = [row for row in found if row != "ok"]
        if orphans := len(await database.fetch("PRAGMA foreign_key_check")):
            found.append(f"{orphans} rows refer to rows that do not exist")
        return [*found, *await _unreadable(database)][:MOST_PROBLEMS]
    finally:
        await database.aclose()


async def _unreadable(database: Database) -> list[str]:
    """What the reader says of runs and attempts that it cannot read."""
    reader = Reader(database)
    found: list[str] = []
    left = _MOST_ATTEMPTS
    for (run,) in await database.fetch("SELECT number FROM run ORDER BY number DESC"):
        try:
            await reader.run(run)
            await reader.evidence(run)
            if "damaged" in (summary := await reader.summary(run)).note and not summary.key:
                found.append(summary.note)
            left -= len(await reader.attempts(run))
            if left > 0:
                async for _ in reader.every_attempt(run):
                    pass
        except StoreError as error:
            found.append(str(error))
        if len(found) >= MOST_PROBLEMS:
            break
    return [text.partition("; `milo doctor")[0] for text in found]
