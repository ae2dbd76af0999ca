"""OpenAI-compatible chat completions, as mlx_lm.server and most others speak them."""

from collections.abc import Mapping
from typing import Any

from milo_tui.endpoints.endpoint import (
    AssistantMessage,
    ChatRequest,
    EndpointError,
    OnDelta,
    Reply,
    ToolResults,
    ToolSpec,
    UserMessage,
)
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.keys import Secret
from milo_tui.endpoints.openai_stream import Stream
from milo_tui.endpoints.texts import (
    calls_before,
    mended,
    read_call,
    result_text,
    unused_id,
    was_cut,
    write_json,
)
from milo_tui.endpoints.transport import Answer, Transport
from milo_tui.suite.conversation import Loss, ToolCall
from milo_tui.suite.json_text import JSON

WARM_UP_TOKENS = 16

_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "repetition_penalty", "seed")
_DEAD = b"generation thread died"
_FINAL = ("insufficient_quota", "billing_hard_limit_reached")


class OpenAIChat:
    """An endpoint that speaks chat completions.

    `base_url` overrides the entry's. Without `stream` the answer comes in one piece, and its time to first
    token is the time to its end. Tool results are sent as compact JSON text, strings in quotes too.
    """

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
        address = _address(base_url or entry.base_url or "")
        self._transport = Transport(entry, address, key=key, final=_FINAL)
        self._is_openai = self._transport.hostname == "api.openai.com"
        self._echoed: str | None = None

    async def chat(self, request: ChatRequest, on_delta: OnDelta) -> Reply:
        """Send one request and stream the reply. Raises EndpointError."""
        return await self._ask(request, on_delta, self._entry.max_tokens)

    async def warm_up(self) -> float:
        """A short completion with the sampling of this entry, so that its code is compiled too; seconds."""
        reply = await self._ask(ChatRequest((UserMessage("Say OK."),)), lambda delta: None, WARM_UP_TOKENS)
        return reply.clock.seconds or 0.0

    def sent_keys(self) -> Mapping[str, JSON]:
        """What a request holds beside the conversation, and how thinking is sent back."""
        return {
            "protocol": "openai chat completions",
            "host": self._transport.host,
            **self._settings(self._entry.max_tokens),
            "echo_reasoning": self._echoed or self._entry.echo_reasoning,
            "tool_results": "JSON text",
            "left_out": {} if self._sends_thinking else {"thinking": "no key for it at where = api"},
        }

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def _ask(self, request: ChatRequest, on_delta: OnDelta, max_tokens: int) -> Reply:
        body = {"messages": _messages(request), **self._settings(max_tokens)}
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
        stream = Stream(on_delta)
        answer = await self._post(write_json(body), stream, request.attempt)
        if not stream.understood and stream.error is None:
            stream.whole(answer.body)
        stream.close()
        self._raise_if_failed(stream, answer)
        return self._reply(stream, answer, calls_before(request))

    async def _post(self, body: bytes, stream: Stream, attempt: str) -> Answer:
        headers = {"accept": "text/event-stream" if self._stream else "application/json"}
        if attempt and self._entry.is_simulated:
            headers["x-milo-attempt"] = attempt
        on_event = stream.event if self._stream else None
        try:
            return await self._transport.post("/chat/completions", body, stream.clock, on_event, headers)
        except EndpointError as error:
            if error.exchange is not None and _DEAD in error.exchange.response:
                # mlx_lm.server stays up without it and answers 404: it must be started again.
                error.kind, error.retryable = "server dead", True
            raise

    @property
    def _sends_thinking(self) -> bool:
        return self._entry.thinking is None or self._entry.where == "local"

    def _settings(self, max_tokens: int) -> dict[str, Any]:
        """All keys of a request but messages and tools."""
        entry = self._entry
        settings: dict[str, Any] = {"model": entry.model or "default_model", "stream": self._stream}
        if self._stream:
            settings["stream_options"] = {"include_usage": True}
        settings["max_completion_tokens" if self._is_openai else "max_tokens"] = max_tokens
        sampling = {name: getattr(entry, name) for name in _SAMPLING}
        settings |= {name: value for name, value in sampling.items() if value is not None}
        if entry.thinking is not None and self._sends_thinking:
            settings["chat_template_kwargs"] = {"enable_thinking": entry.thinking}
        return settings

    def _raise_if_failed(self, stream: Stream, answer: Answer) -> None:
        host = self._transport.host
        if stream.error is not None:
            message = f"{host} reported an error in its answer: {stream.error}"
            raise self._transport.error(message, "stream error", answer, retryable=True)
        if stream.understood:
            return
        if answer.body.lstrip().startswith(b"<"):
            message = f"{host} answered with a web page instead of a completion: check base_url."
        elif stream.quirks or (answer.body.strip() and not self._stream):
            message = f"{host} answered with something that is not a completion."
        else:
            message = f"{host} ended its answer before it had begun."
        raise self._transport.error(message, "empty stream", answer, retryable=True)

    def _reply(self, stream: Stream, answer: Answer, earlier: int) -> Reply:
        complete = stream.done and stream.finish is not None
        if answer.broken and not complete:
            stream.note(f"the stream broke off: {answer.broken}")
        calls = _calls(stream, earlier)
        if calls and (not complete or stream.finish == "length") and was_cut(calls[-1]):
            stream.note("a tool call was cut off")
            calls = calls[:-1]
        text = mended("".join(stream.text))
        return Reply(
            text=text,
            reasoning=mended("".join(stream.reasoning)),
            calls=calls,
            finish_reason=stream.finish,
            complete=complete,
            loss=_loss(stream, complete, calls, text),
            usage=stream.usage,
            clock=stream.clock,
            exchange=self._transport.exchange(answer),
            echo=self._echo(stream, calls),
            server=self._server(stream, answer),
            quirks=tuple(stream.quirks),
        )

    def _server(self, stream: Stream, answer: Answer) -> str:
        """The model's name where it differs from the one asked for, and the server's own version."""
        model = stream.model if stream.model != (self._entry.model or "default_model") else ""
        version = stream.fingerprint or answer.headers.get("server", "")
        return ", ".join(mended(part) for part in (model, version) if part)

    def _echo(self, stream: Stream, calls: tuple[ToolCall, ...]) -> dict[str, Any]:
        """The assistant's turn for the next request, its content unstripped: so prefix caches hit."""
        fields = self._echo_fields(stream)
        inline = fields == ("<think>",)
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(stream.content if inline else stream.text),
        }
        for name in () if inline else fields:
            thoughts = stream.details if name == "reasoning_details" else "".join(stream.reasoning)
            if thoughts:
                message[name] = thoughts
                self._echoed = " and ".join(fields)
        if inline:
            self._echoed = "<think> in content"
        if calls:
            message["tool_calls"] = [_echoed_call(call) for call in calls]
        return message

    def _echo_fields(self, stream: Stream) -> tuple[str, ...]:
        """Where thinking is sent back: as the entry says, else in the way of the server that sent it."""
        asked, seen = self._entry.echo_reasoning, stream.fields
        if asked != "auto":
            both = ("reasoning", "reasoning_content")
            return {"none": (), "both": both}.get(asked, (asked,))
        if self._is_openai or not seen:
            return ()
        if "<think>" in seen:
            return ("<think>",)
        if "reasoning_details" in seen:
            return ("reasoning_details",)
        # mlx_lm.server sends `reasoning`, but its chat templates read `reasoning_content`.
        if "reasoning_content" in seen or stream.is_mlx or self._entry.server is not None:
            return ("reasoning_content",)
        return ("reasoning",)


def _address(base_url: str) -> str:
    """The address in front of /chat/completions; a bare host gets the usual /v1."""
    address = base_url.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return f"{address}/v1" if address.count("/") == 2 else address


def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.system:
        messages.append({"role": "system", "content": request.system})
    for message in request.messages:
        match message:
            case UserMessage(text):
                messages.append({"role": "user", "content": text})
            case AssistantMessage(reply):
                messages.append(reply.echo)
            case ToolResults(results):
                messages += [
                    {"role": "tool", "tool_call_id": result.call_id, "content": result_text(result)}
                    for result in results
                ]
    return messages


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _echoed_call(call: ToolCall) -> dict[str, Any]:
    """A call of an earlier turn. mlx_lm.server answers 404 to arguments that hold no JSON object."""
    readable = call.arguments is not None and call.arguments_text.strip()
    arguments = call.arguments_text if readable else "{}"
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _calls(stream: Stream, earlier: int) -> tuple[ToolCall, ...]:
    """The calls of an answer, each with an id of its own."""
    given = {slot.id for slot in stream.slots}
    used: set[str] = set()
    calls: list[ToolCall] = []
    for slot in stream.slots:
        if slot.is_phantom:
            stream.note("an empty tool call, dropped")
            continue
        id = slot.id
        if not id or id in used:
            stream.note("a tool call without an id of its own")
            id = unused_id(earlier + len(calls) + 1, given | used)
        used.add(id)
        calls.append(read_call(id, slot.name, slot.arguments))
    return tuple(calls)


def _loss(stream: Stream, complete: bool, calls: tuple[ToolCall, ...], text: str) -> Loss | None:
    """What kept the answer from being read, the gravest first."""
    if not complete:
        return Loss.TRUNCATED
    if stream.finish == "length":
        return Loss.CUT_AT_LIMIT
    if stream.finish == "content_filter" or (stream.refused and not calls):
        return Loss.REFUSED
    if any(call.arguments is None for call in calls):
        return Loss.CALL_GARBLED
    if stream.finish in ("tool_calls", "function_call") and not calls:
        return Loss.CALL_LOST
    return None if calls or text.strip() else Loss.EMPTY
