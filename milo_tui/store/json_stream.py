"""A large JSON object read piece by piece: the members of one of its lists are handed out one at a time.

By the standard library's own decoder, so that what json.dump wrote comes back as it was: streaming parsers in C
change lone surrogates and refuse integers beyond 64 bits, and both occur in what models say.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

_CHUNK = 1 << 20


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class JsonProblem(Exception):
    """The file holds no such JSON; its text is `line N: what is wrong`."""


def members(path: Path, streamed: str) -> Iterator[tuple[str, Any]]:
    """The members of the object in a file, in their order: (name, value).

    Instead of the list named `streamed` each of its items is handed out, as (streamed, item). Memory holds one
    member or item and a buffer. Raises OSError and JsonProblem.
    """
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        text = _Text(file)
        try:
            yield from _members(text, streamed)
        except UnicodeDecodeError as error:
            raise JsonProblem(f"line {text.line} or after: not UTF-8 ({error.reason})") from None
        except ValueError as error:
            raise JsonProblem(f"line {text.line}: {error}") from None
        except RecursionError:
            raise JsonProblem(f"line {text.line}: nested too deeply") from None


def _members(text: "_Text", streamed: str) -> Iterator[tuple[str, Any]]:
    text.expect("{", "an object ({…}) is expected")
    if not text.follows("}"):
        while True:
            name = text.value()
            if not isinstance(name, str):
                raise text.problem("a name in double quotes is expected")
            text.expect(":", "':' is expected after a name")
            if name == streamed:
                text.expect("[", f'a list is expected as "{streamed}"')
                yield from ((name, item) for item in _items(text))
            else:
                yield name, text.value()
            if not text.follows(","):
                break
        text.expect("}", "',' or '}' is expected")
    if text.peek():
        raise text.problem("something stands after the end")


def _items(text: "_Text") -> Iterator[Any]:
    if text.follows("]"):
        return
    yield text.value()
    while text.follows(","):
        yield text.value()
    text.expect("]", "',' or ']' is expected")


class _Text:
    """A file's text from where it has been read to."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._lines_before = 0

    @property
    def line(self) -> int:
        """The line that has been read to, from 1."""
        return self._lines_before + self._buffer.count("\n", 0, self._at) + 1

    def problem(self, text: str) -> JsonProblem:
        """What is wrong at this place."""
        if not self.peek():
            return JsonProblem(f"line {self.line}: the file ends in the middle")
        return JsonProblem(f"line {self.line}: {text}")

    def peek(self) -> str:
        """The next character that is no white space, or nothing at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in " \t\r\n":
                    return self._buffer[self._at]
                self._at += 1
            if self._ended:
                return ""
            self._more()

    def follows(self, sign: str) -> bool:
        """Whether `sign` comes next; it is passed over."""
        if self.peek() != sign:
            return False
        self._at += 1
        return True

    def expect(self, sign: str, else_say: str) -> None:
        """Pass over `sign`. Raises JsonProblem where something else comes."""
        if not self.follows(sign):
            raise self.problem(else_say)

    def value(self) -> Any:
        """The value that comes next. Raises JsonProblem."""
        self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if self._ended:
                    self._at = min(error.pos, len(self._buffer))
                    raise self.problem(error.msg) from None
            else:
                # A number at the buffer's end may go on: 8 may be 8.5e2.
                is_number = isinstance(found, int | float)
                if self._ended or not is_number or self._buffer[end : end + 5000].lstrip("0123456789+-.eE"):
                    self._at = end
                    return found
            self._more()

    def _more(self) -> None:
        """Read on: as much again as is held, so that a long value is not decoded over and over."""
        self._lines_before += self._buffer.count("\n", 0, self._at)
        rest = self._buffer[self._at :]
        piece = self._file.read(max(_CHUNK, len(rest)))
        self._ended = not piece
        self._buffer, self._at = rest + piece, 0
