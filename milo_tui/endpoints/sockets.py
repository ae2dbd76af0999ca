"""A network backend for httpcore on asyncio whose bytes are stamped as the event loop reads them.

The task that reads a stream wakes in the loop's next iteration, after the tasks of other streams: a stamp that it
took itself would be late by all their work. Stamped here, sixteen models side by side are timed as well as one. A
read also costs half of what it costs through anyio, httpcore's default.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from time import perf_counter_ns
from typing import Any, Never

import httpcore

READ_AT = "read_at"
"""The key of the stamp in a stream's extra info: perf_counter_ns of the bytes that were read last."""

_END_OF_HEAD = b"\r\n\r\n"
_MAX_UNREAD = 256 * 1024
"""Bytes that may wait for the reader before the connection stops reading (back-pressure)."""
_CLOSE_TIMEOUT = 0.5
"""Seconds to wait for an aborted connection: without a finished TLS handshake nobody reports its end."""
_HAPPY_EYEBALLS_DELAY = 0.25
"""Seconds after which the host's next address is tried in parallel (RFC 8305)."""


class Connection(asyncio.Protocol):
    """A connection and the bytes that came on it and were not read yet, each piece with its stamp."""

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
        """Use this transport. With no write buffer, bytes have left once `write` returns."""
        self.transport = transport
        transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self.pieces.append((data, perf_counter_ns()))
        self._unread += len(data)
        if self._unread > _MAX_UNREAD and not self._paused:
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
        if self._paused and self._unread <= _MAX_UNREAD // 2:
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


class StaleConnection(httpcore.ReadError):
    """A connection that had been used before ended without a byte of the answer: most likely the server had closed it
    while it was idle, so the request may be sent again.
    """


class StampedStream(httpcore.AsyncNetworkStream):
    """A connection as httpcore's stream. The head of a request is held back and sent together with its body: httpcore
    writes them apart, and would wake the server twice."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._read_at: int | None = None
        self._begins = True
        self._head = b""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        is_stale_at_end = not self._begins and self._read_at is not None
        self._begins = True
        try:
            async with asyncio.timeout(timeout):
                data, read_at = await self._connection.next_piece(max_bytes)
        except OSError as error:
            _raise(error, StaleConnection if is_stale_at_end else httpcore.ReadError, httpcore.ReadTimeout)
        if not data and is_stale_at_end:
            raise StaleConnection("the server closed the connection that it had kept open")
        self._read_at = read_at
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
        await asyncio.wait([self._connection.closed], timeout=_CLOSE_TIMEOUT)

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
        return StampedStream(connection)

    def get_extra_info(self, info: str) -> Any:
        if info == READ_AT:
            return self._read_at
        if info == "is_readable":
            return bool(self._connection.pieces) or self._connection.ended
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._connection.transport.get_extra_info(names.get(info, info))


class StampingBackend(httpcore.AsyncNetworkBackend):
    """Opens stamped TCP connections."""

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
                    Connection,
                    host,
                    port,
                    local_addr=(local_address, 0) if local_address else None,
                    happy_eyeballs_delay=_HAPPY_EYEBALLS_DELAY,
                )
        except (OSError, UnicodeError) as error:
            _raise(error, httpcore.ConnectError, httpcore.ConnectTimeout)
        for option in socket_options or ():
            connection.transport.get_extra_info("socket").setsockopt(*option)
        return StampedStream(connection)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _raise(
    error: Exception, failed: Callable[[str], Exception], timed_out: Callable[[str], Exception]
) -> Never:
    """As httpcore names what happened; the cause stays with it."""
    raise (timed_out if isinstance(error, TimeoutError) else failed)(str(error)) from error
