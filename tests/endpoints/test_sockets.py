"""The sockets below httpcore: bytes in order, stamped as the loop reads them; back-pressure, TLS and ends."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpcore
import pytest

from milo_tui.endpoints.sockets import READ_AT, Connection, StampingBackend

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def connected(
    serve: Serve, context: ssl.SSLContext | None = None
) -> AsyncIterator[httpcore.AsyncNetworkStream]:
    """A stream to a server that does this with its connection."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0, ssl=context)
    async with server:
        stream = await StampingBackend().connect_tcp(
            "127.0.0.1", server.sockets[0].getsockname()[1], timeout=5
        )
        try:
            yield stream
        finally:
            await stream.aclose()


async def read_all(stream: httpcore.AsyncNetworkStream, most: int = 65536) -> bytes:
    found = bytearray()
    while data := await stream.read(most, timeout=5):
        found += data
    return bytes(found)


async def test_a_stamp_is_taken_when_bytes_come_not_when_somebody_reads_them() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"one")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(b"two")

    async with connected(serve) as stream:
        await asyncio.sleep(0.3)
        read = time.perf_counter_ns()
        assert await stream.read(100) == b"one"
        first = stream.get_extra_info(READ_AT)
        assert await stream.read(100) == b"two"
        second = stream.get_extra_info(READ_AT)
    assert first < second < read


async def test_a_request_leaves_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    handed_over: list[bytes] = []
    requests: list[bytes] = []
    write = Connection.write

    async def noted(connection: Connection, data: bytes) -> None:
        handed_over.append(data)
        await write(connection, data)

    monkeypatch.setattr(Connection, "write", noted)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came = b""
        while data := await reader.read(65536):
            came += data
            if b"chunked" not in came or came.endswith(b"\r\n0\r\n\r\n"):
                requests.append(came)
                came = b""
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        writer.close()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"a line\r\n\r\n"
        yield b"another\r\n\r\n"

    bodies: list[bytes | AsyncIterator[bytes] | None] = [
        b"ends like a head\r\n\r\n",
        None,
        b"again",
        chunks(),
    ]
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, httpcore.AsyncConnectionPool(network_backend=StampingBackend()) as pool:
        for body in bodies:
            assert (await pool.request("POST", url, content=body)).content == b"ok"
    assert handed_over[:3] == requests[:3]
    assert [request.partition(b"\r\n\r\n")[2] for request in requests[:3]] == [bodies[0], b"", bodies[2]]
    assert requests[3].endswith(b"another\r\n\r\n\r\n0\r\n\r\n")


async def test_bytes_come_whole_and_in_order_however_few_are_asked_for() -> None:
    sent = bytes(range(256)) * 10_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()

    async with connected(serve) as stream:
        assert await read_all(stream, most=4_000) == sent


async def test_a_server_waits_for_who_does_not_read() -> None:
    written = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        for _ in range(100):
            writer.write(b"x" * 1_000_000)
            await writer.drain()
            written += 1_000_000

    async with connected(serve) as stream:
        await asyncio.sleep(0.3)
        stuck = written
        await asyncio.sleep(0.2)
        assert written == stuck < 100_000_000
        assert len(await read_all(stream)) == 100_000_000


async def test_a_write_returns_once_everything_has_left() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        while await reader.read(1_000_000):
            pass

    async with connected(serve) as stream:
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(b"x" * 50_000_000, timeout=0.1)
        await stream.write(b"x" * 50_000_000, timeout=5)


async def test_a_connection_that_breaks_says_so() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"last words")
        await writer.drain()
        handle = writer.get_extra_info("socket")
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with connected(serve) as stream:
        assert await stream.read(100, timeout=5) == b"last words"
        with pytest.raises(httpcore.ReadError) as caught:
            await stream.read(100, timeout=5)
        assert isinstance(caught.value.__cause__, ConnectionResetError)
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"x", timeout=5)
        assert stream.get_extra_info("is_readable")


async def test_silence_and_nobody_there() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with connected(serve) as stream:
        assert not stream.get_extra_info("is_readable")
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(100, timeout=0.05)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(httpcore.ConnectError):
            await StampingBackend().connect_tcp("127.0.0.1", unused.getsockname()[1], timeout=5)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost, signed by itself, with its key in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    made = tmp_path / "both.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", *key, *subject, *files], check=True, capture_output=True)
    made.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "cert.pem").read_text())
    return made


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readexactly(1_000_000))
    await writer.drain()


async def test_tls(certificate: Path) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    client = ssl.create_default_context(cafile=str(certificate))
    async with connected(_echo, server) as plain:
        stream = await plain.start_tls(client, "localhost", timeout=5)
        sent = bytes(range(250)) * 4_000
        writing = asyncio.create_task(stream.write(sent, timeout=5))
        assert await read_all(stream) == sent
        await writing
        assert stream.get_extra_info("ssl_object").version() == "TLSv1.3"
        assert stream.get_extra_info(READ_AT) is not None


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    async with connected(_echo, server) as plain:
        with pytest.raises(httpcore.ConnectError) as caught:
            await plain.start_tls(ssl.create_default_context(), "localhost", timeout=5)
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
