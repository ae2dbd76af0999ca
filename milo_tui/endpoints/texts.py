"""What both wire formats do alike with text: mending it, finding the thinking in it, reading a call from it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from milo_tui.endpoints.endpoint import AssistantMessage, ChatRequest, DeltaKind
from milo_tui.suite.conversation import ToolCall, ToolResult

MOST_LEVELS = 100
"""How deep the arguments of a call may be nested: far beyond any tool, well below the recursion limit."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(
    r"(?P<pair>\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w)|(?P<lone>\\u[dD][89a-fA-F]\w\w)|\\.", re.DOTALL
)

Piece = tuple[DeltaKind, str]


def mended(text: str) -> str:
    """`text` as valid Unicode: split surrogate pairs joined, lone surrogates replaced by U+FFFD."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read_json(text: str | bytes) -> Any:
    """JSON as a server sent it, NaN and all. Raises ValueError, whatever is wrong with it."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if len(text) > 4 * MOST_LEVELS and _is_too_deep(value, 2 * MOST_LEVELS):
        raise ValueError("nested too deeply")
    return value


def write_json(value: Any) -> bytes:
    """A request's body: compact ASCII JSON, without NaN or lone surrogates, which strict servers refuse."""
    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        plain = json.loads(json.dumps(value), parse_constant=lambda name: None)
        text = json.dumps(plain, separators=(",", ":"))
    return _without_lone_escapes(text).encode("ascii")


def read_call(id: str, name: str, arguments_text: str) -> ToolCall:
    """A tool call of valid Unicode, its arguments no deeper than anyone can handle."""
    call = ToolCall.read(mended(id), mended(name), _without_lone_escapes(mended(arguments_text)))
    if call.arguments is None or not _is_too_deep(call.arguments, MOST_LEVELS):
        return call
    return replace(call, arguments=None, problem="its arguments are not valid JSON (nested too deeply)")


def unused_id(number: int, taken: set[str]) -> str:
    """An id for a call that came without: call_<n>."""
    while (id := f"call_{number}") in taken:
        number += 1
    return id


def calls_before(request: ChatRequest) -> int:
    """How many calls the conversation holds already."""
    return sum(len(m.reply.calls) for m in request.messages if isinstance(m, AssistantMessage))


def was_cut(call: ToolCall) -> bool:
    """Whether the last call of an answer that was cut off is not all there."""
    return call.arguments is None or not call.arguments_text.strip()


def result_text(result: ToolResult) -> str:
    """A tool's result as every provider is given it: compact JSON text, a string in its quotes too."""
    return json.dumps(result.content, ensure_ascii=False, separators=(",", ":"))


def words(value: Any) -> str:
    """A field's text: a string, or the texts of a list of parts joined; nothing for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(words(part.get("text")) for part in value if isinstance(part, dict))
    return ""


def count(value: Any) -> int | None:
    """A count of tokens, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 2**53 else None


class ThinkTags:
    """Takes `<think>…</think>` at the start of streamed content out of it; a tag may come in pieces.

    White space is held back until something visible follows: mlx_lm.server sends "\\n" before the silence
    in which it writes a tool call, and that is no answer yet.
    """

    OPEN, CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self.found = False
        self._held = ""
        self._state = self._at_start
        self._is_answer = False

    def feed(self, text: str) -> Iterator[Piece]:
        """The pieces of reasoning and text that are certain now."""
        if self._is_answer:
            yield DeltaKind.TEXT, text
            return
        self._held += text
        before = None
        while self._held and before != (self._state, self._held):
            before = (self._state, self._held)
            yield from self._state()

    def rest(self) -> Iterator[Piece]:
        """What was held back, at the end of the content."""
        kind = DeltaKind.REASONING if self._state == self._thinking else DeltaKind.TEXT
        if self._held:
            yield kind, self._held
        self._held = ""

    def _at_start(self) -> Iterator[Piece]:
        visible = self._held.lstrip()
        if visible.startswith(self.OPEN):
            self.found = True
            self._held = visible[len(self.OPEN) :]
            self._state = self._thinking
        elif not self.OPEN.startswith(visible):
            self._state = self._answering
        yield from ()

    def _thinking(self) -> Iterator[Piece]:
        thought, tag, after = self._held.partition(self.CLOSE)
        keep = 0 if tag else _overlap(thought, self.CLOSE)
        certain = thought[: len(thought) - keep]
        self._held = after if tag else thought[len(thought) - keep :]
        if tag:
            self._state = self._after_thinking
        if certain:
            yield DeltaKind.REASONING, certain

    def _after_thinking(self) -> Iterator[Piece]:
        if self._held.strip():
            self._state = self._answering
        yield from ()

    def _answering(self) -> Iterator[Piece]:
        text, self._held = self._held, ""
        self._is_answer = True
        yield DeltaKind.TEXT, text


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)


def _without_lone_escapes(json_text: str) -> str:
    """JSON text whose escapes, such as \\ud800, make up valid Unicode."""
    if "\\ud" not in json_text.lower():
        return json_text
    return _ESCAPE.sub(lambda escape: "\\ufffd" if escape["lone"] else escape[0], json_text)


def _is_too_deep(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [item for parent in level for item in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
