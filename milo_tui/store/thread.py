"""The one thread that works on a database, so that the event loop never waits for a disk.

Every call is one hop to that thread and back, whatever is done there: a transaction of ten statements costs the
event loop as much as one query. (aiosqlite, which hops for each statement, made the commit of an attempt cost
more than twice as much: benchmarks/README.md.)
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from milo_tui.store.database import connect, one_sentence, transaction

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


class DatabaseThread:
    """One connection in a thread of its own. Raises StoreError with one sentence where something fails."""

    def __init__(self, path: Path, thread: ThreadPoolExecutor, connection: sqlite3.Connection) -> None:
        self.path = path
        self._thread = thread
        self._connection = connection

    @classmethod
    async def open(cls, path: Path, *, write: bool) -> Self:
        """Open the database at `path`, made and brought up to date where need be. Raises StoreError."""
        thread = ThreadPoolExecutor(1, "database")
        try:
            connection = await asyncio.get_running_loop().run_in_executor(thread, _open, path, write)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(path, thread, connection)

    async def aclose(self) -> None:
        """Close the connection, after what was asked before."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown(wait=False)

    async def read(
        self,
        query: Callable[Concatenate[sqlite3.Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Call `query(connection, ...)` in the database's thread. Raises StoreError."""

        def work() -> Result:
            with one_sentence(self.path):
                return query(self._connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def write(
        self,
        change: Callable[Concatenate[sqlite3.Connection, Arguments], Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Call `change(connection, ...)` in a transaction: all of it is committed, or nothing. Raises StoreError."""

        def work() -> Result:
            with one_sentence(self.path), transaction(self._connection):
                return change(self._connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _open(path: Path, write: bool) -> sqlite3.Connection:
    connection = connect(path, write=write)
    connection.row_factory = sqlite3.Row
    return connection
