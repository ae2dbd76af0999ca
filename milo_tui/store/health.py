"""Whether a database is whole."""

import sqlite3
from pathlib import Path

from milo_tui.store.database import Database

SQLITE = sqlite3.sqlite_version
"""The version of the SQLite library."""


async def problems(path: Path) -> list[str]:
    """What SQLite finds wrong with the file, nothing for a healthy one. Raises StoreError."""
    database = await Database.open(path, write=False)
    try:
        found = [str(row[0]) for row in await database.fetch("PRAGMA integrity_check(5)")]
        orphans = len(await database.fetch("PRAGMA foreign_key_check"))
    finally:
        await database.aclose()
    problems = [row for row in found if row != "ok"]
    return [*problems, f"{orphans} rows refer to rows that do not exist"] if orphans else problems
