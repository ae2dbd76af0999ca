"""OpenAI-compatible chat completions, as mlx_lm.server and most others speak them."""

from collections.abc import Mapping
from typing import Any

from milo_tui.endpoints.chat import WARM_UP_TOKENS, ChatEndpoint
from milo_tui.endpoints.endpoint import AssistantMessage, ChatRequest, ToolResults, ToolSpec, UserMessage
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

    @staticmethod
    def address(base_url: str) -> str:
        """The address in front of /chat/completions; a bare host gets the usual /v1."""
        address = base_url.rstrip("/").removesuffix("/chat/completions").rstrip("/")
        return f"{address}/v1" if address.count("/") == 2 else address

    def settings(self) -> dict[str, Any]:
        return self._settings(self._entry.max_tokens)

    def warm_up_settings(self) -> dict[str, Any]:
        return self._settings(WARM_UP_TOKENS)

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
                    messages.append(reply.echo)
                case ToolResults(results):
                    messages += [
                        {"role": "tool", "tool_call_id": result.call_id, "content": result_text(result)}
                        for result in results
                    ]
        return {"messages": messages}

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
        if self._stream:
            settings["stream_options"] = {"include_usage": True}
        settings["max_completion_tokens" if self._is_openai else "max_tokens"] = max_tokens
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
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(parser.content) if inline else parser.text,
        }
        for name in () if inline else fields:
            thoughts = parser.details if name == "reasoning_details" else parser.reasoning
            if thoughts:
                message[name] = thoughts
                self._echoed = " and ".join(fields)
        if inline:
            self._echoed = "<think> in content"
        if calls:
            message["tool_calls"] = [_echoed_call(call) for call in calls.values()]
        return message

    def _echo_fields(self, parser: OpenAIParser) -> tuple[str, ...]:
        """Where thinking is sent back: as the entry says, else in the way of the server that sent it."""
        asked, seen = self._entry.echo_reasoning, parser.fields
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
        if "reasoning_content" in seen or parser.is_mlx or self._entry.server is not None:
            return ("reasoning_content",)
        return ("reasoning",)


def _echoed_call(call: ToolCall) -> dict[str, Any]:
    """A call of an earlier turn. mlx_lm.server answers 404 to arguments that hold no JSON object."""
    readable = call.arguments is not None and call.arguments_text.strip()
    arguments = call.arguments_text if readable else "{}"
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
