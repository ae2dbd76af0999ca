"""YAML as data, with the line that each value stands on.

Safe-load semantics, and stricter: a key given twice is an error; only `true` and `false` are booleans and
no scalar becomes a date or a sexagesimal number, so that `no`, `on`, `12:30` and `2026-03-14` stay the text
that the author wrote. Whatever the text, it costs bounded time and memory: the file may come from a stranger.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_TEXT = f"{_TAG}str"
_KINDS = frozenset({"map", "seq", "str", "bool", "null", "int", "float"})
_MOST_DEPTH = 60
_MOST_VALUES = 20_000
_MOST_TEXT = 2_000_000
"""Characters of all values together, those of aliases counted wherever they stand."""
_TOO_DEEP = f"nested more than {_MOST_DEPTH} deep"


SCALARS = (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
)
"""Which plain words are no text: the kind, its pattern, and the characters that it may begin with."""


def _with_json_scalars(base: Any) -> Any:
    """A PyYAML loader class that reads JSON's scalars instead of YAML 1.1's."""
    loader: Any = type("Loader", (base,), {"yaml_implicit_resolvers": {}})
    for tag, pattern, firsts in SCALARS:
        loader.add_implicit_resolver(f"{_TAG}{tag}", re.compile(pattern), list(firsts))
    return loader


# PyYAML may have been built without libyaml; then there is only the loader written in Python.
LOADERS: tuple[Any, ...] = tuple(
    _with_json_scalars(getattr(yaml, name)) for name in ("CSafeLoader", "SafeLoader") if hasattr(yaml, name)
)
"""PyYAML's safe loaders; the first, in C where there is one, is used."""


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
    try:
        _refuse_depth(text)
        loader = LOADERS[0](text)
        try:
            node = loader.get_single_node()
            reader = _Reader(loader)
            value = None if node is None else reader.value(node, ())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 1, _in_words(error, text)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise YamlError(line, f"a character that YAML does not allow (U+{code:04X}); take it out") from None
    except yaml.YAMLError as error:
        raise YamlError(1, str(error).splitlines()[0]) from None
    return Document(value, reader.lines)


def _refuse_depth(text: str) -> None:
    """Raise YamlError where the text nests too deeply: the parser in C would overflow the stack on it."""
    if _cannot_be_deep(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=LOADERS[0]):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_DEPTH:
            mark = event.start_mark
            raise YamlError(mark.line + 1 if mark else 1, _TOO_DEEP)


_OTHER_BREAKS = re.compile("[\\r\\x85\\u2028\\u2029\\ufeff]")
_FRONT = re.compile(r"^(?:[ \t?:-]|[&!]\S*)*", re.MULTILINE)


def _cannot_be_deep(text: str) -> bool:
    """Whether a look at the text tells that it is shallow, which spares most files a reading of their own.

    A collection in a collection begins with a bracket of its own, or further to the right behind spaces and
    signs; only a list may begin in its mapping's column.
    """
    if _OTHER_BREAKS.search(text):
        return False
    furthest = max(map(len, _FRONT.findall(text)))
    return 2 * (furthest + 1) + text.count("[") + text.count("{") < _MOST_DEPTH


def _in_words(error: yaml.MarkedYAMLError, text: str) -> str:
    """What the parser says, and what to do about it where that is known."""
    problem = error.problem or "it cannot be parsed"
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "cannot start any token" in problem and "\t" in line:
        return "a tab stands where only spaces may; indent with spaces"
    if "cannot start any token" in problem:
        return "a value cannot begin with this character; put the value in quotes"
    if "maximum nesting depth" in problem:  # libyaml has a limit of its own, of 1000
        return _TOO_DEEP
    if "another document" in problem:
        return "a second document begins here (---); a file holds one"
    if "mapping values are not allowed" in problem:
        return "a colon where none may be; put a text with a colon in quotes"
    if "unexpected end of stream" in problem:
        return "a quote or bracket is opened and never closed"
    if "expected" in problem or "not allowed in this context" in problem:
        return "the indentation, a quote or a bracket is wrong here or just before"
    return f"not valid YAML: {problem}"


@dataclass
class _Reader:
    """Turns nodes into values and notes their lines."""

    loader: Any
    lines: dict[Path, int] = field(default_factory=dict)
    count: int = 0
    characters: int = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self.count += 1
        # An alias is read anew wherever it stands, so that nine lines could mean a billion values.
        if self.count > _MOST_VALUES or len(path) > _MOST_DEPTH:
            raise YamlError(line, "too many values, or an alias that holds itself")
        if isinstance(node, yaml.ScalarNode):
            self.characters += len(node.value)
            if self.characters > _MOST_TEXT:
                raise YamlError(line, f"more than {_MOST_TEXT} characters, aliases counted where they stand")
        if node.tag.removeprefix(_TAG) not in _KINDS:
            raise YamlError(line, f"the tag {node.tag.replace(_TAG, '!!')} is not allowed; take it out")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return self._scalar(node, line)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise YamlError(line, "a key must be text")
            if key in mapping:
                first = self.lines[(*path, key)]
                raise YamlError(
                    line, f"the key {key} is given twice, first in line {first}; keep one of them"
                )
            self.lines[(*path, key)] = line
            mapping[key] = self.value(value_node, (*path, key))
        return mapping

    def _scalar(self, node: yaml.Node, line: int) -> Any:
        if node.tag == _TEXT:
            return node.value
        try:
            value = self.loader.construct_object(node)
        except ValueError:
            raise YamlError(line, f"not a number that can be read: {node.value[:40]}") from None
        if isinstance(value, float) and not math.isfinite(value):
            raise YamlError(line, f"not a finite number: {node.value[:40]}")
        return value
