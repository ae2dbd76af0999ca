"""The stamps of a turn stand in the order of what happened, and mean what they say."""

import time

import pytest

from milo_tui.endpoints.endpoint import ChatRequest, Clock, UserMessage
from milo_tui.runner.attempt import turn_record
from tests.servers.fault_server import (
    MLX,
    Pause,
    answer,
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

WIRES = {
    "openai": (
        chunk({"role": "assistant", "content": ""}),
        Pause(0.01),
        chunk({"reasoning": "Hm."}),
        Pause(0.01),
        text("Hi"),
        Pause(0.01),
        calls(call("f", "{}", index=0)),
        Pause(0.01),
        end("tool_calls"),
    ),
    "anthropic": (
        started(),
        Pause(0.01),
        thought(0, "Hm.", "s"),
        Pause(0.01),
        said(1, "Hi"),
        Pause(0.01),
        used(2, "t", "f", "{}"),
        Pause(0.01),
        stopped("tool_use"),
    ),
}


def stamps(clock: Clock) -> list[int | None]:
    return [
        clock.sent,
        clock.headers,
        clock.first_event,
        clock.first_reasoning,
        clock.first_text,
        clock.first_tool_call,
        clock.last_delta,
        clock.end,
    ]


@pytest.mark.parametrize("protocol", WIRES)
async def test_stamps_stand_in_order(protocol: str) -> None:
    before = time.perf_counter_ns()
    heard = await hear(MLX, *WIRES[protocol], protocol=protocol)
    after = time.perf_counter_ns()
    clock = heard.reply.clock
    taken = [stamp for stamp in stamps(clock) if stamp is not None]
    assert len(taken) == 8
    assert [before, *taken, after] == sorted([before, *taken, after])
    assert taken[2] < taken[3] < taken[4] < taken[5]
    assert clock.first_delta == clock.first_reasoning == heard.deltas[0].at_ns
    assert clock.last_delta == heard.deltas[-1].at_ns
    assert clock.last_delta is not None
    assert clock.end is not None
    assert clock.last_delta < clock.end


@pytest.mark.parametrize("protocol", WIRES)
async def test_sent_is_when_the_request_was_written(protocol: str) -> None:
    """The server waits before it reads more than its sockets hold: until then nobody can have sent it."""
    request = ChatRequest((UserMessage("x" * 20_000_000),))
    heard = await hear(MLX, *WIRES[protocol], request=request, slow=0.2, protocol=protocol)
    assert heard.requests[0].begun_ns < heard.reply.clock.sent
    assert heard.reply.clock.headers is not None
    assert heard.requests[0].read_ns < heard.reply.clock.headers


async def test_white_space_before_a_call_is_no_first_answer() -> None:
    script = (chunk({"reasoning": "Hm."}), text("\n\n"), Pause(0.02), calls(call("f", "{}", index=0)))
    clock = (await hear(MLX, *script, end("tool_calls"))).reply.clock
    assert clock.first_text is None
    assert clock.time_to_answer_s is not None
    assert clock.ttft_s is not None
    assert clock.ttft_s < clock.time_to_answer_s


async def test_keep_alives_and_pings_are_no_tokens() -> None:
    waiting = (b": keepalive 1/2\n\n", chunk({"role": "assistant"}), Pause(0.02))
    clock = (await hear(MLX, *waiting, text("Hi"), end("stop"))).reply.clock
    assert clock.first_event is not None
    assert clock.first_delta is not None
    assert clock.first_event < clock.first_delta
    pinged = (started(), event("ping"), Pause(0.02), said(0, "Hi"), stopped("end_turn"))
    clock = (await hear(MLX, *pinged, protocol="anthropic")).reply.clock
    assert clock.first_event is not None
    assert clock.first_delta is not None
    assert clock.first_event < clock.first_delta


@pytest.mark.parametrize(
    ("protocol", "script"),
    [
        ("openai", (text("a", "b", "c"), chunk({"content": ""}), end("stop"))),
        ("anthropic", (started(), said(0, "a", "b", "c"), stopped("end_turn"))),
    ],
)
async def test_chunks_are_those_that_carry_something(protocol: str, script: tuple[bytes, ...]) -> None:
    """Several may come in one read: they count all the same."""
    heard = await hear(MLX + b"".join(script), protocol=protocol)
    assert heard.reply.clock.chunks == 3
    assert [delta.kind for delta in heard.deltas] == ["text"] * 3


@pytest.mark.parametrize("protocol", WIRES)
async def test_every_chunk_that_carries_something_leaves_its_stamp(protocol: str) -> None:
    heard = await hear(MLX, *WIRES[protocol], protocol=protocol)
    clock = heard.reply.clock
    assert len(clock.arrivals) == clock.chunks
    assert set(clock.arrivals) == {delta.at_ns for delta in heard.deltas}
    assert (clock.arrivals[0], clock.arrivals[-1]) == (clock.first_delta, clock.last_delta)
    stored = turn_record(heard.reply, ()).clock.arrivals
    assert stored == [(stamp - clock.sent) // 1000 * 1000 for stamp in clock.arrivals]


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        ("openai", {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}),
        ("anthropic", {"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}),
    ],
)
async def test_an_answer_in_one_piece_has_no_arrivals(protocol: str, body: dict[str, object]) -> None:
    reply = (await hear(answer(body), stream=False, protocol=protocol)).reply
    assert reply.text == "Hi"
    assert turn_record(reply, ()).clock.arrivals == []


async def test_an_answer_in_one_piece_has_no_decode_speed() -> None:
    body = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    clock = (await hear(Pause(0.02), answer(body), stream=False)).reply.clock
    assert clock.first_event is None
    assert clock.first_text == clock.last_delta
    assert clock.decode_speed(50) is None
