"""Opening a database: private files, WAL, numbered migrations, and one sentence where it cannot be."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from milo_tui.analysis.phases import ACTIVE
from milo_tui.errors import MiloError
from milo_tui.store.liveness import is_alive


class StoreError(MiloError):
    """The database cannot do what was asked; its text is one sentence for a person."""


def migrations() -> list[str]:
    """The SQL of every migration in order; the n-th brings a database to schema n."""
    folder = files("milo_tui.store") / "schema"
    scripts = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name
    )
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
    """Open the database at `path`, made and brought up to date where need be. Raises StoreError.

    WAL and synchronous=NORMAL: a killed process loses nothing that was committed; only a power cut may take
    the last commits, never the file.
    """
    with one_sentence(path):
        if write or not path.exists():
            _make_private(path)
        connection = sqlite3.connect(
            _address(path, write), uri=True, isolation_level=None, timeout=30, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.create_function("is_alive", 2, is_alive)
            _migrate(connection, path)
            if not write:
                connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
    return connection


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
        raise StoreError(f"{path} cannot be opened for writing: {reason}; mend that, or use --db.") from None


def schema_version(connection: sqlite3.Connection) -> int:
    """The schema that the database is at."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    scripts = migrations()
    have = schema_version(connection)
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
