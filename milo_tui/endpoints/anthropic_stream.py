"""Reading an Anthropic Messages answer into the content blocks to be echoed.

Events as of the API versions 2023-06-01 and 2026-10-21, which are alike in this. Unknown events, blocks and
deltas are ignored, as the versioning rules ask.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from milo_tui.endpoints.endpoint import OnPiece, PieceKind, Usage
from milo_tui.endpoints.failures import error_text
from milo_tui.endpoints.parser import MOST_CALLS, RawCall, ReplyParser
from milo_tui.endpoints.wire_json import text_of, token_count

_PASSING = ("overloaded_error", "api_error", "rate_limit_error", "timeout_error", "conflict_error")
_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
_DELTAS: dict[str, tuple[PieceKind | None, str, str]] = {
    "text_delta": ("text", "text", "text"),
    "thinking_delta": ("reasoning", "thinking", "thinking"),
    "signature_delta": (None, "signature", "thinking"),
    "citations_delta": (None, "citation", "text"),
    "input_json_delta": ("tool call", "partial_json", "tool_use"),
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
        return text_of(self.start.get("type"))

    def grow(self, name: str, piece: Any) -> None:
        """Add a piece to a field."""
        self.pieces.setdefault(name, []).append(piece)

    def text(self, name: str) -> str:
        """A field's text, as far as it came."""
        return text_of(self.start.get(name)) + "".join(self.pieces.get(name, ()))

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


class AnthropicParser(ReplyParser):
    """One answer as it is read."""

    def __init__(self, on_piece: OnPiece) -> None:
        super().__init__(on_piece)
        self.blocks: dict[int, Block] = {}
        self._counts: dict[str, int] = {}
        self._places: dict[int, int] = {}

    @property
    def text(self) -> str:
        return "".join(block.text("text") for block in self.in_order if block.type == "text")

    @property
    def reasoning(self) -> str:
        return "".join(block.text("thinking") for block in self.in_order if block.type == "thinking")

    def raw_calls(self) -> Iterator[RawCall]:
        for key, block in enumerate(self.in_order):
            if block.type == "tool_use":
                yield RawCall(key, block.text("id"), block.text("name"), block.arguments)

    def read_whole(self, value: dict[str, Any]) -> None:
        """By way of the events that would have carried it."""
        if value.get("type") == "error" or value.get("error"):
            self.read(value, "error")
        elif isinstance(blocks := value.get("content"), list):
            self.read({"type": "message_start", "message": value}, "")
            for index, block in enumerate(blocks):
                self.read({"type": "content_block_start", "index": index, "content_block": block}, "")
            self.read({"type": "message_delta", "delta": value, "usage": value.get("usage")}, "")
            self.done = True

    @property
    def in_order(self) -> list[Block]:
        """The blocks as the model made them."""
        return [self.blocks[index] for index in sorted(self.blocks)]

    def read(self, value: dict[str, Any], name: str) -> None:
        type = text_of(value.get("type")) or name
        if type == "error":
            error = _dict(value.get("error"))
            kind = text_of(error.get("type"))
            self.error = f"{error_text(value)} ({kind})" if kind else error_text(value)
            self.error_is_final = bool(kind) and kind not in _PASSING
        elif type == "message_start":
            self._start(_dict(value.get("message")))
        elif type == "content_block_start":
            self._open(_index(value), _dict(value.get("content_block")))
        elif type == "content_block_delta":
            self._piece(_index(value), _dict(value.get("delta")))
        elif type == "message_delta":
            self._count(_dict(value.get("usage")))
            self.finish = text_of(_dict(value.get("delta")).get("stop_reason")) or self.finish
        elif type == "message_stop":
            self.done = self.understood = True

    def _start(self, message: dict[str, Any]) -> None:
        self.understood = True
        self.model = text_of(message.get("model"))
        usage = dict(_dict(message.get("usage")))
        # What it counts as output at the start is no result: only message_delta tells that.
        usage.pop("output_tokens", None)
        self._count(usage)

    def _count(self, usage: dict[str, Any]) -> None:
        """Take over counts: they are cumulative, so a later one replaces the earlier."""
        given = {name: usage.get(name) for name in _COUNTS} | _dict(usage.get("output_tokens_details"))
        for name, value in given.items():
            # Gateways send 0 for what they counted before.
            if (tokens := token_count(value)) is not None and (tokens or name not in self._counts):
                self._counts[name] = tokens
        counts = self._counts
        parts = [counts.get(name) for name in _COUNTS[:3]]
        # All of the prompt counts as input: Anthropic's own `input_tokens` leaves the cache out.
        self.usage = Usage(
            input_tokens=None if parts[0] is None else sum(part or 0 for part in parts),
            output_tokens=counts.get("output_tokens"),
            cached_tokens=counts.get("cache_read_input_tokens"),
            cache_write_tokens=counts.get("cache_creation_input_tokens"),
            reasoning_tokens=counts.get("thinking_tokens"),
        )

    def _open(self, index: int, start: dict[str, Any]) -> None:
        self.understood = True
        if index in self.blocks:
            self.repair("a content block of an index that was there before")
        place = self._new_place(index)
        self.too_many_calls = len(self.blocks) > MOST_CALLS
        block = self.blocks[place] = Block(dict(start))
        if block.type == "tool_use":
            self._say("tool call", block.arguments, place)
        elif block.type == "text":
            self._say("text", block.text("text"), place)
        elif block.type == "thinking":
            self._say("reasoning", block.text("thinking"), place)

    def _new_place(self, index: int) -> int:
        """Where a new block of this index stands among all."""
        place = index if index not in self.blocks else max(self.blocks) + 1
        self._places[index] = place
        return place

    def _piece(self, index: int, delta: dict[str, Any]) -> None:
        self.understood = True
        kind, name, block_type = _DELTAS.get(text_of(delta.get("type")), (None, "", ""))
        if not name:
            return
        place = self._places.get(index, index)
        if place not in self.blocks:
            self.repair("a content block without its start")
            self.blocks[self._new_place(index)] = Block({"type": block_type})
        elif block_type == "text" and self.blocks[place].type == "tool_use":
            self.repair("text within a tool call's block")
            last = self.blocks[max(self.blocks)]
            place = max(self.blocks) if last.type == "text" else max(self.blocks) + 1
            self.blocks.setdefault(place, Block({"type": "text", "text": ""}))
        block = self.blocks[place]
        if name == "citation":
            block.grow("citations", delta.get(name))
            return
        piece = text_of(delta.get(name))
        started = text_of(block.start.get(name))
        if started and name not in block.pieces and piece.startswith(started):
            self.repair("a content block's first text sent twice")
            piece = piece[len(started) :]
        block.grow(name, piece)
        if kind is not None:
            self._say(kind, piece, place)

    def _say(self, kind: PieceKind, text: str, index: int) -> None:
        call, name = 0, ""
        if kind == "tool call":
            call = sum(block.type == "tool_use" and n < index for n, block in self.blocks.items())
            name = text_of(self.blocks[index].start.get("name"))
        self.emit(kind, text, call, name)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _index(value: dict[str, Any]) -> int:
    index = value.get("index")
    return index if isinstance(index, int) else 0
