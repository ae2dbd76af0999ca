"""Whether a database is whole."""

import sqlite3
from pathlib import Path

from milo_tui.store.thread import DatabaseThread

SQLITE = sqlite3.sqlite_version
"""The version of the SQLite library."""


async def problems(path: Path) -> list[str]:
    """What SQLite finds wrong with the file, nothing for a healthy one. Raises StoreError."""
    database = await DatabaseThread.open(path, write=False)
    try:
        return await database.read(_problems)
    finally:
        await database.aclose()


def _problems(db: sqlite3.Connection) -> list[str]:
    found = [str(row[0]) for row in db.execute("PRAGMA integrity_check(5)")]
    loose = len(db.execute("PRAGMA foreign_key_check").fetchall())
    return [*(row for row in found if row != "ok"), *([f"{loose} rows point at nothing"] if loose else [])]
