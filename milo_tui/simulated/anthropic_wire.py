"""Anthropic Messages, sent: events as anthropic-version 2023-06-01 has them."""

import json
from collections.abc import Iterator
from typing import Any

from milo_tui.simulated.timed_reply import Call, Frame, Piece, TimedReply, joined

REQUEST_ID_HEADER = "request-id"

_ERRORS = {404: "not_found_error"}


def opening(reply: TimedReply) -> Iterator[Frame]:
    """message_start, at once and before any token; then a content block each for thinking, text, tool calls."""
    message = {**_message(reply), "usage": {**_input_usage(reply), "output_tokens": 1}}
    yield Frame(0.0, _event("message_start", message=message))
    for index, block in enumerate(_blocks(reply)):
        for number, frame in enumerate(_block_frames(index, block)):
            yield frame
            if index == number == 0:
                yield Frame(frame.at_s, _event("ping"))


def ending(reply: TimedReply, body: dict[str, Any]) -> Iterator[Frame]:
    """message_delta with the stop reason and the cumulative usage, then message_stop."""
    delta = {"stop_reason": _stop_reason(reply), "stop_sequence": None}
    yield Frame(reply.ends_s, _event("message_delta", delta=delta, usage=_usage(reply)))
    yield Frame(reply.ends_s, _event("message_stop"))


def completion(reply: TimedReply) -> dict[str, Any]:
    """The whole reply as one object."""
    content = [final for _, _, _, final in _blocks(reply)]
    reason = {"stop_reason": _stop_reason(reply), "stop_sequence": None}
    return {**_message(reply), **reason, "content": content, "usage": _usage(reply)}


def error(status: int, message: str) -> dict[str, Any]:
    """An error's body."""
    kind = _ERRORS.get(status, "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_simulated"}


_Delta = tuple[float, dict[str, Any]]
_Block = tuple[float, dict[str, Any], list[_Delta], dict[str, Any]]
"""When it starts, its empty content block, its deltas, its final content block."""


def _blocks(reply: TimedReply) -> Iterator[_Block]:
    if reply.reasoning:
        yield _thinking(reply.reasoning, reply.id)
    if reply.text:
        deltas = [(at_s, {"type": "text_delta", "text": text}) for at_s, text in reply.text]
        final = {"type": "text", "text": joined(reply.text)}
        yield reply.text[0].at_s, {"type": "text", "text": ""}, deltas, final
    for call in reply.calls:
        yield _tool_use(call)


def _thinking(pieces: tuple[Piece, ...], signature: str) -> _Block:
    deltas: list[_Delta] = [(at_s, {"type": "thinking_delta", "thinking": text}) for at_s, text in pieces]
    deltas.append((pieces[-1].at_s, {"type": "signature_delta", "signature": signature}))
    final = {"type": "thinking", "thinking": joined(pieces), "signature": signature}
    return pieces[0].at_s, {"type": "thinking", "thinking": "", "signature": ""}, deltas, final


def _tool_use(call: Call) -> _Block:
    """Its first delta is empty, as Anthropic's own is."""
    pieces = [Piece(call.begins_s, ""), *call.pieces]
    deltas = [(at_s, {"type": "input_json_delta", "partial_json": text}) for at_s, text in pieces]
    block = {"type": "tool_use", "id": call.id, "name": call.name}
    return call.begins_s, {**block, "input": {}}, deltas, {**block, "input": _input(call.arguments)}


def _input(arguments: str) -> dict[str, Any]:
    """Only a stream can carry broken JSON; an object holds it wrapped."""
    try:
        value = json.loads(arguments or "{}")
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"INVALID_JSON": arguments}


def _block_frames(index: int, block: _Block) -> Iterator[Frame]:
    starts_s, empty, deltas, _ = block
    yield Frame(starts_s, _event("content_block_start", index=index, content_block=empty))
    for at_s, delta in deltas:
        yield Frame(at_s, _event("content_block_delta", index=index, delta=delta))
    yield Frame(deltas[-1][0], _event("content_block_stop", index=index))


def _message(reply: TimedReply) -> dict[str, Any]:
    return {
        "id": f"msg_{reply.id}",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _stop_reason(reply: TimedReply) -> str:
    return "tool_use" if reply.asks_tools else "end_turn"


def _input_usage(reply: TimedReply) -> dict[str, Any]:
    """`input_tokens` leaves out what came from the cache: the opposite of the OpenAI way."""
    counts = reply.counts
    return {
        "input_tokens": counts.prompt - counts.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": counts.cached,
        "service_tier": "standard",
    }


def _usage(reply: TimedReply) -> dict[str, Any]:
    counts = reply.counts
    details = {"thinking_tokens": counts.reasoning}
    return {**_input_usage(reply), "output_tokens": counts.output, "output_tokens_details": details}


def _event(kind: str, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()
