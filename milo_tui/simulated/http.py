"""As much of HTTP/1.1 as a chat client on loopback needs (RFC 9112): keep-alive, bodies, chunked streams."""

import asyncio
import json
from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Any

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def keeps_alive(self) -> bool:
        """Whether the client goes on using the connection."""
        return self.headers.get("connection", "").lower() != "close"


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection, or None where the client closed it between two requests."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target.partition("?")[0], headers, body)


async def send_json(
    writer: asyncio.StreamWriter, status: int, value: dict[str, Any], headers: dict[str, str]
) -> None:
    """Send a response of one JSON object."""
    body = json.dumps(value).encode()
    length = {"Content-Length": str(len(body))}
    writer.write(_head("HTTP/1.1", status, _JSON | length | headers) + body)
    await writer.drain()


async def send_events(
    writer: asyncio.StreamWriter, events: AsyncIterable[bytes], headers: dict[str, str]
) -> None:
    """Send a stream of server-sent events in chunks, so that the connection lives on."""
    writer.write(_head("HTTP/1.1", 200, _EVENTS | {"Transfer-Encoding": "chunked"} | headers))
    async for event in events:
        writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def send_cut_json(writer: asyncio.StreamWriter, value: dict[str, Any], headers: dict[str, str]) -> None:
    """Send half of a JSON object, as `send_cut_events` does."""
    body = json.dumps(value).encode()
    writer.write(_head("HTTP/1.0", 200, _JSON | _CLOSING | headers) + body[: len(body) // 2])
    await writer.drain()


async def send_cut_events(
    writer: asyncio.StreamWriter, events: AsyncIterable[bytes], headers: dict[str, str]
) -> None:
    """Send events that only the closing of the connection ends: HTTP/1.0, as mlx_lm.server speaks it.

    So a client's HTTP library sees nothing wrong with a stream that was cut.
    """
    writer.write(_head("HTTP/1.0", 200, _EVENTS | _CLOSING | headers))
    async for event in events:
        writer.write(event)
        await writer.drain()


_JSON = {"Content-Type": "application/json"}
_EVENTS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
_CLOSING = {"Connection": "close"}


def _head(version: str, status: int, headers: dict[str, str]) -> bytes:
    lines = [f"{version} {status} {_REASONS[status]}", "Server: milo-simulated"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
