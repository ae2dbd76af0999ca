"""Where a key stands in the text of a TOML file: tomllib gives no lines."""

import re

Key = tuple[str | int, ...]
"""The place of a value, such as ("model", 0, "id")."""

_HEADER = re.compile(r"^\s*\[{1,2}\s*([A-Za-z0-9_.\-\" ]+?)\s*\]{1,2}\s*(?:#.*)?$")


def line_of(text: str, key: Key) -> int:
    """The line (from 1) of a key, or of the header of the table that should hold it: read are only headers and keys."""
    table: Key = ()
    counts: dict[str, int] = {}
    best = (0, 1)
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            names = [part.strip(' "') for part in header[1].split(".")]
            table = _table_key(names, line.lstrip().startswith("[["), counts)
            best = max(best, (_shared(table, key), number), key=lambda item: item[0])
        elif assignment := re.match(r'^\s*"?([A-Za-z0-9_\-.]+)"?\s*=', line):
            here = (*table, *assignment[1].split("."))
            best = max(best, (_shared(here, key), number), key=lambda item: item[0])
    return best[1]


def _table_key(names: list[str], is_array: bool, counts: dict[str, int]) -> Key:
    if is_array and len(names) == 1:
        counts[names[0]] = counts.get(names[0], -1) + 1
    path: list[str | int] = []
    for name in names:
        path.append(name)
        if name in counts:
            path.append(counts[name])
    return tuple(path)


def _shared(here: Key, key: Key) -> int:
    """The length of `here` if `key` lies in it, else 0."""
    return len(here) if key[: len(here)] == here else 0
