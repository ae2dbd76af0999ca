"""YAML as data, with the line that each value stands on.

Safe-load semantics, and stricter: a key given twice is an error; only `true` and `false` are booleans and
no scalar becomes a date or a sexagesimal number, so that `no`, `on`, `12:30` and `2026-03-14` stay the text
that the author wrote.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

Path = tuple[str | int, ...]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader (the one in C where there is one), with JSON's scalars instead of YAML 1.1's."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _firsts in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_firsts))


class YamlError(ValueError):
    """A file that is not YAML as this module reads it. `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Document:
    """A YAML document: its value, and the line (from 1) of every path in it."""

    value: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """The line of the value at `path`, or of the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load(text: str) -> Document:
    """Read one YAML document. Raises YamlError with the line."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        value = None if node is None else _value(loader, node, (), lines, 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 1, error.problem or "not valid YAML") from None
    except yaml.YAMLError as error:
        raise YamlError(1, str(error).splitlines()[0]) from None
    finally:
        loader.dispose()
    return Document(value, lines)


def _value(loader: Any, node: yaml.Node, path: Path, lines: dict[Path, int], depth: int) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if depth > 60:
        raise YamlError(line, "nested more than 60 deep")
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*path, i), lines, depth + 1) for i, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        if not isinstance(key, str):
            raise YamlError(key_node.start_mark.line + 1, "a key must be text")
        if key in mapping:
            raise YamlError(key_node.start_mark.line + 1, f"the key {key} is given twice")
        lines[(*path, key)] = key_node.start_mark.line + 1
        mapping[key] = _value(loader, value_node, (*path, key), lines, depth + 1)
    return mapping
