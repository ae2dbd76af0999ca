"""Remove a key that a server echoes in its answer, before anything of the answer is shown or stored.

A key is found as it is, with any of its characters escaped as in JSON, URLs or HTML, and in base64.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from milo_tui.endpoints.endpoint import OnPiece, Reply, StreamPiece
from milo_tui.endpoints.keys import HIDDEN, Secret
from milo_tui.suite.conversation import ToolCall

ECHOED = "the server echoed the API key, which was removed"
_NAMED = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_OPEN_ESCAPE = re.compile(
    r"(?:\\{1,8}(?:u[0-9a-f]{0,3})?|%(?:25){0,4}[0-9a-f]?|&[#a-z0-9]{0,10})$", re.IGNORECASE
)
"""An escape that the next piece may complete."""


class EchoedKey:
    """Finds and hides one key."""

    def __init__(self, secret: Secret) -> None:
        key = secret.reveal()
        self._characters = [re.compile(_character(c)) for c in key]
        self._base64 = sorted(_base64_forms(key), key=len, reverse=True)
        forms = ["".join(map(_character, key)), *map(re.escape, self._base64)]
        self._pattern = re.compile("|".join(forms))

    def is_in(self, value: Any) -> bool:
        """Whether the key is anywhere in a JSON-like value."""
        if isinstance(value, str):
            return self._pattern.search(value) is not None
        if isinstance(value, Mapping):
            return any(self.is_in(part) for item in value.items() for part in item)
        return isinstance(value, list | tuple) and any(map(self.is_in, value))

    def hide(self, value: Any) -> Any:
        """A JSON-like value without the key."""
        if isinstance(value, str):
            return self._pattern.sub(HIDDEN, value)
        if isinstance(value, Mapping):
            return {self.hide(name): self.hide(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self.hide, value))
        return value

    def open_end(self, text: str) -> int:
        """From where on the end of a text may be the beginning of the key; its length where nothing may."""
        longest = max(12 * len(self._characters), *map(len, self._base64))
        for start in range(max(0, len(text) - longest), len(text)):
            if self._may_begin(text, start):
                return start
        return len(text)

    def _may_begin(self, text: str, start: int) -> bool:
        rest = text[start:]
        if any(form.startswith(rest) for form in self._base64):
            return True
        place = start
        for character in self._characters:
            if place == len(text) or _OPEN_ESCAPE.match(text, place):
                return True
            found = character.match(text, place)
            if found is None:
                return False
            place = found.end()
        return False


def _character(c: str) -> str:
    """A pattern of a character as it is or escaped."""
    code = ord(c)
    hexadecimal = "".join(
        f"[{digit.lower()}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{code:02x}"
    )
    forms = [
        rf"\\{{1,8}}u00{hexadecimal}",
        rf"%(?:25){{0,4}}{hexadecimal}",
        rf"&#(?:0{{0,6}}{code}|[xX]0{{0,6}}{hexadecimal});?",
    ]
    if c in _NAMED:
        forms.append(f"&{_NAMED[c]};")
    # As it is comes last: & begins an escape too.
    forms.append(rf"\\{{0,8}}{re.escape(c)}")
    return f"(?:{'|'.join(forms)})"


def _base64_forms(key: str) -> set[str]:
    """What of base64 text tells that the key is in it, wherever it begins within the encoded text."""
    forms = set()
    for before in range(3):
        text = b64encode(b"\0" * before + key.encode("ascii")).decode("ascii").rstrip("=")
        # Characters at both ends hold bits of the neighbours too.
        inner = text[(0, 2, 3)[before] : -1]
        if len(inner) >= 8:
            forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return forms


class PieceFilter:
    """Passes streamed pieces on without the key, also where it is split over pieces.

    What may be the beginning of the key waits for the next piece of the same part, or for `close`.
    """

    def __init__(self, key: EchoedKey, on_piece: OnPiece) -> None:
        self._key = key
        self._pass_on = on_piece
        self._waiting: dict[tuple[Any, ...], StreamPiece] = {}

    def __call__(self, delta: StreamPiece) -> None:
        """Take a piece in."""
        part = (delta.kind, delta.call)
        before = self._waiting.pop(part, None)
        delta = replace(delta, name=self._key.hide(delta.name))
        text = self._key.hide((before.text if before else "") + delta.text)
        end = self._key.open_end(text)
        if end < len(text):
            self._waiting[part] = replace(delta, text=text[end:])
        if end or not delta.text:
            self._pass_on(replace(delta, text=text[:end]))

    def close(self) -> None:
        """Pass on what still waits: no more of it came."""
        for delta in self._waiting.values():
            self._pass_on(delta)
        self._waiting.clear()


def without_key(reply: Reply, key: EchoedKey) -> Reply:
    """A reply without the key; it says so, and has no raw answer where the key may be spread over its pieces."""
    calls = tuple((call.id, call.name, call.arguments_text) for call in reply.calls)
    exchange = reply.exchange
    raw = exchange.response.decode("utf-8", "surrogateescape")
    is_in_pieces = key.is_in((reply.text, reply.reasoning, calls, reply.finish_reason, reply.echo))
    if not is_in_pieces and not key.is_in((raw, exchange.headers, reply.server, reply.quirks)):
        return reply
    response = "" if is_in_pieces else key.hide(raw)
    return replace(
        reply,
        text=key.hide(reply.text),
        reasoning=key.hide(reply.reasoning),
        calls=tuple(ToolCall.read(*key.hide(call)) for call in calls),
        finish_reason=key.hide(reply.finish_reason),
        server=key.hide(reply.server),
        echo=key.hide(reply.echo),
        quirks=(*key.hide(reply.quirks), ECHOED),
        exchange=replace(
            exchange,
            response=response.encode("utf-8", "surrogateescape"),
            headers=key.hide(exchange.headers),
        ),
    )
