"""A chat endpoint over HTTP: what all wire formats do alike. A protocol supplies body, parser and echo."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from milo_tui.endpoints.echoed_keys import DeltaFilter, EchoedKey, without_key
from milo_tui.endpoints.endpoint import (
    AssistantMessage,
    ChatRequest,
    EndpointError,
    OnDelta,
    Reply,
    ToolSpec,
    UserMessage,
)
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.failures import CUT_REASONS, loss_of, not_a_reply
from milo_tui.endpoints.keys import Secret
from milo_tui.endpoints.parser import ReplyParser
from milo_tui.endpoints.transport import Answer, Transport
from milo_tui.endpoints.wire_json import fix_unicode, write_json
from milo_tui.suite.conversation import ToolCall
from milo_tui.suite.json_text import JSON

WARM_UP_TOKENS = 16


class ChatEndpoint(ABC):
    """An endpoint that speaks one wire format; `base_url` overrides the entry's.

    Without `stream` the answer comes in one piece, and its time to first token is the time to its end. Tool results
    are sent as compact JSON text, strings in quotes too. A subclass names its protocol in the class variables:
    `final_errors` are the codes of errors that no retry mends, `default_url` and `needs_model` are for entries.
    """

    protocol: ClassVar[str]
    path: ClassVar[str]
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

    async def chat(self, request: ChatRequest, on_delta: OnDelta) -> Reply:
        """Send one request and stream the reply. Raises EndpointError."""
        return await self._ask(request, on_delta, self.settings())

    async def warm_up(self) -> float:
        """A short completion, so that its code is compiled too; its seconds."""
        request = ChatRequest((UserMessage("Say OK."),))
        reply = await self._ask(request, lambda delta: None, self.warm_up_settings())
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

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def _ask(self, request: ChatRequest, on_delta: OnDelta, settings: dict[str, Any]) -> Reply:
        if self._key is None:
            return await self._exchange(request, self.parser(on_delta), settings)
        shown = DeltaFilter(self._key, on_delta)
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

    async def _exchange(self, request: ChatRequest, parser: ReplyParser, settings: dict[str, Any]) -> Reply:
        body = {**settings, **self.conversation(request)}
        if request.tools:
            body["tools"] = [self.tool(tool) for tool in request.tools]
        headers = {"accept": "text/event-stream" if self._stream else "application/json", **self.headers()}
        if request.attempt and self._entry.is_simulated:
            headers["x-milo-attempt"] = request.attempt
        on_event = parser.event if self._stream else None
        answer = await self._transport.post(self.path, write_json(body), parser.clock, on_event, headers)
        if not parser.understood and parser.error is None:
            parser.whole(answer.body)
        parser.close()
        self._raise_if_failed(parser, answer)
        return self._reply(parser, answer, _calls_before(request))

    def _raise_if_failed(self, parser: ReplyParser, answer: Answer) -> None:
        host = self._transport.host
        if parser.error is not None:
            message = f"{host} reported an error in its answer: {parser.error}"
            retryable = not parser.error_is_final
            raise self._transport.error(message, "stream error", answer, retryable=retryable)
        if not parser.understood:
            message = f"{host} {not_a_reply(answer.body)}"
            raise self._transport.error(message, "empty stream", answer, retryable=True)

    def _reply(self, parser: ReplyParser, answer: Answer, earlier: int) -> Reply:
        complete = parser.done and parser.finish is not None
        if answer.broken and not complete:
            parser.note(f"the stream broke off: {answer.broken}")
        calls = parser.calls(earlier)
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
            loss=loss_of(parser.finish, complete, parser.refused, tuple(calls.values()), text),
            usage=parser.usage,
            clock=parser.clock,
            exchange=self._transport.exchange(answer),
            echo=self.echo(parser, calls),
            server=self.server(parser, answer),
            quirks=tuple(parser.quirks),
        )


def _calls_before(request: ChatRequest) -> int:
    """How many calls the conversation holds already."""
    return sum(len(m.reply.calls) for m in request.messages if isinstance(m, AssistantMessage))


def _was_cut(call: ToolCall) -> bool:
    """Whether the last call of an answer that was cut off is not all there."""
    return call.arguments is None or not call.arguments_text.strip()
