"""An httpx transport whose connections stamp their bytes; the environment's proxy and certificates are used."""

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from time import perf_counter_ns
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from milo_tui.endpoints.sockets import READ_AT, StaleConnection, StampingBackend

_KEEPALIVE_EXPIRY = 5.0
_HTTPX_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    StaleConnection: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


def read_at(response: httpx.Response) -> int:
    """When the bytes of a response that were read last left the socket, in perf_counter_ns."""
    stamp: int = response.extensions["network_stream"].get_extra_info(READ_AT) or perf_counter_ns()
    return stamp


class StampingTransport(httpx.AsyncBaseTransport):
    """Carries httpx's requests to the host of `url`, through the environment's proxy with `trust_env`.

    Any number of connections, each kept for five seconds after its last use. A request on a connection that the server
    closed meanwhile is sent again at once, and stamped anew. Raises httpx.InvalidURL, ValueError
    or OSError where the proxy or the certificates that the environment names cannot be used.
    """

    def __init__(self, url: httpx.URL, *, trust_env: bool) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            # Loading the certificates takes long, and a server without TLS needs none.
            ssl_context=httpx.create_ssl_context() if url.scheme == "https" else None,
            proxy=_proxy(url) if trust_env else None,
            max_connections=None,
            keepalive_expiry=_KEEPALIVE_EXPIRY,
            network_backend=StampingBackend(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        assert isinstance(request.stream, AsyncIterable)
        sent = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx_errors():
            try:
                response = await self._pool.handle_async_request(sent)
            except StaleConnection:
                response = await self._pool.handle_async_request(sent)
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response.stream),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Iterable[bytes] | AsyncIterable[bytes]) -> None:
        assert isinstance(stream, AsyncIterable)
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx_errors():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        if hasattr(self._stream, "aclose"):
            await self._stream.aclose()


@contextmanager
def _as_httpx_errors() -> Iterator[None]:
    try:
        yield
    except tuple(_HTTPX_ERRORS) as error:
        raise _HTTPX_ERRORS[type(error)](str(error)) from error


def _proxy(url: httpx.URL) -> httpcore.Proxy | None:
    """The proxy that the environment (on macOS also the system's settings) names for this address."""
    named = getproxies()
    address = named.get(url.scheme) or named.get("all")
    if not address or is_exempt(url, named.get("no", "")):
        return None
    proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    if proxy.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ValueError("a SOCKS proxy needs the package socksio: pip install 'httpx[socks]'")
    return httpcore.Proxy(
        httpcore.URL(
            scheme=proxy.url.raw_scheme,
            host=proxy.url.raw_host,
            port=proxy.url.port,
            target=proxy.url.raw_path,
        ),
        auth=proxy.raw_auth,
        headers=proxy.headers.raw,
    )


def is_exempt(url: httpx.URL, no_proxy: str) -> bool:
    """Whether NO_PROXY names this host, as curl reads it: names with and without leading dots, ports, addresses with
    and without brackets, CIDR; separated by commas or spaces. What cannot be read names nothing.
    """
    if proxy_bypass(url.netloc.decode("ascii")):
        return True
    port = str(url.port or {"http": 80, "https": 443}.get(url.scheme))
    entries = [_NO_PROXY.fullmatch(entry) for entry in re.split(r"[,\s]+", no_proxy.lower())]
    return any(
        entry is not None and entry["port"] in (None, port) and _names(entry["name"], url.host)
        for entry in entries
    )


_NO_PROXY = re.compile(
    r"\[?(?P<name>(?<=\[)[^\]]+|[^\[\]:]+|[^\[\]]*:[^\[\]]*:[^\[\]]*)\]?(?::(?P<port>\d+))?"
)


def _names(name: str, host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host) in ip_network(name, strict=False)
    name = name.lstrip(".")
    return name == "*" or host == name or (bool(name) and host.endswith(f".{name}"))
