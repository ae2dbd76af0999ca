"""RunState: all that a view shows of a run, as the pure sum of the run's events."""

from dataclasses import dataclass, field
from typing import Literal

from milo_tui.analysis.decisions import PairDecision
from milo_tui.analysis.figures import Figures
from milo_tui.analysis.phases import ModelPhase, Outcome, RunPhase
from milo_tui.analysis.record import Attempt
from milo_tui.runner.events import (
    AttemptFinished,
    AttemptStarted,
    Event,
    ModelChanged,
    PairNarrowed,
    RunChanged,
    ServerNoted,
    TurnEnded,
)
from milo_tui.runner.transcript import Transcript, piece_of

TRANSCRIPT_CHARACTERS = 64_000
"""How much of a running attempt a state keeps for those who join late; the store has all of it."""

QUESTION_CHARACTERS = 1_000


@dataclass(slots=True)
class Current:
    """The attempt in hand of one model."""

    prompt: str
    repeat: int
    number: int
    since: float
    turn: int = 0


@dataclass(slots=True)
class ModelState:
    """One model's part of the run. `attempts` is keyed "prompt id#repeat" and holds the last at each, in the
    order in which they ended.

    `retries` counts attempts that the infrastructure failed and that were made again; `figures` follows from all this.
    """

    id: str
    name: str
    where: Literal["local", "api"]
    simulated: bool = False
    memory_gb: float | None = None
    sampling: str = ""
    phase: ModelPhase = ModelPhase.WAITING
    note: str = ""
    cold_start: float | None = None
    current: Current | None = None
    transcript: Transcript = field(default_factory=Transcript)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    retries: int = 0
    planned: int = 0
    figures: Figures = field(default_factory=Figures)
    notes: list[str] = field(default_factory=list)

    def recount(self) -> None:
        """Derive the figures anew from the attempts."""
        self.figures = Figures.of(self.attempts.values(), self.planned, retries=self.retries)


@dataclass(slots=True)
class PromptRow:
    """A prompt's place in the grid."""

    id: str
    category: str
    title: str
    question: str = ""
    """The user's request, at most QUESTION_CHARACTERS of it."""


@dataclass(slots=True)
class RunState:
    """A whole run as a view needs it. A newcomer gets it as a snapshot, then the events that follow."""

    run: int
    suite: str
    repeats: int
    categories: list[tuple[str, str]]
    prompts: list[PromptRow]
    models: dict[str, ModelState]
    started: float
    phase: RunPhase = RunPhase.RUNNING
    note: str = ""
    finished: float | None = None
    lanes: list[list[str]] = field(default_factory=list)
    margin: float | None = None
    pairs: list[PairDecision] = field(default_factory=list)
    """How the pairs of a run that decides stand."""

    @property
    def attempts_per_model(self) -> int:
        """Attempts that each model is to make."""
        return len(self.prompts) * self.repeats

    @property
    def simulated(self) -> bool:
        """Whether any model of the run is simulated."""
        return any(model.simulated for model in self.models.values())

    def apply(self, event: Event) -> None:
        """Take one event in. Events of models that the run does not know are ignored."""
        if isinstance(event, RunChanged):
            self.phase, self.note = event.phase, event.note
            over = event.phase in (RunPhase.DONE, RunPhase.INCOMPLETE, RunPhase.STOPPED)
            self.finished = event.at if over else None
            return
        if isinstance(event, PairNarrowed):
            new = (event.pair.a, event.pair.b)
            self.pairs = [event.pair if (pair.a, pair.b) == new else pair for pair in self.pairs]
            return
        model = self.models.get(event.model)
        if model is not None:
            _apply_to_model(model, event)


def cell_key(prompt: str, repeat: int) -> str:
    """The key of an attempt in ModelState.attempts: the prompt's id and the repeat (from 1)."""
    return f"{prompt}#{repeat}"


def _apply_to_model(model: ModelState, event: Event) -> None:
    if (piece := piece_of(event)) is not None:
        model.transcript.add(piece)
        model.transcript.keep(TRANSCRIPT_CHARACTERS)
    match event:
        case ModelChanged():
            model.phase, model.note = event.phase, event.note
            model.cold_start = event.cold_start if event.cold_start is not None else model.cold_start
        case AttemptStarted():
            model.current = Current(event.prompt, event.repeat, event.number, event.at)
            model.transcript = Transcript()
        case TurnEnded():
            if model.current is not None:
                model.current.turn = event.turn + 1
        case AttemptFinished():
            model.current = None
            key = cell_key(event.attempt.prompt, event.attempt.repeat)
            replaced = model.attempts.pop(key, None)
            model.retries += replaced is not None and replaced.outcome is Outcome.INFRASTRUCTURE
            model.attempts[key] = event.attempt
            model.recount()
        case ServerNoted():
            model.notes = [*model.notes[-19:], event.text]
