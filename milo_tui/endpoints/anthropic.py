"""Anthropic's Messages API, of the versions 2023-06-01 and 2026-10-21."""

import re
from collections.abc import Mapping
from typing import Any

from milo_tui.endpoints.anthropic_stream import Block, Stream
from milo_tui.endpoints.endpoint import (
    AssistantMessage,
    ChatRequest,
    OnDelta,
    Reply,
    ToolResults,
    ToolSpec,
    UserMessage,
)
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.keys import Secret
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
from milo_tui.suite.conversation import Loss, ToolCall, ToolResult
from milo_tui.suite.json_text import JSON

ADDRESS = "https://api.anthropic.com"
WARM_UP_TOKENS = 16

_NO_SAMPLING_FROM = "2026-10-21"
_UNKNOWN_KEYS = ("min_p", "presence_penalty", "repetition_penalty", "seed")
_SPEND_LIMITS = ("contract_spend_limit_reached", "enforced_spend_limit_reached", "ramp_limit_exceeded")
_PASSING = ("overloaded_error", "api_error", "rate_limit_error", "timeout_error", "conflict_error")
_ADAPTIVE = re.compile(r"claude-[a-z]+-(4-[6-9]|[5-9]|[1-9]\d)(?!\d)")
_NO_SAMPLING = re.compile(r"claude-[a-z]+-(4-[7-9]|[5-9]|[1-9]\d)(?!\d)")
_CUT = ("max_tokens", "model_context_window_exceeded")


class AnthropicMessages:
    """An endpoint that speaks the Messages API.

    `base_url` overrides the entry's. Tool results are sent as compact JSON text, strings in quotes too, and
    marked with is_error where they are errors.
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
        self._transport = Transport(
            entry,
            _address(base_url or entry.base_url or ADDRESS),
            key=key,
            key_header="x-api-key",
            final=_SPEND_LIMITS,
        )

    async def chat(self, request: ChatRequest, on_delta: OnDelta) -> Reply:
        """Send one request and stream the reply. Raises EndpointError."""
        return await self._ask(request, on_delta, self._settings())

    async def warm_up(self) -> float:
        """A short completion without thinking, whose budget would not fit; its seconds."""
        request = ChatRequest((UserMessage("Say OK."),))
        settings = {"model": self._entry.model, "max_tokens": WARM_UP_TOKENS, "stream": self._stream}
        reply = await self._ask(request, lambda delta: None, settings)
        return reply.clock.seconds or 0.0

    def sent_keys(self) -> Mapping[str, JSON]:
        """What a request holds beside the conversation, and the keys of the entry that it leaves out."""
        return {
            "protocol": "anthropic messages",
            "host": self._transport.host,
            "anthropic-version": self._entry.api_version,
            **self._settings(),
            "echo_reasoning": "blocks",
            "tool_results": "JSON text",
            "left_out": _sampling(self._entry)[1],
        }

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _settings(self) -> dict[str, Any]:
        """All keys of a request but system, messages and tools."""
        entry = self._entry
        settings = {"model": entry.model, "max_tokens": entry.max_tokens, "stream": self._stream}
        thinking = _thinking(entry)
        return settings | _sampling(entry)[0] | ({"thinking": thinking} if thinking else {})

    async def _ask(self, request: ChatRequest, on_delta: OnDelta, settings: dict[str, Any]) -> Reply:
        body = {**settings, "messages": _messages(request)}
        if request.system:
            body["system"] = request.system
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
        stream = Stream(on_delta)
        answer = await self._post(write_json(body), stream, request.attempt)
        if not stream.understood and stream.error is None:
            stream.whole(answer.body)
        self._raise_if_failed(stream, answer)
        return self._reply(stream, answer, calls_before(request))

    async def _post(self, body: bytes, stream: Stream, attempt: str) -> Answer:
        headers = {"anthropic-version": self._entry.api_version}
        headers["accept"] = "text/event-stream" if self._stream else "application/json"
        if attempt and self._entry.is_simulated:
            headers["x-milo-attempt"] = attempt
        on_event = stream.event if self._stream else None
        return await self._transport.post("/v1/messages", body, stream.clock, on_event, headers)

    def _raise_if_failed(self, stream: Stream, answer: Answer) -> None:
        host = self._transport.host
        if stream.error is not None:
            kind = f" ({stream.error_type})" if stream.error_type else ""
            message = f"{host} reported an error in its answer{kind}: {stream.error}"
            passes = stream.error_type in _PASSING or not stream.error_type
            raise self._transport.error(message, "stream error", answer, retryable=passes)
        if stream.understood:
            return
        if answer.body.strip():
            message = f"{host} answered with something that is not a message of this API: check base_url."
        else:
            message = f"{host} ended its answer before it had begun."
        raise self._transport.error(message, "empty stream", answer, retryable=True)

    def _reply(self, stream: Stream, answer: Answer, earlier: int) -> Reply:
        complete = stream.done and stream.stop_reason is not None
        if answer.broken and not complete:
            stream.note(f"the stream broke off: {answer.broken}")
        calls = _calls(stream, earlier)
        last = next(reversed(calls), None)
        if last is not None and (not complete or stream.stop_reason in _CUT) and was_cut(calls[last]):
            stream.note("a tool call was cut off")
            del calls[last]
        blocks = stream.in_order
        text = mended("".join(block.text("text") for block in blocks if block.type == "text"))
        return Reply(
            text=text,
            reasoning=mended("".join(block.text("thinking") for block in blocks if block.type == "thinking")),
            calls=tuple(calls.values()),
            finish_reason=stream.stop_reason,
            complete=complete,
            loss=_loss(stream, complete, tuple(calls.values()), text),
            usage=stream.usage,
            clock=stream.clock,
            exchange=self._transport.exchange(answer),
            echo=_echo(stream, calls),
            server=mended(stream.model),
            quirks=tuple(stream.quirks),
        )


def _address(base_url: str) -> str:
    """The address in front of /v1/messages, whether or not it was given with them."""
    return base_url.rstrip("/").removesuffix("/messages").removesuffix("/v1").rstrip("/")


def _thinking(entry: ModelEntry) -> dict[str, Any] | None:
    """Sent explicitly either way; left out only where the entry says nothing."""
    if entry.thinking is None:
        return None
    if not entry.thinking:
        return {"type": "disabled"}
    if _ADAPTIVE.search(entry.model or ""):
        return {"type": "adaptive"}
    return {"type": "enabled", "budget_tokens": max(1024, min(entry.thinking_budget, entry.max_tokens - 1))}


def _sampling(entry: ModelEntry) -> tuple[dict[str, Any], dict[str, str]]:
    """The sampling keys that are sent, and for each that is left out the reason."""
    wanted = {name: getattr(entry, name) for name in ("temperature", "top_p", "top_k")}
    sent = {name: value for name, value in wanted.items() if value is not None}
    left_out = {
        name: "Anthropic has no such key" for name in _UNKNOWN_KEYS if getattr(entry, name) is not None
    }
    for name in tuple(sent):
        if reason := _why_not(name, sent, entry):
            left_out[name] = reason
            del sent[name]
    return sent, left_out


def _why_not(name: str, sent: dict[str, Any], entry: ModelEntry) -> str:
    """Why the API would answer 400 to this key, if it would."""
    if entry.api_version >= _NO_SAMPLING_FROM:
        return f"not accepted from version {_NO_SAMPLING_FROM} on"
    if _NO_SAMPLING.search(entry.model or ""):
        return "not accepted by this model"
    if entry.thinking and (name != "top_p" or sent["top_p"] < 0.95):
        return "not accepted with thinking"
    if name == "top_p" and "temperature" in sent:
        return "not accepted together with temperature"
    return ""


def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    """The conversation. Results of tools stand first in the user message that holds them all."""
    messages: list[dict[str, Any]] = []
    for message in request.messages:
        match message:
            case UserMessage(text):
                _append(messages, "user", [{"type": "text", "text": text}])
            case ToolResults(results):
                _append(messages, "user", [_result(result) for result in results])
            case AssistantMessage(reply):
                _append(messages, "assistant", reply.echo)
    return messages


def _append(messages: list[dict[str, Any]], role: str, blocks: list[dict[str, Any]]) -> None:
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] = [*messages[-1]["content"], *blocks]
    elif blocks:
        messages.append({"role": role, "content": blocks})


def _result(result: ToolResult) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": result.call_id, "content": result_text(result)}
    return {**block, "is_error": True} if result.is_error else block


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}


def _calls(stream: Stream, earlier: int) -> dict[int, ToolCall]:
    """The calls of an answer by the place of their blocks, each with an id of its own."""
    calls: dict[int, ToolCall] = {}
    used: set[str] = set()
    for place, block in enumerate(stream.in_order):
        if block.type != "tool_use":
            continue
        id = block.text("id")
        if not id or id in used:
            stream.note("a tool call without an id of its own")
            id = unused_id(earlier + len(calls) + 1, used)
        used.add(id)
        calls[place] = read_call(id, block.text("name"), block.arguments)
    return calls


def _echo(stream: Stream, calls: Mapping[int, ToolCall]) -> list[dict[str, Any]]:
    """The blocks for the next request, in order and unmodified; a call that was cut would want a result."""
    echo = []
    for place, block in enumerate(stream.in_order):
        if block.type == "tool_use":
            if call := calls.get(place):
                echo.append(_echoed_call(block, call))
        elif block.type != "text" or block.text("text").strip():
            # The API answers 400 to a text block without visible text.
            echo.append(block.as_received)
    return echo


def _echoed_call(block: Block, call: ToolCall) -> dict[str, Any]:
    return {**block.as_received, "id": call.id, "name": call.name, "input": call.arguments or {}}


def _loss(stream: Stream, complete: bool, calls: tuple[ToolCall, ...], text: str) -> Loss | None:
    """What kept the answer from being read, the gravest first."""
    if not complete:
        return Loss.TRUNCATED
    if stream.stop_reason == "refusal":
        return Loss.REFUSED
    if stream.stop_reason in _CUT:
        return Loss.CUT_AT_LIMIT
    if any(call.arguments is None for call in calls):
        return Loss.CALL_GARBLED
    if stream.stop_reason == "tool_use" and not calls:
        return Loss.CALL_LOST
    return None if calls or text.strip() else Loss.EMPTY
