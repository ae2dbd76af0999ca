"""What goes back in the next turn, byte by byte: exactly what that server and that model need."""

from contextlib import aclosing
from typing import Any

import pytest

from milo_tui.endpoints.endpoint import AssistantMessage, ChatRequest, EndpointError, ToolResults, UserMessage
from milo_tui.endpoints.factory import make_endpoint
from milo_tui.suite.conversation import ToolResult
from tests.servers.fault_server import (
    FINGERPRINT,
    MLX,
    FaultServer,
    Step,
    answer,
    block,
    call,
    calls,
    chunk,
    chunked,
    end,
    said,
    started,
    stopped,
    text,
    thought,
    used,
)

from .talking import HELLO, entry

PARIS = '{"city": "Paris"}'
WEATHER = call("weather", PARIS, index=0, id="a", type="function")
ROME = call("weather", '{"city": "Rome"}', index=1, id="b", type="function")
A = r'{"id":"a","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Paris\"}"}}'
B = A.replace('"a"', '"b"').replace("Paris", "Rome")
OK = r'{"role":"tool","tool_call_id":"a","content":"\"ok\""}'


async def second_request(*first: Step, **fields: Any) -> bytes:
    """The body of the request after a first answer, its calls answered with "ok"."""
    async with (
        FaultServer(first, (answer(b"", 500),)) as server,
        aclosing(make_endpoint(entry(server.url, **fields))) as endpoint,
    ):
        reply = await endpoint.chat(HELLO, lambda piece: None)
        results = ToolResults(tuple(ToolResult(one.id, "ok") for one in reply.calls))
        with pytest.raises(EndpointError, match="500"):
            await endpoint.chat(
                ChatRequest((UserMessage("Hello"), AssistantMessage(reply), results)), lambda piece: None
            )
        return server.requests[1].body


OPENAI = {
    "one call": ((calls(WEATHER),), f'"","tool_calls":[{A}]}},{OK}'),
    "text and a call": (
        (text("\n\n", "Let me look. "), calls(WEATHER)),
        rf'"\n\nLet me look. ","tool_calls":[{A}]}},{OK}',
    ),
    "two calls": (
        (calls(WEATHER, ROME),),
        f'"","tool_calls":[{A},{B}]}},{OK},' + OK.replace('"a"', '"b"'),
    ),
    "reasoning_content": (
        (chunk({"reasoning_content": "hm"}), calls(WEATHER)),
        f'"","reasoning_content":"hm","tool_calls":[{A}]}},{OK}',
    ),
    "empty reasoning_content": (
        (chunk({"reasoning_content": ""}), calls(WEATHER)),
        f'"","reasoning_content":"","tool_calls":[{A}]}},{OK}',
    ),
    "reasoning of vLLM": (
        (chunk({"reasoning": "hm"}), calls(WEATHER)),
        f'"","reasoning":"hm","tool_calls":[{A}]}},{OK}',
    ),
    "reasoning of mlx_lm.server": (
        (chunk({"reasoning": "hm"}, system_fingerprint=FINGERPRINT), calls(WEATHER)),
        f'"","reasoning_content":"hm","tool_calls":[{A}]}},{OK}',
    ),
    "thinking in the text": (
        (text("<think>hm</think>\n", "So."), calls(WEATHER)),
        rf'"<think>hm</think>\nSo.","tool_calls":[{A}]}},{OK}',
    ),
    "reasoning_details": (
        (
            chunk({"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "h"}]}),
            chunk(
                {"reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "m", "signature": "s"}]}
            ),
            calls(WEATHER),
        ),
        '"","reasoning_details":[{"type":"reasoning.text","index":0,"text":"hm","signature":"s"}],'
        f'"tool_calls":[{A}]}},{OK}',
    ),
    "content parts": (
        (
            chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
            calls(WEATHER),
        ),
        f'[{{"type":"thinking","thinking":[{{"type":"text","text":"hm"}}]}}],"tool_calls":[{A}]}},{OK}',
    ),
    "a signature beside the call": (
        (calls({**WEATHER, "extra_content": {"google": {"thought_signature": "xyz"}}}),),
        f'"","tool_calls":[{{"extra_content":{{"google":{{"thought_signature":"xyz"}}}},{A[1:]}]}},{OK}',
    ),
    "no id and an illegal name": (
        (calls(call("we ather!", PARIS, index=0)),),
        f'"","tool_calls":[{A.replace("weather", "we_ather_")}]}},{OK}'.replace('"a"', '"call_1"'),
    ),
    "arguments that are no object": (
        (calls(call("weather", "{Paris", index=0, id="a")),),
        f'"","tool_calls":[{A}]}},{OK}'.replace(r"{\"city\": \"Paris\"}", "{}"),
    ),
}


@pytest.mark.parametrize(("first", "assistant"), OPENAI.values(), ids=OPENAI)
async def test_openai(first: tuple[bytes, ...], assistant: str) -> None:
    body = await second_request(MLX, *first, end("tool_calls"))
    assert body.decode() == (
        '{"model":"default_model","stream":true,"stream_options":{"include_usage":true},"max_tokens":4096,'
        '"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":' + assistant + "]}"
    )


USED = '{"type":"tool_use","id":"a","name":"weather","input":{"city":"Paris"}}'
RESULT = r'{"type":"tool_result","tool_use_id":"a","content":"\"ok\""}'
CALL = used(1, "a", "weather", '{"city": ', '"Paris"}')
ANTHROPIC = {
    "one call": ((CALL,), USED, RESULT),
    "text and a call": (
        (said(0, "\nLet ", "me look. "), CALL),
        rf'{{"type":"text","text":"\nLet me look. "}},{USED}',
        RESULT,
    ),
    "text without a visible character": ((said(0, "\n"), CALL), USED, RESULT),
    "thinking and its signature": (
        (thought(0, "hm", "c2ln"), CALL),
        f'{{"type":"thinking","thinking":"hm","signature":"c2ln"}},{USED}',
        RESULT,
    ),
    "thinking that is not shown": (
        (thought(0, "", "c2ln"), CALL),
        f'{{"type":"thinking","thinking":"","signature":"c2ln"}},{USED}',
        RESULT,
    ),
    "redacted thinking": (
        (block(0, {"type": "redacted_thinking", "data": "b3Bx"}), CALL),
        f'{{"type":"redacted_thinking","data":"b3Bx"}},{USED}',
        RESULT,
    ),
    "two calls": (
        (CALL, used(2, "b", "weather", '{"city": "Rome"}')),
        f"{USED}," + USED.replace("Paris", "Rome").replace('"a"', '"b"'),
        f"{RESULT}," + RESULT.replace('"a"', '"b"'),
    ),
    "a block that is not known": (
        (block(0, {"type": "novel", "data": {"x": [1, None]}}), CALL),
        f'{{"type":"novel","data":{{"x":[1,null]}}}},{USED}',
        RESULT,
    ),
    "a field that is not known": (
        (
            block(
                1,
                {"type": "tool_use", "id": "a", "name": "weather", "input": {}, "caller": {"type": "direct"}},
                {"type": "input_json_delta", "partial_json": PARIS},
            ),
        ),
        USED[:-1] + ',"caller":{"type":"direct"}}',
        RESULT,
    ),
    "an illegal name": ((used(1, "a", "we ather!", PARIS),), USED.replace("weather", "we_ather_"), RESULT),
    "no id": (
        (used(1, "", "weather", PARIS),),
        USED.replace('"a"', '"call_1"'),
        RESULT.replace('"a"', '"call_1"'),
    ),
    "input that is no object": (
        (used(1, "a", "weather", "{Paris"),),
        USED.replace('{"city":"Paris"}', "{}"),
        RESULT,
    ),
}


@pytest.mark.parametrize(("first", "blocks", "results"), ANTHROPIC.values(), ids=ANTHROPIC)
async def test_anthropic(first: tuple[bytes, ...], blocks: str, results: str) -> None:
    body = await second_request(chunked(started(), *first, stopped("tool_use")), protocol="anthropic")
    assert body.decode() == (
        '{"model":"claude-sonnet-4-6","max_tokens":4096,"stream":true,'
        '"messages":[{"role":"user","content":[{"type":"text","text":"Hello"}]},'
        f'{{"role":"assistant","content":[{blocks}]}},{{"role":"user","content":[{results}]}}]}}'
    )
