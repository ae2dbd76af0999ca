"""Bringing a database up to date: numbered scripts, all in one transaction, after a copy of the file."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from milo_tui.analysis.phases import ACTIVE
from milo_tui.errors import MiloError
from milo_tui.processes import is_alive


class StoreError(MiloError):
    """The database cannot do what was asked; its text is one sentence for the user."""


def migrations() -> list[str]:
    """The SQL of every migration in order; the n-th brings a database to schema n."""
    scripts = sorted(Path(__file__).with_name("schema").glob("*.sql"))
    return [script.read_text(encoding="utf-8") for script in scripts]


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction: committed at the end, rolled back where something fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # After some errors (a full disk) SQLite has rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def schema_version(connection: sqlite3.Connection) -> int:
    """The schema that the database is at."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the database to the newest schema. Raises StoreError where that cannot be."""
    scripts = migrations()
    have = schema_version(connection)
    if have < 0:
        raise StoreError(f"{path} is no database of Milo's (schema {have}); name another with --db.")
    if have > len(scripts):
        raise StoreError(
            f"{path} was written by a newer Milo (schema {have}, this one knows {len(scripts)}); "
            "upgrade Milo, or name another database with --db."
        )
    if have == len(scripts):
        return
    with transaction(connection):
        # Another process may have migrated while this one waited for the lock.
        have = schema_version(connection)
        if 0 < have < len(scripts):
            _refuse_while_run(connection, path)
            _back_up(path, have)
        for version in range(have + 1, len(scripts) + 1):
            for statement in _statements(scripts[version - 1]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")


def _refuse_while_run(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError while a runner of an older Milo writes: it would not know the new tables."""
    going_on = ", ".join(f"'{phase.value}'" for phase in ACTIVE)
    for run, pid, started in connection.execute(
        f"SELECT number, runner_pid, runner_started FROM run WHERE phase IN ({going_on})"
    ):
        if is_alive(pid, started):
            raise StoreError(
                f"Run {run} goes on under an older Milo, and {path} must be brought up to date for this one: "
                "wait for its end, or stop it there."
            )


def backup_path(path: Path, schema: int) -> Path:
    """Where the copy lies that is made of a database at `schema` before it is brought up to date."""
    return path.with_name(f"{path.name}.schema-{schema}.backup")


def _back_up(path: Path, schema: int) -> None:
    """Copy the database whole, log and all, while the caller's write lock keeps others from changing it.

    Raises StoreError where there is no room for it: without the copy nothing is migrated.
    """
    copy = backup_path(path, schema)
    draft = copy.with_name(f".{copy.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        source = sqlite3.connect(path, timeout=30)
        target = sqlite3.connect(draft)
        try:
            source.backup(target)
        finally:
            target.close()
            source.close()
        draft.replace(copy)
    except (OSError, sqlite3.Error) as error:
        size = path.stat().st_size / 1e6
        raise StoreError(
            f"{path} must be brought up to date, and the copy that is made before could not be written to "
            f"{copy} ({error}); it needs {size:.0f} MB. Nothing was changed."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _statements(script: str) -> Iterator[str]:
    """Split a script at statement ends; executescript would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
