"""Reading one reply of any wire format: events in, deltas out, and at the end all that was said."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from milo_tui.endpoints.endpoint import Clock, OnPiece, PieceKind, StreamPiece, Usage
from milo_tui.endpoints.sse import Event
from milo_tui.endpoints.wire_json import fix_unicode, read_call, read_json, unused_id
from milo_tui.suite.conversation import ToolCall

MOST_CALLS = 1_000
"""Tool calls of one turn that are read: no prompt asks for a hundred."""
LEGAL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class RawCall(NamedTuple):
    """A tool call as its pieces made it; `key` is its place in the parser's own list of blocks or calls."""

    key: int
    id: str
    name: str
    arguments: str


class ReplyParser(ABC):
    """One reply as it is read.

    A wire format supplies `read`, `read_whole`, `raw_calls`, `text` and `reasoning`. `finish` is the reason as the
    server gave it, `done` says that the protocol's end mark came, `understood` that the answer is of this format at
    all. `error` is what the server reported instead of an answer; `error_is_final` that asking again is no use.
    """

    def __init__(self, on_piece: OnPiece) -> None:
        self.on_piece = on_piece
        self.clock = Clock(0)
        self.understood = False
        self.done = False
        self.finish: str | None = None
        self.refused = False
        self.garbled = False
        self.error: str | None = None
        self.error_is_final = False
        self.too_many_calls = False
        self.usage = Usage()
        self.model = ""
        self.version = ""
        self.quirks: list[str] = []
        self.repairs: list[str] = []
        self.in_one_piece = False
        self.at_ns = 0
        self._carries = False

    @abstractmethod
    def read(self, value: dict[str, Any], name: str) -> None:
        """Read one event's JSON object; `name` is the event's own."""

    @abstractmethod
    def read_whole(self, value: dict[str, Any]) -> None:
        """Read an answer that came in one piece."""

    @abstractmethod
    def raw_calls(self) -> Iterable[RawCall]:
        """The tool calls in the model's order."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The answer's text as it came."""

    @property
    @abstractmethod
    def reasoning(self) -> str:
        """The thinking as it came."""

    def close(self) -> None:  # noqa: B027 (most formats hold nothing back)
        """The end of the answer: give out what was held back."""

    def note(self, quirk: str) -> None:
        """Remember a deviation, once."""
        if quirk not in self.quirks:
            self.quirks.append(quirk)

    def repair(self, quirk: str) -> None:
        """Remember a deviation that was mended."""
        self.note(quirk)
        if quirk not in self.repairs:
            self.repairs.append(quirk)

    def event(self, event: Event) -> bool:
        """Read one event of a stream; True once the end mark, an error or too many calls came."""
        self.at_ns, self._carries = event.at_ns, False
        self.read_data(event.data, event.name)
        if self._carries:
            self.clock.chunks += 1
            self.clock.arrivals.append(event.at_ns)
        return self.done or self.error is not None or self.too_many_calls

    def read_data(self, data: str, name: str) -> None:
        """Read one event's data."""
        try:
            value = read_json(data)
        except ValueError:
            value = None
        if isinstance(value, dict):
            self.read(value, name)
        elif name == "error":
            self.error = data
        else:
            self.garbled = True
            self.note("an event that is not a JSON object")

    def whole(self, body: bytes) -> None:
        """Read an answer that came in one piece, without streaming; anything else is left not understood."""
        try:
            value = read_json(body)
        except ValueError:
            return
        if isinstance(value, dict):
            self.at_ns, self.in_one_piece = self.clock.end or 0, True
            self.read_whole(value)
            self.clock.chunks += self._carries

    def calls(self, earlier: AbstractSet[str]) -> dict[int, ToolCall]:
        """The calls by their keys, each with an id of its own; `earlier` are the ids of the turns before."""
        raw = list(self.raw_calls())
        given = {call.id for call in raw}
        used = set(earlier)
        calls: dict[int, ToolCall] = {}
        for key, id, name, arguments in raw:
            if not id or id in used:
                self.repair("a tool call without an id of its own")
                id = unused_id(len(earlier) + len(calls) + 1, given | used)
            if not LEGAL_NAME.fullmatch(name):
                self.repair("a tool's name that cannot be sent back as it is")
            used.add(id)
            calls[key] = read_call(id, name, arguments)
        return calls

    def emit(self, kind: PieceKind, text: str, call: int = 0, name: str = "") -> None:
        """Stamp a piece and pass it on. Empty text is no piece, but an empty piece of a call begins it."""
        if not text and kind != "tool call":
            return
        self._carries = True
        self.clock.saw(kind, self.at_ns)
        self.on_piece(StreamPiece(kind, fix_unicode(text), call, fix_unicode(name), at_ns=self.at_ns))
