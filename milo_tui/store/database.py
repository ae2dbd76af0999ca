"""Opening a database: private files, WAL, numbered migrations, and one sentence where it cannot be."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path

import aiosqlite


class StoreError(Exception):
    """The database cannot do what was asked; its text is one sentence for a person."""


def migrations() -> list[str]:
    """The SQL of every migration in order; the n-th brings a database to schema n."""
    folder = files("milo_tui.store") / "schema"
    scripts = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name
    )
    return [script.read_text(encoding="utf-8") for script in scripts]


@contextmanager
def one_sentence(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a StoreError that names the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(_explain(path, error)) from error


def _explain(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    if "readonly" in text or "read-only" in text:
        return f"{path} cannot be written: the file or its folder is read-only; mend its permissions or use --db."
    if "disk is full" in text or "database or disk" in text:
        return (
            f"{path}: the disk is full; nothing that was stored is lost. Make room, then `milo resume last`."
        )
    if "not a database" in text or "malformed" in text:
        return f"{path} is damaged or no Milo database ({text}); move it away, or name another with --db."
    if "locked" in text:
        return f"{path} is locked by another program; wait for it, or name another database with --db."
    if "unable to open" in text:
        return f"{path} cannot be opened; check that its folder exists and can be written, or use --db."
    return f"{path}: {text}."


async def connect(path: Path, *, write: bool) -> aiosqlite.Connection:
    """Open the database at `path`, made and brought up to date where need be. Raises StoreError.

    WAL and synchronous=NORMAL: a killed process loses nothing that was committed; only a power cut may take
    the last commits, never the file.
    """
    with one_sentence(path):
        if write or not path.exists():
            _make_private(path)
        connection = await aiosqlite.connect(path, isolation_level=None, timeout=30)
        try:
            await connection.execute("PRAGMA journal_mode = WAL")
            await connection.execute("PRAGMA synchronous = NORMAL")
            await connection.execute("PRAGMA foreign_keys = ON")
            await _migrate(connection, path)
            if not write:
                await connection.execute("PRAGMA query_only = ON")
        except BaseException:
            await connection.close()
            raise
    return connection


def _make_private(path: Path) -> None:
    """Make the file for its owner alone where there is none; an existing one is never opened here.

    POSIX drops all of a process's locks on a file when the process closes any descriptor of it. SQLite's lock
    would go with them, and the next process to leave would take itself for the last and delete the log that
    this one still writes to (sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if path.is_dir():
            raise IsADirectoryError(None, "is a folder")
        if not os.access(path, os.W_OK):
            raise PermissionError(None, "permission denied")
        path.chmod(0o600)
    except OSError as error:
        reason = (error.strerror or "cannot be made").lower()
        raise StoreError(f"{path} cannot be opened for writing: {reason}; mend that, or use --db.") from None


async def schema_version(connection: aiosqlite.Connection) -> int:
    """The schema that the database is at."""
    async with connection.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _migrate(connection: aiosqlite.Connection, path: Path) -> None:
    scripts = migrations()
    have = await schema_version(connection)
    if have > len(scripts):
        raise StoreError(
            f"{path} was written by a newer Milo (schema {have}, this one knows {len(scripts)}); "
            "upgrade Milo, or name another database with --db."
        )
    if have == len(scripts):
        return
    await connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated while this one waited for the lock.
        for version in range(await schema_version(connection) + 1, len(scripts) + 1):
            for statement in _statements(scripts[version - 1]):
                await connection.execute(statement)
            await connection.execute(f"PRAGMA user_version = {version}")
        await connection.execute("COMMIT")
    except BaseException:
        await connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """Split a script at statement ends; executescript would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
