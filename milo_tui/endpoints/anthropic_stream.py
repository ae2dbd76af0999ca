"""Reading an Anthropic Messages answer: events in, deltas out, and at the end the blocks to be echoed.

Events as of the API versions 2023-06-01 and 2026-10-21, which are alike in this. Unknown events, blocks and
deltas are ignored, as the versioning rules ask.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from milo_tui.endpoints.endpoint import Clock, Delta, DeltaKind, OnDelta, Usage
from milo_tui.endpoints.failures import told
from milo_tui.endpoints.sse import Event
from milo_tui.endpoints.texts import count, mended, read_json, words

_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
_DELTAS: dict[str, tuple[DeltaKind | None, str, str]] = {
    "text_delta": (DeltaKind.TEXT, "text", "text"),
    "thinking_delta": (DeltaKind.REASONING, "thinking", "thinking"),
    "signature_delta": (None, "signature", "thinking"),
    "citations_delta": (None, "citation", "text"),
    "input_json_delta": (DeltaKind.TOOL_CALL, "partial_json", "tool_use"),
}
"""What a delta carries, in which field, and in a block of which type."""


@dataclass(slots=True)
class Block:
    """A content block in the making: its fields as they came at its start, and the pieces that came since."""

    start: dict[str, Any]
    pieces: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The block's type, e.g. text, thinking or tool_use."""
        return words(self.start.get("type"))

    def grow(self, name: str, piece: Any) -> None:
        """Add a piece to a field."""
        self.pieces.setdefault(name, []).append(piece)

    def text(self, name: str) -> str:
        """A field's text, as far as it came."""
        return words(self.start.get(name)) + "".join(self.pieces.get(name, ()))

    @property
    def arguments(self) -> str:
        """The text of a tool's input; a few compatible servers send it whole with the block's start."""
        text = self.text("partial_json")
        return text or (
            json.dumps(self.start["input"], ensure_ascii=False) if self.start.get("input") else ""
        )

    @property
    def as_received(self) -> dict[str, Any]:
        """The block as it must be sent back: every field, thinking and its signature among them."""
        block = dict(self.start)
        for name in ("text", "thinking", "signature"):
            if name in self.pieces:
                block[name] = self.text(name)
        if "citations" in self.pieces:
            block["citations"] = [*(block.get("citations") or []), *self.pieces["citations"]]
        return block


@dataclass(slots=True)
class Stream:
    """One answer as it is read."""

    on_delta: OnDelta
    clock: Clock = field(default_factory=lambda: Clock(0))
    blocks: dict[int, Block] = field(default_factory=dict)
    stop_reason: str | None = None
    done: bool = False
    understood: bool = False
    error: str | None = None
    error_type: str = ""
    model: str = ""
    quirks: list[str] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)
    _at_ns: int = 0

    def note(self, quirk: str) -> None:
        """Remember a deviation, once."""
        if quirk not in self.quirks:
            self.quirks.append(quirk)

    def event(self, event: Event) -> bool:
        """Read one event of a stream; True once message_stop or an error came."""
        try:
            value = read_json(event.data)
        except ValueError:
            value = None
        if isinstance(value, dict):
            self._read(value, words(value.get("type")) or event.name, event.at_ns)
        else:
            self.note("an event that is not a JSON object, skipped")
        return self.done or self.error is not None

    def whole(self, body: bytes) -> None:
        """Read a message that came in one piece, by way of the events that would have carried it."""
        try:
            message = read_json(body)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        at_ns = self.clock.end or 0
        if message.get("type") == "error" or message.get("error"):
            self._read(message, "error", at_ns)
        elif isinstance(blocks := message.get("content"), list):
            self._read({"message": message}, "message_start", at_ns)
            for index, block in enumerate(blocks):
                self._read({"index": index, "content_block": block}, "content_block_start", at_ns)
            self._read({"delta": message, "usage": message.get("usage")}, "message_delta", at_ns)
            self.clock.arrivals.clear()
            self.done = True

    @property
    def in_order(self) -> list[Block]:
        """The blocks as the model made them."""
        return [self.blocks[index] for index in sorted(self.blocks)]

    @property
    def usage(self) -> Usage:
        """Token counts, with all of the prompt as input: Anthropic's own `input_tokens` leaves the cache out."""
        counts = self._counts
        parts = [counts.get(name) for name in _COUNTS[:3]]
        return Usage(
            input_tokens=None if parts[0] is None else sum(part or 0 for part in parts),
            output_tokens=counts.get("output_tokens"),
            cached_tokens=counts.get("cache_read_input_tokens"),
            cache_write_tokens=counts.get("cache_creation_input_tokens"),
            reasoning_tokens=counts.get("thinking_tokens"),
        )

    def _read(self, value: dict[str, Any], type: str, at_ns: int) -> None:
        self._at_ns = at_ns
        if type == "error":
            error = value.get("error")
            self.error_type = words(error.get("type")) if isinstance(error, dict) else ""
            self.error = told(value)
        elif type == "message_start":
            self._start(_dict(value.get("message")))
        elif type == "content_block_start":
            self._open(_index(value), _dict(value.get("content_block")))
        elif type == "content_block_delta":
            self._piece(_index(value), _dict(value.get("delta")))
        elif type == "message_delta":
            self._count(_dict(value.get("usage")))
            self.stop_reason = words(_dict(value.get("delta")).get("stop_reason")) or self.stop_reason
        elif type == "message_stop":
            self.done = self.understood = True

    def _start(self, message: dict[str, Any]) -> None:
        self.understood = True
        self.model = words(message.get("model"))
        usage = dict(_dict(message.get("usage")))
        # What it counts as output at the start is no result: only message_delta tells that.
        usage.pop("output_tokens", None)
        self._count(usage)

    def _count(self, usage: dict[str, Any]) -> None:
        """Take over counts: they are cumulative, so a later one replaces the earlier."""
        given = {name: usage.get(name) for name in _COUNTS} | _dict(usage.get("output_tokens_details"))
        for name, value in given.items():
            if (tokens := count(value)) is not None:
                self._counts[name] = tokens

    def _open(self, index: int, start: dict[str, Any]) -> None:
        self.understood = True
        block = self.blocks[index] = Block(dict(start))
        if block.type == "tool_use":
            self._say(DeltaKind.TOOL_CALL, block.arguments, index)
        elif block.type == "text":
            self._say(DeltaKind.TEXT, block.text("text"), index)
        elif block.type == "thinking":
            self._say(DeltaKind.REASONING, block.text("thinking"), index)

    def _piece(self, index: int, delta: dict[str, Any]) -> None:
        self.understood = True
        kind, name, block_type = _DELTAS.get(words(delta.get("type")), (None, "", ""))
        if not name:
            return
        if index not in self.blocks:
            self.note("a content block without its start")
            self.blocks[index] = Block({"type": block_type})
        if name == "citation":
            self.blocks[index].grow("citations", delta.get(name))
            return
        piece = words(delta.get(name))
        self.blocks[index].grow(name, piece)
        if kind is not None:
            self._say(kind, piece, index)

    def _say(self, kind: DeltaKind, text: str, index: int) -> None:
        if kind is not DeltaKind.TOOL_CALL and not text:
            return
        call, name = 0, ""
        if kind is DeltaKind.TOOL_CALL:
            earlier = [n for n, block in self.blocks.items() if block.type == "tool_use" and n < index]
            call, name = len(earlier), words(self.blocks[index].start.get("name"))
        self.clock.chunks += 1
        self.clock.arrivals.append(self._at_ns)
        self.clock.saw(kind, self._at_ns)
        self.on_delta(Delta(kind, mended(text), self._at_ns, call, mended(name)))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _index(value: dict[str, Any]) -> int:
    index = value.get("index")
    return index if isinstance(index, int) else 0
