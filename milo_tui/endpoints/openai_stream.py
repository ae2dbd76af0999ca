"""Reading an OpenAI-compatible answer: chunks in, deltas out, and at the end all that was said.

The rules follow what servers really send, not only what the reference says: mlx_lm.server, llama.cpp, vLLM,
Ollama, LM Studio, OpenRouter, and gateways to Gemini and MiniMax each deviate in their own way.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from milo_tui.endpoints.endpoint import Clock, Delta, DeltaKind, OnDelta, Usage
from milo_tui.endpoints.failures import told
from milo_tui.endpoints.sse import Event
from milo_tui.endpoints.texts import ThinkTags, count, mended, read_json, words
from milo_tui.suite.conversation import ToolCall

_MLX = re.compile(r"\d+\.\d+[\w.+]*-\d+\.\d+[\w.+]*-(macOS|Darwin|Linux)-")
"""mlx_lm.server's system_fingerprint: mlx-lm's version, mlx's, platform, GPU."""

_THOUGHTS = ("reasoning", "reasoning_content", "reasoning_details")


@dataclass(slots=True, eq=False)
class Slot:
    """A tool call in the making."""

    index: int | None
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)

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
        whole = self.arguments.rstrip().endswith("}") and ToolCall.read("", "", self.arguments).arguments
        return bool(whole and arguments.strip())


@dataclass(slots=True)
class Stream:
    """One answer as it is read. Texts are kept as they came; `content` has inline thinking still in it."""

    on_delta: OnDelta
    clock: Clock = field(default_factory=lambda: Clock(0))
    reasoning: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)
    details: list[dict[str, Any]] = field(default_factory=list)
    refused: bool = False
    slots: list[Slot] = field(default_factory=list)
    finish: str | None = None
    done: bool = False
    error: str | None = None
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    fingerprint: str = ""
    fields: set[str] = field(default_factory=set)
    quirks: list[str] = field(default_factory=list)
    understood: bool = False
    in_one_piece: bool = False
    _tags: ThinkTags = field(default_factory=ThinkTags)
    _at_ns: int = 0
    _carries: bool = False

    @property
    def is_mlx(self) -> bool:
        """Whether a mlx_lm.server answers."""
        return _MLX.match(self.fingerprint) is not None

    def note(self, quirk: str) -> None:
        """Remember a deviation, once."""
        if quirk not in self.quirks:
            self.quirks.append(quirk)

    def event(self, event: Event) -> bool:
        """Read one event of a stream; True once `[DONE]` or an error came."""
        for data in self._parts(event.data):
            if data == "[DONE]":
                self.done = True
            else:
                self._read(data, event)
        return self.done or self.error is not None

    def whole(self, body: bytes) -> None:
        """Read an answer that came in one piece, without streaming."""
        try:
            value = read_json(body)
        except ValueError:
            return
        if isinstance(value, dict):
            self.in_one_piece = True
            self._chunk(value, self.clock.end or 0)
            self.clock.arrivals.clear()
            self.done = self.understood

    def close(self) -> None:
        """The end: give out what was held back, and look for thinking whose opening tag is missing."""
        for kind, piece in self._tags.rest():
            if piece.strip():
                self._say(kind, piece)
            else:
                self.text.append(piece)
        if self._tags.found:
            self.fields.add("<think>")
        elif not self.reasoning and ThinkTags.CLOSE in (text := "".join(self.text)):
            thought, _, answer = text.partition(ThinkTags.CLOSE)
            self.reasoning, self.text = [thought], [answer]
            self.fields.add("<think>")
            self.note("thinking in the text without its opening tag")

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

    def _read(self, data: str, event: Event) -> None:
        try:
            value = read_json(data)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            self.note("an event that is not a JSON object, skipped")
        elif event.name == "error" and not value.get("error"):
            self.error = told(value)
        else:
            self._chunk(value, event.at_ns)

    def _chunk(self, value: dict[str, Any], at_ns: int) -> None:
        self._at_ns = at_ns
        problem = value.get("error") or _base_error(value.get("base_resp"))
        if problem:
            self.error = told(problem)
            return
        # The same in every chunk, mostly.
        if (model := value.get("model")) != self.model:
            self.model = words(model) or self.model
        if (fingerprint := value.get("system_fingerprint")) != self.fingerprint:
            self.fingerprint = words(fingerprint) or self.fingerprint
        if isinstance(usage := value.get("usage"), dict) and usage:
            self.usage = _usage(usage)
        choices = value.get("choices")
        self.understood = self.understood or isinstance(choices, list)
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index") in (0, None):
                self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> None:
        if (finish := choice.get("finish_reason")) is not None:
            self.finish = words(finish) or self.finish
        delta = choice.get("delta") or choice.get("message")
        if not isinstance(delta, dict):
            return
        self._carries = False
        if any(map(delta.get, _THOUGHTS)):
            self._reason(delta)
        self._tell(delta)
        calls = delta.get("tool_calls")
        for element in calls if isinstance(calls, list) else ():
            if isinstance(element, dict):
                self._call(element)
        if self._carries:
            self.clock.chunks += 1
            self.clock.arrivals.append(self._at_ns)

    def _reason(self, delta: dict[str, Any]) -> None:
        """Thinking, in whichever of the fields it comes; the same in two of them counts once."""
        pieces = []
        for name in ("reasoning", "reasoning_content"):
            piece = words(delta.get(name))
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
                words(details) or "".join(words(d.get("summary")) for d in details if isinstance(d, dict))
            ]
        self._say(DeltaKind.REASONING, "".join(pieces))

    def _detail(self, detail: dict[str, Any]) -> None:
        """Collect a reasoning detail to be sent back unmodified: pieces of one index make one detail."""
        index = detail.get("index")
        same = [kept for kept in self.details if index is not None and kept.get("index") == index]
        if not same or same[-1].get("type") != detail.get("type"):
            self.details.append(dict(detail))
            return
        for name, value in detail.items():
            if name in ("text", "summary", "data") and isinstance(value, str):
                same[-1][name] = words(same[-1].get(name)) + value
            elif value is not None:
                same[-1][name] = value

    def _tell(self, delta: dict[str, Any]) -> None:
        if refusal := words(delta.get("refusal")):
            self.refused = True
            self._say(DeltaKind.TEXT, refusal)
        if content := words(delta.get("content")):
            self.content.append(content)
            for kind, piece in self._tags.feed(content):
                self._say(kind, piece)

    def _call(self, element: dict[str, Any]) -> None:
        function = element.get("function")
        function = function if isinstance(function, dict) else {}
        id, name = words(element.get("id")), words(function.get("name"))
        arguments = self._arguments(function.get("arguments"))
        slot = self._slot(element.get("index"), id, name, arguments)
        slot.id = slot.id or id
        slot.name = slot.name or name
        slot.pieces.append(arguments)
        if not slot.is_phantom:
            real = [other for other in self.slots if not other.is_phantom]
            self._say(DeltaKind.TOOL_CALL, arguments, real.index(slot), slot.name)

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

    def _say(self, kind: DeltaKind, text: str, call: int = 0, name: str = "") -> None:
        if kind is not DeltaKind.TOOL_CALL:
            if not text:
                return
            (self.reasoning if kind is DeltaKind.REASONING else self.text).append(text)
        self._carries = True
        self.clock.saw(kind, self._at_ns)
        self.on_delta(Delta(kind, mended(text), self._at_ns, call, mended(name)))


def _base_error(value: Any) -> str | None:
    """MiniMax answers 200 with `base_resp.status_code` other than 0 where it failed."""
    if not isinstance(value, dict) or value.get("status_code") in (None, 0, "0"):
        return None
    return f"{told(value)} (status_code {value['status_code']})"


def _usage(usage: dict[str, Any]) -> Usage:
    """Token counts; `prompt_tokens` includes what came from the cache."""
    prompt, completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    prompt = prompt if isinstance(prompt, dict) else {}
    completion = completion if isinstance(completion, dict) else {}
    return Usage(
        input_tokens=count(usage.get("prompt_tokens")),
        output_tokens=count(usage.get("completion_tokens")),
        cached_tokens=count(prompt.get("cached_tokens")),
        cache_write_tokens=count(prompt.get("cache_write_tokens")),
        reasoning_tokens=count(completion.get("reasoning_tokens")),
    )
