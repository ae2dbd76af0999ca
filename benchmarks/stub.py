"""A server that knows the truth: each piece of its stream carries the moment at which it was written.

    python -m benchmarks.stub --rate 100 --tokens 200

An OpenAI-compatible stream on loopback, one process, asyncio on bare sockets. The moment is perf_counter_ns,
which on Linux and macOS is one monotonic clock for all processes, taken just before the write. Prints its port.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import time

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"


async def _answer(writer: asyncio.StreamWriter, rate: float, tokens: int) -> None:
    writer.write(_HEAD)
    start = time.perf_counter()
    for number in range(tokens):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        writer.write(_event({"content": f"{time.perf_counter_ns()} "}))
    usage = {"prompt_tokens": 50, "completion_tokens": tokens}
    writer.write(_event({}, "stop"))
    writer.write(b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\ndata: [DONE]\n\n")
    await writer.drain()


async def serve(rate: float, tokens: int) -> None:
    """Answer every POST with `tokens` pieces, `rate` a second, until stdin closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
            body = json.loads(await reader.readexactly(int(length.partition(":")[2])))
            # A warm-up asks for a few tokens only.
            await _answer(writer, rate, min(tokens, body.get("max_tokens", tokens)))
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.read)
    server.close()


def main() -> None:
    """Serve with the options of the command line."""
    options = argparse.ArgumentParser()
    options.add_argument("--rate", type=float, default=100, help="pieces a second")
    options.add_argument("--tokens", type=int, default=200, help="pieces an answer")
    given = options.parse_args()
    asyncio.run(serve(given.rate, given.tokens))


if __name__ == "__main__":
    main()
