"""Anthropic's events: every kind of them, and every way in which an answer can end."""

import json
from typing import Any

import pytest

from milo_tui.endpoints.endpoint import Usage
from milo_tui.suite.conversation import Loss
from tests.servers.fault_server import answer, block, chunked, event, said, started, stopped, thought, used

from .talking import Heard, fail, hear


async def listen(*script: Any, **fields: Any) -> Heard:
    return await hear(chunked(*script), protocol="anthropic", **fields)


async def test_every_event() -> None:
    heard = await listen(
        started(input_tokens=100, cache_read_input_tokens=50, cache_creation_input_tokens=7),
        event("ping"),
        thought(0, "I look.", "sig1"),
        block(1, {"type": "redacted_thinking", "data": "xyz"}),
        said(2, "Let me", " see."),
        thought(3, "Now the tool.", "sig2"),
        used(4, "toolu_1", "weather", '{"city": ', '"Paris"}'),
        used(5, "toolu_2", "clock", ""),
        event("something_new", index=9, delta={"type": "text_delta", "text": "no"}),
        event("content_block_delta", index=2, delta={"type": "new_delta", "text": "no"}),
        block(6, {"type": "new_block", "shape": "round"}),
        stopped("tool_use", output_tokens=42, output_tokens_details={"thinking_tokens": 30}),
    )
    reply = heard.reply
    assert (reply.reasoning, reply.text) == ("I look.Now the tool.", "Let me see.")
    assert [(c.id, c.name, c.arguments) for c in reply.calls] == [
        ("toolu_1", "weather", {"city": "Paris"}),
        ("toolu_2", "clock", {}),
    ]
    assert (reply.complete, reply.loss, reply.finish_reason) == (True, None, "tool_use")
    assert reply.usage == Usage(157, 42, cached_tokens=50, cache_write_tokens=7, reasoning_tokens=30)
    assert (reply.server, reply.quirks) == ("claude-sonnet-4-6", ())
    assert reply.echo == [
        {"type": "thinking", "thinking": "I look.", "signature": "sig1"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "text", "text": "Let me see."},
        {"type": "thinking", "thinking": "Now the tool.", "signature": "sig2"},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris"}},
        {"type": "tool_use", "id": "toolu_2", "name": "clock", "input": {}},
        {"type": "new_block", "shape": "round"},
    ]
    called = [delta for delta in heard.deltas if delta.kind == "tool call"]
    assert [(delta.call, delta.name) for delta in called if not delta.text] == [
        (0, "weather"),
        (1, "clock"),
        (1, "clock"),
    ]
    assert "".join(delta.text for delta in called if delta.call == 0) == '{"city": "Paris"}'


async def test_counts_are_cumulative() -> None:
    early = event("message_delta", delta={"stop_reason": None}, usage={"output_tokens": 5})
    late = stopped("end_turn", output_tokens=9, input_tokens=12, cache_read_input_tokens=None)
    reply = (
        await listen(started(input_tokens=10, cache_read_input_tokens=3), said(0, "Hi"), early, late)
    ).reply
    assert reply.usage == Usage(15, 9, cached_tokens=3)


ENDS: dict[str, tuple[tuple[bytes, ...], Loss | None, bool]] = {
    "end_turn": ((said(0, "Hi"), stopped("end_turn")), None, True),
    "stop_sequence": ((said(0, "Hi"), stopped("stop_sequence")), None, True),
    "max_tokens": ((said(0, "Hi"), stopped("max_tokens")), Loss.CUT_AT_LIMIT, True),
    "context window": ((said(0, "Hi"), stopped("model_context_window_exceeded")), Loss.CUT_AT_LIMIT, True),
    "refusal": ((said(0, "Hi"), stopped("refusal")), Loss.REFUSED, True),
    "refusal without text": ((stopped("refusal"),), Loss.REFUSED, True),
    "tool_use without one": ((said(0, "Hi"), stopped("tool_use")), Loss.CALL_LOST, True),
    "empty end_turn": ((stopped("end_turn", output_tokens=3),), Loss.EMPTY, True),
    "message_stop missing": (
        (said(0, "Hi"), event("message_delta", delta={"stop_reason": "end_turn"}, usage={})),
        None,
        True,
    ),
    "stop_reason missing": ((said(0, "Hi"), event("message_stop")), Loss.TRUNCATED, False),
    "input not JSON": ((used(0, "t", "f", '{"a": oops}'), stopped("tool_use")), Loss.CALL_GARBLED, True),
    "input a list": ((used(0, "t", "f", "[1]"), stopped("tool_use")), Loss.CALL_GARBLED, True),
    "NaN in the input": ((used(0, "t", "f", '{"a": NaN}'), stopped("tool_use")), Loss.CALL_GARBLED, True),
}


@pytest.mark.parametrize(("script", "loss", "complete"), ENDS.values(), ids=ENDS)
async def test_an_end_has_its_word(script: tuple[bytes, ...], loss: Loss | None, complete: bool) -> None:
    reply = (await listen(started(), *script)).reply
    assert (reply.loss, reply.complete) == (loss, complete)


@pytest.mark.parametrize("ending", [(stopped("max_tokens"),), ()])
async def test_a_call_that_was_cut_off_is_neither_executed_nor_echoed(ending: tuple[bytes, ...]) -> None:
    cut = used(2, "t2", "f", '{"city": "Ro')
    reply = (await listen(started(), said(0, "Hi"), used(1, "t1", "f", "{}"), cut, *ending)).reply
    assert [call.id for call in reply.calls] == ["t1"]
    assert [part.get("id") for part in reply.echo] == [None, "t1"]
    assert "a tool call was cut off" in reply.quirks


async def test_a_stream_that_breaks_off_in_a_block_counts_no_output() -> None:
    whole = said(0, "Hello")
    part = whole[: whole.index(b"event: content_block_stop")]
    reply = (await hear(chunked(started(), part, end=False), protocol="anthropic")).reply
    assert reply.loss is Loss.TRUNCATED
    assert reply.usage.output_tokens is None


@pytest.mark.parametrize(
    ("type", "retryable"),
    [
        ("overloaded_error", True),
        ("api_error", True),
        ("rate_limit_error", True),
        ("timeout_error", True),
        ("invalid_request_error", False),
        ("authentication_error", False),
    ],
)
async def test_an_error_after_status_200(type: str, retryable: bool) -> None:
    broken = event("error", error={"type": type, "message": "Overloaded"})
    error = await fail(chunked(started(), said(0, "Hel"), broken), protocol="anthropic")
    assert (error.kind, error.retryable, error.status) == ("stream error", retryable, 200)
    assert type in error.message
    assert "Overloaded" in error.message


@pytest.mark.parametrize("error", [{"error": "full"}, {}, {"error": None}, {"error": [1]}])
async def test_an_error_of_an_odd_shape(error: dict[str, Any]) -> None:
    caught = await fail(chunked(event("error", **error)), protocol="anthropic")
    assert (caught.kind, caught.retryable) == ("stream error", True)


@pytest.mark.parametrize(
    "body", [b"", b"data: {}\n\n", b"event: ping\ndata: {}\n\n", b"<html>", b"[]", b"{}"]
)
async def test_a_stream_without_a_message_is_an_error(body: bytes) -> None:
    error = await fail(answer(body), protocol="anthropic")
    assert (error.kind, error.retryable) == ("empty stream", True)


async def test_text_without_visible_characters_is_not_echoed() -> None:
    """The API answers 400 to it."""
    reply = (await listen(started(), said(0, "\n\n"), used(1, "t", "f", "{}"), stopped("tool_use"))).reply
    assert [part["type"] for part in reply.echo] == ["tool_use"]


async def test_a_garbled_call_is_echoed_with_an_input_that_the_api_takes() -> None:
    reply = (await listen(started(), used(0, "t", "f", "{oops"), stopped("tool_use"))).reply
    assert reply.echo == [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]
    assert reply.calls[0].arguments_text == "{oops"


async def test_input_that_comes_whole_with_the_start() -> None:
    start = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    reply = (await listen(started(), block(0, start), stopped("tool_use"))).reply
    assert reply.calls[0].arguments == {"a": 1}


async def test_a_block_without_its_start_or_its_id() -> None:
    lost = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"})
    reply = (await listen(started(), lost, used(1, "", "f", "{}"), stopped("tool_use"))).reply
    assert (reply.text, len(reply.quirks)) == ("Hi", 2)
    assert reply.calls[0].id == reply.echo[1]["id"] == "call_1"


async def test_citations_are_echoed() -> None:
    citing = [{"type": "citations_delta", "citation": {"cited_text": name}} for name in "ab"]
    text = {"type": "text_delta", "text": "Hi"}
    reply = (await listen(started(), block(0, {"type": "text", "text": ""}, text, *citing))).reply
    assert reply.echo[0]["citations"] == [{"cited_text": "a"}, {"cited_text": "b"}]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_message_in_one_piece(stream: bool) -> None:
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
    ]
    body = {
        "type": "message",
        "model": "claude-sonnet-4-6",
        "content": content,
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 5, "output_tokens": 6},
    }
    reply = (await hear(answer(body), protocol="anthropic", stream=stream)).reply
    assert (reply.reasoning, reply.text, reply.calls[0].arguments) == ("Hm.", "Hi", {"a": 1})
    assert (reply.complete, reply.loss, reply.usage) == (True, None, Usage(5, 6))
    assert reply.echo == content


async def test_an_error_in_one_piece_under_status_200() -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    error = await fail(answer(body), protocol="anthropic", stream=False)
    assert (error.kind, error.retryable) == ("stream error", True)


async def test_a_megabyte() -> None:
    pieces = ["0123456789abcdef" * 64] * 1024
    script = (said(0, *pieces), used(1, "t", "f", '{"text": "', *pieces, '"}'), stopped("tool_use"))
    reply = (await listen(started(), *script)).reply
    assert reply.text == "".join(pieces)
    assert reply.calls[0].arguments == {"text": "".join(pieces)}


async def test_lone_surrogates_become_valid_text() -> None:
    script = (said(0, "\ud83d", "\ude00\ud800"), used(1, "t", "f", '{"a": "\\ud800"}'), stopped("tool_use"))
    heard = await listen(started(), *script)
    assert heard.reply.text == "😀\ufffd"
    assert heard.reply.calls[0].arguments == {"a": "\ufffd"}
    json.dumps([delta.text for delta in heard.deltas], ensure_ascii=False).encode()
