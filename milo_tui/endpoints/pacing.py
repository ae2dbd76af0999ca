"""When the next request may be sent: what a server's headers say is left of its quotas, and until when it refuses."""

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from milo_tui.endpoints.failures import number, retry_after

_HEADER = re.compile(
    r"(?:x|anthropic)-ratelimit-"
    r"(?:(?P<left>[a-z-]+)-)?(?P<what>remaining|reset)(?:-(?P<right>[a-z-]+))?(?:-(?:minute|hour|day))?"
)
"""OpenAI and Groq write x-ratelimit-remaining-tokens, Anthropic anthropic-ratelimit-tokens-remaining, OpenRouter
x-ratelimit-remaining, which counts requests."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_A_DATE = 1e9
"""Numbers from here on are no seconds to wait but a moment since 1970, in seconds or milliseconds."""
_LONGEST = 86_400.0
"""Seconds: a reset further away than a day is a slip of the server's and tells nothing."""


class Pace:
    """The quotas of one endpoint as its last answer told them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._refused_until = 0.0
        self._tokens = 1.0

    @property
    def is_told(self) -> bool:
        """Whether the server tells its quotas."""
        return bool(self._left)

    def learn(self, headers: Mapping[str, str], *, refused: bool) -> None:
        """Take in an answer's headers."""
        now = self._clock()
        left: dict[str, float] = {}
        resets: dict[str, float] = {}
        for name, value in headers.items():
            if found := _HEADER.fullmatch(name):
                kind = found["left"] or found["right"] or "requests"
                if found["what"] == "remaining":
                    left[kind] = number(value) or 0.0
                elif (seconds := _seconds_until(value)) is not None:
                    resets[kind] = seconds
        self._left |= {
            kind: (left[kind], now + seconds)
            for kind, seconds in resets.items()
            if kind in left and seconds <= _LONGEST
        }
        if refused and (asked := retry_after(headers)) is not None:
            self._refused_until = now + asked

    def took(self, tokens: int | None) -> None:
        """Note how many tokens the last turn took: the next one of a conversation takes no fewer."""
        self._tokens = float(tokens or self._tokens)

    def wait_s(self) -> float:
        """Seconds until another request fits into every quota."""
        until = self._refused_until
        for kind, (left, reset) in self._left.items():
            if left < (1.0 if kind == "requests" else self._tokens):
                until = max(until, reset)
        return max(0.0, until - self._clock())


def _seconds_until(value: str) -> float | None:
    """Seconds until a reset: a duration ("6m0s", "1.5"), a date, or a moment in seconds or milliseconds since 1970."""
    if (plain := number(value)) is not None:
        if plain < _A_DATE:
            return plain
        return max(0.0, (plain / 1000 if plain > 1000 * _A_DATE else plain) - time.time())
    if parts := _DURATION.findall(value):
        return sum(float(amount) * _SECONDS[unit] for amount, unit in parts)
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
