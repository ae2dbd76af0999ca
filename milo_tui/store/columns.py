"""The columns of a table, derived from the fields of a dataclass: the one place that maps the one to the other."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from enum import StrEnum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")
Convert = Callable[[Any], Any]
Codec = tuple[Convert | None, Convert | None]
"""A field's value to its column's, and back; None where both are the same."""

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
        codes = [(codecs or {}).get(field.name) or _codec(field.type) for field in own]
        self._record = record
        self._fields = names
        self._writes = list(zip(names, [write for write, _ in codes], strict=True))
        self._reads = list(zip(names, [read for _, read in codes], strict=True))
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

    def read(self, row: Iterable[Any], **others: Any) -> Record:
        """The record of a row that begins with these columns; `others` are the fields that are not in it."""
        found = {
            name: value if read is None else read(value)
            for (name, read), value in zip(self._reads, row, strict=False)
        }
        return self._record(**{**found, **others})

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

    return guard(codec[0]), guard(codec[1])


def _codec(kind: Any) -> Codec:
    """How values of a type are stored."""
    if get_origin(kind) is UnionType or NoneType in get_args(kind):
        (inner,) = (part for part in get_args(kind) if part is not NoneType)
        return optional(_codec(inner))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return (lambda value: value.value), kind
    if kind is str:
        return storable, None
    if kind is bool:
        return None, bool
    if get_origin(kind) is tuple:
        return dump, _tuple
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        return (lambda value: dump(dict(value))), json.loads
    return None, None


def _tuple(text: str) -> tuple[Any, ...]:
    return tuple(tuple(item) if isinstance(item, list) else item for item in json.loads(text))
