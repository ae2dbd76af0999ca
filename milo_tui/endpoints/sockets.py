"""Sockets for httpcore, on bare asyncio, whose bytes are stamped as the event loop reads them.

The task that reads a stream wakes in the loop's next round, after those of other streams: a stamp that it took itself
would be late by all their work. So the time stamps of sixteen models side by side are as true as those of one; and a
read costs half of what it costs by anyio, which httpcore would use.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from time import perf_counter_ns
from typing import Any, Never

from milo_tui.endpoints.lean_httpx import httpx

import httpcore  # isort: skip

READ_AT = "read_at"
"""The name of the stamp among a stream's extra info: perf_counter_ns of what was read last."""

_END_OF_HEAD = b"\r\n\r\n"
_MOST_UNREAD = 256 * 1024
"""Bytes from which a server is made to wait for whoever reads its stream."""
_FAREWELL = 0.5
"""Seconds to wait for a connection that was given up: where TLS never stood, nothing tells that it has gone."""
_EYEBALLS = 0.25
"""Seconds after which the host's next address is tried as well."""


def use_for(client: httpx.AsyncClient) -> None:
    """Let a client's connections be of these, those by way of a proxy as well."""
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.AsyncHTTPTransport):
            transport._pool._network_backend = Sockets()


class _Connection(asyncio.Protocol):
    """What came on a connection and was not read yet, each piece with its stamp."""

    def __init__(self) -> None:
        self.pieces: deque[tuple[bytes, int]] = deque()
        self.ended = False
        self.error: Exception | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport
        self._unread = 0
        self._paused = False
        self._is_full = False
        self._waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.take(transport)

    def take(self, transport: asyncio.Transport) -> None:
        """Go on over this transport. What was written has left once nothing is buffered."""
        self.transport = transport
        transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self.pieces.append((data, perf_counter_ns()))
        self._unread += len(data)
        if self._unread > _MOST_UNREAD and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self.ended = True
        self._wake()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.ended, self.error = True, error
        if not self.closed.done():
            self.closed.set_result(None)
        self._wake()

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _change(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    async def next_piece(self, most: int) -> tuple[bytes, int]:
        """The next bytes and their stamp; no bytes at the end. Raises the error that ended the connection."""
        while not self.pieces:
            if self.ended:
                if self.error is not None:
                    raise self.error
                return b"", perf_counter_ns()
            await self._change()
        data, at = self.pieces.popleft()
        if len(data) > most:
            self.pieces.appendleft((data[most:], at))
            data = data[:most]
        self._unread -= len(data)
        if self._paused and self._unread <= _MOST_UNREAD // 2:
            self._paused = False
            self.transport.resume_reading()
        return data, at

    async def write(self, data: bytes) -> None:
        """Hand bytes to the socket, all of them. Raises the error that ended the connection."""
        self.transport.write(data)
        while self._is_full and not self.closed.done():
            await self._change()
        if self.closed.done():
            raise self.error or ConnectionResetError("the connection was closed")


class Stream(httpcore.AsyncNetworkStream):
    """One connection, as httpcore asks of it. A request's head waits for its body, and leaves with it: httpcore, which
    writes once more at a message's end, would wake the server for each."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._read_at: int | None = None
        self._begins = True
        self._head = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._begins = True
        try:
            async with asyncio.timeout(timeout):
                data, self._read_at = await self._connection.next_piece(max_bytes)
        except OSError as error:
            _raise(error, httpcore.ReadError, httpcore.ReadTimeout)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        begins, self._begins = self._begins, False
        if begins and buffer.endswith(_END_OF_HEAD):
            self._head = buffer
            return
        data, self._head = self._head + buffer, b""
        if not data:
            return
        try:
            async with asyncio.timeout(timeout):
                await self._connection.write(data)
        except OSError as error:
            _raise(error, httpcore.WriteError, httpcore.WriteTimeout)

    async def aclose(self) -> None:
        # Whatever was not sent or not read yet is of no use to anybody.
        self._connection.transport.abort()
        await asyncio.wait([self._connection.closed], timeout=_FAREWELL)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        connection = self._connection
        try:
            async with asyncio.timeout(timeout):
                transport = await asyncio.get_running_loop().start_tls(
                    connection.transport, connection, ssl_context, server_hostname=server_hostname
                )
            if transport is None:
                raise ConnectionResetError("the connection was closed")
        except OSError as error:
            await self.aclose()
            _raise(error, httpcore.ConnectError, httpcore.ConnectTimeout)
        except BaseException:
            await self.aclose()
            raise
        connection.take(transport)
        return Stream(connection)

    def get_extra_info(self, info: str) -> Any:
        if info == READ_AT:
            return self._read_at
        if info == "is_readable":
            return bool(self._connection.pieces) or self._connection.ended
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._connection.transport.get_extra_info(names.get(info, info))


class Sockets(httpcore.AsyncNetworkBackend):
    """Opens connections."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection,
                    host,
                    port,
                    local_addr=(local_address, 0) if local_address else None,
                    happy_eyeballs_delay=_EYEBALLS,
                )
        except (OSError, UnicodeError) as error:
            _raise(error, httpcore.ConnectError, httpcore.ConnectTimeout)
        for option in socket_options or ():
            connection.transport.get_extra_info("socket").setsockopt(*option)
        return Stream(connection)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _raise(
    error: Exception, failed: Callable[[str], Exception], timed_out: Callable[[str], Exception]
) -> Never:
    """As httpcore names what happened; the cause stays with it."""
    raise (timed_out if isinstance(error, TimeoutError) else failed)(str(error)) from error
