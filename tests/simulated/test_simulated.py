"""The simulated models over real HTTP: what both wire formats carry, how they break, how they end."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any, Literal

import httpx
import psutil
import pytest
import pytest_asyncio

from milo_tui.simulated import deliberation
from milo_tui.simulated.models import PROFILES, SimulatedModels
from milo_tui.simulated.script import Profile, Script, ScriptedTurn, SimulatedModel
from milo_tui.simulated.server import ATTEMPT_HEADER
from milo_tui.simulated.timed_reply import time_reply, tokens

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
WIRES = list(PATHS)

ARGUMENTS = '{"city": "Łódź", "days": 3}'
LOOK = ScriptedTurn(
    text="Let me look 🌦️.",
    reasoning="A forecast is wanted.",
    calls=(("forecast", ARGUMENTS), ("clock", "")),
)
TELL = ScriptedTurn(text="Rain, for all three days.", reasoning="")
PARTS: dict[str, tuple[ScriptedTurn, ...]] = {
    "single/weather#1": (LOOK, TELL),
    "single/lost#1": (
        ScriptedTurn(text="Now.", reasoning="", calls=(("forecast", "{}"),), broken="call lost"),
    ),
    "single/cut#1": (ScriptedTurn(text="This is never said to the end.", reasoning="", broken="stream cut"),),
    "single/cut_call#1": (ScriptedTurn(reasoning="", calls=(("forecast", ARGUMENTS),), broken="stream cut"),),
    "single/broken_json#1": (ScriptedTurn(reasoning="", calls=(("forecast", '{"city": '),)),),
    "single/musing#1": (ScriptedTurn(text="So be it."), ScriptedTurn(text="And so.")),
    **{f"many/{n}#1": (ScriptedTurn(text=f"{n}: " + "word " * 40, reasoning=""),) for n in range(8)},
}


def profile(calls: Literal["pieces", "whole"] = "pieces", thinks: bool = True) -> Profile:
    return Profile(
        name="Test (simulated)",
        protocol="openai",
        where="local",
        ttft_s=0.2,
        ttft_jitter_s=0.1,
        tokens_per_s=50,
        thinks=thinks,
        calls=calls,
    )


PLAYBOOK = Script(
    models={
        "pieces-simulated": SimulatedModel(profile("pieces"), PARTS, "instant"),
        "whole-simulated": SimulatedModel(profile("whole"), PARTS, "instant"),
        "quiet-simulated": SimulatedModel(profile(thinks=False), PARTS, "instant"),
        "paced-simulated": SimulatedModel(profile("whole"), PARTS, "fast"),
    },
    seed=7,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        SimulatedModels(PLAYBOOK) as models,
        httpx.AsyncClient(base_url=models.base_url, trust_env=False) as client,
    ):
        yield client


def body(model: str = "pieces-simulated", turn: int = 0, stream: bool = True) -> dict[str, Any]:
    said = [{"role": "assistant", "content": "…"}, {"role": "user", "content": "Go on."}]
    messages = [{"role": "user", "content": "Will it rain in Łódź?"}, *said * turn]
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return {"model": model, "messages": messages, "max_tokens": 100, **options}


async def post(
    client: httpx.AsyncClient, wire: str, attempt: str | None = "single/weather#1", **fields: Any
) -> httpx.Response:
    headers = {ATTEMPT_HEADER: attempt} if attempt else {}
    return await client.post(PATHS[wire], json=body(**fields), headers=headers)


def chunks(response: httpx.Response) -> list[dict[str, Any]]:
    """The chunks of an OpenAI stream, which must end as it should."""
    *events, done, rest = response.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def deltas(response: httpx.Response) -> list[dict[str, Any]]:
    return [chunk["choices"][0]["delta"] for chunk in chunks(response) if chunk["choices"]]


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """The events of an Anthropic stream, each named as its data is."""
    found = []
    for event in response.text.strip().split("\n\n"):
        name, data = event.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def said(response: httpx.Response, key: str) -> str:
    return "".join(delta.get(key) or "" for delta in deltas(response))


async def test_openai_stream_in_pieces(client: httpx.AsyncClient) -> None:
    response = await post(client, "openai")
    assert response.headers["content-type"] == "text/event-stream"
    first, *others = deltas(response)
    assert first == {"role": "assistant", "content": ""}
    order = [next(iter(delta), "finish") for delta in others]
    assert list(dict.fromkeys(order)) == ["reasoning", "content", "tool_calls", "finish"]
    assert said(response, "reasoning") == LOOK.reasoning
    assert said(response, "content") == LOOK.text
    assert max(len(delta.get("content", "")) for delta in others) == 4


async def test_openai_tool_calls_in_pieces(client: httpx.AsyncClient) -> None:
    response = await post(client, "openai")
    pieces = [delta["tool_calls"][0] for delta in deltas(response) if "tool_calls" in delta]
    forecast = [piece for piece in pieces if piece["index"] == 0]
    assert forecast[0]["id"].startswith("call_")
    assert forecast[0]["type"] == "function"
    assert forecast[0]["function"] == {"name": "forecast", "arguments": ""}
    assert len(forecast) > 3
    assert all(set(piece) == {"index", "function"} for piece in forecast[1:])
    assert "".join(piece["function"]["arguments"] for piece in forecast) == ARGUMENTS
    assert [piece["function"]["name"] for piece in pieces if piece["index"] == 1] == ["clock"]


async def test_openai_tool_calls_whole(client: httpx.AsyncClient) -> None:
    response = await post(client, "openai", model="whole-simulated")
    calls = [delta["tool_calls"] for delta in deltas(response) if "tool_calls" in delta]
    assert [[call["function"] for call in chunk] for chunk in calls] == [
        [{"name": "forecast", "arguments": ARGUMENTS}],
        [{"name": "clock", "arguments": ""}],
    ]
    assert len({chunk[0]["id"] for chunk in calls}) == 2


async def test_openai_end(client: httpx.AsyncClient) -> None:
    *_, finish, usage = chunks(await post(client, "openai"))
    assert finish["choices"] == [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]
    assert finish["system_fingerprint"] == "milo-simulated"
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens_details"] == {"reasoning_tokens": tokens(LOOK.reasoning or "")}
    *_, finish, _ = chunks(await post(client, "openai", turn=1))
    assert finish["choices"][0]["finish_reason"] == "stop"


async def test_openai_usage_only_on_demand(client: httpx.AsyncClient) -> None:
    request = {**body(), "stream_options": None}
    response = await client.post(PATHS["openai"], json=request, headers={ATTEMPT_HEADER: "single/weather#1"})
    assert not any("usage" in chunk for chunk in chunks(response))


async def test_anthropic_stream_in_pieces(client: httpx.AsyncClient) -> None:
    found = events(await post(client, "anthropic"))
    kinds = [event["type"] for event in found]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert kinds[-2:] == ["message_delta", "message_stop"]
    starts = [event["content_block"] for event in found if event["type"] == "content_block_start"]
    assert [start["type"] for start in starts] == ["thinking", "text", "tool_use", "tool_use"]
    assert starts[2]["input"] == {}
    delta_kinds = [event["delta"]["type"] for event in found if event["type"] == "content_block_delta"]
    assert list(dict.fromkeys(delta_kinds)) == [
        "thinking_delta",
        "signature_delta",
        "text_delta",
        "input_json_delta",
    ]
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


async def test_anthropic_blocks_open_and_close_in_order(client: httpx.AsyncClient) -> None:
    found = [event for event in events(await post(client, "anthropic")) if "index" in event]
    for index in range(4):
        kinds = [event["type"] for event in found if event["index"] == index]
        assert kinds[0] == "content_block_start"
        assert kinds[-1] == "content_block_stop"
        assert set(kinds[1:-1]) == {"content_block_delta"}
    assert [event["index"] for event in found] == sorted(event["index"] for event in found)


def inputs(found: list[dict[str, Any]], index: int) -> list[str]:
    mine = [event["delta"] for event in found if event.get("index") == index and "delta" in event]
    return [delta["partial_json"] for delta in mine]


async def test_anthropic_tool_input_in_pieces_and_whole(client: httpx.AsyncClient) -> None:
    pieces = inputs(events(await post(client, "anthropic")), 2)
    assert len(pieces) > 3
    assert "".join(pieces) == ARGUMENTS
    assert inputs(events(await post(client, "anthropic", model="whole-simulated")), 2) == ["", ARGUMENTS]


async def test_both_wires_count_alike(client: httpx.AsyncClient) -> None:
    for turn in (0, 1):
        openai = chunks(await post(client, "openai", turn=turn))[-1]["usage"]
        found = events(await post(client, "anthropic", turn=turn))
        start, end = found[0]["message"]["usage"], found[-2]["usage"]
        cached = end["cache_read_input_tokens"]
        assert start["input_tokens"] == end["input_tokens"]
        assert end["input_tokens"] + cached == openai["prompt_tokens"]
        assert openai["prompt_tokens_details"] == {"cached_tokens": cached}
        assert (cached > 0) is (turn > 0)
        assert (
            end["output_tokens"]
            == openai["completion_tokens"]
            == openai["total_tokens"] - openai["prompt_tokens"]
        )


async def test_output_tokens_follow_the_stated_rule(client: httpx.AsyncClient) -> None:
    usage = chunks(await post(client, "openai"))[-1]["usage"]
    texts = [LOOK.reasoning or "", LOOK.text, "forecast", ARGUMENTS, "clock"]
    assert usage["completion_tokens"] == sum(tokens(text) for text in texts)


async def test_openai_without_a_stream(client: httpx.AsyncClient) -> None:
    answer = (await post(client, "openai", stream=False)).json()
    message = answer["choices"][0]["message"]
    assert answer["object"] == "chat.completion"
    assert (message["content"], message["reasoning"]) == (LOOK.text, LOOK.reasoning)
    assert [call["function"]["arguments"] for call in message["tool_calls"]] == [ARGUMENTS, ""]
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    assert answer["usage"] == chunks(await post(client, "openai"))[-1]["usage"]


async def test_anthropic_without_a_stream(client: httpx.AsyncClient) -> None:
    answer = (await post(client, "anthropic", stream=False)).json()
    thinking, text, *calls = answer["content"]
    assert (thinking["thinking"], text["text"]) == (LOOK.reasoning, LOOK.text)
    assert [call["input"] for call in calls] == [json.loads(ARGUMENTS), {}]
    assert answer["stop_reason"] == "tool_use"


async def test_broken_arguments_stream_as_they_stand(client: httpx.AsyncClient) -> None:
    found = events(await post(client, "anthropic", "single/broken_json#1"))
    assert "".join(inputs(found, 0)) == '{"city": '
    whole = (await post(client, "anthropic", "single/broken_json#1", stream=False)).json()
    assert whole["content"][0]["input"] == {"INVALID_JSON": '{"city": '}


async def test_turns_follow_the_script_and_end_empty(client: httpx.AsyncClient) -> None:
    assert said(await post(client, "openai", turn=1), "content") == TELL.text
    beyond = await post(client, "openai", turn=2)
    assert said(beyond, "content") + said(beyond, "reasoning") == ""
    assert [event["type"] for event in events(await post(client, "anthropic", turn=2))] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]


async def test_without_an_attempt_it_is_a_warm_up(client: httpx.AsyncClient) -> None:
    response = await post(client, "openai", None)
    assert (said(response, "content"), said(response, "reasoning")) == ("ok", "")


async def test_a_model_that_does_not_think_streams_no_reasoning(client: httpx.AsyncClient) -> None:
    response = await post(client, "openai", model="quiet-simulated")
    assert (said(response, "reasoning"), said(response, "content")) == ("", LOOK.text)


async def test_made_up_reasoning_is_long_and_the_same_again(client: httpx.AsyncClient) -> None:
    first, again = [said(await post(client, "openai", "single/musing#1"), "reasoning") for _ in range(2)]
    other = said(await post(client, "openai", "single/musing#1", turn=1), "reasoning")
    assert first == again != other
    assert len(first) > 400


async def test_deliberation_is_of_the_stated_length() -> None:
    for seed in range(300):
        text = deliberation.deliberation(Random(seed), ["forecast"] * (seed % 2))
        assert deliberation.SHORTEST <= tokens(text) <= deliberation.LONGEST


async def test_a_lost_call(client: httpx.AsyncClient) -> None:
    response = await post(client, "openai", "single/lost#1")
    assert not any("tool_calls" in delta for delta in deltas(response))
    *_, finish, usage = chunks(response)
    assert finish["choices"][0]["finish_reason"] == "tool_calls"
    assert usage["usage"]["completion_tokens"] == tokens("Now.") + tokens("forecast") + tokens("{}")
    found = events(await post(client, "anthropic", "single/lost#1"))
    assert found[-2]["delta"]["stop_reason"] == "tool_use"
    assert "tool_use" not in [event.get("content_block", {}).get("type") for event in found]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("attempt", ["single/cut#1", "single/cut_call#1"])
async def test_a_cut_stream_has_no_end(client: httpx.AsyncClient, wire: str, attempt: str) -> None:
    response = await post(client, wire, attempt)
    assert response.status_code == 200
    assert response.http_version == "HTTP/1.0"
    assert response.text
    for mark in ("[DONE]", '"usage": {"prompt', '"finish_reason": "', "message_delta", "message_stop"):
        assert mark not in response.text
    assert "the end." not in response.text


async def test_a_cut_reply_without_a_stream_is_half_an_object(client: httpx.AsyncClient) -> None:
    response = await post(client, "openai", "single/cut#1", stream=False)
    with pytest.raises(ValueError):
        response.json()


@pytest.mark.parametrize(("attempt", "model"), [("none#1", "pieces-simulated"), ("single/weather#1", "gpt")])
async def test_unknown_names_are_not_found(client: httpx.AsyncClient, attempt: str, model: str) -> None:
    openai = await post(client, "openai", attempt, model=model)
    anthropic = await post(client, "anthropic", attempt, model=model)
    assert (openai.status_code, anthropic.status_code) == (404, 404)
    assert openai.json()["error"]["code"] == "not_found"
    assert anthropic.json()["type"] == "error"
    assert anthropic.json()["error"]["type"] == "not_found_error"


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"messages": 1}', b'{"messages": ["x"]}', b""])
async def test_a_bad_body_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    response = await client.post(PATHS["anthropic"], content=content)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


async def test_models_health_and_nothing_else(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/models")).json()
    assert [model["id"] for model in listed["data"]] == list(PLAYBOOK.models)
    assert (await client.get("/health")).json() == {"status": "ok"}
    assert (await client.get("/v1/chat/completions")).status_code == 404
    assert (await client.get("/")).status_code == 404


async def test_one_connection_serves_many_requests(client: httpx.AsyncClient) -> None:
    first = await post(client, "openai")
    second = await post(client, "anthropic")
    streams = [response.extensions["network_stream"] for response in (first, second)]
    assert len({stream.get_extra_info("client_addr") for stream in streams}) == 1


async def test_eight_streams_at_once(client: httpx.AsyncClient) -> None:
    names = [f"many/{n}#1" for n in range(8)]
    posts = [post(client, "openai", name, model="paced-simulated") for name in names]
    responses = await asyncio.gather(*posts)
    assert [said(response, "content") for response in responses] == [PARTS[name][0].text for name in names]


async def test_a_client_that_leaves_disturbs_no_other(client: httpx.AsyncClient) -> None:
    headers = {ATTEMPT_HEADER: "many/1#1"}
    request = body("paced-simulated")
    async with client.stream("POST", PATHS["openai"], json=request, headers=headers) as response:
        assert response.status_code == 200
    assert said(await post(client, "openai", turn=1), "content") == TELL.text


def without_time(response: httpx.Response) -> list[dict[str, Any]]:
    return [{**chunk, "created": 0, "model": ""} for chunk in chunks(response)]


async def test_another_server_says_the_same(client: httpx.AsyncClient) -> None:
    here = without_time(await post(client, "openai", "single/musing#1"))
    async with SimulatedModels(PLAYBOOK) as models, httpx.AsyncClient(base_url=models.base_url) as other:
        assert without_time(await post(other, "openai", "single/musing#1")) == here


def due(
    pace: Literal["instant", "fast", "real"], calls: Literal["pieces", "whole"] = "pieces"
) -> list[float]:
    """When each piece of LOOK is due, in seconds."""
    reply = time_reply(
        LOOK, profile(calls), pace, rng=Random(1), model="simulated", body={"messages": []}, created=0
    )
    pieces = [*reply.reasoning, *reply.text]
    for call in reply.calls:
        pieces += call.pieces
    return [piece.at_s for piece in pieces] + [reply.ends_s]


async def test_instant_never_waits() -> None:
    assert set(due("instant")) == {0.0}


async def test_fast_is_ten_times_real() -> None:
    assert due("fast") == pytest.approx([at_s / 10 for at_s in due("real")])


async def test_tokens_come_at_the_stated_speed() -> None:
    real = due("real")
    assert 0.1 <= real[0] <= 0.3
    count = sum(tokens(text) for text in (LOOK.reasoning or "", LOOK.text, "forecast", ARGUMENTS, "clock"))
    assert real[-1] - real[0] == pytest.approx((count - 1) / 50)
    assert real == sorted(real)


async def test_a_whole_call_comes_when_its_last_token_would() -> None:
    prose = tokens(LOOK.reasoning or "") + tokens(LOOK.text)
    real = due("real", "whole")
    silence = real[prose] - real[prose - 1]
    assert silence == pytest.approx((tokens("forecast") + tokens(ARGUMENTS)) / 50)


async def test_a_stream_is_sent_when_it_is_due(client: httpx.AsyncClient) -> None:
    sent = time.perf_counter()
    response = await post(client, "openai", "many/1#1", model="paced-simulated")
    count = chunks(response)[-1]["usage"]["completion_tokens"]
    assert time.perf_counter() - sent >= (0.1 + (count - 1) / 50) / 10


async def test_a_playbook_survives_the_journey() -> None:
    script = replace(
        PLAYBOOK, models={**PLAYBOOK.models, "x-simulated": SimulatedModel(PROFILES["steady"], {})}
    )
    assert Script.from_json(script.to_json()) == script
    assert "\n" not in script.to_json()


async def test_a_simulated_model_says_that_it_is_one() -> None:
    with pytest.raises(ValueError, match="must say so"):
        Script({"claude": SimulatedModel(profile(), {})})
    with pytest.raises(ValueError, match="must say so"):
        replace(profile(), name="Claude")
    assert all("(simulated)" in shipped.name for shipped in PROFILES.values())
    assert all(sum(shipped.mix.values()) <= 1 for shipped in PROFILES.values())


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped by its parent or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def is_gone_within(seconds: float, pid: int) -> bool:
    deadline = time.monotonic() + seconds
    while not is_gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_gone(pid)


async def test_the_process_is_gone_with_the_block(capfd: pytest.CaptureFixture[str]) -> None:
    open_before = psutil.Process().num_fds()
    async with SimulatedModels(PLAYBOOK) as models, httpx.AsyncClient(base_url=models.base_url) as client:
        pid = models.pid
        assert pid is not None
        headers = {ATTEMPT_HEADER: "many/1#1"}
        request = client.build_request("POST", PATHS["openai"], json=body("paced-simulated"), headers=headers)
        response = await client.send(request, stream=True)
        await models.__aexit__(None, None, None)
        assert is_gone(pid)
        await response.aclose()
    assert models.pid is None
    assert capfd.readouterr() == ("", "")
    assert psutil.Process().num_fds() == open_before


async def test_the_process_does_not_mind_ctrl_c() -> None:
    async with SimulatedModels(PLAYBOOK) as models, httpx.AsyncClient(base_url=models.base_url) as client:
        psutil.Process(models.pid).send_signal(signal.SIGINT)
        assert (await client.get("/health")).status_code == 200


async def test_a_server_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("milo_tui.simulated.models._STOP_TIMEOUT_S", 0.1)
    async with SimulatedModels(PLAYBOOK) as models:
        pid = models.pid
        assert pid is not None
        psutil.Process(pid).suspend()
    assert is_gone(pid)


async def test_a_server_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "false")
    with pytest.raises(RuntimeError, match="did not start"):
        async with SimulatedModels(PLAYBOOK):
            pass


PARENT = """
import asyncio
from milo_tui.simulated.models import SimulatedModels
from milo_tui.simulated.script import Script

async def main():
    async with SimulatedModels(Script({})) as models:
        print(models.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_process_is_gone_with_a_killed_parent() -> None:
    command = (sys.executable, "-c", PARENT)
    parent = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert not is_gone(pid)
    parent.kill()
    await parent.communicate()
    assert is_gone_within(5, pid)


async def test_the_server_imports_nothing_heavy() -> None:
    code = "import sys, milo_tui.simulated.__main__; print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    modules, _ = await process.communicate()
    assert "asyncio" in modules.decode().split()
    assert not {"pydantic", "httpx", "textual", "yaml"} & set(modules.decode().split())
