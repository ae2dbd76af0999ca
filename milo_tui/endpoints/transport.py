"""A request over HTTP, and its answer as a stream of events, each stamped as its bytes leave the socket."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any

import httpx

from milo_tui.endpoints.discovery import REACH_TIMEOUT, fetch, listed_models
from milo_tui.endpoints.endpoint import Clock, EndpointError, Exchange
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.failures import (
    answered,
    cause_of,
    is_certificate_problem,
    is_retryable,
    kind_of,
    one_line,
    retry_after,
    with_models,
)
from milo_tui.endpoints.keys import Secret, check_address, hide, is_loopback, redact
from milo_tui.endpoints.pacing import Pace
from milo_tui.endpoints.sse import Event, Splitter
from milo_tui.endpoints.stamping import StampingTransport, read_at

MOST_BYTES = 8 * 1024 * 1024
"""Where a longer answer is cut off: no answer of max_tokens is as long."""

_SLACK = 0.02
"""By which share of itself a wait may be too long: so a stream's deadline need not be moved at every chunk."""

GRACE = 1.0
"""Seconds that a server has to end its stream after the protocol's end mark, for the connection to be kept."""

_KEPT_HEADERS = re.compile(
    r"content-type|retry-after(-ms)?|x-should-retry|request-id|x-request-id|server|openai-processing-ms"
    r"|openai-version|x-generation-id|(x|anthropic)-ratelimit-[a-z0-9-]+",
    re.IGNORECASE,
)
_LONGEST_HEADER = 200
_DOUBLED_STOP = re.compile(r"(?<!\.)\.\.(?=\s|$)")
_LASTING = ("certificate", "headers")
_BROKEN = (httpx.HTTPError, OSError, UnicodeError)

OnEvent = Callable[[Event], bool]
"""Called with each event; True says that it was the last one of the protocol."""


@dataclass(slots=True)
class Answer:
    """What came back for a request: `broken` says how its stream ended, if not by itself."""

    request: bytes
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    broken: str = ""
    ended: bool = False
    ended_properly: bool = False
    too_long: bool = False

    @property
    def is_good(self) -> bool:
        """Whether the status is 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def body(self) -> bytes:
        """All bytes of the response's body."""
        return b"".join(self.pieces)


class Transport:
    """The connections to one endpoint, and its quotas. `final` are the codes of errors that no retry mends."""

    def __init__(
        self,
        entry: ModelEntry,
        base_url: str,
        *,
        key: Secret | None = None,
        key_header: str = "authorization",
        final: tuple[str, ...] = (),
    ) -> None:
        self._url = _parsed(base_url)
        check_address(str(self._url), key)
        self._entry = entry
        self._key = key
        self._final = final
        self._client = _client(entry, _Key(key_header, key), self._url)
        self.pace = Pace()
        self._reading: _Reading | None = None

    @property
    def is_only_kept_alive(self) -> bool:
        """Whether keep-alive comments are the last that came of the answer in hand."""
        return self._reading is not None and self._reading.kept_alive

    @property
    def hostname(self) -> str:
        """The host's name alone."""
        return self._url.host

    @property
    def host(self) -> str:
        """The host's name, and its port where it is not the usual one."""
        return self._url.netloc.decode("ascii", "replace")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def post(
        self, path: str, body: bytes, clock: Clock, on_event: OnEvent | None, headers: Mapping[str, str]
    ) -> Answer:
        """Send `body`, read the answer to its end and stamp `clock`. Without `on_event` no event is split.

        Raises EndpointError where no answer came, where it fell silent, or where its status is not 2xx. A
        connection that breaks later is no error here: whoever reads the events knows what was missing.
        """
        request = self._client.build_request(
            "POST",
            self._url.copy_with(path=self._url.path.rstrip("/") + path),
            content=body,
            headers={"content-type": "application/json", **headers},
        )
        answer = Answer(body)
        self._reading = _Reading(self._client, self._entry, answer, clock, on_event)
        try:
            problem = await self._reading.run(request)
        finally:
            self._reading = None
        self.pace.learn(answer.headers, refused=not answer.is_good)
        if problem is not None:
            kind, words = problem
            raise self.error(f"{self.host} {words}", kind, answer, retryable=kind not in _LASTING)
        if not answer.is_good:
            raise self._refusal(answer)
        return answer

    def error(
        self, message: str, kind: str, answer: Answer, *, retryable: bool, wait_s: float | None = None
    ) -> EndpointError:
        """An error of this endpoint: one line without keys, and the exchange as far as it came."""
        return EndpointError(
            _DOUBLED_STOP.sub(".", one_line(redact(message, self._key))),
            kind=kind,
            retryable=retryable,
            status=answer.status,
            retry_after_s=wait_s,
            exchange=self.exchange(answer),
        )

    async def naming_models(
        self, error: EndpointError, path: str, headers: Mapping[str, str]
    ) -> EndpointError:
        """The same error with the names of the models that the server lists under `path`."""
        url = self._url.copy_with(path=self._url.path.rstrip("/") + path)
        try:
            async with asyncio.timeout(REACH_TIMEOUT):
                body = await fetch(self._client, url, headers)
        except _BROKEN:
            body = None
        listed = listed_models(hide((body or b"").decode("utf-8", "replace"), self._key))
        return EndpointError(
            with_models(error.message, [redact(name, self._key) for name in listed]),
            kind=error.kind,
            retryable=error.retryable,
            status=error.status,
            retry_after_s=error.retry_after_s,
            exchange=error.exchange,
        )

    def exchange(self, answer: Answer) -> Exchange:
        """The bytes of a request and its answer, without the key, should the server have echoed it."""
        clean = hide if answer.is_good else redact
        response = clean(answer.body.decode("utf-8", "surrogateescape"), self._key)
        headers = {name: hide(value, self._key) for name, value in answer.headers.items()}
        return Exchange(answer.request, response.encode("utf-8", "surrogateescape"), answer.status, headers)

    def _refusal(self, answer: Answer) -> EndpointError:
        status, body = answer.status or 0, answer.body
        return self.error(
            answered(self.host, status, body),
            kind_of(status, body),
            answer,
            retryable=is_retryable(status, answer.headers, body, self._final),
            wait_s=retry_after(answer.headers),
        )


class _Key(httpx.Auth):
    """Puts the key into a request only as it is sent: the client itself never holds it."""

    def __init__(self, header: str, key: Secret | None) -> None:
        self._header = header
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._key is not None:
            scheme = "Bearer " if self._header == "authorization" else ""
            request.headers[self._header] = scheme + self._key.reveal()
        yield request


@dataclass(slots=True)
class _Reading:
    """One request and the reading of its answer. A problem is a pair: its kind, and what the host did."""

    client: httpx.AsyncClient
    entry: ModelEntry
    answer: Answer
    clock: Clock
    on_event: OnEvent | None
    size: int = 0
    events: int = 0
    kept_alive: bool = False
    _moved: float = float("-inf")
    _deadline: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))

    async def run(self, request: httpx.Request) -> tuple[str, str] | None:
        """Send and read; None if that went as far as a status and the end of the body."""
        request.extensions["trace"] = self._trace
        self.clock.sent = perf_counter_ns()
        try:
            async with self._deadline:
                return await self._exchange(request)
        except TimeoutError:
            if not self._deadline.expired():
                raise
            return self._timed_out()
        finally:
            self.clock.end = self.clock.end or perf_counter_ns()

    async def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        if name == "http11.send_request_body.complete":
            self.clock.sent = perf_counter_ns()
            self._wait_for(self._first_wait)

    @property
    def _first_wait(self) -> float:
        """Without streaming, the first byte comes after all of the silence in which the answer is made."""
        if self.on_event is None:
            return max(self.entry.first_byte_timeout, self.entry.silence_timeout)
        return self.entry.first_byte_timeout

    def _wait_for(self, seconds: float) -> None:
        self._deadline.reschedule(asyncio.get_running_loop().time() + seconds)

    def _wait_on(self) -> None:
        """A chunk came: the wait for the next one begins anew."""
        now, silence = asyncio.get_running_loop().time(), self.entry.silence_timeout
        if now - self._moved > silence * _SLACK:
            self._moved = now
            self._deadline.reschedule(now + silence * (1 + _SLACK))

    async def _exchange(self, request: httpx.Request) -> tuple[str, str] | None:
        try:
            response = await self.client.send(request, stream=True)
        except _BROKEN as error:
            return self._unanswered(error)
        try:
            self.answer.status = response.status_code
            self.clock.headers = read_at(response)
            self.answer.headers = _kept(response.headers)
            await self._read(response)
        finally:
            await response.aclose()
        return None

    async def _read(self, response: httpx.Response) -> None:
        splitter = Splitter()
        is_plain = "content-encoding" not in response.headers
        chunks = response.aiter_raw() if is_plain else response.aiter_bytes()
        while not self.answer.broken and (chunk := await self._next(chunks)) is not None:
            at_ns = read_at(response)
            self._keep(chunk)
            if not self.answer.ended:
                events, before = self.events, self._carried()
                self._pass_on(splitter, chunk, at_ns)
                moved = self._carried() != before
                if self.events > events or chunk.startswith(b":"):
                    self.kept_alive = not moved
                # Keep-alive comments, pings and empty pieces are no data: they do not put off the end of the wait.
                # An answer in one piece was made before its first byte; it has one wait to arrive, byte by byte or not.
                first = self.on_event is None and len(self.answer.pieces) == 1
                if not self.answer.ended and (first or moved):
                    self._wait_on()
        self._pass_on(splitter, None, perf_counter_ns())
        framed = "transfer-encoding" in response.headers or "content-length" in response.headers
        self.answer.ended_properly = framed and not self.answer.broken

    def _carried(self) -> tuple[bool, int | None]:
        """Changes with the first event, and with each that carries something."""
        return self.events > 0, self.clock.last_delta

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        try:
            return await anext(chunks, None)
        except _BROKEN as error:
            self.answer.broken = cause_of(error)
            return None

    def _keep(self, chunk: bytes) -> None:
        self.answer.pieces.append(chunk)
        self.size += len(chunk)
        if self.size > MOST_BYTES:
            self.answer.broken, self.answer.too_long = f"it was longer than {MOST_BYTES} bytes", True

    def _pass_on(self, splitter: Splitter, chunk: bytes | None, at_ns: int) -> None:
        if self.on_event is None or not self.answer.is_good:
            return
        for event in splitter.rest(at_ns) if chunk is None else splitter.feed(chunk, at_ns):
            if self.answer.ended:
                return
            self.events += 1
            self.clock.first_event = self.clock.first_event or event.at_ns
            if self.on_event(event):
                self.answer.ended = True
                self.clock.end = event.at_ns
                self._wait_for(GRACE)

    def _timed_out(self) -> tuple[str, str] | None:
        if self.answer.ended or not (self.answer.is_good or self.answer.status is None):
            return None
        if not self.answer.pieces:
            return "timeout", f"sent no answer within {self._first_wait:g} s."
        if self.on_event is not None and not self.events:
            return "timeout", f"sent bytes but no data within {self._first_wait:g} s."
        return "timeout", f"fell silent for {self.entry.silence_timeout:g} s in the middle of its answer."

    def _unanswered(self, error: Exception) -> tuple[str, str]:
        if isinstance(error, httpx.ConnectTimeout):
            return "timeout", f"could not be reached within {self.entry.connect_timeout:g} s."
        if isinstance(error, httpx.TimeoutException):
            return "timeout", f"did not take the request within {self.entry.first_byte_timeout:g} s."
        if isinstance(error, httpx.RemoteProtocolError) and "too long" in str(error).lower():
            return "headers", "sent headers longer than any limit."
        if is_certificate_problem(error):
            return "certificate", f"could not be reached: {cause_of(error)}."
        if isinstance(error, httpx.ConnectError | httpx.ProxyError | UnicodeError):
            return "connection", f"could not be reached: {cause_of(error)}."
        return "connection", f"closed the connection before it answered ({cause_of(error)})."


def _client(entry: ModelEntry, auth: httpx.Auth, url: httpx.URL) -> httpx.AsyncClient:
    """A client; the environment's proxy is used, but never on the way to this machine itself."""
    try:
        transport = StampingTransport(url, trust_env=not is_loopback(url.host))
    except (httpx.InvalidURL, ValueError, OSError) as error:
        problem = one_line(redact(str(error)))
    else:
        return httpx.AsyncClient(
            transport=transport,
            auth=auth,
            headers={"accept-encoding": "identity", "user-agent": "milo"},
            # Waits for an answer are bounded in `_Reading`: httpx's read timeout knows no first byte.
            timeout=httpx.Timeout(None, connect=entry.connect_timeout, write=entry.first_byte_timeout),
            follow_redirects=False,
            trust_env=False,
        )
    message = f"The environment's proxy or certificates cannot be used: {problem}."
    raise EndpointError(message, kind="address", retryable=False)


def _kept(headers: httpx.Headers) -> dict[str, str]:
    """The allow-listed headers of a response."""
    return {
        name.lower(): value[:_LONGEST_HEADER]
        for name, value in headers.items()
        if _KEPT_HEADERS.fullmatch(name)
    }


def _parsed(base_url: str) -> httpx.URL:
    problem = "it names no host and port"
    try:
        url = httpx.URL(base_url)
        if url.host and (url.port or 0) < 2**16:
            return url
    except (httpx.InvalidURL, ValueError) as error:
        problem = one_line(redact(str(error)))
    raise EndpointError(f"base_url is not an address: {problem}.", kind="address", retryable=False)
