"""Two JSON values compared by what they mean: member by member, and item by item of lists."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from milo_tui.analysis.sequences import Alignment, aligned, common_ends
from milo_tui.suite import json_text
from milo_tui.suite.json_text import equal

BY_PLACE = "too many items differ to tell which belong together: compared by their place"


class Kind(StrEnum):
    """How a value of one side stands to the other's. `MOVED` is an item of a list that stands elsewhere in it."""

    SAME = "same"
    VALUE = "another value"
    TYPE = "another type"
    LEFT_ONLY = "left only"
    RIGHT_ONLY = "right only"
    MOVED = "moved"


class _Nothing:
    """The absence of a value, where null would be one."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value at a path, as each side has it; NOTHING where a side has none.

    `to` is where a moved item stands on the right; `remark` a sentence about how a list was compared.
    """

    path: str
    left: Any
    right: Any
    kind: Kind
    to: int | None = None
    remark: str = ""


def leaves(left: Any, right: Any, path: str = "") -> Iterator[Leaf]:
    """Every value of two JSON values by its path, keys in the left side's order.

    An item of a list has the place that it has on the left, or on the right where it is there alone.
    """
    if isinstance(left, dict) and isinstance(right, dict) and (left or right):
        for key in dict.fromkeys([*left, *right]):
            where = f"{path}.{key}" if path else str(key)
            yield from leaves(left.get(key, NOTHING), right.get(key, NOTHING), where)
    elif isinstance(left, list) and isinstance(right, list) and (left or right):
        yield from _items(left, right, path)
    else:
        yield Leaf(path, left, right, kind_between(left, right))


def _items(left: list[Any], right: list[Any], path: str) -> Iterator[Leaf]:
    found = align_lists(left, right)
    if found.by_place:
        yield Leaf(path, left, right, Kind.SAME, remark=BY_PLACE)
    partners, extras = dict(found.pairs), found.extras()
    for i in range(len(left) + 1):
        for j in extras.get(i, ()):
            yield from leaves(NOTHING, right[j], f"{path}[{j}]")
        if i in found.moved:
            j = partners[i]
            yield Leaf(f"{path}[{i}]", left[i], right[j], Kind.MOVED, to=j)
        elif i in partners:
            yield from leaves(left[i], right[partners[i]], f"{path}[{i}]")
        elif i < len(left):
            yield from leaves(left[i], NOTHING, f"{path}[{i}]")


def kind_between(left: Any, right: Any) -> Kind:
    """How two JSON values stand to each other, whole; NOTHING is none."""
    if left is NOTHING and right is NOTHING:
        return Kind.SAME
    if left is NOTHING:
        return Kind.RIGHT_ONLY
    if right is NOTHING:
        return Kind.LEFT_ONLY
    if equal(left, right):
        return Kind.SAME
    return Kind.VALUE if json_text.kind_of(left) == json_text.kind_of(right) else Kind.TYPE


def key_of(value: Any) -> Hashable:
    """What is the same for equal JSON values, and for no others."""
    if isinstance(value, dict):
        return "object", frozenset((name, key_of(member)) for name, member in value.items())
    if isinstance(value, list):
        return "list", tuple(map(key_of, value))
    if isinstance(value, bool):
        return "boolean", value
    return value if value is None or isinstance(value, str | int | float) else ("other", repr(value))


def align_lists(left: Sequence[Any], right: Sequence[Any]) -> Alignment:
    """Which items of two JSON lists belong together. Order counts: what is equal and stands elsewhere has moved."""
    keys = [[key_of(item) for item in side] for side in (left, right)]
    parts = [[_parts(item) for item in side] for side in (left, right)]

    def likeness(i: int, j: int) -> float:
        if json_text.kind_of(left[i]) != json_text.kind_of(right[j]):
            return 0.05
        if isinstance(left[i], str):
            return 0.1 + 0.9 * _alike_texts(left[i], right[j])
        return 0.1 + 0.9 * shared(parts[0][i], parts[1][j])

    return aligned(keys[0], keys[1], likeness)


def _parts(item: Any) -> frozenset[Hashable]:
    """What an object or a list is made of, one level deep."""
    if isinstance(item, dict):
        return frozenset((name, key_of(member)) for name, member in item.items())
    return frozenset(map(key_of, item)) if isinstance(item, list) else frozenset()


def shared(one: frozenset[Hashable], other: frozenset[Hashable]) -> float:
    """How much of two sets is in both, from 0 to 1 (Jaccard 1901)."""
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0


def _alike_texts(one: str, other: str, most: int = 200) -> float:
    """How much two texts begin and end alike, from 0 to 1; of long ones only the beginning is looked at."""
    one, other = one[:most], other[:most]
    return sum(common_ends(one, other)) / max(1, len(one), len(other))
