"""Faults of public bug reports, replayed over real HTTP: what a server did is never the model's fault."""

import json
from contextlib import aclosing
from typing import Any

import pytest

from milo_tui.endpoints.endpoint import AssistantMessage, ChatRequest, EndpointError, ToolResults, UserMessage
from milo_tui.endpoints.factory import make_endpoint
from milo_tui.suite.conversation import Loss, ToolResult
from tests.servers.fault_server import (
    DONE,
    MLX,
    FaultServer,
    Pause,
    Silence,
    Step,
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
    usage,
    used,
)

from .talking import HELLO, ask_all, entry, fail, hear

PARIS = '{"city": "Paris"}'
WEATHER = call("weather", PARIS, index=0, id="a", type="function")


@pytest.mark.parametrize(
    ("finish", "loss"),
    [
        ("abort", Loss.ABORTED),
        ("sensitive", Loss.REFUSED),
        ("model_context_window_exceeded", Loss.CUT_AT_LIMIT),
        ("something_new", None),
    ],
)
async def test_f2_finish_reasons(finish: str, loss: Loss | None) -> None:
    reply = (await hear(MLX, text("Hello"), end(finish))).reply
    assert reply.loss is loss
    assert bool(reply.quirks) == (finish == "something_new")


@pytest.mark.parametrize("finish", ["error", "network_error", "insufficient_system_resource"])
async def test_f2_faults_of_the_provider_are_tried_again(finish: str) -> None:
    error = await fail(MLX, text("Hel"), end(finish))
    assert error.retryable
    told = data(
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": {"message": "gone"}}]}
    )
    assert "gone" in (await fail(MLX, text("Hel"), told, DONE)).message


async def continued(first: tuple[Any, ...], second: tuple[Any, ...], **fields: Any) -> tuple[Any, Any]:
    """The second request's body and its reply, after a first turn of this script."""
    async with (
        FaultServer(first, second) as server,
        aclosing(make_endpoint(entry(server.url, **fields))) as it,
    ):
        reply = await it.chat(HELLO, lambda delta: None)
        results = ToolResults(tuple(ToolResult(one.id, "ok") for one in reply.calls))
        later = ChatRequest((UserMessage("Hello"), AssistantMessage(reply), results))
        answered = await it.chat(later, lambda delta: None)
        return server.requests[1].json, answered


async def test_f3_an_illegal_name_is_scored_as_it_came_and_sent_back_legal() -> None:
    first = (MLX, calls(call("place_hold<|channel|>commentary", PARIS, index=0, id="a")), end("tool_calls"))
    body, _ = await continued(first, (MLX, text("Done"), end("stop")))
    assert body["messages"][1]["tool_calls"][0]["function"]["name"] == "place_hold_channel_commentary"
    reply = (await hear(*first)).reply
    assert reply.calls[0].name == "place_hold<|channel|>commentary"
    assert reply.quirks


@pytest.mark.parametrize("status", [400, 404, 422, 500])
async def test_f4_a_refusal_that_the_model_caused_ends_the_conversation(status: int) -> None:
    refusal = answer(
        {"error": {"message": "error parsing tool call: raw=", "code": "tool_use_failed"}}, status
    )
    _, reply = await continued((MLX, calls(WEATHER), end("tool_calls")), (refusal,))
    assert reply.loss is Loss.REQUEST_REFUSED
    assert reply.loss.by_server
    assert (await hear(refusal)).reply.loss is Loss.REQUEST_REFUSED
    assert (await fail(answer({"error": "no such model"}, 404))).status == 404


CONVERSATION = {
    "context": (400, {"error": {"message": "This model's maximum context length is 8192 tokens."}}),
    "ids": (400, {"error": {"message": "tool_call_id 'a' not found in tool_calls of the previous message"}}),
    "fields": (422, {"detail": [{"loc": ["body", "messages", 1], "msg": "value is not a valid list"}]}),
    "template": (404, {"error": "Expecting value: line 1 column 1 (char 0)"}),
    "size": (413, b"<html><title>Request Entity Too Large</title></html>"),
}
NOT_THE_CONVERSATION = {
    "key": (400, {"error": {"message": "API key not valid. Please pass a valid API key."}}),
    "money": (400, {"error": {"message": "Your credit balance is too low to access the API."}}),
    "model": (404, {"error": {"message": "model 'qwen3' not found, try pulling it first"}}),
    "path": (404, {"detail": "Not Found"}),
    "page": (404, b"<html><title>404 Not Found</title></html>"),
    "empty": (400, b""),
    "provider": (400, {"error": {"message": "Provider returned error", "code": 400}}),
}


@pytest.mark.parametrize(("status", "body"), CONVERSATION.values(), ids=CONVERSATION)
async def test_f4_what_a_later_turn_is_refused_for_is_the_conversation(status: int, body: Any) -> None:
    _, reply = await continued((MLX, calls(WEATHER), end("tool_calls")), (answer(body, status),))
    assert reply.loss is Loss.REQUEST_REFUSED


@pytest.mark.parametrize(("status", "body"), NOT_THE_CONVERSATION.values(), ids=NOT_THE_CONVERSATION)
async def test_f4_what_has_nothing_to_do_with_the_conversation_is_infrastructure(
    status: int, body: Any
) -> None:
    with pytest.raises(EndpointError):
        await continued((MLX, calls(WEATHER), end("tool_calls")), (answer(body, status),))


@pytest.mark.parametrize(
    "script",
    [
        (calls(call("weather", "{}", index=0, id="a")), calls(call(None, PARIS, index=0))),
        (calls(WEATHER), calls(call(None, PARIS, index=0))),
        (calls(WEATHER), calls(WEATHER)),
        tuple(calls(call("weather", PARIS[:n], index=0, id="a")) for n in (3, 9, len(PARIS))),
    ],
    ids=["empty first", "whole once more", "whole call once more", "all so far in each"],
)
async def test_f5_arguments_sent_more_than_once(script: tuple[bytes, ...]) -> None:
    reply = (await hear(MLX, *script, end("tool_calls"))).reply
    assert [(one.name, one.arguments) for one in reply.calls] == [("weather", {"city": "Paris"})]
    assert reply.loss is None
    assert reply.quirks
    assert (await hear(MLX, *script, end("tool_calls"), strict=True)).reply.loss is Loss.NOT_STRICT


async def test_f6_unknown_keys_and_empty_reasoning_are_sent_back() -> None:
    signed = {**WEATHER, "extra_content": {"google": {"thought_signature": "abc"}}}
    first = (MLX, chunk({"reasoning_content": ""}), calls(signed), end("tool_calls"))
    body, _ = await continued(first, (MLX, text("Done"), end("stop")))
    message = body["messages"][1]
    assert message["reasoning_content"] == ""
    assert message["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "abc"}}


async def test_f7_ids_are_shortened_after_a_refusal() -> None:
    refusal = answer({"error": "Tool call IDs should be alphanumeric strings with length 9!"}, 404)
    first = (MLX, calls(WEATHER), end("tool_calls"))
    replies, server = await ask_all([first], [HELLO])
    later = ChatRequest(
        (UserMessage("Hello"), AssistantMessage(replies[0]), ToolResults((ToolResult("a", 1),)))
    )
    _, server = await ask_all([(refusal,), (MLX, text("Done"), end("stop"))], [later])
    messages = server.requests[1].json["messages"]
    id = messages[1]["tool_calls"][0]["id"]
    assert len(id) == 9
    assert id.isalnum()
    assert messages[2]["tool_call_id"] == id


async def test_f7_an_id_of_an_earlier_turn_is_not_used_again() -> None:
    first = (chunked(started(), used(0, "a", "f", "{}"), stopped("tool_use")),)
    _, reply = await continued(first, first, protocol="anthropic")
    assert reply.calls[0].id != "a"


@pytest.mark.parametrize(
    "left", ["<tool_call>{}</tool_call>", "[TOOL_CALLS][{}]", "<minimax:tool_call>", "<function=f>"]
)
async def test_f8_a_call_left_in_the_text(left: str) -> None:
    reply = (await hear(MLX, text("Now: ", left), end("stop"))).reply
    assert reply.loss is Loss.CALL_IN_TEXT


async def test_f8_channels_of_gpt_oss() -> None:
    spoken = "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes"
    reply = (await hear(MLX, text(spoken), end("stop"))).reply
    assert (reply.reasoning, reply.text, reply.loss) == ("hm", "Yes", None)
    called = "<|channel|>commentary to=functions.x<|message|>{}"
    assert (await hear(MLX, text(called), end("stop"))).reply.loss is Loss.CALL_IN_TEXT


async def test_f9_tags_of_other_models() -> None:
    reply = (await hear(MLX, text("<mm:th", "ink>x</mm:think>{}"), end("stop"))).reply
    assert (reply.reasoning, reply.text) == ("x", "{}")
    stray = (await hear(MLX, chunk({"reasoning": "hm"}), text("</think>{}"), end("stop"))).reply
    assert (stray.text, stray.quirks != ()) == ("{}", True)


@pytest.mark.parametrize("comment", [b": keepalive\n\n", b":\n\n"])
async def test_f11_keep_alives_are_no_data(comment: bytes) -> None:
    steps = [step for _ in range(30) for step in (comment, Pause(0.1))]
    error = await fail(MLX, *steps, first_byte_timeout=0.5)
    assert error.kind == "timeout"
    late = await fail(MLX, text("Hel"), *steps, silence_timeout=0.5)
    assert "fell silent" in late.message


@pytest.mark.parametrize(
    "line", [b'error: {"message": "out of memory"}\n\n', b"event: error\ndata: out of memory\n\n"]
)
async def test_f12_errors_in_other_forms(line: bytes) -> None:
    error = await fail(MLX, text("Hel"), line)
    assert "out of memory" in error.message
    assert error.retryable


async def test_f13_a_whole_message_at_the_end_is_no_more_text() -> None:
    whole = data({"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]})
    assert (await hear(MLX, text("Hel", "lo"), whole, DONE)).reply.text == "Hello"


async def test_f14_gateways_to_anthropic() -> None:
    inside = block(
        0,
        {"type": "tool_use", "id": "a", "name": "f", "input": {}},
        {"type": "input_json_delta", "partial_json": "{}"},
        {"type": "text_delta", "text": "Hi"},
    )
    twice = said(1, "one") + said(1, "two")
    doubled = block(2, {"type": "text", "text": "Hey"}, {"type": "text_delta", "text": "Hey you"})
    script = chunked(started(), inside, twice, doubled, stopped("tool_use", input_tokens=0))
    reply = (await hear(script, protocol="anthropic")).reply
    assert reply.text == "HionetwoHey you"
    assert [one.name for one in reply.calls] == ["f"]
    assert reply.usage.input_tokens == 10
    assert len(reply.quirks) == 3


async def test_f15_f16_what_a_server_refuses_is_asked_for_otherwise() -> None:
    hi = (MLX, text("Hi"), end("stop"))
    limit = answer({"error": {"message": "Use 'max_completion_tokens' instead."}}, 400)
    options = answer({"error": {"message": "stream_options is not supported"}}, 400)
    replies, server = await ask_all([(limit,), (options,), hi, hi], [HELLO, HELLO])
    assert [sorted(request.json) for request in server.requests[2:]] == [
        ["max_completion_tokens", "messages", "model", "stream"]
    ] * 2
    assert all(len(reply.quirks) == 2 for reply in replies)
    detail = await fail(answer({"detail": [{"loc": ["body", "tools", 0], "msg": "field required"}]}, 422))
    assert "field required (body.tools.0)" in detail.message
    raw = {"error": {"message": "Provider returned error", "metadata": {"raw": '{"detail": "too hot"}'}}}
    assert "too hot" in (await fail(answer(raw, 502))).message


async def test_f18_reasoning_as_content_parts_is_sent_back_as_it_came() -> None:
    def thinking(piece: str) -> bytes:
        return chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]})

    first = (MLX, thinking("h"), thinking("m"), text("So"), calls(WEATHER), end("tool_calls"))
    reply = (await hear(*first)).reply
    assert (reply.reasoning, reply.text) == ("hm", "So")
    first = (*first[:3], chunk({"content": [{"type": "text", "text": "So"}]}), *first[4:])
    body, _ = await continued(first, (MLX, text("Done"), end("stop")))
    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "So"},
    ]


async def test_f19_an_answer_in_the_reasoning_field_is_noted() -> None:
    assert (await hear(MLX, chunk({"reasoning": "42"}), end("stop"))).reply.quirks


async def test_f20_a_stream_although_none_was_asked_for() -> None:
    reply = (await hear(chunked(text("Hi"), end("stop")), stream=False)).reply
    assert (reply.text, reply.complete, reply.clock.arrivals) == ("Hi", True, [])


@pytest.mark.parametrize(
    "counted",
    [
        {"choices": [{"index": 0, "delta": {}, "usage": {"prompt_tokens": 5, "completion_tokens": 2}}]},
        {"choices": [], "x_groq": {"usage": {"prompt_tokens": 5, "completion_tokens": 2}}},
    ],
)
async def test_f21_usage_elsewhere(counted: Any) -> None:
    reply = (await hear(MLX, text("Hi"), data(counted), end("stop"))).reply
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (5, 2)
    hit = usage(prompt_tokens=5, completion_tokens=2, prompt_cache_hit_tokens=4)
    assert (await hear(MLX, text("Hi"), hit, end("stop"))).reply.usage.cached_tokens == 4


F22 = {
    "other ids": [
        calls(call("weather", '{"city": ', index=0, id="a")),
        calls(call(None, '"Paris"}', index=0, id="b")),
    ],
    "other ids, name again": [
        calls(call("weather", '{"city": ', index=0, id="a")),
        calls(call("weather", '"Paris"}', index=0, id="b")),
    ],
    "two indexes": [calls(call("weather", "", index=0, id="a")), calls(call(None, PARIS, index=1))],
    "two indexes, one id": [
        calls(call("weather", "", index=0, id="a")),
        calls(call(None, PARIS, index=1, id="a")),
    ],
    "an object": [chunk({"tool_calls": WEATHER})],
    "another choice": [
        data({"choices": [{"index": 0, "delta": {}}, {"index": 1, "delta": {"tool_calls": [WEATHER]}}]})
    ],
    "name in pieces": [
        calls(call("wea", None, index=0, id="a")),
        calls(call("ther", None, index=0)),
        calls(call(None, PARIS, index=0)),
    ],
    "name growing": [calls(call("wea", "", index=0, id="a")), calls(call("weather", PARIS, index=0, id="a"))],
}


@pytest.mark.parametrize("script", F22.values(), ids=F22)
async def test_f22_one_call_in_odd_pieces(script: list[bytes]) -> None:
    reply = (await hear(MLX, *script, end("tool_calls"))).reply
    assert [(one.name, one.arguments) for one in reply.calls] == [("weather", {"city": "Paris"})]
    assert (reply.calls[0].id, reply.loss) == ("a", None)


async def test_f25_the_same_thinking_twice_counts_once() -> None:
    reply = (await hear(MLX, chunk({"reasoning": "hm"}), text("<think>hm</think>Yes"), end("stop"))).reply
    assert (reply.reasoning, reply.text) == ("hm", "Yes")
    other = (await hear(MLX, chunk({"reasoning": "hm "}), text("<think>so</think>Yes"), end("stop"))).reply
    assert other.reasoning == "hm so"


async def test_s1_f26_a_proper_end_without_an_end_mark() -> None:
    for finish, complete in (("stop", True), (None, False)):
        reply = (await hear(chunked(text("Hi"), chunk(finish=finish)))).reply
        assert reply.complete is complete
    assert not (await hear(MLX, text("Hi"), chunk(finish="stop"))).reply.complete
    assert (await hear(MLX, calls(WEATHER), DONE)).reply.complete
    delta = event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3})
    assert (await hear(chunked(started(), said(0, "Hi"), delta), protocol="anthropic")).reply.complete


async def test_s2_a_garbled_event_is_a_loss_with_its_bytes_kept() -> None:
    reply = (await hear(MLX, text("Hi"), b"data: {oops\n\n", end("stop"))).reply
    assert reply.loss is Loss.EVENT_GARBLED
    assert b"{oops" in reply.exchange.response


async def test_s5_a_cut_before_any_content_is_no_answer() -> None:
    error = await fail(MLX, chunk({"role": "assistant", "content": ""}))
    assert (error.kind, error.retryable) == ("connection", True)
    assert (await fail(chunked(started(), end=False), protocol="anthropic")).retryable


async def test_s6_s8_tokens_that_are_not_seen() -> None:
    silent = (MLX, chunk({"role": "assistant"}), chunk(finish="stop"))
    reply = (await hear(*silent, usage(prompt_tokens=5, completion_tokens=60), DONE)).reply
    assert reply.loss is Loss.CALL_LOST
    for tokens, shown, hidden in ((6, "", 0), (30, "\n" * 28, 0), (60, "", 55)):
        counted = usage(completion_tokens=tokens, completion_tokens_details={"reasoning_tokens": hidden})
        reply = (await hear(MLX, text(shown), chunk(finish="stop"), counted, DONE)).reply
        assert reply.loss is Loss.EMPTY
    cut = (MLX, text("Hello"), chunk(finish="stop"), usage(prompt_tokens=5, completion_tokens=60), DONE)
    assert (await hear(*cut, max_tokens=60)).reply.loss is Loss.CUT_AT_LIMIT
    assert (await hear(*cut, max_tokens=61)).reply.loss is None


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
async def test_ten_thousand_calls_are_no_answer(protocol: str) -> None:
    if protocol == "openai":
        many = [call("f", json.dumps({"n": n}), index=n, id=f"c{n}") for n in range(10_000)]
        script = [MLX, *(calls(*many[at : at + 100]) for at in range(0, 10_000, 100)), end("tool_calls")]
    else:
        blocks = [used(n, f"c{n}", "f", "{}") for n in range(10_000)]
        script = [chunked(started(), *blocks, stopped("tool_use"))]
    reply = (await hear(*script, protocol=protocol)).reply
    assert reply.loss is Loss.TOO_MANY_CALLS
    assert len(reply.calls) <= 1_001


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 2**20 + b"\r\n\r\n",), "headers longer than any limit"),
        ((MLX, *(step for _ in range(40) for step in (b"d", Pause(0.05)))), "bytes but no data within 0.5 s"),
        (
            (MLX, text("Hi"), *(step for _ in range(40) for step in (b"d", Pause(0.05)))),
            "fell silent for 0.5 s",
        ),
        (
            (MLX, text("Hi"), *(step for _ in range(40) for step in (chunk({"content": ""}), Pause(0.05)))),
            "fell silent for 0.5 s",
        ),
        ((MLX, Silence()), "sent no answer within 0.5 s"),
    ],
    ids=["headers", "one byte at a time", "one byte at a time later", "empty pieces", "nothing"],
)
async def test_what_never_ends_has_its_own_word(steps: tuple[Step, ...], words: str) -> None:
    assert words in (await fail(*steps, first_byte_timeout=0.5, silence_timeout=0.5)).message


async def test_an_answer_in_one_piece_does_not_come_byte_by_byte_for_ever() -> None:
    steps = [step for _ in range(60) for step in (b" ", Pause(0.05))]
    head = b"HTTP/1.0 200 OK\r\n\r\n"
    error = await fail(head, *steps, stream=False, first_byte_timeout=0.5, silence_timeout=0.5)
    assert error.kind == "timeout"
