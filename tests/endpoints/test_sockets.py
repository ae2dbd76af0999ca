"""The sockets below httpcore: bytes in order, stamped as the loop reads them; back-pressure, TLS and ends."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import httpcore
import pytest

from milo_tui.endpoints.endpoint import EndpointError
from milo_tui.endpoints.factory import make_endpoint
from milo_tui.endpoints.sockets import READ_AT, Connection, StampingBackend
from tests.endpoints import talking
from tests.servers.fault_server import (
    MLX,
    FaultServer,
    KeepOpen,
    Pause,
    Reset,
    Silence,
    Step,
    answer,
    end,
    text,
)

ASK = b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s"
HELLO = ASK % (5, b"Hello")


@asynccontextmanager
async def connected(*script: Step) -> AsyncIterator[httpcore.AsyncNetworkStream]:
    """A stream to a server that was asked for this and plays it."""
    async with connection(FaultServer(script)) as stream:
        await stream.write(HELLO, timeout=5)
        yield stream


@asynccontextmanager
async def connection(server: FaultServer) -> AsyncIterator[httpcore.AsyncNetworkStream]:
    """A stream to a server that was not asked for anything yet."""
    async with server:
        stream = await StampingBackend().connect_tcp("127.0.0.1", server.port, timeout=5)
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
    async with connected(b"one", Pause(0.05), b"two") as stream:
        await asyncio.sleep(0.2)
        read = time.perf_counter_ns()
        assert await stream.read(100) == b"one"
        first = stream.get_extra_info(READ_AT)
        assert await stream.read(100) == b"two"
        second = stream.get_extra_info(READ_AT)
    assert first < second < read


async def test_a_request_leaves_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    handed_over: list[bytes] = []
    write = Connection.write

    async def noted(connection: Connection, data: bytes) -> None:
        handed_over.append(data)
        await write(connection, data)

    monkeypatch.setattr(Connection, "write", noted)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"a line\r\n\r\n"
        yield b"another\r\n\r\n"

    bodies: list[bytes | AsyncIterator[bytes] | None] = [
        b"ends like a head\r\n\r\n",
        None,
        b"again",
        chunks(),
    ]
    async with (
        FaultServer([answer(b"ok"), KeepOpen()]) as server,
        httpcore.AsyncConnectionPool(network_backend=StampingBackend()) as pool,
    ):
        for body in bodies:
            assert (await pool.request("POST", server.url, content=body)).content == b"ok"
    assert server.connections == 1
    assert handed_over[:3] == [request.head + request.body for request in server.requests[:3]]
    assert [request.body for request in server.requests[:3]] == [bodies[0], b"", bodies[2]]
    assert server.requests[3].body.endswith(b"another\r\n\r\n\r\n0\r\n\r\n")


async def test_bytes_come_whole_and_in_order_however_few_are_asked_for() -> None:
    sent = bytes(range(256)) * 10_000
    async with connected(sent) as stream:
        assert await read_all(stream, most=4_000) == sent


async def test_a_server_waits_for_who_does_not_read() -> None:
    server = FaultServer([b"x" * 1_000_000] * 100)
    async with connection(server) as stream:
        await stream.write(HELLO, timeout=5)
        await asyncio.sleep(0.2)
        stuck = server.sent
        await asyncio.sleep(0.1)
        assert server.sent == stuck < 100_000_000
        assert len(await read_all(stream)) == 100_000_000


async def test_a_write_returns_once_everything_has_left() -> None:
    half = b"x" * 50_000_000
    async with connection(FaultServer([], slow=0.3)) as stream:
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(ASK % (100_000_000, half), timeout=0.1)
        await stream.write(half, timeout=5)


async def test_a_connection_that_breaks_says_so() -> None:
    async with connected(b"last words", Reset()) as stream:
        assert await stream.read(100, timeout=5) == b"last words"
        with pytest.raises(httpcore.ReadError) as caught:
            await stream.read(100, timeout=5)
        assert isinstance(caught.value.__cause__, ConnectionResetError)
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"x", timeout=5)
        assert stream.get_extra_info("is_readable")


async def test_silence_and_nobody_there() -> None:
    async with connected(Silence()) as stream:
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


def serving(certificate: Path, *script: Step) -> FaultServer:
    """A server that shows this certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return FaultServer(script, tls=context)


async def test_tls(certificate: Path) -> None:
    client = ssl.create_default_context(cafile=str(certificate))
    sent = bytes(range(250)) * 4_000
    server = serving(certificate, sent[::-1])
    async with connection(server) as plain:
        stream = await plain.start_tls(client, "localhost", timeout=5)
        await stream.write(ASK % (len(sent), sent), timeout=5)
        assert await read_all(stream) == sent[::-1]
        assert server.requests[0].body == sent
        assert stream.get_extra_info("ssl_object").version() == "TLSv1.3"
        assert stream.get_extra_info(READ_AT) is not None


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    async with connection(serving(certificate)) as plain:
        with pytest.raises(httpcore.ConnectError) as caught:
            await plain.start_tls(ssl.create_default_context(), "localhost", timeout=5)
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_f10_a_private_certificate_is_trusted_where_the_environment_names_it(
    variable: str, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    folder = hashed_folder(tmp_path / "cert.pem")
    async with serving(certificate, MLX, text("Hi"), end("stop")) as server:
        url = server.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(EndpointError, match="its certificate is not valid") as caught:
            await hello(url)
        assert (caught.value.kind, caught.value.retryable) == ("certificate", False)
        monkeypatch.setenv(variable, str(folder if variable.endswith("DIR") else tmp_path / "cert.pem"))
        assert await hello(url) == "Hi"
    monkeypatch.setenv(variable, str(tmp_path / "absent"))
    if variable == "SSL_CERT_FILE":
        with pytest.raises(EndpointError, match="certificates cannot be used"):
            await hello(url)


def hashed_folder(certificate: Path) -> Path:
    """A folder of certificates as SSL_CERT_DIR wants it."""
    folder = certificate.parent / "trusted"
    folder.mkdir()
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    (folder / f"{name}.0").write_text(certificate.read_text())
    return folder


async def hello(url: str) -> str:
    async with aclosing(make_endpoint(talking.entry(url))) as endpoint:
        return (await endpoint.chat(talking.HELLO, lambda piece: None)).text
