"""Asking an endpoint against a fault server, in one line of a test."""

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest

from milo_tui.endpoints.endpoint import ChatRequest, EndpointError, Reply, StreamPiece, UserMessage
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.factory import make_endpoint
from tests.servers.fault_server import FaultServer, Recorded, Step

HELLO = ChatRequest((UserMessage("Hello"),))


@dataclass(frozen=True)
class Heard:
    """What came of it."""

    reply: Reply
    deltas: list[StreamPiece]
    requests: list[Recorded]


def entry(url: str | None = None, **fields: Any) -> ModelEntry:
    """An entry for the server at `url`, local and OpenAI-compatible unless said otherwise."""
    usual = {"id": "m", "name": "M", "protocol": "openai", "where": "local", "base_url": url}
    if fields.get("protocol") == "anthropic":
        usual |= {"where": "api", "model": "claude-sonnet-4-6"}
    return ModelEntry.model_validate({**usual, **fields})


async def hear(
    *script: Step, request: ChatRequest = HELLO, stream: bool = True, slow: float = 0, **fields: Any
) -> Heard:
    """The reply to one request when the server plays `script`."""
    deltas: list[StreamPiece] = []
    async with FaultServer(script, slow=slow) as server:
        async with aclosing(make_endpoint(entry(server.url, **fields), stream=stream)) as endpoint:
            reply = await endpoint.chat(request, deltas.append)
        return Heard(reply, deltas, server.requests)


async def fail(*script: Step, stream: bool = True, **fields: Any) -> EndpointError:
    """The error when the server plays `script`."""
    with pytest.raises(EndpointError) as caught:
        await hear(*script, stream=stream, **fields)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) <= 300
    return caught.value


async def ask_all(
    scripts: Iterable[Iterable[Step]], requests: Iterable[ChatRequest], **fields: Any
) -> tuple[list[Reply], FaultServer]:
    """Several requests to one endpoint, one after another."""
    async with (
        FaultServer(*scripts) as server,
        aclosing(make_endpoint(entry(server.url, **fields))) as endpoint,
    ):
        return [await endpoint.chat(request, lambda delta: None) for request in requests], server
