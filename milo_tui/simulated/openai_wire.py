"""OpenAI-compatible chat completions, sent: chunks as openai 3.x types them, reasoning as mlx_lm names it."""

import json
from collections.abc import Iterator
from typing import Any

from milo_tui.simulated.timed_reply import Call, Frame, TimedReply, joined

FINGERPRINT = "milo-simulated"
REQUEST_ID_HEADER = "x-request-id"


def opening(reply: TimedReply) -> Iterator[Frame]:
    """The role chunk, at once and before any token; then reasoning, text and tool calls."""
    yield Frame(0.0, _delta(reply, {"role": "assistant", "content": ""}))
    for at_s, text in reply.reasoning:
        yield Frame(at_s, _delta(reply, {"reasoning": text}))
    for at_s, text in reply.text:
        yield Frame(at_s, _delta(reply, {"content": text}))
    for index, call in enumerate(reply.calls):
        for at_s, part in _parts(call):
            yield Frame(at_s, _delta(reply, {"tool_calls": [{"index": index, **part}]}))


def ending(reply: TimedReply, body: dict[str, Any]) -> Iterator[Frame]:
    """The finish chunk, the usage chunk where it was asked for, and [DONE]."""
    at_s = reply.ends_s
    yield Frame(at_s, _delta(reply, {}, _finish_reason(reply)))
    if (body.get("stream_options") or {}).get("include_usage"):
        yield Frame(at_s, _data({**_head(reply), "choices": [], "usage": _usage(reply)}))
    yield Frame(at_s, b"data: [DONE]\n\n")


def completion(reply: TimedReply) -> dict[str, Any]:
    """The whole reply as one object."""
    message: dict[str, Any] = {"role": "assistant", "content": joined(reply.text)}
    if reply.reasoning:
        message["reasoning"] = joined(reply.reasoning)
    if reply.calls:
        message["tool_calls"] = [_whole(call, call.arguments) for call in reply.calls]
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(reply)}
    head = {**_head(reply), "object": "chat.completion"}
    return {**head, "choices": [choice], "usage": _usage(reply)}


def error(status: int, message: str) -> dict[str, Any]:
    """An error's body."""
    code = "not_found" if status == 404 else None
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


def _parts(call: Call) -> Iterator[tuple[float, dict[str, Any]]]:
    if call.whole:
        yield call.begins_s, _whole(call, call.arguments)
        return
    yield call.begins_s, _whole(call, "")
    for at_s, text in call.pieces:
        yield at_s, {"function": {"arguments": text}}


def _whole(call: Call, arguments: str) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _finish_reason(reply: TimedReply) -> str:
    return "tool_calls" if reply.asks_tools else "stop"


def _usage(reply: TimedReply) -> dict[str, Any]:
    """`prompt_tokens` includes what came from the cache, `completion_tokens` the reasoning."""
    counts = reply.counts
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.output,
        "total_tokens": counts.prompt + counts.output,
        "prompt_tokens_details": {"cached_tokens": counts.cached},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
    }


def _head(reply: TimedReply) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{reply.id}",
        "object": "chat.completion.chunk",
        "created": reply.created,
        "model": reply.model,
        "system_fingerprint": FINGERPRINT,
    }


def _delta(reply: TimedReply, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _data({**_head(reply), "choices": [choice]})


def _data(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
