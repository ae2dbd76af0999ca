"""What is really sent: bodies and headers as the server received them, in both protocols."""

import json
from typing import Any

import pytest

from milo_tui.endpoints.endpoint import (
    AssistantMessage,
    ChatRequest,
    ToolResults,
    ToolSpec,
    UserMessage,
)
from milo_tui.endpoints.factory import make_endpoint
from milo_tui.suite.conversation import ToolResult
from tests.servers.fault_server import (
    FINGERPRINT,
    MLX,
    FaultServer,
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

from .talking import HELLO, ask_all, entry, hear

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = (ToolSpec("weather", "Weather of a city.", SCHEMA),)
QUESTION = UserMessage("How is the weather?")
FIRST = ChatRequest((QUESTION,), system="Be brief.", tools=TOOLS)

OPENAI_HI = (MLX, text("Hi"), end("stop"))
ANTHROPIC_HI = (chunked(started(), said(0, "Hi"), stopped("end_turn")),)


async def sent(request: ChatRequest = HELLO, stream: bool = True, **fields: Any) -> Any:
    """The body of one request."""
    hi = ANTHROPIC_HI if fields.get("protocol") == "anthropic" else OPENAI_HI
    return (await hear(*hi, request=request, stream=stream, **fields)).requests[0].json


async def test_the_least_that_is_sent() -> None:
    heard = await hear(*OPENAI_HI)
    assert heard.requests[0].json == {
        "model": "default_model",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 4096,
    }
    assert heard.requests[0].path == "/v1/chat/completions"
    assert "authorization" not in heard.requests[0].headers
    assert "x-milo-attempt" not in heard.requests[0].headers


async def test_the_least_that_is_sent_to_anthropic() -> None:
    heard = await hear(*ANTHROPIC_HI, protocol="anthropic")
    assert heard.requests[0].json == {
        "model": "claude-sonnet-4-6",
        "max_tokens": 4096,
        "stream": True,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    }
    assert heard.requests[0].path == "/v1/messages"
    assert heard.requests[0].headers["anthropic-version"] == "2023-06-01"
    assert "anthropic-beta" not in heard.requests[0].headers


SAMPLING: dict[str, Any] = {
    "temperature": 0.7,
    "top_p": 0.8,
    "top_k": 20,
    "min_p": 0.0,
    "presence_penalty": 1.5,
    "repetition_penalty": 1.0,
    "seed": 7,
}


async def test_sampling_keys_are_sent_as_set() -> None:
    body = await sent(**SAMPLING, max_tokens=99, model="qwen")
    assert {name: body[name] for name in SAMPLING} == SAMPLING
    assert (body["max_tokens"], body["model"]) == (99, "qwen")


@pytest.mark.parametrize("thinking", [True, False])
async def test_a_local_model_is_told_whether_to_think(thinking: bool) -> None:
    assert (await sent(thinking=thinking))["chat_template_kwargs"] == {"enable_thinking": thinking}
    assert "chat_template_kwargs" not in await sent(thinking=thinking, where="api")


async def test_without_streaming() -> None:
    whole = answer({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})
    body = (await hear(whole, stream=False)).requests[0].json
    assert body["stream"] is False
    assert "stream_options" not in body


def test_openai_itself_has_its_own_name_for_the_limit() -> None:
    endpoint = make_endpoint(entry("https://api.openai.com/v1", max_tokens=9, where="api", model="gpt"))
    assert endpoint.sent_keys()["max_completion_tokens"] == 9
    assert "max_tokens" not in endpoint.sent_keys()


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
async def test_base_url_with_and_without_its_end(ending: str) -> None:
    async with FaultServer(OPENAI_HI) as server:
        endpoint = make_endpoint(entry("http://elsewhere.invalid"), base_url=server.url + ending)
        await endpoint.chat(HELLO, lambda delta: None)
        await endpoint.aclose()
    assert server.requests[0].path == "/v1/chat/completions"


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/messages"])
async def test_base_url_of_anthropic_with_and_without_its_end(ending: str) -> None:
    async with FaultServer(ANTHROPIC_HI) as server:
        endpoint = make_endpoint(entry(server.url + ending, protocol="anthropic"))
        await endpoint.chat(HELLO, lambda delta: None)
        await endpoint.aclose()
    assert server.requests[0].path == "/v1/messages"


@pytest.mark.parametrize(
    ("base_url", "path"),
    [("/api/v3", "/api/v3/chat/completions"), ("/a%20b?v=1", "/a%20b/chat/completions?v=1")],
)
async def test_a_base_url_with_a_path_is_taken_as_it_is(base_url: str, path: str) -> None:
    async with FaultServer(OPENAI_HI) as server:
        endpoint = make_endpoint(entry(server.url + base_url))
        await endpoint.chat(HELLO, lambda delta: None)
        await endpoint.aclose()
    assert server.requests[0].path == path


def test_anthropic_is_reached_where_it_lives() -> None:
    assert make_endpoint(entry(None, protocol="anthropic")).sent_keys()["host"] == "api.anthropic.com"


async def test_a_tool_loop() -> None:
    """Tools on every turn, thinking back as mlx reads it, calls with their ids, results as JSON text."""
    thinking = chunk({"reasoning": "I look."}, system_fingerprint=FINGERPRINT)
    both = (call("weather", '{"city":"Łódź"}', index=0, id="a"), call("weather", "{oops", index=1, id="b"))
    script = (MLX, thinking, text("\n\n"), calls(*both), end("tool_calls"))
    reply = (await hear(*script, request=FIRST)).reply
    results = (ToolResult("a", {"temp": "22°"}), ToolResult("b", {"error": "unreadable"}, is_error=True))
    second = ChatRequest((QUESTION, AssistantMessage(reply), ToolResults(results)), "Be brief.", TOOLS)
    body = await sent(second)
    assert [tool["function"]["name"] for tool in body["tools"]] == ["weather"]
    assert body["tools"][0]["function"]["parameters"] == SCHEMA
    system, user, assistant, first, other = body["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert user == {"role": "user", "content": "How is the weather?"}
    assert (assistant["content"], assistant["reasoning_content"]) == ("\n\n", "I look.")
    assert [(c["id"], c["function"]["arguments"]) for c in assistant["tool_calls"]] == [
        ("a", '{"city":"Łódź"}'),
        ("b", "{}"),
    ]
    assert first == {"role": "tool", "tool_call_id": "a", "content": '{"temp":"22°"}'}
    assert other["content"] == '{"error":"unreadable"}'


async def test_ids_that_were_made_up_do_not_repeat() -> None:
    script = (MLX, calls(call("weather", "{}", index=0)), end("tool_calls"))
    reply = (await hear(*script, request=FIRST)).reply
    results = ToolResults((ToolResult(reply.calls[0].id, "22°"),))
    second = ChatRequest((QUESTION, AssistantMessage(reply), results), tools=TOOLS)
    heard = await hear(*script, request=second)
    assert (reply.calls[0].id, heard.reply.calls[0].id) == ("call_1", "call_2")
    assert heard.requests[0].json["messages"][2]["content"] == '"22°"'


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
async def test_a_tool_loop_with_anthropic(version: str) -> None:
    """All blocks back as they came; all results first in one user message; tools on every turn."""
    script = chunked(
        started(),
        thought(0, "I look.", "sig"),
        said(1, "Moment."),
        used(2, "t1", "weather", '{"city":"Łódź"}'),
        used(3, "t2", "weather", ""),
        stopped("tool_use"),
    )
    anthropic: dict[str, Any] = {"protocol": "anthropic", "api_version": version, "thinking": True}
    heard = await hear(script, request=FIRST, **anthropic)
    results = (ToolResult("t1", {"temp": "22°"}), ToolResult("t2", {"error": "no city"}, is_error=True))
    messages = (QUESTION, AssistantMessage(heard.reply), ToolResults(results), UserMessage("Well?"))
    body = await sent(ChatRequest(messages, "Be brief.", TOOLS), **anthropic)
    assert body["system"] == "Be brief."
    assert body["tools"] == [{"name": "weather", "description": "Weather of a city.", "input_schema": SCHEMA}]
    user, assistant, answered = body["messages"]
    assert user["role"] == "user"
    assert assistant["content"] == [
        {"type": "thinking", "thinking": "I look.", "signature": "sig"},
        {"type": "text", "text": "Moment."},
        {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Łódź"}},
        {"type": "tool_use", "id": "t2", "name": "weather", "input": {}},
    ]
    assert answered["content"] == [
        {"type": "tool_result", "tool_use_id": "t1", "content": '{"temp":"22°"}'},
        {"type": "tool_result", "tool_use_id": "t2", "content": '{"error":"no city"}', "is_error": True},
        {"type": "text", "text": "Well?"},
    ]


ANTHROPIC_SAMPLING: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "temperature": ({"temperature": 0.2}, {"temperature": 0.2}, set()),
    "top_p alone": ({"top_p": 0.9, "top_k": 5}, {"top_p": 0.9, "top_k": 5}, set()),
    "never both": ({"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2}, {"top_p"}),
    "with thinking": (
        {"temperature": 0.2, "top_k": 5, "top_p": 0.96, "thinking": True},
        {"top_p": 0.96},
        {"temperature", "top_k"},
    ),
    "with thinking, low top_p": ({"top_p": 0.5, "thinking": True}, {}, {"top_p"}),
    "thinking off": ({"temperature": 0.2, "thinking": False}, {"temperature": 0.2}, set()),
    "keys that it does not know": ({"seed": 1, "min_p": 0.1}, {}, {"seed", "min_p"}),
    "the new version": (
        {"temperature": 1.0, "top_p": 1.0, "top_k": 5, "api_version": "2026-10-21"},
        {},
        {"temperature", "top_p", "top_k"},
    ),
    "a later version": ({"temperature": 1.0, "api_version": "2027-01-01"}, {}, {"temperature"}),
    "a newer model": ({"temperature": 0.2, "model": "claude-opus-4-7"}, {}, {"temperature"}),
}


@pytest.mark.parametrize(
    ("fields", "expected", "left_out"), ANTHROPIC_SAMPLING.values(), ids=ANTHROPIC_SAMPLING
)
async def test_sampling_of_anthropic(
    fields: dict[str, Any], expected: dict[str, Any], left_out: set[str]
) -> None:
    heard = await hear(*ANTHROPIC_HI, protocol="anthropic", **fields)
    body = heard.requests[0].json
    assert {name: body[name] for name in SAMPLING if name in body} == expected
    assert heard.requests[0].headers["anthropic-version"] == fields.get("api_version", "2023-06-01")
    keys = make_endpoint(entry(None, protocol="anthropic", **fields)).sent_keys()
    assert {name: keys[name] for name in SAMPLING if name in keys} == expected
    assert set(keys["left_out"]) == left_out


@pytest.mark.parametrize(
    ("model", "thinking", "expected"),
    [
        ("claude-sonnet-4-6", True, {"type": "adaptive"}),
        ("claude-opus-4-7", True, {"type": "adaptive"}),
        ("claude-sonnet-5-5", True, {"type": "adaptive"}),
        ("claude-sonnet-4-5", True, {"type": "enabled", "budget_tokens": 2048}),
        ("claude-opus-4-20250514", True, {"type": "enabled", "budget_tokens": 2048}),
        ("claude-3-7-sonnet-latest", True, {"type": "enabled", "budget_tokens": 2048}),
        ("claude-sonnet-4-6", False, {"type": "disabled"}),
        ("claude-sonnet-4-6", None, None),
    ],
)
async def test_thinking_of_anthropic(model: str, thinking: bool | None, expected: Any) -> None:
    body = await sent(protocol="anthropic", model=model, thinking=thinking)
    assert body.get("thinking") == expected


async def test_a_budget_fits_into_the_limit() -> None:
    fields: dict[str, Any] = {
        "model": "claude-haiku-4-5",
        "max_tokens": 3000,
        "thinking_budget": 9000,
        "thinking": True,
    }
    assert (await sent(protocol="anthropic", **fields))["thinking"]["budget_tokens"] == 2999


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
async def test_only_a_simulated_model_is_told_the_attempt(protocol: str) -> None:
    hi = ANTHROPIC_HI if protocol == "anthropic" else OPENAI_HI
    request = ChatRequest((QUESTION,), attempt="weather-1#2")
    real = await hear(*hi, request=request, protocol=protocol)
    assert "weather-1#2" not in str(real.requests[0])
    simulated = {"profile": "steady"}
    played = await hear(*hi, request=request, protocol=protocol, simulated=simulated)
    assert played.requests[0].headers["x-milo-attempt"] == "weather-1#2"


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
async def test_a_warm_up_is_short_and_samples_alike(protocol: str) -> None:
    hi = ANTHROPIC_HI if protocol == "anthropic" else OPENAI_HI
    async with FaultServer(hi) as server:
        endpoint = make_endpoint(entry(server.url, protocol=protocol, thinking=True, top_k=20))
        assert await endpoint.warm_up() > 0
        await endpoint.aclose()
    body = server.requests[0].json
    assert body["max_tokens"] == 16
    assert "tools" not in body
    assert ("top_k" in body) == (protocol == "openai")


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
async def test_what_the_manifest_says_was_sent(protocol: str) -> None:
    """Every key that it names was in the body, with this value."""
    body = await sent(protocol=protocol, temperature=0.3, thinking=False, max_tokens=5)
    keys = make_endpoint(
        entry("http://127.0.0.1:1", protocol=protocol, temperature=0.3, thinking=False, max_tokens=5)
    ).sent_keys()
    assert {name: value for name, value in body.items() if name != "messages"}.items() <= keys.items()
    json.dumps(keys)


async def test_the_manifest_says_how_thinking_was_echoed() -> None:
    thinking = chunk({"reasoning": "I look."}, system_fingerprint=FINGERPRINT)
    async with FaultServer((MLX, thinking, text("Hi"), end("stop"))) as server:
        endpoint = make_endpoint(entry(server.url))
        before = endpoint.sent_keys()["echo_reasoning"]
        await endpoint.chat(HELLO, lambda delta: None)
        after = endpoint.sent_keys()["echo_reasoning"]
        await endpoint.aclose()
    assert (before, after) == ("auto", "reasoning_content")


async def test_what_no_strict_server_takes_is_not_sent() -> None:
    """A lone surrogate, and a NaN in a block that is echoed unread."""
    script = chunked(started(), block(0, {"type": "new", "score": float("nan")}), stopped("end_turn"))
    reply = (await hear(script, protocol="anthropic")).reply
    messages = (UserMessage("a\ud800b 😀 \\ud800"), AssistantMessage(reply))
    body = await sent(ChatRequest(messages), protocol="anthropic")
    assert body["messages"][0]["content"][0]["text"] == "a\ufffdb 😀 \\ud800"
    assert body["messages"][1]["content"] == [{"type": "new", "score": None}]


async def test_many_turns_on_one_endpoint() -> None:
    replies, server = await ask_all([OPENAI_HI], [HELLO] * 5)
    assert [reply.text for reply in replies] == ["Hi"] * 5
    assert len(server.requests) == 5
