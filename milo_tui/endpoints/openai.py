"""OpenAI-compatible chat completions, as mlx_lm.server and most others speak them."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from milo_tui.endpoints.chat import WARM_UP_TOKENS, ChatEndpoint, legal_name
from milo_tui.endpoints.endpoint import (
    AssistantMessage,
    ChatRequest,
    EndpointError,
    ToolResults,
    ToolSpec,
    UserMessage,
)
from milo_tui.endpoints.openai_stream import OpenAIParser
from milo_tui.endpoints.transport import Answer
from milo_tui.endpoints.wire_json import fix_unicode, result_text
from milo_tui.suite.conversation import ToolCall
from milo_tui.suite.json_text import JSON

_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "repetition_penalty", "seed")


class OpenAIChat(ChatEndpoint):
    """OpenAI-compatible chat completions."""

    protocol = "openai chat completions"
    path = "/chat/completions"
    final_errors = ("insufficient_quota", "billing_hard_limit_reached")
    parser = OpenAIParser

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_openai = self._transport.hostname == "api.openai.com"
        self._echoed: str | None = None
        self._limit_key = "max_completion_tokens" if self._is_openai else "max_tokens"
        self._stream_options = True
        self._short_ids = False

    @staticmethod
    def address(base_url: str) -> str:
        """The address in front of /chat/completions; a bare host gets the usual /v1."""
        address = base_url.rstrip("/").removesuffix("/chat/completions").rstrip("/")
        return f"{address}/v1" if address.count("/") == 2 else address

    def settings(self) -> dict[str, Any]:
        return self._settings(self._entry.max_tokens)

    def warm_up_settings(self) -> dict[str, Any]:
        return self._settings(WARM_UP_TOKENS)

    def adapt(self, error: EndpointError) -> str:
        body = error.exchange.response if error.exchange and error.status in (400, 404, 422) else b""
        if b"max_completion_tokens" in body and self._limit_key == "max_tokens":
            self._limit_key = "max_completion_tokens"
            return "wants max_completion_tokens in the place of max_tokens"
        if b"stream_options" in body and self._stream_options:
            self._stream_options = False
            return "refuses stream_options"
        if b"alphanumeric" in body and b"length 9" in body and not self._short_ids:
            self._short_ids = True
            return "wants ids of tool calls of nine letters and digits"
        return ""

    def manifest(self) -> dict[str, JSON]:
        return {
            "echo_reasoning": self._echoed or self._entry.echo_reasoning,
            "left_out": {} if self._sends_thinking else {"thinking": "no key for it at where = api"},
        }

    def conversation(self, request: ChatRequest) -> dict[str, Any]:
        messages: list[dict[str, Any]] = []
        if request.system:
            messages.append({"role": "system", "content": request.system})
        for message in request.messages:
            match message:
                case UserMessage(text):
                    messages.append({"role": "user", "content": text})
                case AssistantMessage(reply):
                    messages.append(self._with_ids(reply.echo))
                case ToolResults(results):
                    messages += [
                        {
                            "role": "tool",
                            "tool_call_id": self._id(result.call_id),
                            "content": result_text(result),
                        }
                        for result in results
                    ]
        return {"messages": messages}

    def _id(self, id: str) -> str:
        return sha256(id.encode()).hexdigest()[:9] if self._short_ids else id

    def _with_ids(self, echo: dict[str, Any]) -> dict[str, Any]:
        if not (self._short_ids and echo.get("tool_calls")):
            return echo
        return {**echo, "tool_calls": [{**call, "id": self._id(call["id"])} for call in echo["tool_calls"]]}

    def tool(self, tool: ToolSpec) -> dict[str, Any]:
        function = {
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
        }
        return {"type": "function", "function": function}

    @property
    def _sends_thinking(self) -> bool:
        return self._entry.thinking is None or self._entry.where == "local"

    def _settings(self, max_tokens: int) -> dict[str, Any]:
        entry = self._entry
        settings: dict[str, Any] = {"model": entry.model or "default_model", "stream": self._stream}
        if self._stream and self._stream_options:
            settings["stream_options"] = {"include_usage": True}
        settings[self._limit_key] = max_tokens
        sampling = {name: getattr(entry, name) for name in _SAMPLING}
        settings |= {name: value for name, value in sampling.items() if value is not None}
        if entry.thinking is not None and self._sends_thinking:
            settings["chat_template_kwargs"] = {"enable_thinking": entry.thinking}
        return settings

    def server(self, parser: OpenAIParser, answer: Answer) -> str:
        """The model's name where it differs from the one asked for, and the server's own version."""
        model = parser.model if parser.model != (self._entry.model or "default_model") else ""
        version = parser.version or answer.headers.get("server", "")
        return ", ".join(fix_unicode(part) for part in (model, version) if part)

    def echo(self, parser: OpenAIParser, calls: Mapping[int, ToolCall]) -> dict[str, Any]:
        """The assistant's turn for the next request, its content unstripped: so prefix caches hit."""
        fields = self._echo_fields(parser)
        inline = fields == ("<think>",)
        content: Any = "".join(parser.content) if inline else parser.text
        if fields == ("parts",):
            content, fields, self._echoed = parser.parts, (), "parts of content"
        message: dict[str, Any] = {"role": "assistant", "content": content}
        for name in () if inline else fields:
            thoughts = parser.details if name == "reasoning_details" else parser.reasoning
            if thoughts or name == "reasoning_content":
                message[name] = thoughts
                self._echoed = " and ".join(fields)
        if inline:
            self._echoed = "<think> in content"
        if calls:
            message["tool_calls"] = [
                {**parser.slots[key].extra, **_echoed_call(call)} for key, call in calls.items()
            ]
        return message

    def _echo_fields(self, parser: OpenAIParser) -> tuple[str, ...]:
        """Where thinking is sent back: as the entry says, else in the way of the server that sent it."""
        asked, seen = self._entry.echo_reasoning, parser.fields
        if asked != "auto":
            both = ("reasoning", "reasoning_content")
            return {"none": (), "both": both}.get(asked, (asked,))
        if self._is_openai or not seen:
            return ()
        if "parts" in seen:
            return ("parts",)
        if "<think>" in seen and not seen & {"reasoning", "reasoning_content", "reasoning_details"}:
            return ("<think>",)
        if "reasoning_details" in seen:
            return ("reasoning_details",)
        # mlx_lm.server sends `reasoning`, but its chat templates read `reasoning_content`.
        if "reasoning_content" in seen or parser.is_mlx or self._entry.server is not None:
            return ("reasoning_content",)
        return ("reasoning",)


def _echoed_call(call: ToolCall) -> dict[str, Any]:
    """A call of an earlier turn. mlx_lm.server answers 404 to arguments that hold no JSON object."""
    readable = call.arguments is not None and call.arguments_text.strip()
    arguments = call.arguments_text if readable else "{}"
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": legal_name(call.name), "arguments": arguments},
    }
