"""What answers: the protocol of every wire format, and all that the rest of the program knows of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from milo_tui.errors import MiloError
from milo_tui.suite.conversation import Loss, ToolCall, ToolResult
from milo_tui.suite.json_text import JSON

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as it is offered to a model: name, description, JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What the user says."""

    text: str


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    """An earlier reply of the same endpoint, to be echoed as its wire format wants it (`Reply.echo`)."""

    reply: "Reply"


@dataclass(frozen=True, slots=True)
class ToolResults:
    """The results of all tool calls of the reply before, in the order of the calls."""

    results: tuple[ToolResult, ...]


Message = UserMessage | AssistantMessage | ToolResults


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request: the whole conversation so far. Tools are sent on every turn.

    `attempt` names the attempt ("prompt id#repeat"). Only a simulated model is told it, in a header, so
    that it plays the same part again after a retry or a resume; no real server ever sees it.
    """

    messages: tuple[Message, ...]
    system: str | None = None
    tools: tuple[ToolSpec, ...] = ()
    attempt: str = ""


PieceKind = Literal["reasoning", "text", "tool call", "tool result", "tool error", "note"]
"""What a piece carries. Models stream the first three; the runner adds what tools answer and what it has to say."""


@dataclass(frozen=True, slots=True)
class StreamPiece:
    """A piece of an attempt as it streams in. `at_ns` is perf_counter_ns as its bytes left the socket.

    For a tool call, `call` counts the calls of the reply from 0, `name` is set once it is known, and `text`
    is the piece of the arguments' JSON. `turn` counts the turns of the conversation from 0; the runner sets it.
    """

    kind: PieceKind
    text: str
    call: int = 0
    name: str = ""
    turn: int = 0
    at_ns: int = 0

    def goes_on(self, before: "StreamPiece | None") -> bool:
        """Whether this is more of what the piece before it carries, so that both are one piece."""
        return (
            before is not None
            and self.kind in ("reasoning", "text", "tool call")
            and (self.kind, self.turn, self.call) == (before.kind, before.turn, before.call)
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; None where it did not say.

    `input_tokens` is all of the prompt, what came from a cache included, for every provider (Anthropic's own
    `input_tokens` leaves the cache out). `output_tokens` includes reasoning.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(slots=True)
class Clock:
    """The stamps of one turn, all in nanoseconds of perf_counter_ns; None where the moment never came.

    `sent` is when the last byte of the request had been handed to the socket. `chunks` counts the chunks that
    carried something, `arrivals` are their stamps in order; an answer that came in one piece has no arrivals.
    """

    sent: int
    headers: int | None = None
    first_event: int | None = None
    first_reasoning: int | None = None
    first_text: int | None = None
    first_tool_call: int | None = None
    last_delta: int | None = None
    end: int | None = None
    chunks: int = 0
    arrivals: list[int] = field(default_factory=list)

    def saw(self, kind: PieceKind, at_ns: int) -> None:
        """Note a piece: the first of its kind, and the last of all."""
        if kind == "reasoning":
            self.first_reasoning = self.first_reasoning or at_ns
        elif kind == "text":
            self.first_text = self.first_text or at_ns
        else:
            self.first_tool_call = self.first_tool_call or at_ns
        self.last_delta = at_ns

    @property
    def first_delta(self) -> int | None:
        """The first delta that carried anything; reasoning counts."""
        stamps = [self.first_reasoning, self.first_text, self.first_tool_call]
        return min((stamp for stamp in stamps if stamp is not None), default=None)

    @property
    def ttft_s(self) -> float | None:
        """Time to first token, in seconds."""
        return _seconds(self.sent, self.first_delta)

    @property
    def time_to_answer_s(self) -> float | None:
        """Time to the first text or tool call, in seconds."""
        stamps = [stamp for stamp in (self.first_text, self.first_tool_call) if stamp is not None]
        return _seconds(self.sent, min(stamps)) if stamps else None

    @property
    def seconds(self) -> float | None:
        """From request sent to the end of the stream, in seconds."""
        return _seconds(self.sent, self.end)

    def decode_speed(self, output_tokens: int | None) -> float | None:
        """Tokens a second while decoding: (output tokens − 1) / (last − first delta).

        None where the server did not count, sent all at once, or sent a tool call first: mlx_lm.server
        writes a whole call in silence, so its first delta comes when most of its tokens are long decoded.
        """
        first, last = self.first_delta, self.last_delta
        if output_tokens is None or output_tokens < 2 or first is None or last is None or last <= first:
            return None
        if first == self.first_tool_call:
            return None
        if self.end is not None and self.end - last > 0.1 * (last - first) + _UNSEEN:
            # The tokens of this silence never showed: a call that the server dropped, or an answer that it cut.
            return None
        return (output_tokens - 1) / ((last - first) / 1e9)


_UNSEEN = 250_000_000
"""Nanoseconds between the last piece and the end of a stream in which tokens may be decoded unseen."""


def _seconds(start: int, end: int | None) -> float | None:
    return None if end is None else (end - start) / 1e9


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response as bytes, kept so that a reply can be read again; never a key."""

    request: bytes
    response: bytes = b""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered in one turn.

    `complete` means a finish reason and the protocol's own end mark were both seen. `loss` names what kept
    the turn from being read. `echo` is the assistant turn in its own wire format, for the next request;
    nobody but the endpoint that made it looks inside. `quirks` are deviations from the protocol that were
    seen, in words; `repairs` are those of them that were mended. `server` is what the server says of itself.
    """

    text: str
    reasoning: str
    calls: tuple[ToolCall, ...]
    finish_reason: str | None
    complete: bool
    loss: Loss | None
    usage: Usage
    clock: Clock
    exchange: Exchange
    echo: Any
    server: str = ""
    quirks: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()


class EndpointError(MiloError):
    """A request that the infrastructure failed: no reply came of it, so it is never scored.

    `message` is one sentence without keys. `retryable` follows the protocol's rules (429, 529, 5xx,
    connection, time-out); `retry_after_s` is what the server asked for, in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        retryable: bool,
        status: int | None = None,
        retry_after_s: float | None = None,
        exchange: Exchange | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.retryable = retryable
        self.status = status
        self.retry_after_s = retry_after_s
        self.exchange = exchange


OnPiece = Callable[[StreamPiece], None]


class Endpoint(Protocol):
    """Something behind a URL that speaks one wire format."""

    async def chat(self, request: ChatRequest, on_piece: OnPiece) -> Reply:
        """Send one request and stream the reply; `on_piece` is called for each piece as it arrives.

        Raises EndpointError where the infrastructure failed. Never retries: a retry is a new attempt.
        """
        ...

    async def warm_up(self) -> float:
        """A short untimed completion, so that no attempt pays for connecting or loading; its seconds."""
        ...

    def quota_wait(self) -> float:
        """Seconds until the server takes another request, as far as it tells; 0 where nothing is known."""
        ...

    def is_only_kept_alive(self) -> bool:
        """Whether keep-alive comments are the last that came of the answer in hand: nobody knows if it goes on."""
        ...

    def sent_keys(self) -> Mapping[str, JSON]:
        """What the manifest keeps of a request: protocol version, sampling keys really sent, thinking."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


@runtime_checkable
class Supervised(Protocol):
    """What an endpoint has beside, whose server Milo itself runs."""

    async def ensure_alive(self) -> None:
        """See to it that the server answers, between attempts; it may be started again. Raises EndpointError."""
        ...

    def server_facts(self) -> Mapping[str, JSON]:
        """What the manifest keeps of the server."""
        ...

    @property
    def peak_gb(self) -> float | None:
        """The most memory that the server was seen to hold, in gigabytes of 10^9 bytes."""
        ...
