"""A server that echoes the API key in a good answer: the key is in nothing that Milo keeps or shows."""

import base64
import json
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import quote

import pytest

from milo_tui.endpoints.echoed_keys import ECHOED
from milo_tui.endpoints.endpoint import Reply, StreamPiece
from tests.endpoints.talking import hear
from tests.servers.fault_server import (
    MLX,
    answer,
    block,
    call,
    calls,
    chunk,
    chunked,
    data,
    end,
    event,
    said,
    started,
    stopped,
    text,
    used,
)

KEY = "CANARY-7f3a&9c/+end-0123456789"
ENCODED = {
    "plain": KEY,
    "JSON": "".join(f"\\u{ord(c):04x}" for c in KEY),
    "percent": quote(KEY, safe=""),
    "HTML": escape(KEY).replace("A", "&#65;"),
    "base64": base64.b64encode(f"key: {KEY}!".encode()).decode(),
}


def _halves(value: str) -> tuple[str, str]:
    return value[: len(value) // 2], value[len(value) // 2 :]


def _thinking(value: str) -> bytes:
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _halves(value)]
    return block(0, {"type": "thinking", "thinking": "", "signature": ""}, *deltas)


OPENAI: dict[str, Callable[[str], bytes]] = {
    "text": lambda k: text(k) + end("stop"),
    "text in pieces": lambda k: text("a ", *k, " b") + end("stop"),
    "reasoning": lambda k: chunk({"reasoning_content": k}) + text("Hi") + end("stop"),
    "reasoning in pieces": lambda k: (
        b"".join(chunk({"reasoning": piece}) for piece in _halves(k)) + text("Hi") + end("stop")
    ),
    "think tag": lambda k: text("<think>", *_halves(k), "</think>Hi") + end("stop"),
    "tool name": lambda k: calls(call(k, "{}", index=0, id="1")) + end("tool_calls"),
    "arguments": lambda k: calls(call("f", json.dumps({"a": k}), index=0, id="1")) + end("tool_calls"),
    "name of an argument": lambda k: (
        calls(call("f", json.dumps({k: 1}), index=0, id="1")) + end("tool_calls")
    ),
    "arguments in pieces": lambda k: (
        calls(call("f", "", index=0, id="1"))
        + b"".join(calls(call(None, piece, index=0)) for piece in json.dumps({"a": k}))
        + end("tool_calls")
    ),
    "arguments that are no JSON": lambda k: calls(call("f", k, index=0, id="1")) + end("tool_calls"),
    "call id": lambda k: calls(call("f", "{}", index=0, id=k)) + end("tool_calls"),
    "finish reason": lambda k: text("Hi") + end(k),
    "model": lambda k: chunk({"content": "Hi"}, model=k) + end("stop"),
    "fingerprint": lambda k: chunk({"content": "Hi"}, system_fingerprint=k) + end("stop"),
    "unknown field": lambda k: data({"object": "x", "debug": k, "choices": []}) + text("Hi") + end("stop"),
    "refusal": lambda k: chunk({"refusal": k}) + end("stop"),
}
ANTHROPIC: dict[str, Callable[[str], bytes]] = {
    "text": lambda k: started() + said(0, k) + stopped("end_turn"),
    "text in pieces": lambda k: started() + said(0, "a ", *k, " b") + stopped("end_turn"),
    "thinking in pieces": lambda k: started() + _thinking(k) + said(1, "Hi") + stopped("end_turn"),
    "redacted thinking": lambda k: (
        started() + block(0, {"type": "redacted_thinking", "data": k}) + said(1, "Hi") + stopped("end_turn")
    ),
    "tool name": lambda k: started() + used(0, "1", k, "{}") + stopped("tool_use"),
    "arguments in pieces": lambda k: (
        started() + used(0, "1", "f", *_halves(json.dumps({"a": k}))) + stopped("tool_use")
    ),
    "call id": lambda k: started() + used(0, k, "f", "{}") + stopped("tool_use"),
    "stop reason": lambda k: started() + said(0, "Hi") + stopped(k),
    "model": lambda k: (
        event(
            "message_start", message={"id": "1", "role": "assistant", "model": k, "content": [], "usage": {}}
        )
        + said(0, "Hi")
        + stopped("end_turn")
    ),
    "unknown event": lambda k: started() + event("debug", key=k) + said(0, "Hi") + stopped("end_turn"),
}


def _kept(reply: Reply, deltas: list[StreamPiece]) -> list[str]:
    """All texts that are stored, sent on or shown, with the streamed pieces put together."""
    streamed: dict[Any, str] = {}
    for delta in deltas:
        streamed[delta.kind, delta.call] = streamed.get((delta.kind, delta.call), "") + delta.text
    raw = reply.exchange.response.decode("utf-8", "replace")
    pieces = "".join(json.dumps(line) for line in raw.splitlines())
    names = " ".join(delta.name for delta in deltas)
    return [repr(reply), str(reply.echo), raw, pieces, names, *streamed.values()]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILO_TEST_KEY", KEY)


def _assert_hidden(reply: Reply, deltas: list[StreamPiece], encoded: str) -> None:
    inner = encoded[8:-8]  # base64 around the key's own characters may stay
    for kept in _kept(reply, deltas):
        assert KEY not in kept
        assert inner not in kept
        assert inner.replace("\\", "\\\\") not in kept


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("way", OPENAI)
async def test_openai(way: str, encoding: str) -> None:
    encoded = ENCODED[encoding]
    heard = await hear(MLX, OPENAI[way](encoded), api_key_env="MILO_TEST_KEY")
    _assert_hidden(heard.reply, heard.deltas, encoded)


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("way", ANTHROPIC)
async def test_anthropic(way: str, encoding: str) -> None:
    encoded = ENCODED[encoding]
    script = chunked(ANTHROPIC[way](encoded))
    heard = await hear(script, protocol="anthropic", api_key_env="MILO_TEST_KEY")
    _assert_hidden(heard.reply, heard.deltas, encoded)


@pytest.mark.parametrize("encoding", ENCODED)
async def test_header_and_unstreamed(encoding: str) -> None:
    encoded = ENCODED[encoding]
    message = {"role": "assistant", "content": f"It is {encoded}."}
    body = {"object": "chat.completion", "choices": [{"message": message, "finish_reason": "stop"}]}
    script = answer(body, server=encoded, content_type="application/json")
    heard = await hear(script, stream=False, api_key_env="MILO_TEST_KEY")
    _assert_hidden(heard.reply, heard.deltas, encoded)
    assert ECHOED in heard.reply.quirks
    assert heard.reply.text == "It is [key]." or encoding == "base64"


async def test_other_text_arrives_whole_and_unchanged() -> None:
    pieces = ["CANARY", "-7f3a", " is ", "no key; C", "", "A ", "%4", "3 &amp", "; \\u00", "43"]
    heard = await hear(MLX, text(*pieces), end("stop"), api_key_env="MILO_TEST_KEY")
    assert heard.reply.text == "".join(pieces)
    assert "".join(delta.text for delta in heard.deltas) == "".join(pieces)
    assert ECHOED not in heard.reply.quirks
