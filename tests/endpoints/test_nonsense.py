"""Whatever a server sends inside its events, reading it ends in an answer or an error, never in a crash."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from milo_tui.endpoints import anthropic_stream, openai_stream
from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.endpoints.failures import error_text, one_line
from milo_tui.endpoints.sse import Event
from milo_tui.endpoints.wire_json import read_call, write_json

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=8)
    | st.sampled_from(
        ["[DONE]", "<think>", "</think>", "stop", "tool_calls", "text", "tool_use", "{", '{"a":1}']
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def object_of(*names: str, **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with some of these names, holding anything; or anything."""
    return st.fixed_dictionaries({}, optional={**dict.fromkeys(names, ANYTHING), **fixed}) | ANYTHING


CALL = object_of("index", "id", "type", function=object_of("name", "arguments"))
DELTA = object_of(
    "role",
    "content",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "refusal",
    tool_calls=st.lists(CALL),
)
CHOICE = object_of("index", "finish_reason", delta=DELTA, message=DELTA)
CHUNK = object_of(
    "model",
    "error",
    "base_resp",
    "system_fingerprint",
    choices=st.lists(CHOICE, max_size=2),
    usage=object_of("prompt_tokens", "completion_tokens", "prompt_tokens_details"),
)

TYPES = st.sampled_from(
    "message_start content_block_start content_block_delta content_block_stop message_delta message_stop error".split()
)
DELTA_TYPES = st.sampled_from(
    "text_delta thinking_delta signature_delta citations_delta input_json_delta".split()
)
BLOCK_TYPES = st.sampled_from("text thinking redacted_thinking tool_use".split())
EVENT = object_of(
    "error",
    type=TYPES,
    index=st.integers(0, 2) | ANYTHING,
    message=object_of("model", "usage", "content"),
    content_block=object_of("text", "thinking", "signature", "id", "name", "input", type=BLOCK_TYPES),
    delta=object_of(
        "text", "thinking", "signature", "citation", "partial_json", "stop_reason", type=DELTA_TYPES
    ),
    usage=object_of("input_tokens", "output_tokens", "output_tokens_details"),
)


def check(delta: StreamPiece) -> None:
    """A listener may write what it hears anywhere."""
    (delta.text + delta.name).encode()


@given(st.lists(CHUNK, max_size=5))
def test_chunks_of_chat_completions(chunks: list[Any]) -> None:
    stream = openai_stream.OpenAIParser(check)
    for at, value in enumerate(chunks):
        stream.event(Event("", json.dumps(value), at))
    stream.close()
    for slot in stream.slots:
        read_call(slot.id, slot.name, slot.arguments)


@given(st.lists(EVENT, max_size=6))
def test_events_of_messages(events: list[Any]) -> None:
    stream = anthropic_stream.AnthropicParser(check)
    for at, value in enumerate(events):
        stream.event(Event("", json.dumps(value), at))
    write_json([block.as_received for block in stream.in_order])
    for block in stream.in_order:
        read_call(block.text("id"), block.text("name"), block.arguments)
    assert stream.usage


@given(CHUNK | EVENT)
def test_bodies_in_one_piece(body: Any) -> None:
    for parser in (openai_stream.OpenAIParser, anthropic_stream.AnthropicParser):
        parser(lambda delta: None).whole(json.dumps(body).encode())


@given(ANYTHING)
def test_errors(error: Any) -> None:
    one_line(error_text(error)).encode()


@given(st.text(st.characters(exclude_categories=[])))
def test_arguments_are_valid_unicode(text: str) -> None:
    call = read_call("a", "f", json.dumps({"text": text}))
    json.dumps(call.arguments, ensure_ascii=False).encode()
    call.arguments_text.encode()
