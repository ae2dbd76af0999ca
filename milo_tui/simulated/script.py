"""What simulated models play, and how: plain data that travels to the server's process as one line of JSON."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

Pace = Literal["instant", "fast", "real"]
Broken = Literal["call lost", "stream cut"]


@dataclass(frozen=True, slots=True)
class ScriptedTurn:
    """One scripted reply. `calls` holds tool name and the text of the arguments, sent as it stands.

    Only a profile that thinks streams `reasoning`; None lets it make some up.
    "call lost" ends as if tools were called, and calls none; "stream cut" closes the connection in
    mid-stream, without a finish reason and without the protocol's end mark.
    """

    text: str = ""
    reasoning: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    broken: Broken | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """How a simulated model speaks. `name` is for people; times are in seconds.

    The first token comes after `ttft_s` ± `ttft_jitter_s` (evenly drawn), then one every
    1 / `tokens_per_s`. `calls` tells whether the arguments of a tool call stream in pieces, or come
    whole after the silence in which they were written, as from mlx_lm.server.

    `mix` is for whoever writes the parts: the chance of each mutation of a reference. At most one is
    applied to an attempt; one that does not apply to its reference leaves the reference as it is.
    """

    name: str
    protocol: Literal["openai", "anthropic"]
    where: Literal["local", "api"]
    ttft_s: float
    ttft_jitter_s: float
    tokens_per_s: float
    thinks: bool = False
    calls: Literal["pieces", "whole"] = "pieces"
    call_ids: Literal["uuid", "call", "toolu"] = "call"
    mix: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_mark(self.name)


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """A profile and the parts it plays: attempt ("prompt id#repeat") → the turns of its conversation."""

    profile: Profile
    parts: dict[str, tuple[ScriptedTurn, ...]]
    pace: Pace = "real"


@dataclass(frozen=True, slots=True)
class Script:
    """All models of one server, by their name on the wire; `seed` sets waiting times, ids, deliberations."""

    models: dict[str, SimulatedModel]
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.models:
            _require_mark(name)

    def to_json(self) -> str:
        """The script in one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str | bytes) -> Self:
        """Read what `to_json` wrote."""
        data = json.loads(line)
        models = {name: _model(model) for name, model in data["models"].items()}
        return cls(models=models, seed=data["seed"])


def _require_mark(name: str) -> None:
    if "simulated" not in name.lower():
        raise ValueError(f"a simulated model must say so in its name: {name!r}")


def _model(data: dict[str, Any]) -> SimulatedModel:
    parts = {attempt: tuple(_turn(turn) for turn in turns) for attempt, turns in data["parts"].items()}
    return SimulatedModel(profile=Profile(**data["profile"]), parts=parts, pace=data["pace"])


def _turn(data: dict[str, Any]) -> ScriptedTurn:
    calls = tuple((name, arguments) for name, arguments in data.pop("calls"))
    return ScriptedTurn(calls=calls, **data)
