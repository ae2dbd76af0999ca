"""A chat endpoint over HTTP: what all wire formats do alike. A protocol supplies body, parser and echo."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from milo_tui.endpoints.echoed_keys import EchoedKey, PieceFilter, without_key
from milo_tui.endpoints.endpoint import (
    AssistantMessage,
    ChatRequest,
    Clock,
    EndpointError,
    OnPiece,
    Reply,
    ToolSpec,
    Usage,
    UserMessage,
)
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.failures import (
    CUT_REASONS,
    FAULT_REASONS,
    Observed,
    is_about_model_name,
    is_caused_by_model,
    is_known_reason,
    loss_of,
    not_a_reply,
)
from milo_tui.endpoints.keys import Secret
from milo_tui.endpoints.parser import ReplyParser
from milo_tui.endpoints.sse import Splitter
from milo_tui.endpoints.transport import Answer, Transport
from milo_tui.endpoints.wire_json import fix_unicode, write_json
from milo_tui.suite.conversation import Loss, ToolCall
from milo_tui.suite.json_text import JSON

WARM_UP_TOKENS = 16
END_REPAIRS = ("no end mark after the finish reason", "no finish reason before the end mark")
"""What can be missing at the end of an answer that is complete all the same."""


_REASON = re.compile(r"\w{1,40}", re.ASCII)


class ChatEndpoint(ABC):
    """An endpoint that speaks one wire format; `base_url` overrides the entry's.

    Without `stream` the answer comes in one piece, and its time to first token is the time to its end. Tool results
    are sent as compact JSON text, strings in quotes too. A subclass names its protocol in the class variables:
    `final_errors` are the codes of errors that no retry mends, `default_url` and `needs_model` are for entries.
    """

    protocol: ClassVar[str]
    path: ClassVar[str]
    models_path: ClassVar[str] = "/models"
    default_url: ClassVar[str] = ""
    needs_model: ClassVar[bool] = False
    key_header: ClassVar[str] = "authorization"
    final_errors: ClassVar[tuple[str, ...]] = ()
    parser: ClassVar[type[ReplyParser]]

    def __init__(
        self,
        entry: ModelEntry,
        *,
        base_url: str | None = None,
        key: Secret | None = None,
        stream: bool = True,
    ) -> None:
        self._entry = entry
        self._stream = stream
        address = self.address(base_url or entry.base_url or self.default_url)
        self._key = EchoedKey(key) if key is not None else None
        self._transport = Transport(
            entry, address, key=key, key_header=self.key_header, final=self.final_errors
        )
        self._adaptations: list[str] = []

    @staticmethod
    @abstractmethod
    def address(base_url: str) -> str:
        """The address in front of `path`, however much of it the entry holds."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All keys of a request but the conversation and the tools."""

    @abstractmethod
    def warm_up_settings(self) -> dict[str, Any]:
        """The same for a short completion."""

    @abstractmethod
    def conversation(self, request: ChatRequest) -> dict[str, Any]:
        """The keys that hold the system prompt and the messages."""

    @abstractmethod
    def tool(self, tool: ToolSpec) -> dict[str, Any]:
        """A tool as it is offered."""

    @abstractmethod
    def echo(self, parser: Any, calls: Mapping[int, ToolCall]) -> Any:
        """The assistant's turn for the next request, of the calls that are kept."""

    @abstractmethod
    def manifest(self) -> dict[str, JSON]:
        """What the manifest keeps of this protocol: `echo_reasoning`, `left_out` and the like."""

    def headers(self) -> dict[str, str]:
        """The protocol's own headers."""
        return {}

    def server(self, parser: Any, answer: Answer) -> str:
        """What the server says of itself."""
        return fix_unicode(parser.model)

    async def chat(self, request: ChatRequest, on_piece: OnPiece) -> Reply:
        """Send one request and stream the reply. Raises EndpointError."""
        return await self._ask(request, on_piece, self.settings)

    async def warm_up(self) -> float:
        """A short completion, so that its code is compiled too; its seconds."""
        request = ChatRequest((UserMessage("Say OK."),))
        reply = await self._ask(request, lambda delta: None, self.warm_up_settings)
        return reply.clock.seconds or 0.0

    def sent_keys(self) -> Mapping[str, JSON]:
        """What a request holds beside the conversation, and the keys of the entry that it leaves out."""
        settings = {
            "protocol": self.protocol,
            "host": self._transport.host,
            **self.settings(),
            "tool_results": "JSON text",
        }
        return settings | self.manifest()

    def quota_wait(self) -> float:
        """Seconds until the server takes another request, as far as it tells."""
        return self._transport.pace.wait_s()

    def is_only_kept_alive(self) -> bool:
        """Whether keep-alive comments are the last that came of the answer in hand."""
        return self._transport.is_only_kept_alive

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def _ask(
        self, request: ChatRequest, on_piece: OnPiece, settings: Callable[[], dict[str, Any]]
    ) -> Reply:
        if self._key is None:
            return await self._exchange(request, self.parser(on_piece), settings)
        shown = PieceFilter(self._key, on_piece)
        parser = self.parser(shown)
        try:
            reply = await self._exchange(request, parser, settings)
        except EndpointError as error:
            if error.exchange is not None and self._key.is_in((parser.text, parser.reasoning)):
                error.exchange = replace(error.exchange, response=b"")
            raise
        finally:
            shown.close()
        return without_key(reply, self._key)

    async def _exchange(
        self, request: ChatRequest, parser: ReplyParser, settings: Callable[[], dict[str, Any]]
    ) -> Reply:
        body = {**settings(), **self.conversation(request)}
        if request.tools:
            body["tools"] = [self.tool(tool) for tool in request.tools]
        headers = {"accept": "text/event-stream" if self._stream else "application/json", **self.headers()}
        if request.attempt and self._entry.is_simulated:
            headers["x-milo-attempt"] = request.attempt
        on_event = parser.event if self._stream else None
        earlier = _ids_before(request)
        try:
            answer = await self._transport.post(self.path, write_json(body), parser.clock, on_event, headers)
        except EndpointError as error:
            return await self._after_refusal(error, request, parser, settings)
        if not parser.understood and parser.error is None:
            parser.whole(answer.body)
        if not (parser.understood or parser.error or self._stream):
            self._read_unasked_stream(parser, answer.body)
        parser.close()
        for adaptation in self._adaptations:
            parser.repair(adaptation)
        self._raise_if_failed(parser, answer)
        self._transport.pace.took((parser.usage.input_tokens or 0) + (parser.usage.output_tokens or 0))
        return self._reply(parser, answer, earlier)

    def adapt(self, error: EndpointError) -> str:
        """Change how requests are made after a refusal that says how, and name the change; else an empty text."""
        return ""

    async def _after_refusal(
        self,
        error: EndpointError,
        request: ChatRequest,
        parser: ReplyParser,
        settings: Callable[[], dict[str, Any]],
    ) -> Reply:
        """Ask once more in the way that the server wants, or end the conversation that the model spoilt."""
        adaptation = "" if self._entry.strict else self.adapt(error)
        if adaptation and adaptation not in self._adaptations:
            self._adaptations.append(adaptation)
            parser.clock = Clock(0)
            return await self._exchange(request, parser, settings)
        later = any(isinstance(message, AssistantMessage) for message in request.messages)
        body = error.exchange.response if error.exchange else b""
        if error.exchange is None or not is_caused_by_model(error.status, body, later_turn=later):
            if is_about_model_name(error.status, body, str(settings()["model"])):
                error = await self._transport.naming_models(error, self.models_path, self.headers())
            raise error
        return Reply(
            text="",
            reasoning="",
            calls=(),
            finish_reason=None,
            complete=False,
            loss=Loss.REQUEST_REFUSED,
            usage=Usage(),
            clock=parser.clock,
            exchange=error.exchange,
            echo=None,
            quirks=(error.message,),
        )

    def _read_unasked_stream(self, parser: ReplyParser, body: bytes) -> None:
        """Read a stream that came although none was asked for; its pieces have no times of their own."""
        at_ns, splitter = parser.clock.end or 0, Splitter()
        for event in [*splitter.feed(body, at_ns), *splitter.rest(at_ns)]:
            if parser.event(event):
                break
        parser.clock.arrivals.clear()
        parser.repair("a stream although none was asked for")

    def _raise_if_failed(self, parser: ReplyParser, answer: Answer) -> None:
        host = self._transport.host
        if parser.finish in FAULT_REASONS and parser.error is None:
            parser.error = f"finish reason {parser.finish}"
        if parser.error is not None:
            message = f"{host} reported an error in its answer: {parser.error}"
            retryable = not parser.error_is_final
            raise self._transport.error(message, "stream error", answer, retryable=retryable)
        if not parser.understood:
            message = f"{host} {not_a_reply(answer.body)}"
            raise self._transport.error(message, "empty stream", answer, retryable=True)

    def _reply(self, parser: ReplyParser, answer: Answer, earlier: frozenset[str]) -> Reply:
        calls = parser.calls(earlier)
        complete = self._is_complete(parser, answer, calls)
        said = calls or parser.text or parser.reasoning
        if not (complete or said or parser.finish):
            why = answer.broken or "the stream ended"
            message = f"{self._transport.host} broke off before any content ({why})."
            raise self._transport.error(message, "connection", answer, retryable=True)
        if not is_known_reason(parser.finish):
            # Quoted as a whole or not at all: a part of an echoed key would not be found and hidden.
            word = _REASON.fullmatch(parser.finish or "")
            parser.note("an unknown finish reason" + (f": {word[0]}" if word else ""))
        if answer.broken and not complete:
            parser.note(f"the stream broke off: {answer.broken}")
        last = next(reversed(calls), None)
        if last is not None and (not complete or parser.finish in CUT_REASONS) and _was_cut(calls[last]):
            parser.note("a tool call was cut off")
            del calls[last]
        text = fix_unicode(parser.text)
        return Reply(
            text=text,
            reasoning=fix_unicode(parser.reasoning),
            calls=tuple(calls.values()),
            finish_reason=parser.finish,
            complete=complete,
            loss=self._loss(parser, answer, tuple(calls.values()), complete),
            usage=parser.usage,
            clock=parser.clock,
            exchange=self._transport.exchange(answer),
            echo=self.echo(parser, calls),
            server=self.server(parser, answer),
            quirks=tuple(parser.quirks),
            repairs=tuple(parser.repairs),
        )

    def _is_complete(self, parser: ReplyParser, answer: Answer, calls: Mapping[int, ToolCall]) -> bool:
        """A finish reason and an end mark; or one of them, and an end that HTTP or readable calls vouch for."""
        if parser.done and parser.finish is not None:
            return True
        readable = bool(calls) and all(call.arguments is not None for call in calls.values())
        if parser.finish is not None and answer.ended_properly:
            parser.repair(END_REPAIRS[0])
            return True
        if parser.done and readable:
            parser.repair(END_REPAIRS[1])
            return True
        return False

    def _loss(
        self, parser: ReplyParser, answer: Answer, calls: tuple[ToolCall, ...], complete: bool
    ) -> Loss | None:
        seen = Observed(
            finish=parser.finish,
            complete=complete,
            calls=calls,
            text=parser.text,
            reasoning=parser.reasoning,
            output_tokens=parser.usage.output_tokens,
            max_tokens=self._entry.max_tokens,
            reasoning_tokens=parser.usage.reasoning_tokens or 0,
            refused=parser.refused,
            garbled=parser.garbled,
            too_long=answer.too_long,
            too_many_calls=parser.too_many_calls,
        )
        loss = loss_of(seen)
        if loss is None and parser.repairs and self._entry.strict:
            return Loss.NOT_STRICT
        return loss


def legal_name(name: str) -> str:
    """A tool's name as every server takes it back: letters, digits, _ and -, one to 64 of them."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64] or "unnamed"


def _ids_before(request: ChatRequest) -> frozenset[str]:
    """The ids of the calls that the conversation holds already."""
    replies = [message.reply for message in request.messages if isinstance(message, AssistantMessage)]
    return frozenset(call.id for reply in replies for call in reply.calls)


def _was_cut(call: ToolCall) -> bool:
    """Whether the last call of an answer that was cut off is not all there."""
    return call.arguments is None or not call.arguments_text.strip()
