"""A server on loopback that plays scripts: bytes as they stand, pauses, silence, resets. And its words.

It speaks raw TCP, so that a script can break HTTP itself: end early, cut a line in two, never answer.
"""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter_ns
from types import MappingProxyType, TracebackType
from typing import Any, Self

TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True)
class Pause:
    """Send nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Reset:
    """Drop the connection with a TCP reset."""


@dataclass(frozen=True)
class Silence:
    """Send nothing more, and wait until the client goes away."""


@dataclass(frozen=True)
class KeepOpen:
    """Leave the connection open for the next request: the next script is played on it."""


Step = bytes | Pause | Reset | Silence | KeepOpen


@dataclass(frozen=True)
class Recorded:
    """A request as it came, with the moments (perf_counter_ns) at which it was begun and had been read."""

    path: str
    headers: Mapping[str, str]
    head: bytes
    body: bytes
    begun_ns: int
    read_ns: int

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


Script = Iterable[Step] | Callable[[Recorded], Iterable[Step]]


class FaultServer:
    """Plays one script for each request, the last one again and again; over TLS with `tls`.

    A script may be a function of the request that returns the steps. `slow` seconds pass before it reads. `sent`
    counts the bytes that the client has taken, or its system.
    """

    def __init__(self, *scripts: Script, slow: float = 0, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Recorded] = []
        self.connections = 0
        self.sent = 0
        self.port = 0
        self.url = ""
        self._tls = tls
        self._scripts = [script if callable(script) else tuple(script) for script in scripts]
        self._slow = slow
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**24, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self._slow:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await asyncio.sleep(self._slow)
            writer.transport.resume_reading()  # type: ignore[attr-defined]
        first = await reader.readexactly(1)
        if first == TLS_HANDSHAKE:
            writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            return False
        self.requests.append(await _read(first, reader))
        script = self._scripts[min(len(self.requests), len(self._scripts)) - 1]
        for step in script(self.requests[-1]) if callable(script) else script:
            match step:
                case bytes():
                    writer.write(step)
                    await writer.drain()
                    self.sent += len(step)
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Reset():
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.transport.abort()
                    return False
                case Silence():
                    await reader.read()
                    return False
                case KeepOpen():
                    return True
        return False


async def _read(first: bytes, reader: asyncio.StreamReader) -> Recorded:
    begun = perf_counter_ns()
    head = first + await reader.readuntil(b"\r\n\r\n")
    request, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = await reader.readuntil(b"\r\n0\r\n\r\n")
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Recorded(request.split()[1], headers, head, body, begun, perf_counter_ns())


MLX = b"HTTP/1.0 200 OK\r\nServer: BaseHTTP/0.6 Python/3.11.7\r\nContent-type: text/event-stream\r\n\r\n"
"""The head of mlx_lm.server's streams: the end of the connection is their end."""

FINGERPRINT = "0.32.2-0.32.4-macOS-15.6-arm64-arm-64bit-applegpu_g15d"


def answer(body: Any, status: int = 200, **headers: str) -> bytes:
    """A whole answer; a body that is not bytes is sent as JSON. `retry_after` names the header retry-after."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


def chunked(*parts: bytes, end: bool = True, headers: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """An event stream in HTTP/1.1's chunks, as the clouds send it."""
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()).encode()
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n%s\r\n" % named
    )
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return head + body + (b"0\r\n\r\n" if end else b"")


def data(value: Any) -> bytes:
    """One event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def chunk(delta: Any = None, finish: str | None = None, **more: Any) -> bytes:
    """A chat completion chunk."""
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": finish}
    return data({"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more})


def text(*pieces: str) -> bytes:
    """Chunks of text."""
    return b"".join(chunk({"content": piece}) for piece in pieces)


def call(name: str | None = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    """An element of `tool_calls`, with exactly the keys that are given."""
    given = {"name": name, "arguments": arguments}
    return {**more, "function": {key: value for key, value in given.items() if value is not None}}


def calls(*elements: dict[str, Any], finish: str | None = None) -> bytes:
    """A chunk of tool calls."""
    return chunk({"tool_calls": list(elements)}, finish)


def usage(**counts: Any) -> bytes:
    """The usage chunk."""
    return data({"object": "chat.completion.chunk", "choices": [], "usage": counts})


def end(finish: str) -> bytes:
    """The finish reason, and [DONE]."""
    return chunk(finish=finish) + DONE


def event(type: str, **fields: Any) -> bytes:
    """One of Anthropic's events."""
    return f"event: {type}\ndata: {json.dumps({'type': type, **fields})}\n\n".encode()


def started(**counts: int) -> bytes:
    """message_start."""
    counts = {"input_tokens": 10, "output_tokens": 1, **counts}
    message = {
        "id": "msg_1",
        "role": "assistant",
        "model": "claude-sonnet-4-6",
        "content": [],
        "usage": counts,
    }
    return event("message_start", message=message)


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    """A content block from its start to its stop."""
    pieces = [event("content_block_delta", index=index, delta=delta) for delta in deltas]
    opening = event("content_block_start", index=index, content_block=start)
    return opening + b"".join(pieces) + event("content_block_stop", index=index)


def said(index: int, *pieces: str) -> bytes:
    """A block of text."""
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return block(index, {"type": "text", "text": ""}, *deltas)


def thought(index: int, piece: str, signature: str) -> bytes:
    """A block of thinking."""
    return block(
        index,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": piece},
        {"type": "signature_delta", "signature": signature},
    )


def used(index: int, id: str, name: str, *pieces: str) -> bytes:
    """A block of a tool call."""
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return block(index, {"type": "tool_use", "id": id, "name": name, "input": {}}, *deltas)


def stopped(reason: str, **counts: Any) -> bytes:
    """message_delta and message_stop."""
    counts = {"output_tokens": 7, **counts}
    return event("message_delta", delta={"stop_reason": reason}, usage=counts) + event("message_stop")
