"""A repaired copy of a damaged database: what can be read is kept, what cannot is replaced or left out.

Every row is copied into a new database. A column that this version cannot read gets a plain value (nothing, 0, an empty
list); a row that has lost the rows it belongs to is left out, but a missing model or prompt gets a stand-in, so that
its attempts stay. Sums, search words and the index of texts are made anew. The damaged file is not changed.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from milo_tui.store.columns import Columns, dump
from milo_tui.store.database import StoreError, connect, explained
from milo_tui.store.rows import ATTEMPT, CALL, CHECK, CLOCK, MODEL, PROMPT, RUN, TURN, USAGE
from milo_tui.suite.json_text import show


class _Table(NamedTuple):
    """A table: its columns that are whole numbers and tell its rows apart, and those of the records in it."""

    name: str
    keys: tuple[str, ...]
    records: tuple[Columns[Any], ...] = ()


_TABLES = (
    _Table("run", ("number",), (RUN,)),
    _Table("run_model", ("run", "position"), (MODEL,)),
    _Table("prompt", (), (PROMPT,)),
    _Table("run_prompt", ("run", "position")),
    _Table("attempt", ("id", "run", "model", "prompt"), (ATTEMPT,)),
    _Table("turn", ("attempt", "position"), (TURN, CLOCK, USAGE)),
    _Table("tool_call", ("attempt", "turn", "position"), (CALL,)),
    _Table("check_result", ("attempt", "scorer_version", "position"), (CHECK,)),
)

_STAND_INS = (
    """
    INSERT OR IGNORE INTO run_prompt
    SELECT DISTINCT run, prompt, 'missing' FROM attempt WHERE run IN (SELECT number FROM run)
    """,
    """
    INSERT OR IGNORE INTO prompt
    SELECT DISTINCT hash, 'missing/' || substr(hash, 1, 12), 1, 'missing', 'This prompt was lost', '{}' FROM run_prompt
    """,
    """
    INSERT OR IGNORE INTO run_model (run, position, id, name, location, protocol, simulated, sampling, entry, phase)
    SELECT DISTINCT run, model, 'missing-' || model, 'A lost model', 'local', 'openai', 0, '',
      json_object('id', 'missing-' || model, 'name', 'A lost model', 'protocol', 'openai', 'where', 'local'), 'stopped'
    FROM attempt WHERE run IN (SELECT number FROM run)
    """,
)
_ORPHANS = (
    *(("run", "number", child, "run") for child in ("run_model", "run_prompt", "attempt")),
    *(("attempt", "id", child, "attempt") for child in ("turn", "tool_call", "check_result")),
)
_DERIVED = (
    """
    UPDATE run SET repeats = max(repeats, min(10000,
      coalesce((SELECT max(repeat) FROM attempt WHERE run = run.number AND typeof(repeat) = 'integer'), 1)))
    """,
    "INSERT INTO run_summary SELECT * FROM summed",
    """
    UPDATE run SET
      planned = repeats * (SELECT count(*) FROM run_prompt WHERE run = number)
        * (SELECT count(*) FROM run_model WHERE run = number),
      words = lower(suite || ' ' || suite_title || ' '
        || coalesce(
          (SELECT group_concat(name || ' ' || id || ' ' || location, ' ') FROM run_model WHERE run = number), '')
        || iif(simulated, ' simulated ', ' ') || note)
    """,
)


def repair(path: Path) -> tuple[Path, list[str]]:
    """Write the repaired copy beside the database; its path, and what is otherwise in it. Raises StoreError."""
    copy = _free_name(path)
    draft = copy.with_name(f".{copy.name}.{os.getpid()}")
    try:
        with (
            closing(_opened(path)) as source,
            closing(connect(draft, write=True)) as target,
            explained(path),
        ):
            target.execute("PRAGMA foreign_keys = OFF")
            target.execute("BEGIN IMMEDIATE")
            told = [sentence for table in _TABLES for sentence in _copied(source, target, table)]
            told += _completed(target)
            target.execute("COMMIT")
        draft.replace(copy)
    except OSError as error:
        raise StoreError(f"{copy} cannot be written: {(error.strerror or str(error)).lower()}.") from None
    finally:
        for file in (draft, Path(f"{draft}-wal"), Path(f"{draft}-shm")):
            file.unlink(missing_ok=True)
    return copy, told


def _free_name(path: Path) -> Path:
    names = (f"{path.name}.repaired{f'-{number}' if number else ''}" for number in range(1000))
    return next(free for name in names if not (free := path.with_name(name)).exists())


def _opened(path: Path) -> sqlite3.Connection:
    with explained(path):
        connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=30)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _copied(source: sqlite3.Connection, target: sqlite3.Connection, table: _Table) -> Iterator[str]:
    """Copy a table; sentences about what could not be copied as it was."""
    wanted = [row[1] for row in target.execute(f"PRAGMA table_info({table.name})")]
    there = {row[1] for row in source.execute(f"PRAGMA table_info({table.name})")}
    names = [name for name in wanted if name in there]
    if not names:
        yield f"the table {table.name} was missing"
        return
    insert = f"INSERT OR IGNORE INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    changes: Counter[str] = Counter()
    lost = 0
    for row in _rows(source, table, names):
        values = dict(zip(names, row, strict=True))
        if not all(isinstance(values[key], int) for key in table.keys):
            lost += 1
            continue
        for text in _repair_row(table, values):
            changes[text] += 1
        target.execute(insert, [values[name] for name in names])
    yield from (f"{text}{f' ({count} times)' if count > 1 else ''}" for text, count in changes.items())
    if lost:
        yield f"{lost} rows of the table {table.name} had no readable key and were left out"


def _rows(source: sqlite3.Connection, table: _Table, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table: where its pages are damaged, those before the damage and those behind it."""
    order = table.keys[:1] if table.name in ("run", "attempt") else table.keys or ("hash",)
    for direction in ("ASC", "DESC"):
        by = ", ".join(f"{key} {direction}" for key in order)
        try:
            yield from source.execute(f"SELECT {', '.join(names)} FROM {table.name} ORDER BY {by}")
        except sqlite3.DatabaseError:
            continue
        return


def _repair_row(table: _Table, values: dict[str, Any]) -> Iterator[str]:
    """Replace what cannot be read in a row; a sentence for each such column."""
    for record in table.records:
        repaired, changed = record.repaired([values.get(name) for name in record.names])
        for name in changed:
            run = (
                values.get("number", values.get("run")) if table.name.startswith(("run", "attempt")) else None
            )
            held = values[name]
            held = f"{len(held)} bytes" if isinstance(held, bytes) else show(held, 60)
            yield f"{f'run {run}: ' if run is not None else ''}{table.name}.{name} held {held} and was replaced"
            values[name] = repaired[record.names.index(name)]
    if table.name == "run" and not values["key"]:
        values["key"] = f"repaired-{values['number']}"
    if table.name == "run_model" and not values["entry"]:
        entry = {"id": values["id"], "name": values["name"], "protocol": values["protocol"]}
        values["entry"] = dump({**entry, "where": values["location"]})
    if table.name == "attempt" and values["ended"] not in ("answer", "turn limit"):
        values["ended"] = "answer"


def _completed(target: sqlite3.Connection) -> Iterator[str]:
    """Leave out what belongs to nothing, stand in for what is missing, and derive what is derived."""
    # First, since deleting an attempt takes its text out of the index.
    target.execute("INSERT INTO attempt_search (attempt_search) VALUES ('rebuild')")
    for parent, key, child, column in _ORPHANS:
        gone = target.execute(
            f"DELETE FROM {child} WHERE {column} NOT IN (SELECT {key} FROM {parent})"
        ).rowcount
        if gone:
            yield f"{gone} rows of the table {child} belonged to no {parent} and were left out"
    for table, statement in zip(("places of prompts", "prompts", "models"), _STAND_INS, strict=True):
        made = target.execute(statement).rowcount
        if made:
            yield f"{made} {table} were missing and have a stand-in"
    for statement in _DERIVED:
        with suppress(sqlite3.IntegrityError):
            target.execute(statement)
