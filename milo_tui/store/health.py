"""Whether a database is whole."""

import sqlite3
from pathlib import Path

from milo_tui.store.database import connect, one_sentence

SQLITE = sqlite3.sqlite_version
"""The version of the SQLite library."""


async def problems(path: Path) -> list[str]:
    """What SQLite finds wrong with the file, nothing for a healthy one. Raises StoreError."""
    connection = await connect(path, write=False)
    try:
        with one_sentence(path):
            async with connection.execute("PRAGMA quick_check(5)") as cursor:
                rows = [str(row[0]) for row in await cursor.fetchall()]
            async with connection.execute("PRAGMA foreign_key_check") as cursor:
                loose = len(list(await cursor.fetchall()))
    finally:
        await connection.close()
    found = [row for row in rows if row != "ok"]
    return [*found, f"{loose} rows point at nothing"] if loose else found
