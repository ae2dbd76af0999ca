"""What happens in a run, as typed events. They are published to every viewer; a run's state is their sum.

Times: `at` is seconds since the epoch (for a person's clock); durations are seconds.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from milo_tui.analysis.decisions import PairDecision
from milo_tui.analysis.phases import ModelPhase, RunPhase
from milo_tui.analysis.record import Attempt
from milo_tui.endpoints.endpoint import StreamPiece


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """A model entered a phase. `note` says why or on what it waits; `cold_start` is the warm-up's seconds."""

    model: str
    phase: ModelPhase
    note: str = ""
    cold_start: float | None = None
    at: float = 0.0
    type: Literal["model changed"] = "model changed"


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """An attempt begins; `number` counts the attempts at this prompt and repeat, from 1 (2: a retry)."""

    model: str
    prompt: str
    repeat: int
    number: int = 1
    at: float = 0.0
    type: Literal["attempt started"] = "attempt started"


@dataclass(frozen=True, slots=True)
class Streamed:
    """A piece of a model's turn."""

    model: str
    piece: StreamPiece
    type: Literal["streamed"] = "streamed"


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """A simulated tool answered a call; `content` is its JSON text."""

    model: str
    name: str
    content: str
    is_error: bool
    type: Literal["tool answered"] = "tool answered"


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn's figures: seconds in all, time to first token, decode speed in tokens a second."""

    model: str
    turn: int
    seconds: float | None
    ttft: float | None
    tokens_per_second: float | None
    output_tokens: int | None
    type: Literal["turn ended"] = "turn ended"


@dataclass(frozen=True, slots=True)
class AttemptFinished:
    """An attempt ended and is stored; `reason` says which checks failed and why."""

    attempt: Attempt
    at: float = 0.0
    reason: str = ""
    type: Literal["attempt finished"] = "attempt finished"

    @property
    def model(self) -> str:
        """The id of the attempt's model."""
        return self.attempt.model


@dataclass(frozen=True, slots=True)
class ServerNoted:
    """Something about a model's server that its pane shows: a retry, a restart, a quirk."""

    model: str
    text: str
    at: float = 0.0
    type: Literal["server noted"] = "server noted"


@dataclass(frozen=True, slots=True)
class PairNarrowed:
    """The interval of a deciding run's pair after another answer; `pair` is without its history."""

    pair: PairDecision
    type: Literal["pair narrowed"] = "pair narrowed"


@dataclass(frozen=True, slots=True)
class RunChanged:
    """The run as a whole entered a phase."""

    phase: RunPhase
    note: str = ""
    at: float = 0.0
    type: Literal["run changed"] = "run changed"


Event = (
    ModelChanged
    | AttemptStarted
    | Streamed
    | ToolAnswered
    | TurnEnded
    | AttemptFinished
    | ServerNoted
    | PairNarrowed
    | RunChanged
)
"""`type` tells them apart in JSON."""


Action = Literal["pause", "resume", "skip", "stop"]
ACTIONS = frozenset(get_args(Action))


@dataclass(frozen=True, slots=True)
class Command:
    """What a viewer asks of the runner. `model` goes with skip; `now` ends the attempt in hand as well."""

    action: Action
    model: str = ""
    now: bool = False
