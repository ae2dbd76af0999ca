"""`milo models check` in words, against a server that answers as told."""

import json
from pathlib import Path
from typing import Any

import pytest

from milo_tui.endpoints.discovery import find_servers
from milo_tui.mlx.process import ServerHome
from milo_tui.runner.probe import FEW_TOKENS, Finding, probe
from tests.servers.fault_server import DONE, FaultServer, Reset, Step, chunked

from ..endpoints.talking import entry

HEAD = b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
VERSION = "0.31.2-0.31.1-Linux-x86_64"


def answer(finish: str = "stop", **delta: Any) -> bytes:
    """A stream of one delta, as mlx_lm.server 0.31.2 sends it."""
    chunk = {
        "system_fingerprint": VERSION,
        "choices": [{"index": 0, "finish_reason": finish, "delta": {"role": "assistant", **delta}}],
    }
    usage = {
        "choices": [],
        "usage": {
            "prompt_tokens": 40,
            "completion_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 30},
        },
    }
    lines = [json.dumps(chunk), json.dumps(usage), "[DONE]"]
    return HEAD + "".join(f"data: {line}\n\n" for line in lines).encode()


def call(*gauges: int) -> bytes:
    """A stream with calls of the probe's tool."""
    calls = [
        {
            "index": i,
            "id": f"c{gauge}",
            "type": "function",
            "function": {"name": "read_gauge", "arguments": f'{{"gauge": {gauge}}}'},
        }
        for i, gauge in enumerate(gauges)
    ]
    return answer("tool_calls", reasoning="Look.", tool_calls=calls)


async def found(tmp_path: Path, *scripts: bytes | Step) -> list[Finding]:
    """What a probe finds when the server plays these answers in turn."""
    async with FaultServer(*((script,) for script in scripts)) as server:
        home = ServerHome(tmp_path, tmp_path, {})
        return [finding async for finding in probe(entry(server.url), home)]


WELL = (
    answer(content="OK"),
    call(7),
    answer(content="Gauge 7 reads 4,193."),
    call(7, 8),
    answer(content='{"name": "Ann", "age": 3}'),
    answer("length", content="one two"),
    answer(reasoning="hm", content="The Ida."),
    answer(content="The Ida."),
    answer(content="cold"),
    answer(content="cold"),
    answer(content="hot"),
)


async def test_a_server_that_does_everything_is_told_line_by_line(tmp_path: Path) -> None:
    findings = await found(tmp_path, *WELL)
    text = "\n".join(finding.text for finding in findings)
    assert all(finding.ok for finding in findings if finding.needed)
    for words in (
        "reachable: ",
        "streams: ",
        "tool calls: asked for the right call",
        "end of stream: as the protocol says",
        "usage: 40 tokens in, 9 out",
        "reasoning: 5 characters",
        f"server: {VERSION}",
        "its version: a malformed tool call cuts the stream",
        "second turn: uses the tool's result",
        "prefix cache: 30 of 40 prompt tokens came from the cache",
        "parallel calls: two in one turn",
        "structured output: the JSON that was asked for (no schema is enforced)",
        "max_tokens: kept",
        "request: limit sent as max_tokens, stream_options taken",
        "ids: each call has its own",
        "quota: no headers tell it",
        "echo: thinking goes back as reasoning_content",
        "thinking: asked to, it thinks; asked not to, it does not think",
        "sampling: the same twice at temperature 0, others at 1",
    ):
        assert words in text


async def test_what_a_server_cannot_do_is_told_and_hides_nothing_else(tmp_path: Path) -> None:
    poor = (
        *WELL[:3],
        call(7),
        answer(content="```json\n{}\n```"),
        answer(content="one " * 99),
        answer(content="The Ida."),
        answer(content="The Ida."),
        answer(content="cold"),
        answer(content="colder"),
    )
    findings = await found(tmp_path, *poor)
    last = [finding.text for finding in findings[-5:]]
    assert last == [
        "parallel calls: asked for two at once, found 1",
        "structured output: no JSON object of the two keys and nothing else (no schema is enforced)",
        "max_tokens: not reached, the answer ended by itself after 9",
        "thinking: asked to, it does not think; asked not to, it does not think",
        "sampling: two answers at temperature 0 differ",
    ]
    assert not any(finding.needed for finding in findings[-5:])


CALLED = call(7).partition(b"\n\n")[0].rpartition(b"data: ")[2]


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (chunked(b"data: " + CALLED + b"\n\n"), "end of stream: no end mark after the finish reason"),
        (
            chunked(b"data: " + CALLED.replace(b'"tool_calls", "delta"', b'null, "delta"') + b"\n\n", DONE),
            "end of stream: no finish reason before the end mark",
        ),
        (HEAD + b"data: " + CALLED + b"\n\n", "end of stream: the stream was cut short"),
    ],
    ids=["no end mark", "no finish reason", "cut"],
)
async def test_how_a_stream_ends_and_what_is_not_counted_is_told(
    tmp_path: Path, stream: bytes, words: str
) -> None:
    uncounted = answer(content="Gauge 7 reads 4193.").replace(b'"usage"', b'"no_usage"')
    findings = await found(tmp_path, WELL[0], stream, uncounted, *WELL[3:])
    texts = [finding.text for finding in findings]
    assert words in texts
    assert "usage: the server counts no tokens, so there is no decode speed" in texts
    assert "prefix cache: no cache hit told" in texts


@pytest.mark.parametrize(
    ("finish", "tokens", "words"),
    [
        ("length", FEW_TOKENS, "max_tokens: kept"),
        ("stop", FEW_TOKENS, "max_tokens: kept, reported as stop"),
        ("stop", 99, "max_tokens: 16 asked for, ended by stop after 99"),
        ("length", 99, "max_tokens: 16 asked for, ended by length after 99"),
    ],
)
async def test_whether_max_tokens_is_honoured_is_told(
    tmp_path: Path, finish: str, tokens: int, words: str
) -> None:
    counted = f'"completion_tokens": {tokens}'.encode()
    cut = answer(finish, content="one two").replace(b'"completion_tokens": 9', counted)
    findings = await found(tmp_path, *WELL[:5], cut, *WELL[6:])
    assert words in [finding.text for finding in findings]


async def test_a_model_that_answers_always_alike_may_not_be_sampled(tmp_path: Path) -> None:
    findings = await found(tmp_path, *WELL[:8], answer(content="same"))
    assert "not honoured, or a sure model" in findings[-1].text


async def test_a_server_that_drops_its_connections_ends_the_probe(tmp_path: Path) -> None:
    findings = await found(tmp_path, Reset())
    assert [finding.ok for finding in findings] == [False]
    assert findings[0].needed


@pytest.mark.parametrize(
    ("body", "models"),
    [
        (b'{"object": "list", "data": [{"id": "/models/Qwen3"}, {"id": "org/other"}]}', ("Qwen3", "other")),
        (b"", ()),
        (b"[]", ()),
    ],
)
async def test_servers_that_run_are_found_by_asking(body: bytes, models: tuple[str, ...]) -> None:
    """mlx_lm.server answers with an empty body while there is no Hugging Face cache."""
    async with FaultServer([b"HTTP/1.0 200 OK\r\n\r\n" + body]) as server:
        servers = await find_servers({server.port: "mlx_lm.server"})
    assert [(found.kind, found.models) for found in servers] == [("mlx_lm.server", models)]


async def test_where_nobody_listens_nothing_is_found() -> None:
    assert await find_servers({1: "nobody"}) == []
