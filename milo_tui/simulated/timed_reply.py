"""A scripted turn made ready to be sent: its tokens and when each is due, in no wire format yet.

A token is four characters of text, the last one fewer; a tool call costs the tokens of its name and of its
arguments. The counts that the server reports follow the same rule.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from milo_tui.simulated.deliberation import deliberation
from milo_tui.simulated.script import Pace, Profile, ScriptedTurn

PACES: dict[Pace, float] = {"instant": 0.0, "fast": 0.1, "real": 1.0}
"""What every waiting time is multiplied by."""

_TOKEN = 4


class Piece(NamedTuple):
    """A piece of a reply, due `at_s` seconds after the request."""

    at_s: float
    text: str


class Frame(NamedTuple):
    """Bytes of a stream in a wire format, due `at_s` seconds after the request."""

    at_s: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call and the pieces of its arguments; `whole` where nothing of it shows before it is written."""

    id: str
    name: str
    arguments: str
    begins_s: float
    pieces: tuple[Piece, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens. `prompt` is all of the request, `cached` the part of it that the turn before had sent."""

    prompt: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class TimedReply:
    """A turn as it will be sent.

    `asks_tools` is what the finish reason says, even if every call was lost; `cut` ends it half way.
    """

    id: str
    model: str
    created: int
    reasoning: tuple[Piece, ...]
    text: tuple[Piece, ...]
    calls: tuple[Call, ...]
    asks_tools: bool
    cut: bool
    ends_s: float
    counts: Counts


def tokens(text: str) -> int:
    """How many tokens `text` counts for."""
    return -(-len(text) // _TOKEN)


def joined(pieces: tuple[Piece, ...]) -> str:
    """The text that the pieces make."""
    return "".join(piece.text for piece in pieces)


def turn_number(body: dict[str, Any]) -> int:
    """Which turn is asked for: how many the assistant has had already."""
    return sum(message.get("role") == "assistant" for message in body["messages"])


def time_reply(
    turn: ScriptedTurn,
    profile: Profile,
    pace: Pace,
    *,
    rng: Random,
    model: str,
    body: dict[str, Any],
    created: int,
) -> TimedReply:
    """Set `turn` to time. What is drawn from `rng` is the same at every pace."""
    tempo = _Tempo(profile, pace, rng)
    identity = f"{rng.getrandbits(96):024x}"
    reasoning = tuple(tempo.pieces(_reasoning(turn, profile, rng)))
    counted = tempo.tokens
    text = tuple(tempo.pieces(turn.text))
    calls = tuple(_call(name, arguments, profile, tempo, rng) for name, arguments in turn.calls)
    lost = turn.broken == "call lost"
    return TimedReply(
        id=identity,
        model=model,
        created=created,
        reasoning=reasoning,
        text=text,
        calls=() if lost else calls,
        asks_tools=bool(calls) or lost,
        cut=turn.broken == "stream cut",
        ends_s=tempo.now,
        counts=Counts(_prompt_tokens(body), _cached_tokens(body), tempo.tokens, counted),
    )


def _reasoning(turn: ScriptedTurn, profile: Profile, rng: Random) -> str:
    if not profile.thinks:
        return ""
    if turn.reasoning is None:
        return deliberation(rng, [name for name, _ in turn.calls])
    return turn.reasoning


def _call(name: str, arguments: str, profile: Profile, tempo: "_Tempo", rng: Random) -> Call:
    call_id = _call_id(profile, rng)
    begins_s = tempo.after(tokens(name))
    pieces = tuple(tempo.pieces(arguments))
    whole = profile.calls == "whole"
    if whole:
        begins_s, pieces = tempo.now, (Piece(tempo.now, arguments),)
    return Call(call_id, name, arguments, begins_s, pieces, whole)


def _call_id(profile: Profile, rng: Random) -> str:
    if profile.call_ids == "uuid":
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    return f"{profile.call_ids}_{rng.getrandbits(96):024x}"


class _Tempo:
    """Counts the tokens of a reply and knows when each is due, in seconds after the request."""

    def __init__(self, profile: Profile, pace: Pace, rng: Random) -> None:
        drawn = rng.uniform(profile.ttft_s - profile.ttft_jitter_s, profile.ttft_s + profile.ttft_jitter_s)
        self._first = max(drawn, 0.0) * PACES[pace]
        self._step = PACES[pace] / profile.tokens_per_s
        self.tokens = 0

    @property
    def now(self) -> float:
        """When the last token so far is due."""
        return self._first + max(self.tokens - 1, 0) * self._step

    def after(self, count: int) -> float:
        """When the last of `count` more tokens is due."""
        self.tokens += count
        return self.now

    def pieces(self, text: str) -> Iterator[Piece]:
        """One piece for each token of `text`."""
        for start in range(0, len(text), _TOKEN):
            yield Piece(self.after(1), text[start : start + _TOKEN])


def _prompt_tokens(body: dict[str, Any]) -> int:
    return _tokens_of(body, body["messages"])


def _cached_tokens(body: dict[str, Any]) -> int:
    """A server that keeps its cache knows all that it read for the turn before."""
    messages = body["messages"]
    last = max((i for i, message in enumerate(messages) if message.get("role") == "assistant"), default=None)
    return 0 if last is None else _tokens_of(body, messages[:last])


def _tokens_of(body: dict[str, Any], messages: list[Any]) -> int:
    read = [body.get("system"), body.get("tools"), messages]
    return sum(tokens(json.dumps(part, ensure_ascii=False)) for part in read if part)
