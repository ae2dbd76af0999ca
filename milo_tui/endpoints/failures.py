"""What an HTTP failure means: one sentence for the user, whether to try again, and when."""

import math
import os
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from milo_tui.endpoints.wire_json import fix_unicode, read_json
from milo_tui.suite.conversation import Loss, ToolCall

_LONGEST_MESSAGE = 300
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_KINDS = {
    401: "key",
    403: "key",
    408: "timeout",
    429: "rate limited",
    503: "unavailable",
    504: "timeout",
    529: "overloaded",
}


CUT_REASONS = ("length", "max_tokens", "model_context_window_exceeded")
_REFUSED_REASONS = ("content_filter", "refusal")
_CALL_REASONS = ("tool_calls", "function_call", "tool_use")
_GENERATION_DEAD = b"generation thread died"


def loss_of(
    finish: str | None, complete: bool, refused: bool, calls: Sequence[ToolCall], text: str
) -> Loss | None:
    """What kept a reply from being read, the gravest first; `finish` is any protocol's finish reason."""
    if not complete:
        return Loss.TRUNCATED
    if finish in CUT_REASONS:
        return Loss.CUT_AT_LIMIT
    if finish in _REFUSED_REASONS or (refused and not calls):
        return Loss.REFUSED
    if any(call.arguments is None for call in calls):
        return Loss.CALL_GARBLED
    if finish in _CALL_REASONS and not calls:
        return Loss.CALL_LOST
    return None if calls or text.strip() else Loss.EMPTY


def not_a_reply(body: bytes) -> str:
    """The rest of a sentence about a host whose answer has nothing of its wire format."""
    lines = [line for line in body.decode("utf-8", "replace").splitlines() if line and line[0] != ":"]
    text = "\n".join(lines).strip()
    if not text:
        return "ended its answer before it had begun."
    if text.startswith("<"):
        return "answered with a web page instead of a completion: check base_url."
    return "answered with something that is not a completion: check base_url."


def kind_of(status: int, body: bytes = b"") -> str:
    """The word for a status that is not 2xx."""
    if _GENERATION_DEAD in body:
        # mlx_lm.server stays up without it and answers 404: it must be started again.
        return "server dead"
    if status in _KINDS:
        return _KINDS[status]
    if status < 400:
        return "redirect"
    return "server error" if status >= 500 else "rejected"


def is_retryable(status: int, headers: Mapping[str, str], body: bytes, final: tuple[str, ...]) -> bool:
    """Whether to ask again. `final` are the codes of errors that do not pass, such as a spend limit.

    Then the header x-should-retry decides, then the status: 408, 409, 429 and all of 5xx, as both
    providers' own SDKs have it.
    """
    if any(f'"{code}"'.encode() in body for code in final):
        return False
    if (asked := headers.get("x-should-retry")) in ("true", "false"):
        return asked == "true"
    return status in (408, 409, 429) or status >= 500 or _GENERATION_DEAD in body


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that the server asks to wait: retry-after-ms, then retry-after as seconds or an HTTP date."""
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds())


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def answered(host: str, status: int, body: bytes) -> str:
    """A sentence about an answer that is not 2xx."""
    phrase = f" ({HTTPStatus(status).phrase})" if status in HTTPStatus._value2member_map_ else ""
    if 300 <= status < 400:
        return (
            f"{host} answered {status}{phrase}: it sends elsewhere, and Milo does not follow. Check base_url."
        )
    return f"{host} answered {status}{phrase}{with_body(body)}"


def with_body(body: bytes) -> str:
    """The rest of such a sentence: what the body says, be it an object, a string, text, HTML or nothing."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return " with an empty body."
    try:
        return f": {error_text(read_json(text))}"
    except ValueError:
        pass
    if text.startswith("<"):
        title = _TITLE.search(text)
        return f" with an HTML page: {title[1].strip()}" if title else " with an HTML page."
    return f": {text}"


def error_text(value: Any) -> str:
    """What an error says, in any of the forms that servers give it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return error_text(value[0]) if value else "no reason given"
    if not isinstance(value, dict):
        return "no reason given" if value is None else str(value)
    for name in ("error", "message", "detail", "msg", "status_msg", "type", "code"):
        if value.get(name):
            return error_text(value[name])
    return "no reason given"


def one_line(text: str) -> str:
    """`text` on one line of at most 300 characters."""
    line = " ".join(fix_unicode(text).split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"


def cause_of(error: BaseException) -> str:
    """Why a connection failed, in words: the reason at the bottom of the exceptions."""
    root = _root(error)
    if isinstance(root, socket.gaierror):
        return f"the name of the host is not known ({root.strerror})"
    if isinstance(root, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({root.verify_message})"
    if isinstance(root, ssl.SSLError):
        return f"TLS failed ({root.reason})"
    if isinstance(root, OSError) and root.errno:
        return os.strerror(root.errno).lower()
    return str(root) or type(root).__name__


def _root(error: BaseException) -> BaseException:
    for _ in range(20):
        below = error.__cause__ or error.__context__
        if isinstance(error, BaseExceptionGroup):
            below = error.exceptions[0]
        if below is None:
            break
        error = below
    return error
