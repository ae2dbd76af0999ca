"""Anthropic's Messages API, of the versions 2023-06-01 and 2026-10-21."""

import re
from collections.abc import Mapping
from typing import Any

from milo_tui.endpoints.anthropic_stream import AnthropicParser, Block
from milo_tui.endpoints.chat import WARM_UP_TOKENS, ChatEndpoint, legal_name
from milo_tui.endpoints.endpoint import AssistantMessage, ChatRequest, ToolResults, ToolSpec, UserMessage
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.wire_json import result_text
from milo_tui.suite.conversation import ToolCall, ToolResult
from milo_tui.suite.json_text import JSON

_NO_SAMPLING_FROM = "2026-10-21"
_UNKNOWN_KEYS = ("min_p", "presence_penalty", "repetition_penalty", "seed")
_ADAPTIVE = re.compile(r"claude-[a-z]+-(4-[6-9]|[5-9]|[1-9]\d)(?!\d)")
_NO_SAMPLING = re.compile(r"claude-[a-z]+-(4-[7-9]|[5-9]|[1-9]\d)(?!\d)")


class AnthropicMessages(ChatEndpoint):
    """Anthropic's Messages API; results of tools that are errors are marked with is_error."""

    protocol = "anthropic messages"
    path = "/v1/messages"
    models_path = "/v1/models"
    default_url = "https://api.anthropic.com"
    needs_model = True
    key_header = "x-api-key"
    final_errors = ("contract_spend_limit_reached", "enforced_spend_limit_reached", "ramp_limit_exceeded")
    parser = AnthropicParser

    @staticmethod
    def address(base_url: str) -> str:
        return base_url.rstrip("/").removesuffix("/messages").removesuffix("/v1").rstrip("/")

    def settings(self) -> dict[str, Any]:
        entry = self._entry
        settings = {"model": entry.model, "max_tokens": entry.max_tokens, "stream": self._stream}
        thinking = _thinking(entry)
        return settings | _sampling(entry)[0] | ({"thinking": thinking} if thinking else {})

    def warm_up_settings(self) -> dict[str, Any]:
        """Without thinking, whose budget would not fit."""
        return {"model": self._entry.model, "max_tokens": WARM_UP_TOKENS, "stream": self._stream}

    def headers(self) -> dict[str, str]:
        return {"anthropic-version": self._entry.api_version}

    def manifest(self) -> dict[str, JSON]:
        left_out: dict[str, JSON] = {**_sampling(self._entry)[1]}
        return {
            "anthropic-version": self._entry.api_version,
            "echo_reasoning": "blocks",
            "left_out": left_out,
        }

    def conversation(self, request: ChatRequest) -> dict[str, Any]:
        """Results of tools stand first in the user message that holds them all."""
        messages: list[dict[str, Any]] = []
        for message in request.messages:
            match message:
                case UserMessage(text):
                    _append(messages, "user", [{"type": "text", "text": text}])
                case ToolResults(results):
                    _append(messages, "user", [_result(result) for result in results])
                case AssistantMessage(reply):
                    _append(messages, "assistant", reply.echo)
        return {"messages": messages, **({"system": request.system} if request.system else {})}

    def tool(self, tool: ToolSpec) -> dict[str, Any]:
        return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}

    def echo(self, parser: AnthropicParser, calls: Mapping[int, ToolCall]) -> list[dict[str, Any]]:
        """The blocks in order and unmodified; a call that was cut would want a result."""
        echo = []
        for key, block in enumerate(parser.in_order):
            if block.type == "tool_use":
                if call := calls.get(key):
                    echo.append(_echoed_call(block, call))
            elif block.type != "text" or block.text("text").strip():
                # The API answers 400 to a text block without visible text.
                echo.append(block.as_received)
        return echo


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


def _append(messages: list[dict[str, Any]], role: str, blocks: list[dict[str, Any]]) -> None:
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] = [*messages[-1]["content"], *blocks]
    elif blocks:
        messages.append({"role": role, "content": blocks})


def _result(result: ToolResult) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": result.call_id, "content": result_text(result)}
    return {**block, "is_error": True} if result.is_error else block


def _echoed_call(block: Block, call: ToolCall) -> dict[str, Any]:
    return {**block.as_received, "id": call.id, "name": legal_name(call.name), "input": call.arguments or {}}
