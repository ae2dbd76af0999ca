"""The columns of a table, derived from the fields of a dataclass: the one place that maps the one to the other."""

import json
import sys
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar, get_args, get_origin

from milo_tui.analysis.phases import Origin, RunPhase
from milo_tui.suite.json_text import show

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")
Convert = Callable[[Any], Any]


class Codec(NamedTuple):
    """How a field is stored: its value to its column's and back, None where both are the same.

    `kinds` are the types that SQLite may give back; `repaired` stands for a column that cannot be read.
    """

    write: Convert | None
    read: Convert | None
    kinds: tuple[type, ...]
    repaired: Any


class UnreadableColumn(ValueError):
    """A stored value that is none of its column's; the sentence names the column and says what it holds."""


UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError, zlib.error)
"""What converting a damaged value raises."""

_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


class Columns(Generic[Record]):
    """One column for each field of a dataclass, of the field's name unless `rename` gives another.

    Values are converted by the field's type (enums, booleans, text, mappings and tuples as JSON), or by `codecs`.
    Fields in `without` have no column here. `names` is in the order of the fields, `sql` the names as a list.
    """

    def __init__(
        self,
        record: type[Record],
        *,
        rename: Mapping[str, str] | None = None,
        codecs: Mapping[str, Codec] | None = None,
        without: Iterable[str] = (),
    ) -> None:
        own = [field for field in fields(record) if field.name not in without]
        names = [field.name for field in own]
        codes = [(codecs or {}).get(field.name) or codec_of(field.type) for field in own]
        self._record = record
        self._writes = list(zip(names, [code.write for code in codes], strict=True))
        self._reads = list(zip(names, [code.read for code in codes], strict=True))
        self._codes = codes
        self._seen: set[tuple[type, ...]] = set()
        self.names = tuple((rename or {}).get(name, name) for name in names)
        self.sql = ", ".join(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def values(self, record: Record) -> tuple[Any, ...]:
        """The record's columns, in the order of `names`."""
        return tuple(
            getattr(record, name) if write is None else write(getattr(record, name))
            for name, write in self._writes
        )

    def read(self, row: Sequence[Any], **others: Any) -> Record:
        """The record of a row that begins with these columns; `others` are the fields that are not in it.

        Raises UnreadableColumn where the row holds what this version never wrote.
        """
        stored = row[: len(self._reads)]
        kinds = tuple(map(type, stored))
        if kinds not in self._seen:  # there are few combinations, and a run has many rows
            self._refuse_other_kinds(stored)
            self._seen.add(kinds)
        try:
            found = {
                name: value if read is None else read(value)
                for (name, read), value in zip(self._reads, stored, strict=True)
            }
        except UNREADABLE:
            for name, code, value in zip(self.names, self._codes, stored, strict=True):
                _read(name, code, value)
            raise
        return self._record(**{**found, **others})

    def repaired(self, row: Sequence[Any]) -> tuple[list[Any], list[str]]:
        """The columns of a row with what cannot be read replaced, and the names of those that were."""
        values, changed = list(row[: len(self.names)]), []
        for place, (name, code) in enumerate(zip(self.names, self._codes, strict=True)):
            try:
                _read(name, code, values[place])
            except UnreadableColumn:
                values[place] = code.repaired
                changed.append(name)
        return values, changed

    def _refuse_other_kinds(self, stored: Sequence[Any]) -> None:
        for name, code, value in zip(self.names, self._codes, stored, strict=True):
            if not isinstance(value, code.kinds):
                raise _unreadable(name, value)

    def prefixed(self, table: str) -> str:
        """The names as a list, each with its table before it."""
        return ", ".join(f"{table}.{name}" for name in self.names)


def insert(table: str, *names: str) -> str:
    """The statement that inserts a row of these columns; a name may be a list of names with commas."""
    columns = ", ".join(names)
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * (columns.count(',') + 1))})"


def storable(text: str) -> str:
    """Text that SQLite can hold: a lone surrogate (legal in JSON) becomes its escape, such as \\ud83d.

    Nothing is lost by it: the response's bytes are stored as they came.
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def dump(value: Any) -> str:
    """A value as compact ASCII JSON."""
    return _ENCODER.encode(value) if value or not isinstance(value, list | tuple) else "[]"


def optional(codec: Codec) -> Codec:
    """The same for a field that may be None."""

    def guard(convert: Convert | None) -> Convert | None:
        return convert and (lambda value: None if value is None else convert(value))

    return Codec(guard(codec.write), guard(codec.read), (*codec.kinds, NoneType), None)


def json_codec(write: Convert, read: Convert, repaired: str) -> Codec:
    """A value that is stored as JSON text; `read` takes what the text holds."""
    return Codec(write, lambda text: read(json.loads(text)), (str,), repaired)


def within(low: float, high: float) -> Convert:
    """A conversion that takes numbers of this range alone."""

    def check(value: Any) -> Any:
        if not low <= value <= high:
            raise ValueError(value)
        return value

    return check


def codec_of(kind: Any) -> Codec:
    """How values of a type are stored."""
    if get_origin(kind) is UnionType or NoneType in get_args(kind):
        (inner,) = (part for part in get_args(kind) if part is not NoneType)
        return optional(codec_of(inner))
    if get_origin(kind) is Literal:
        words = {word: word for word in get_args(kind)}
        return Codec(None, words.__getitem__, (str,), get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Codec(lambda value: value.value, kind, (str,), list(kind)[-1].value)
    if get_origin(kind) is tuple:
        return json_codec(dump, _tuple_of(kind), "[]")
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        return json_codec(lambda value: dump(dict(value)), _mapping, "{}")
    return _PLAIN[kind]


_PLAIN = {
    str: Codec(storable, None, (str,), ""),
    bool: Codec(None, bool, (int,), 0),
    int: Codec(None, None, (int,), 0),
    float: Codec(None, within(-sys.float_info.max, sys.float_info.max), (int, float), 0.0),
}

MOMENT = Codec(None, within(0, 4_102_444_800), (int, float), 0.0)
"""Seconds since the epoch, up to the year 2100: as far as the published schema of a run goes."""
RUN_CODECS = {
    "created": MOMENT,
    "finished": optional(MOMENT),
    "binned": optional(MOMENT),
    "repeats": Codec(None, within(1, 10_000), (int,), 1),
    "phase": codec_of(RunPhase)._replace(repaired=RunPhase.INCOMPLETE.value),
    "origin": codec_of(Origin)._replace(repaired=Origin.IMPORTED.value),
}
"""Of a run's fields, those whose values have bounds."""


def _mapping(value: Any) -> Any:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _tuple_of(kind: Any) -> Convert:
    """The conversion of a JSON list to tuple[str, ...], or to tuple[tuple[str, str], ...]."""
    (item_kind, _) = get_args(kind)
    size = len(get_args(item_kind))

    def read(value: Any) -> tuple[Any, ...]:
        items = tuple(tuple(item) for item in value) if size else tuple(value)
        texts = [text for item in items for text in item] if size else items
        whole = all(isinstance(text, str) for text in texts) and all(
            len(item) == size or not size for item in items
        )
        if not isinstance(value, list) or not whole:
            raise TypeError(value)
        return items

    return read


def _read(name: str, code: Codec, value: Any) -> None:
    """Raise UnreadableColumn where a column's value cannot be read."""
    if not isinstance(value, code.kinds):
        raise _unreadable(name, value)
    try:
        if code.read is not None:
            code.read(value)
    except UNREADABLE:
        raise _unreadable(name, value) from None


def _unreadable(name: str, value: Any) -> UnreadableColumn:
    found = "raw bytes" if isinstance(value, bytes) else show(value, 60)
    return UnreadableColumn(f"{name} holds {found}")
