"""Server-sent events: cut anywhere, wrapped in any way that servers use."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.endpoints.endpoint import EndpointError
from milo_tui.endpoints.sse import Event, Splitter
from tests.servers.fault_server import (
    MLX,
    Pause,
    call,
    calls,
    chunk,
    end,
    event,
    said,
    started,
    stopped,
    text,
    thought,
    used,
)

from .talking import hear


def split(*chunks: bytes) -> list[tuple[str, str]]:
    splitter = Splitter()
    events = [e for at, piece in enumerate(chunks) for e in splitter.feed(piece, at)]
    return [(e.name, e.data) for e in [*events, *splitter.rest(len(chunks))]]


FORMS = {
    "plain": (b"data: a\n\ndata: b\n\n", [("", "a"), ("", "b")]),
    "no space": (b"data:a\n\n", [("", "a")]),
    "two spaces": (b"data:  a\n\n", [("", " a")]),
    "CR LF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [("", "a"), ("", "b")]),
    "CR": (b"data: a\r\rdata: b\r\r", [("", "a"), ("", "b")]),
    "CR LF, named, several lines": (b"event: x\r\ndata: a\r\ndata: b\r\n\r\n", [("x", "a\nb")]),
    "several lines": (b"data: a\ndata: b\n\n", [("", "a\nb")]),
    "named": (b"event: ping\ndata: {}\n\ndata: b\n\n", [("ping", "{}"), ("", "b")]),
    "comments": (b": hello\n\n:\ndata: a\n: more\n\n", [("", "a")]),
    "other fields": (b"id: 1\nretry: 5\nnonsense\ndata: a\n\n", [("", "a")]),
    "name without data": (b"event: ping\n\ndata: a\n\n", [("", "a")]),
    "empty data": (b"data:\n\n", [("", "")]),
    "byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [("", "a")]),
    "end without blank line": (b"data: a\n\ndata: [DONE]", [("", "a"), ("", "[DONE]")]),
    "end in a line": (b"data: a\n\ndat", [("", "a")]),
    "not UTF-8": (b"data: \xff\n\n", [("", "\ufffd")]),
    "UTF-8": ("data: Łódź 😀 \u2028 \x85\n\n".encode(), [("", "Łódź 😀 \u2028 \x85")]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("stream", "events"), FORMS.values(), ids=FORMS)
def test_forms_cut_at_every_byte(stream: bytes, events: list[tuple[str, str]]) -> None:
    assert split(stream) == events
    assert split(*(bytes([byte]) for byte in stream)) == events
    for at in range(len(stream) + 1):
        assert split(stream[:at], b"", stream[at:]) == events


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_any_bytes_cut_anywhere_are_the_same_events(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(stream)]
    assert split(*(stream[a:b] for a, b in pairwise(edges))) == split(stream)


PARTS = [b"data: ", b"data: a\n\n", b"data: \n\n", b"\n", b"\r", b"a", b"event: x\n", b"\xef\xbb\xbf"]


@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=4).map(b"".join), max_size=6))
def test_whole_events_and_parts_of_them_mixed(chunks: list[bytes]) -> None:
    assert split(*chunks) == split(b"".join(chunks))


def test_an_event_is_stamped_when_its_last_byte_came() -> None:
    splitter = Splitter()
    assert splitter.feed(b"data: a\n", 1) == []
    assert splitter.feed(b"\n", 2) == [Event("", "a", 2)]


OPENAI = (
    chunk({"reasoning": "Hm — 😀"})
    + text("Łódź", "\n")
    + calls(call("weather", '{"city": "Łódź"}', index=0, id="a"))
    + end("tool_calls")
)
ANTHROPIC = (
    started()
    + event("ping")
    + thought(0, "Hm — 😀", "sig")
    + said(1, "Łódź")
    + used(2, "a", "weather", '{"city": ', '"Łódź"}')
    + stopped("tool_use")
)
WIRES = {"openai": OPENAI, "anthropic": ANTHROPIC}


@pytest.mark.parametrize("protocol", WIRES)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
async def test_a_whole_answer_byte_by_byte(protocol: str, line_end: bytes) -> None:
    """Each byte leaves the server by itself; escapes are undone, so that characters are cut as well."""
    raw = WIRES[protocol]
    for character in "Łódź😀—":
        raw = raw.replace(json.dumps(character)[1:-1].encode(), character.encode())
    assert "😀".encode() in raw
    steps = [bytes([byte]) for byte in raw.replace(b"\n", line_end)]
    heard = await hear(MLX, *(step for byte in steps for step in (byte, Pause(0))), protocol=protocol)
    reply = heard.reply
    assert (reply.reasoning, reply.text.strip()) == ("Hm — 😀", "Łódź")
    assert reply.calls[0].arguments == {"city": "Łódź"}
    assert (reply.complete, reply.loss, reply.quirks) == (True, None, ())


@pytest.mark.parametrize("protocol", WIRES)
async def test_any_beginning_of_an_answer_is_truncated_and_no_crash(protocol: str) -> None:
    raw = WIRES[protocol]
    first = raw.index(b"\n\n") + 2
    for at in range(first, len(raw) - 20, 193):
        try:
            complete = (await hear(MLX, raw[:at], protocol=protocol)).reply.complete
        except EndpointError:
            complete = False
        assert not complete
