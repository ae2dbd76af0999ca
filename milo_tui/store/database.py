"""A connection to the database: private files, WAL, transactions, and one sentence where something fails."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import aiosqlite

from milo_tui.processes import is_alive
from milo_tui.store.columns import UNREADABLE, UnreadableColumn
from milo_tui.store.migration import StoreError as StoreError
from milo_tui.store.migration import migrate

SQLITE = sqlite3.sqlite_version
"""The version of the SQLite library."""


class Database:
    """A connection, on aiosqlite's thread. Every method raises StoreError with one sentence where it fails.

    Several coroutines may share it: a transaction waits for the one before. A task that is cancelled in a
    transaction leaves none open: what it asked for runs in order, and its rollback comes last.
    """

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, *, write: bool) -> Self:
        """Open the database at `path`; an absent one is created, an old one brought up to date."""
        await asyncio.to_thread(prepare, path, write=write)
        with explained(path):
            connection = await aiosqlite.connect(
                _address(path, write), uri=True, isolation_level=None, timeout=30
            )
            try:
                connection.row_factory = sqlite3.Row
                for pragma in _pragmas(write):
                    await connection.execute(pragma)
                await connection.create_function("is_alive", 2, is_alive)
            except BaseException:
                await connection.close()
                raise
        return cls(path, connection)

    async def aclose(self) -> None:
        """Close the connection, after what was asked before."""
        await self._connection.close()

    async def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run a statement; all its rows."""
        with explained(self.path):
            try:
                return list(await self._connection.execute_fetchall(sql, values))
            except sqlite3.OperationalError as error:
                if "Could not decode" not in str(error):
                    raise
                # Only damaged files hold such text; decoding here costs every other read its speed.
                self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
                return list(await self._connection.execute_fetchall(sql, values))

    async def fetch_one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Run a statement; its first row, if it has any."""
        rows = await self.fetch(sql, values)
        return rows[0] if rows else None

    async def insert(self, sql: str, values: Sequence[Any]) -> int:
        """Run an INSERT; the rowid of the new row."""
        with explained(self.path):
            row = await self._connection.execute_insert(sql, values)
        if row is None:
            raise StoreError(f"{self.path}: nothing was stored.")
        return int(row[0])

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row of values."""
        with explained(self.path):
            await self._connection.executemany(sql, list(rows))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A write transaction: committed at the end, rolled back where something fails."""
        async with self._lock:
            try:
                await self.fetch("BEGIN IMMEDIATE")
                yield
                await self.fetch("COMMIT")
            except BaseException:
                # Queued at once and run after all that was asked before, even if this task is cancelled again.
                with suppress(sqlite3.Error):
                    await self._connection.rollback()
                raise


@contextmanager
def whole(what: str) -> Iterator[None]:
    """Turn what reading damaged rows raises into a StoreError that names `what`, such as "Run 3"."""
    try:
        yield
    except UNREADABLE as error:
        reason = "a row of it is missing or does not fit the others"
        if isinstance(error, UnreadableColumn):
            reason = str(error)
        raise StoreError(
            f"{what} is damaged in the database: {reason}; `milo doctor --repair` writes a repaired copy."
        ) from error


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a StoreError that names the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(_explain(path, error)) from error


def _explain(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    if "readonly" in text or "read-only" in text:
        return (
            f"{path} cannot be written: the file or its folder is read-only; fix its permissions or use --db."
        )
    if "disk is full" in text or "database or disk" in text:
        return (
            f"{path}: the disk is full; nothing that was stored is lost. Make room, then `milo resume last`."
        )
    if "disk I/O error" in text:
        return f"{path}: the disk failed ({text}); what was stored before stands. Look at the disk, then `milo doctor`."
    if "not a database" in text or "malformed" in text:
        return f"{path} is damaged or no Milo database ({text}); move it away, or name another with --db."
    if "locked" in text:
        return f"{path} is locked by another program; wait for it, or name another database with --db."
    if "unable to open" in text:
        return f"{path} cannot be opened; check that its folder exists and can be written, or use --db."
    return f"{path}: {text}."


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """A plain connection, for programs that need no event loop. Raises StoreError."""
    prepare(path, write=write)
    with explained(path):
        connection = sqlite3.connect(_address(path, write), uri=True, isolation_level=None, timeout=30)
        for pragma in _pragmas(write):
            connection.execute(pragma)
        connection.create_function("is_alive", 2, is_alive)
    return connection


def prepare(path: Path, *, write: bool) -> None:
    """Create the database if there is none, and bring it up to date. Raises StoreError."""
    with explained(path):
        if write or not path.exists():
            _make_private(path)
        connection = sqlite3.connect(_address(path, write), uri=True, isolation_level=None, timeout=30)
        with closing(connection):
            for pragma in _pragmas(write=True):
                connection.execute(pragma)
            migrate(connection, path)


def _pragmas(write: bool) -> list[str]:
    """WAL and synchronous=NORMAL: a killed process loses nothing that was committed; only a power cut may take the last
    commits, never the file.
    """
    pragmas = ["journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"]
    return [f"PRAGMA {pragma}" for pragma in ([*pragmas] if write else [*pragmas, "query_only = ON"])]


def _address(path: Path, write: bool) -> str:
    """The file as SQLite's URI. In a folder where nothing can be made, WAL has no room for its shared memory:
    a database that nobody has open is read there as one that does not change.
    """
    still = (
        not write and not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    )
    return f"file:{quote(str(path.absolute()))}{'?immutable=1' if still else ''}"


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
        raise StoreError(f"{path} cannot be opened for writing: {reason}; fix that, or use --db.") from None
