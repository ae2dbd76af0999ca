"""A server that knows the truth: when each piece of each answer left.

    python -m benchmarks.stub [--log FILE] [--bodies]

OpenAI chat completions and Anthropic messages, streamed or whole, on loopback, in one process, of the standard
library alone. A model's name says how it answers: `stub-t50-i10-n40` waits 50 ms, then writes 40 tokens, one each
10 ms. A token is the moment of its own write, in perf_counter_ns, which on Linux and macOS is one monotonic clock
for all processes; with `-words` at the name's end it is a word, as a model would write. Where tools are offered and
none has answered yet, a call of the first tool follows the tokens, its arguments in pieces.

It prints its port; `log` on stdin makes it write a line of JSON for each request so far, with perf_counter_ns
before and after every write, and answer `ok`. It ends when stdin closes.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME = re.compile(
    r"stub(?:-t(?P<first>[\d.]+))?(?:-i(?P<between>[\d.]+))?(?:-n(?P<tokens>\d+))?(?P<words>-words)?"
)
WORDS = "the customer must be looked up before anything is refunded so a call to find it comes first".split()
PIECE = 6
"""Characters of a call's arguments in one piece."""
OK = "ok"


@dataclass(frozen=True)
class Pace:
    """Milliseconds before the first token and between two, and how many there are."""

    first: float = 0.0
    between: float = 0.0
    tokens: int = 40
    words: bool = False

    @classmethod
    def of(cls, request: dict[str, Any]) -> "Pace":
        """What the model's name says; `max_tokens` cuts it short, as in a warm-up."""
        said = NAME.match(str(request.get("model")))
        named = said.groupdict() if said else {}
        tokens = int(named.get("tokens") or cls.tokens)
        most = request.get("max_tokens") or request.get("max_completion_tokens") or tokens
        first, between = (float(named.get(name) or 0) for name in ("first", "between"))
        return cls(first, between, min(tokens, most), bool(named.get("words")))

    def text(self, number: int) -> str:
        """The text of a token that is written now."""
        return f"{WORDS[number % len(WORDS)]} " if self.words else f"{time.perf_counter_ns()} "


@dataclass
class Served:
    """A request and the truth of its answer; all moments are perf_counter_ns."""

    id: str
    path: str
    body: bytes
    arrived: int
    writes: list[tuple[int, int]] = field(default_factory=list)
    due: list[int] = field(default_factory=list)

    def line(self, *, with_body: bool) -> str:
        """This request as a line of the log. `due` is when each token should have left."""
        told: dict[str, Any] = {
            "id": self.id,
            "path": self.path,
            "arrived": self.arrived,
            "writes": self.writes,
            "due": self.due,
        }
        return json.dumps(told | ({"body": json.loads(self.body)} if with_body and self.body else {}))


def arguments_for(schema: dict[str, Any]) -> dict[str, Any]:
    """Arguments that a schema's required properties allow, as near as a stub needs it."""
    properties = schema.get("properties") or {}
    return {name: _value(properties.get(name) or {}) for name in schema.get("required") or ()}


def _value(schema: dict[str, Any]) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return arguments_for(schema)
    if kind == "array":
        return [_value(schema.get("items") or {})]
    return {"integer": 7, "number": 7.5, "boolean": True}.get(str(kind), "as it was said")


def _call(request: dict[str, Any]) -> tuple[str, str] | None:
    """The name and the arguments' JSON of the call that is due, if one is."""
    tools = request.get("tools")
    if not tools or _was_answered(request["messages"][-1]):
        return None
    tool = tools[0].get("function") or tools[0]
    schema = tool.get("parameters") or tool.get("input_schema") or {}
    return tool["name"], json.dumps(arguments_for(schema))


def _was_answered(message: dict[str, Any]) -> bool:
    content = message.get("content")
    results = isinstance(content, list) and any(part.get("type") == "tool_result" for part in content)
    return message.get("role") == "tool" or results


class OpenAI:
    """Chat completions."""

    def __init__(self, request: dict[str, Any]) -> None:
        head = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": request["model"],
        }
        self._head = json.dumps(head)[:-1].encode()
        self._token = self._chunk({"content": "%b"})

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = json.dumps({"index": 0, "delta": delta, "finish_reason": finish})
        return b'data: %b, "choices": [%b]}\n\n' % (self._head, choice.encode())

    def opening(self) -> list[bytes]:
        """What comes before the first token."""
        return [self._chunk({"role": "assistant", "content": ""})]

    def token(self, text: bytes) -> bytes:
        """A token."""
        return self._token % text

    def call(self, name: str, arguments: str) -> Iterator[bytes]:
        """A call: its name, then its arguments in pieces."""
        function = {"name": name, "arguments": ""}
        yield self._chunk(
            {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}
        )
        for piece in _pieces(arguments):
            yield self._chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})

    def closing(self, tokens: int, *, called: bool) -> list[bytes]:
        """The end of the stream."""
        usage = {"prompt_tokens": 50, "completion_tokens": tokens, "total_tokens": 50 + tokens}
        counted = b'data: %b, "choices": [], "usage": %b}\n\n' % (self._head, json.dumps(usage).encode())
        return [self._chunk({}, "tool_calls" if called else "stop"), counted, b"data: [DONE]\n\n"]

    def whole(self, tokens: int, call: tuple[str, str] | None) -> dict[str, Any]:
        """The answer in one piece."""
        message: dict[str, Any] = {"role": "assistant", "content": f"{time.perf_counter_ns()} " * tokens}
        if call is not None:
            function = {"name": call[0], "arguments": call[1]}
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
        finish = "stop" if call is None else "tool_calls"
        usage = {"prompt_tokens": 50, "completion_tokens": tokens}
        head = json.loads(self._head + b"}") | {"object": "chat.completion"}
        return {
            **head,
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": usage,
        }


class Anthropic:
    """Messages."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._model = request["model"]
        delta = {"type": "text_delta", "text": "%b"}
        self._token = self._event("content_block_delta", index=0, delta=delta)

    def _event(self, kind: str, **value: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **value})}\n\n".encode()

    def _message(self, content: list[dict[str, Any]], stop: str | None, tokens: int) -> dict[str, Any]:
        usage = {"input_tokens": 50, "output_tokens": tokens}
        told = {"id": "msg_1", "type": "message", "role": "assistant", "model": self._model}
        return {**told, "content": content, "stop_reason": stop, "stop_sequence": None, "usage": usage}

    def opening(self) -> list[bytes]:
        """What comes before the first token."""
        start = self._event("message_start", message=self._message([], None, 1))
        return [
            start,
            self._event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        ]

    def token(self, text: bytes) -> bytes:
        """A token."""
        return self._token % text

    def call(self, name: str, arguments: str) -> Iterator[bytes]:
        """A call: its name, then its arguments in pieces."""
        yield self._event("content_block_stop", index=0)
        block = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
        yield self._event("content_block_start", index=1, content_block=block)
        for piece in _pieces(arguments):
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield self._event("content_block_delta", index=1, delta=delta)

    def closing(self, tokens: int, *, called: bool) -> list[bytes]:
        """The end of the stream."""
        delta = {"stop_reason": "tool_use" if called else "end_turn", "stop_sequence": None}
        return [
            self._event("content_block_stop", index=int(called)),
            self._event("message_delta", delta=delta, usage={"output_tokens": tokens}),
            self._event("message_stop"),
        ]

    def whole(self, tokens: int, call: tuple[str, str] | None) -> dict[str, Any]:
        """The answer in one piece."""
        content: list[dict[str, Any]] = [{"type": "text", "text": f"{time.perf_counter_ns()} " * tokens}]
        if call is None:
            return self._message(content, "end_turn", tokens)
        content.append({"type": "tool_use", "id": "toolu_1", "name": call[0], "input": json.loads(call[1])})
        return self._message(content, "tool_use", tokens)


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + PIECE] for start in range(0, len(text), PIECE))


class Connection(asyncio.Protocol):
    """One client's connection, which lives as long as the client wants it."""

    def __init__(self, served: list[Served]) -> None:
        self._all = served
        self._received = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """The client has gone: nothing more is written."""
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole; a client sends the next once it has its answer."""
        arrived = time.perf_counter_ns()
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        fields = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        length = int(fields[1]) if fields else 0
        if len(rest) < length:
            return
        self._received = rest[length:]
        method, path, _ = head.split(b" ", 2)
        given = re.search(rb"\r\nx-request-id: *([^\r]*)", head, re.IGNORECASE)
        id = given[1].decode() if given else f"req-{len(self._all) + 1}"
        served = Served(id, path.decode(), bytes(rest[:length]), arrived)
        self._all.append(served)
        if method == b"GET":
            self._write(served, _whole({"object": "list", "data": [{"id": "stub", "object": "model"}]}, id))
        else:
            self._task = asyncio.get_running_loop().create_task(self._answer(served))

    def _write(self, served: Served, data: bytes) -> None:
        before = time.perf_counter_ns()
        self._transport.write(data)
        served.writes.append((before, time.perf_counter_ns()))

    async def _answer(self, served: Served) -> None:
        request = json.loads(served.body)
        wire = Anthropic(request) if served.path.endswith("/messages") else OpenAI(request)
        pace, call = Pace.of(request), _call(request)
        if not request.get("stream"):
            await asyncio.sleep((pace.first + pace.between * pace.tokens) / 1000)
            self._write(served, _whole(wire.whole(pace.tokens, call), served.id))
            return
        self._write(served, _head(served.id, "text/event-stream", "Transfer-Encoding: chunked"))
        start = time.perf_counter_ns() + round(pace.first * 1e6)
        for event in wire.opening():
            self._chunk(served, event)
        for number in range(pace.tokens):
            due = start + round(number * pace.between * 1e6)
            if (left := due - time.perf_counter_ns()) > 0:
                await asyncio.sleep(left / 1e9)
            if pace.first or pace.between:
                served.due.append(due)
            self._chunk(served, wire.token(pace.text(number).encode()))
        for event in wire.call(*call) if call else ():
            self._chunk(served, event)
        for event in wire.closing(pace.tokens, called=call is not None):
            self._chunk(served, event)
        self._write(served, b"0\r\n\r\n")

    def _chunk(self, served: Served, event: bytes) -> None:
        self._write(served, b"%x\r\n%b\r\n" % (len(event), event))


def _head(id: str, kind: str, length: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", "Server: stub", f"Content-Type: {kind}", f"X-Request-Id: {id}", length)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _whole(value: dict[str, Any], id: str) -> bytes:
    body = json.dumps(value).encode()
    return _head(id, "application/json", f"Content-Length: {len(body)}") + body


async def serve(log: Path | None, *, bodies: bool) -> None:
    """Answer until stdin closes."""
    served: list[Served] = []
    loop, closed = asyncio.get_running_loop(), asyncio.Event()

    def asked() -> None:
        if not (line := sys.stdin.readline()):
            closed.set()
            loop.remove_reader(0)
        elif line.strip() == "log" and log is not None:
            with log.open("a", encoding="utf-8") as file:
                file.writelines(one.line(with_body=bodies) + "\n" for one in served)
            served.clear()
            print(OK, flush=True)  # noqa: T201

    server = await loop.create_server(lambda: Connection(served), "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    loop.add_reader(0, asked)
    await closed.wait()
    server.close()


def main() -> None:
    """Serve with the options of the command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--log", type=Path)
    options.add_argument("--bodies", action="store_true", help="with the requests' bodies in the log")
    given = options.parse_args()
    # A collection would make a piece late for reasons that are nobody's but the stub's.
    gc.disable()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.log, bodies=given.bodies))


if __name__ == "__main__":
    main()
