"""Reading an OpenAI-compatible answer.

The rules follow what servers really send, not only what the reference says: mlx_lm.server, llama.cpp, vLLM,
Ollama, LM Studio, OpenRouter, and gateways to Gemini and MiniMax each deviate in their own way.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from milo_tui.endpoints.endpoint import OnPiece, PieceKind, Usage
from milo_tui.endpoints.failures import error_text
from milo_tui.endpoints.parser import RawCall, ReplyParser
from milo_tui.endpoints.think_tags import ThinkTags
from milo_tui.endpoints.wire_json import read_json, text_of, token_count
from milo_tui.suite.conversation import ToolCall

_MLX = re.compile(r"\d+\.\d+[\w.+]*-\d+\.\d+[\w.+]*-(macOS|Darwin|Linux)-")
"""mlx_lm.server's system_fingerprint: mlx-lm's version, mlx's, platform, GPU."""

_CALL_KEYS = ("index", "id", "type", "function")
_HARMONY = re.compile(
    r"<\|channel\|>(\w+)([^<]*)<\|message\|>(.*?)(?=<\|(?:end|start|call|return|channel)\|>|\Z)", re.DOTALL
)
"""A message of gpt-oss: its channel, whom it is for, its text."""

_THOUGHTS = ("reasoning", "reasoning_content", "reasoning_details")


@dataclass(slots=True, eq=False)
class Slot:
    """A tool call in the making."""

    index: int | None
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    """Keys beyond the protocol's, such as Gemini's `extra_content`, which must be sent back."""

    def add(self, piece: str) -> bool:
        """Add a piece of the arguments; True where it was all of them again, and took the place of what was there."""
        before, after = self.arguments.strip(), piece.strip()
        again = len(before) > 1 and before[0] == "{" and after.startswith(before)
        empty = before == "{}" and after.startswith("{")
        if again or empty:
            self.pieces = [piece]
        else:
            self.pieces.append(piece)
        return again or empty

    @property
    def arguments(self) -> str:
        """The text of its arguments so far."""
        return "".join(self.pieces)

    @property
    def is_phantom(self) -> bool:
        """LM Studio sends calls of which nothing ever comes."""
        return not (self.id or self.name or self.arguments.strip())

    def gives_way_to(self, id: str, name: str, arguments: str) -> bool:
        """Whether a piece with this slot's index belongs to another call: some servers number all calls 0."""
        if not name:
            return False
        if id and self.id:
            return id != self.id
        if self.name and name != self.name:
            return True
        if self.arguments.strip() in ("{}", arguments.strip()):
            return False
        whole = self.arguments.rstrip().endswith("}") and ToolCall.read("", "", self.arguments).arguments
        return bool(whole and arguments.strip())


class OpenAIParser(ReplyParser):
    """One answer as it is read. Texts are kept as they came; `content` has inline thinking still in it."""

    def __init__(self, on_piece: OnPiece) -> None:
        super().__init__(on_piece)
        self.reasoning_pieces: list[str] = []
        self.text_pieces: list[str] = []
        self.content: list[str] = []
        self.details: list[dict[str, Any]] = []
        self.slots: list[Slot] = []
        self.fields: set[str] = set()
        self._tags = ThinkTags()

    @property
    def text(self) -> str:
        return "".join(self.text_pieces)

    @property
    def reasoning(self) -> str:
        return "".join(self.reasoning_pieces)

    @property
    def is_mlx(self) -> bool:
        """Whether a mlx_lm.server answers."""
        return _MLX.match(self.version) is not None

    def raw_calls(self) -> Iterator[RawCall]:
        for key, slot in enumerate(self.slots):
            if slot.is_phantom:
                self.note("an empty tool call, dropped")
            else:
                yield RawCall(key, slot.id, slot.name, slot.arguments)

    def close(self) -> None:
        """Give out what was held back, and look for thinking whose opening tag is missing."""
        for kind, piece in self._tags.rest():
            if piece.strip():
                self._say(kind, piece)
            else:
                self.text_pieces.append(piece)
        if self._tags.found:
            self.fields.add("<think>")
        elif close := next((tag for tag in ThinkTags.PAIRS.values() if tag in self.text), ""):
            thought, _, answer = self.text.partition(close)
            if not self.reasoning_pieces:
                self.fields.add("<think>")
            if not self.reasoning_pieces or thought.strip() != self.reasoning.strip():
                self.reasoning_pieces.append(thought)
            self.text_pieces = [answer]
            self.note("thinking in the text without its opening tag")
        if "<|channel|>" in self.text:
            self._read_harmony()
        if not self.text.strip() and self.reasoning.strip() and not self.slots and self.finish == "stop":
            self.note("an answer in the reasoning field alone")

    def _read_harmony(self) -> None:
        """Take gpt-oss's channels apart: analysis is thinking, final the answer; a call stays in the text."""
        found = _HARMONY.findall(self.text)
        if any("to=" in recipient for _, recipient, _ in found) or not found:
            return
        self.reasoning_pieces += [text for channel, _, text in found if channel != "final"]
        self.text_pieces = [text for channel, _, text in found if channel == "final"]
        self.note("channels left in the text")

    def read_data(self, data: str, name: str) -> None:
        for part in self._parts(data):
            if part == "[DONE]":
                self.done = True
            else:
                super().read_data(part, name)

    def read(self, value: dict[str, Any], name: str) -> None:
        if name == "error" and not value.get("error"):
            self.error = error_text(value)
        else:
            self._chunk(value)

    def read_whole(self, value: dict[str, Any]) -> None:
        self._chunk(value)
        self.done = self.understood

    @staticmethod
    def _parts(data: str) -> list[str]:
        """An event's data, or its lines where a server left out the blank lines between events."""
        data = data.strip()
        if "\n" not in data:
            return [data]
        try:
            read_json(data)
        except ValueError:
            return [line.strip() for line in data.split("\n") if line.strip()]
        return [data]

    def _chunk(self, value: dict[str, Any]) -> None:
        problem = value.get("error") or _base_error(value.get("base_resp"))
        if problem:
            self.error = error_text(problem)
            return
        # The same in every chunk, mostly.
        if (model := value.get("model")) != self.model:
            self.model = text_of(model) or self.model
        if (version := value.get("system_fingerprint")) != self.version:
            self.version = text_of(version) or self.version
        groq = value.get("x_groq")
        usage = value.get("usage") or (groq.get("usage") if isinstance(groq, dict) else None)
        if isinstance(usage, dict) and usage:
            self.usage = _usage(usage)
        choices = value.get("choices")
        self.understood = self.understood or isinstance(choices, list)
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index") in (0, None):
                self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> None:
        if (finish := choice.get("finish_reason")) is not None:
            self.finish = text_of(finish) or self.finish
        if isinstance(usage := choice.get("usage"), dict) and usage:
            self.usage = _usage(usage)
        if (problem := choice.get("error")) is not None:
            self.error = error_text(problem)
            return
        delta, message = choice.get("delta"), choice.get("message")
        if not delta and message:
            if self.text_pieces or self.slots or self.reasoning_pieces:
                self.note("a whole message after its pieces, ignored")
                return
            delta = message
        if not isinstance(delta, dict):
            return
        if isinstance(delta.get("reasoning_content"), str):
            self.fields.add("reasoning_content")
        if any(map(delta.get, _THOUGHTS)):
            self._reason(delta)
        self._tell(delta)
        calls = delta.get("tool_calls")
        for element in calls if isinstance(calls, list) else ():
            if isinstance(element, dict):
                self._call(element)

    def _reason(self, delta: dict[str, Any]) -> None:
        """Thinking, in whichever of the fields it comes; the same in two of them counts once."""
        pieces = []
        for name in ("reasoning", "reasoning_content"):
            piece = text_of(delta.get(name))
            if piece:
                self.fields.add(name)
                if piece not in pieces:
                    pieces.append(piece)
        details = delta.get("reasoning_details")
        for detail in details if isinstance(details, list) else ():
            if isinstance(detail, dict):
                self.fields.add("reasoning_details")
                self._detail(detail)
        if not pieces and isinstance(details, list):
            pieces = [
                text_of(details) or "".join(text_of(d.get("summary")) for d in details if isinstance(d, dict))
            ]
        self._say("reasoning", "".join(pieces))

    def _detail(self, detail: dict[str, Any]) -> None:
        """Collect a reasoning detail to be sent back unmodified: pieces of one index make one detail."""
        index = detail.get("index")
        same = [kept for kept in self.details if index is not None and kept.get("index") == index]
        if not same or same[-1].get("type") != detail.get("type"):
            self.details.append(dict(detail))
            return
        for name, value in detail.items():
            if name in ("text", "summary", "data") and isinstance(value, str):
                same[-1][name] = text_of(same[-1].get(name)) + value
            elif value is not None:
                same[-1][name] = value

    def _tell(self, delta: dict[str, Any]) -> None:
        if refusal := text_of(delta.get("refusal")):
            self.refused = True
            self._say("text", refusal)
        if content := text_of(delta.get("content")):
            self.content.append(content)
            for kind, piece in self._tags.feed(content):
                self._say(kind, piece)

    def _call(self, element: dict[str, Any]) -> None:
        function = element.get("function")
        function = function if isinstance(function, dict) else {}
        id, name = text_of(element.get("id")), text_of(function.get("name"))
        arguments = self._arguments(function.get("arguments"))
        slot = self._slot(element.get("index"), id, name, arguments)
        slot.id = slot.id or id
        slot.name = slot.name or name
        if slot.add(arguments):
            self.note("the arguments of a tool call sent more than once")
        slot.extra |= {key: value for key, value in element.items() if key not in _CALL_KEYS}
        if not slot.is_phantom:
            real = [other for other in self.slots if not other.is_phantom]
            self.emit("tool call", arguments, real.index(slot), slot.name)

    def _arguments(self, value: Any) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        self.note("arguments sent as an object instead of text")
        return json.dumps(value, ensure_ascii=False)

    def _slot(self, index: Any, id: str, name: str, arguments: str) -> Slot:
        """The call that a piece belongs to: by its index, else by its id; a name begins a new one."""
        numbered = isinstance(index, int) and not isinstance(index, bool)
        found = self._find(index if numbered else None, id, name)
        if found is not None and numbered and found.gives_way_to(id, name, arguments):
            self.note("several tool calls under one index")
            found = None
        if not (numbered or self.in_one_piece):
            self.note("a tool call without an index")
        if found is None:
            found = Slot(index if numbered else None)
            self.slots.append(found)
        return found

    def _find(self, index: int | None, id: str, name: str) -> Slot | None:
        latest_first = reversed(self.slots)
        if index is not None:
            return next((slot for slot in latest_first if slot.index == index), None)
        if id:
            return next((slot for slot in latest_first if slot.id == id), None)
        return self.slots[-1] if self.slots and not name else None

    def _say(self, kind: PieceKind, text: str) -> None:
        if text:
            (self.reasoning_pieces if kind == "reasoning" else self.text_pieces).append(text)
        self.emit(kind, text)


def _base_error(value: Any) -> str | None:
    """MiniMax answers 200 with `base_resp.status_code` other than 0 where it failed."""
    if not isinstance(value, dict) or value.get("status_code") in (None, 0, "0"):
        return None
    return f"{error_text(value)} (status_code {value['status_code']})"


def _usage(usage: dict[str, Any]) -> Usage:
    """Token counts; `prompt_tokens` includes what came from the cache."""
    prompt, completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    prompt = prompt if isinstance(prompt, dict) else {}
    completion = completion if isinstance(completion, dict) else {}
    return Usage(
        input_tokens=token_count(usage.get("prompt_tokens")),
        output_tokens=token_count(usage.get("completion_tokens")),
        cached_tokens=token_count(prompt.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))),
        cache_write_tokens=token_count(prompt.get("cache_write_tokens")),
        reasoning_tokens=token_count(completion.get("reasoning_tokens")),
    )
