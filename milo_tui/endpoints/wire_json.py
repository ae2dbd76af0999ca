"""JSON and text as servers send and want them: invalid Unicode, deep nesting, fields of the wrong type."""

import json
import re
from dataclasses import replace
from typing import Any

from milo_tui.suite.conversation import ToolCall, ToolResult

MOST_LEVELS = 100
"""How deep the arguments of a call may be nested: far beyond any tool, well below the recursion limit."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(
    r"(?P<pair>\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w)|(?P<lone>\\u[dD][89a-fA-F]\w\w)|\\.", re.DOTALL
)


def fix_unicode(text: str) -> str:
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
    call = ToolCall.read(
        fix_unicode(id), fix_unicode(name), _without_lone_escapes(fix_unicode(arguments_text))
    )
    if call.arguments is None or not _is_too_deep(call.arguments, MOST_LEVELS):
        return call
    return replace(call, arguments=None, problem="its arguments are not valid JSON (nested too deeply)")


def unused_id(number: int, taken: set[str]) -> str:
    """An id for a call that came without: call_<n>."""
    while (id := f"call_{number}") in taken:
        number += 1
    return id


def result_text(result: ToolResult) -> str:
    """A tool's result as every provider is given it: compact JSON text, a string in its quotes too."""
    return json.dumps(result.content, ensure_ascii=False, separators=(",", ":"))


def text_of(value: Any) -> str:
    """A field's text: a string, or the texts of a list of parts joined; nothing for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(text_of(part.get("text")) for part in value if isinstance(part, dict))
    return ""


def token_count(value: Any) -> int | None:
    """A count of tokens, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 2**53 else None


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
