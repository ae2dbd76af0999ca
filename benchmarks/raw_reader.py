"""The floor of a time stamp: a bare asyncio protocol that stamps what comes and does nothing else.

    python -m benchmarks.raw_reader URL STREAMS REPEATS MODEL

The same requests as stamped_run.py, and the same report.
"""

import asyncio
import json
import re
import sys
import time
from functools import partial
from urllib.parse import urlsplit

from benchmarks.measuring import say, waited

_TOKEN = re.compile(rb'"content": "(\d{6,}) "')


class Reader(asyncio.Protocol):
    """One connection: request after request, each answer stamped as it comes."""

    def __init__(self, request: bytes, repeats: int, errors: list[float]) -> None:
        self._request, self._left, self._errors = request, repeats, errors
        self._end = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Stamp, compare, and ask again at the end."""
        at = time.perf_counter_ns()
        self._errors += [(at - int(stamp)) / 1e6 for stamp in _TOKEN.findall(data)]
        self._end = (self._end + data)[-7:]
        if self._end.endswith(b"\r\n0\r\n\r\n"):
            self._end, self._left = b"", self._left - 1
            if self._left:
                self._transport.write(self._request)
            else:
                self._transport.close()
                self.done.set_result(None)


async def _read(url: str, streams: int, repeats: int, model: str) -> list[float]:
    address = urlsplit(url)
    messages = [{"role": "user", "content": "Stream."}]
    body = json.dumps({"model": model, "stream": True, "messages": messages}).encode()
    head = (
        f"POST {address.path}/chat/completions HTTP/1.1\r\nHost: stub\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    errors: list[float] = []
    loop = asyncio.get_running_loop()
    readers = [Reader(head.encode() + body, repeats, errors) for _ in range(streams)]
    for reader in readers:
        await loop.create_connection(partial(_itself, reader), "127.0.0.1", address.port or 80)
    await asyncio.gather(*(reader.done for reader in readers))
    return errors


def _itself(reader: Reader) -> Reader:
    return reader


def main() -> None:
    """Be the floor."""
    url, streams, repeats, model = sys.argv[1:]
    before, start, delay = time.process_time(), time.perf_counter(), waited()
    errors = asyncio.run(_read(url, int(streams), int(repeats), model))
    used, took = time.process_time() - before, time.perf_counter() - start
    say(json.dumps({"errors": errors, "cpu": used, "seconds": took, "waited": waited() - delay}))


if __name__ == "__main__":
    main()
