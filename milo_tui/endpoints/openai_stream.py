"""Reading an OpenAI-compatible answer, as servers really send it: most deviate from the reference, each in its way."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from milo_tui.endpoints.endpoint import OnPiece, PieceKind, Usage
from milo_tui.endpoints.failures import error_text
from milo_tui.endpoints.parser import MOST_CALLS, RawCall, ReplyParser
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

    def named(self, id: str, name: str) -> None:
        """Take a name, or the rest of one: a later piece without an id, before any argument came."""
        if not name or not self.name or self.arguments:
            self.name = self.name or name
        elif name.startswith(self.name):
            self.name = name
        elif self.id and not id:
            self.name += name

    @property
    def is_open(self) -> bool:
        """Whether its arguments have begun and are not all there."""
        return bool(self.arguments.strip()) and ToolCall.read("", "", self.arguments).arguments is None

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
        if self.is_open and not arguments.lstrip().startswith("{"):
            return False
        if id and self.id:
            return id != self.id
        if self.name and name != self.name:
            return not (self.id and not self.arguments) and not name.startswith(self.name)
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
        self.tagged: list[str] = []
        self.content: list[str] = []
        self.parts: list[dict[str, Any]] = []
        self.details: list[dict[str, Any]] = []
        self.slots: list[Slot] = []
        self.fields: set[str] = set()
        self._tags = ThinkTags()
        self._calls_elsewhere = False

    @property
    def text(self) -> str:
        return "".join(self.text_pieces)

    @property
    def reasoning(self) -> str:
        return "".join(self.reasoning_pieces + self.tagged)

    @property
    def is_mlx(self) -> bool:
        """Whether a mlx_lm.server answers."""
        return _MLX.match(self.version) is not None

    def raw_calls(self) -> Iterator[RawCall]:
        for key, slot in enumerate(self.slots):
            if slot.is_phantom:
                self.repair("an empty tool call, dropped")
            else:
                yield RawCall(key, slot.id, slot.name, slot.arguments)

    def close(self) -> None:
        """Give out what was held back, and look for thinking whose opening tag is missing."""
        for kind, piece in self._tags.rest():
            if piece.strip():
                self._say_tagged(kind, piece)
            else:
                self.text_pieces.append(piece)
        if self._tags.found:
            self.fields.add("<think>")
            if self.tagged and "".join(self.tagged).strip() == "".join(self.reasoning_pieces).strip():
                self.tagged.clear()
                self.repair("the same thinking in the text and in a field of its own")
        elif close := next((tag for tag in ThinkTags.PAIRS.values() if tag in self.text), ""):
            thought, _, answer = self.text.partition(close)
            if not self.reasoning_pieces:
                self.fields.add("<think>")
            if not self.reasoning_pieces or thought.strip() != self.reasoning.strip():
                self.reasoning_pieces.append(thought)
            self.text_pieces = [answer]
            self.repair("thinking in the text without its opening tag")
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
        self.repair("channels left in the text")

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
            elif isinstance(choice, dict):
                self._other_choice(choice)

    def _other_choice(self, choice: dict[str, Any]) -> None:
        """A choice that was not asked for counts only for calls, where the first choice has none."""
        delta = choice.get("delta") or choice.get("message")
        calls = delta.get("tool_calls") if isinstance(delta, dict) else None
        if calls and (not self.slots or self._calls_elsewhere):
            self._calls_elsewhere = True
            self.repair("tool calls in another choice than the first")
            self._choice({"delta": {"tool_calls": calls}})

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
                self.repair("a whole message after its pieces, ignored")
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
        if isinstance(calls, dict):
            self.repair("tool calls sent as an object instead of a list")
            calls = [calls]
        for element in calls if isinstance(calls, list) else ():
            if isinstance(element, dict) and not self.too_many_calls:
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
        content = delta.get("content")
        if isinstance(content, list):
            self._take_parts([part for part in content if isinstance(part, dict)])
        elif text := text_of(content):
            self._take_text(text)

    def _take_text(self, text: str) -> None:
        self.content.append(text)
        for kind, piece in self._tags.feed(text):
            self._say_tagged(kind, piece)

    def _take_parts(self, parts: list[dict[str, Any]]) -> None:
        """Content in parts, as Mistral sends it: thinking among them; they are sent back as they came."""
        for part in parts:
            thought = text_of(part.get("thinking"))
            if thought:
                self.fields.add("parts")
                self._say("reasoning", thought)
            elif text := text_of(part.get("text")):
                self._take_text(text)
            last = self.parts[-1] if self.parts else {"type": None}
            if last["type"] != part.get("type"):
                self.parts.append({"type": part.get("type"), **part})
            elif thought:
                last |= {
                    **part,
                    "thinking": [{"type": "text", "text": text_of(last.get("thinking")) + thought}],
                }
            else:
                last |= {**part, "text": text_of(last.get("text")) + text_of(part.get("text"))}

    def _call(self, element: dict[str, Any]) -> None:
        function = element.get("function")
        function = function if isinstance(function, dict) else {}
        id, name = text_of(element.get("id")), text_of(function.get("name"))
        arguments = self._arguments(function.get("arguments"))
        slot = self._slot(element.get("index"), id, name, arguments)
        slot.named(id, name)
        slot.id = slot.id or id
        if slot.add(arguments):
            self.repair("the arguments of a tool call sent more than once")
        slot.extra |= {key: value for key, value in element.items() if key not in _CALL_KEYS}
        if not slot.is_phantom:
            real = [other for other in self.slots if not other.is_phantom]
            self.emit("tool call", arguments, real.index(slot), slot.name)

    def _arguments(self, value: Any) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        self.repair("arguments sent as an object instead of text")
        return json.dumps(value, ensure_ascii=False)

    def _slot(self, index: Any, id: str, name: str, arguments: str) -> Slot:
        """The call that a piece belongs to: by its index, else by its id; a name begins a new one."""
        numbered = isinstance(index, int) and not isinstance(index, bool)
        found = self._find(index if numbered else None, id, name)
        if found is not None and numbered and found.gives_way_to(id, name, arguments):
            self.repair("several tool calls under one index")
            found = None
        if not (numbered or self.in_one_piece):
            self.repair("a tool call without an index")
        if found is None:
            found = Slot(index if numbered else None)
            self.slots.append(found)
            self.too_many_calls = len(self.slots) > MOST_CALLS
        return found

    def _find(self, index: int | None, id: str, name: str) -> Slot | None:
        latest_first = self.slots[::-1]
        if index is not None:
            same = next((slot for slot in latest_first if slot.index == index), None)
            other = next((slot for slot in latest_first if not name and id and slot.id == id), None)
            if same is None and other is None and not (id or name) and latest_first:
                other = latest_first[0]
            if same is None and other is not None:
                self.repair("pieces of one tool call at two indexes")
            return same or other
        if id:
            return next((slot for slot in latest_first if slot.id == id), None)
        return self.slots[-1] if self.slots and not name else None

    def _say_tagged(self, kind: PieceKind, text: str) -> None:
        """What stood in the text: thinking in tags is kept apart from that of a field of its own."""
        if kind == "reasoning" and text:
            self.tagged.append(text)
            self.emit(kind, text)
        else:
            self._say(kind, text)

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
    prompt, completion = (part if isinstance(part, dict) else {} for part in (prompt, completion))
    return Usage(
        input_tokens=token_count(usage.get("prompt_tokens")),
        output_tokens=token_count(usage.get("completion_tokens")),
        cached_tokens=token_count(prompt.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))),
        cache_write_tokens=token_count(prompt.get("cache_write_tokens")),
        reasoning_tokens=token_count(completion.get("reasoning_tokens")),
    )
