"""Whatever listens at a usual port: the probe takes it for a server without models, and ends."""

import asyncio
import contextlib

import pytest

from milo_tui.endpoints.discovery import find_servers


@pytest.mark.parametrize(
    "body", [b'{"data": 5}', b'{"data": [5, {"id": 7}]}', b"[" * 100_000, b"5", b"{" * 3_000_000]
)
async def test_another_program_at_a_usual_port_lists_no_model(body: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        with contextlib.suppress(ConnectionError):  # the probe has read enough
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        (found,) = await find_servers({port: "another program"})
    assert found.models == ()
