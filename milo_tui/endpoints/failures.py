"""What an HTTP failure means: one sentence for the user, whether to try again, and when."""

import math
import os
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from milo_tui import sanitise
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
_REFUSED_REASONS = ("content_filter", "refusal", "sensitive")
_ABORTED_REASONS = ("abort", "aborted")
FAULT_REASONS = ("error", "network_error", "insufficient_system_resource")
"""Finish reasons that report a fault of the infrastructure."""
_USUAL_REASONS = ("stop", "end_turn", "stop_sequence", "eos", "pause_turn")
_CALL_REASONS = ("tool_calls", "function_call", "tool_use")
_GENERATION_DEAD = b"generation thread died"


_CALL_IN_TEXT = re.compile(
    r"<tool_call>|\[TOOL_CALLS\]|<minimax:tool_call>|<function=\w|<\|channel\|>commentary to=|<\|tool_calls?_"
)
_LEAST_CALL = 8
"""Tokens: a call takes more (markup, a name, braces); an empty pair of thinking tags and an end of text take fewer."""

_MODEL_CAUSED = re.compile(
    r"tool_use_failed|error parsing tool call|Failed to parse input|tool call parser"
    r"|context_length_exceeded|exceed_context_size|maximum context length|context (?:length|window|size)",
    re.IGNORECASE,
)
"""Refusals that name what the model said, or a conversation that grew too long."""

_NOT_THE_CONVERSATION = re.compile(
    r"api[ _-]?key|credential|authenti|unauthori[sz]ed|forbidden|permission|billing|credit|balance|payment|quota"
    r"|rate.?limit|spend|overload|capacity|unavailable|temporar|try again|tim(?:ed|e).?out|upstream|provider returned"
    r"|gateway|model\W{1,3}[\w./:@-]+\W{1,3}(?:was |is |does )?not\b|no such model|model_not_found"
    r"|model not (?:found|loaded)|is loading|maintenance"
    r"|out of memory|\bcuda\b|internal (?:server )?error|NoneType"
    r"|(?:not|un)supported (?:param|model)|max_tokens|stream_options",
    re.IGNORECASE,
)
"""Refusals whose cause is the account, the model's place or the provider, whatever the turn."""


_MODEL_NAME = re.compile(
    r"model\W{1,3}[\w./:@-]+\W{1,3}(?:(?:was|is|does|could) )?not (?:be )?(?:found|exist|available|known|valid|loaded)"
    r"|no such model|model_not_found|model (?:is )?not (?:found|loaded|exist|available)|not a valid model"
    r"|(?:unknown|invalid|missing|specify|provide) (?:a |the )?model\b|model (?:name |field )?is required"
    r"|repo id|repository not found|snapshot folder",
    re.IGNORECASE,
)
"""Refusals for the model's name, by that word or by what Hugging Face's client says of it."""
_LONGEST_NAME, _MOST_OF_NAMES = 80, 150
_NAME_IT = "It tells of no models: give the model's name as `model`."


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of one reply, in any wire format; `finish` is the reason as the server gave it.

    `complete` says that the answer came to its end, `refused` that it is the provider's refusal, `garbled` that a
    part of it could not be read, `too_long` and `too_many_calls` that it was cut for its size.
    """

    finish: str | None
    complete: bool
    calls: Sequence[ToolCall]
    text: str
    reasoning: str
    output_tokens: int | None
    max_tokens: int
    reasoning_tokens: int = 0
    refused: bool = False
    garbled: bool = False
    too_long: bool = False
    too_many_calls: bool = False


def loss_of(seen: Observed) -> Loss | None:
    """What kept a reply from being read, the gravest first: one name for one happening, whatever the server."""
    nothing_visible = not (seen.calls or seen.text.strip())
    # White space shows, and counted thinking need not be shown.
    unseen = (seen.output_tokens or 0) - seen.reasoning_tokens - len(seen.text)
    if seen.too_long:
        return Loss.TOO_LONG
    if seen.too_many_calls:
        return Loss.TOO_MANY_CALLS
    if seen.finish in _ABORTED_REASONS:
        return Loss.ABORTED
    if not seen.complete:
        return Loss.TRUNCATED
    if seen.garbled:
        return Loss.EVENT_GARBLED
    if seen.finish in CUT_REASONS or (seen.output_tokens or 0) >= seen.max_tokens:
        return Loss.CUT_AT_LIMIT
    if seen.finish in _REFUSED_REASONS or (seen.refused and not seen.calls):
        return Loss.REFUSED
    if any(call.arguments is None for call in seen.calls):
        return Loss.CALL_GARBLED
    if not seen.calls and seen.finish in _CALL_REASONS:
        return Loss.CALL_LOST
    if not seen.calls and _CALL_IN_TEXT.search(seen.text):
        return Loss.CALL_IN_TEXT
    if nothing_visible and not seen.reasoning.strip() and unseen > _LEAST_CALL:
        # Tokens of which nothing shows: a malformed call that the server dropped.
        return Loss.CALL_LOST
    return Loss.EMPTY if nothing_visible else None


def is_known_reason(finish: str | None) -> bool:
    """Whether a finish reason is one that Milo has a meaning for."""
    known = (CUT_REASONS, _REFUSED_REASONS, _ABORTED_REASONS, FAULT_REASONS, _USUAL_REASONS, _CALL_REASONS)
    return finish is None or any(finish in reasons for reasons in known)


def is_caused_by_model(status: int | None, body: bytes, *, later_turn: bool) -> bool:
    """Whether a refusal answers to what the model said: its own call, or a conversation that grew from it.

    The first request of a conversation is the prompt alone, and the server took it; where a later one is refused for
    what is in it, that is what the model added. A refusal for the key, the account, the model's name or the provider's
    state is none of that, nor is one that no wire format wrote: a page, an empty body, the 404 of a path.
    """
    text = body.decode("utf-8", "replace").strip()
    if status is None or _GENERATION_DEAD in body:
        return False
    if _MODEL_CAUSED.search(text):
        return later_turn or "tool" in text or "parse" in text
    if not later_turn or status not in (400, 404, 413, 422):
        return False
    if status == 413:
        return True
    try:
        said = error_text(read_json(text))
    except ValueError:
        return False
    is_path = status == 404 and said.strip(" .").lower() in ("not found", "no reason given")
    return not (is_path or _NOT_THE_CONVERSATION.search(said))


def is_about_model_name(status: int | None, body: bytes, model: str) -> bool:
    """Whether a refusal may answer to the name under which the model was asked for."""
    text = body.decode("utf-8", "replace")
    return status in (400, 404) and bool(_MODEL_NAME.search(text) or (status == 404 and model in text))


def with_models(message: str, names: Sequence[str]) -> str:
    """The sentence about such a refusal and the names that the server lists, as many as there is room for."""
    shown: list[str] = []
    for name in (sanitise.one_line(name)[:_LONGEST_NAME] for name in names):
        if sum(map(len, shown)) + len(name) > _MOST_OF_NAMES:
            break
        shown.append(name)
    left = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    hint = f"The server lists {', '.join(shown)}{left}: give one as `model`." if names else _NAME_IT
    head = one_line(message)
    head += "" if head.endswith((".", "!", "?", "…")) else "."
    room = _LONGEST_MESSAGE - len(hint) - 1
    return f"{head if len(head) <= room else head[: room - 1] + '…'} {hint}"


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


def is_quota(status: int | None) -> bool:
    """Whether a refusal is for what was asked in so short a time, and passes by itself."""
    return status in (429, 529)


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
    if (milliseconds := number(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    if (seconds := number(value)) is not None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds())


def number(text: str) -> float | None:
    """A header's number: finite and not negative, or None."""
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
    metadata = value.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    for name in ("error", "message", "detail", "msg", "status_msg", "type", "code"):
        if value.get(name):
            place = value.get("loc") if name == "msg" else None
            where = f" ({'.'.join(map(str, place))})" if isinstance(place, list) else ""
            # OpenRouter keeps the provider's own words apart.
            return error_text(value[name]) + where + (f": {error_text(raw)}" if raw else "")
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


def is_certificate_problem(error: BaseException) -> bool:
    """Whether a connection failed for the server's certificate, which asking again does not change."""
    return isinstance(_root(error), ssl.SSLCertVerificationError)


def _root(error: BaseException) -> BaseException:
    for _ in range(20):
        below = error.__cause__ or error.__context__
        if isinstance(error, BaseExceptionGroup):
            below = error.exceptions[0]
        if below is None:
            break
        error = below
    return error
