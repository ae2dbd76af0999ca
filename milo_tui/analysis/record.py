"""What a run leaves behind, as plain data: the rows that the store keeps and every figure comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from milo_tui.analysis.phases import ModelPhase, Origin, Outcome, RunPhase
from milo_tui.endpoints.endpoint import Clock, Usage
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.suite.conversation import SCORER_VERSION, Conversation, Loss, Score, ToolCall, ToolResult, Turn


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model as it took part in a run. `entry` is its milo.toml entry, `manifest` what was found and sent.

    `memory_gb` is what the entry states; `peak_gb` what was measured; gigabytes of 10^9 bytes.
    """

    id: str
    name: str
    where: Literal["local", "api"]
    protocol: str
    simulated: bool
    memory_gb: float | None
    sampling: str
    entry: ModelEntry
    manifest: Mapping[str, Any] = field(default_factory=dict)
    phase: ModelPhase = ModelPhase.WAITING
    note: str = ""
    cold_start: float | None = None
    peak_gb: float | None = None


@dataclass(frozen=True, slots=True)
class PromptRecord:
    """A prompt as it was when the run began; `definition` is the whole of its file."""

    id: str
    version: int
    category: str
    title: str
    definition: Mapping[str, Any]


MOST_PLANNED = 1_000_000
"""How many attempts a run may plan: every report and plan goes over all of them."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run: one execution of a suite over models and repeats. Times are seconds since the epoch."""

    number: int
    key: str
    suite: str
    suite_title: str
    suite_version: int
    suite_digest: str
    scorer_version: int
    categories: tuple[tuple[str, str], ...]
    repeats: int
    seed: int
    simulated: bool
    phase: RunPhase
    created: float
    finished: float | None
    note: str
    models: tuple[ModelRecord, ...]
    prompts: tuple[PromptRecord, ...]
    machine: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = Origin.HERE
    pool_seed: int | None = None
    """The pool of which each repeat asks another variant (repeat 1 variant 0, and so on); None: always variant 0."""
    margin: float | None = None
    """Of a run that decides: the largest difference, as a share of the points, that counts as equally good."""
    confidence: float | None = None
    """Of a run that decides: the chance that none of its intervals ever misses, such as 0.95."""

    def variant(self, repeat: int) -> int:
        """Which variant of every prompt a repeat asks."""
        return 0 if self.pool_seed is None else repeat - 1

    @property
    def decides_properly(self) -> bool:
        """Whether margin and confidence lie between 0 and 1, or the run decides nothing and has neither."""
        if self.margin is None:
            return self.confidence is None
        return 0 < self.margin <= 1 and self.confidence is not None and 0 < self.confidence < 1

    def planned_of(self, prompts: int, made: int) -> int:
        """Attempts that a model was to make at so many prompts; a run that decides ends where it has decided.

        `made` is how many it has made.
        """
        return made if self.margin is not None else prompts * self.repeats

    @property
    def attempts_planned(self) -> int:
        """Attempts of all models together."""
        return len(self.models) * len(self.prompts) * self.repeats

    def model(self, id: str) -> ModelRecord:
        """The model of this id. Raises KeyError."""
        for model in self.models:
            if model.id == id:
                return model
        raise KeyError(id)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The narrow row of an attempt: enough for every table. Seconds, tokens, tokens a second.

    `number` counts the attempts at the same model, prompt and repeat, from 1; only the last one counts in a
    table. `points` is None unless the attempt was scored.
    """

    id: int
    model: str
    prompt: str
    repeat: int
    number: int
    outcome: Outcome
    points: int | None
    latency: float | None
    ttft: float | None
    tokens_per_second: float | None
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    lost: str
    error: str
    started: float


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One request and its reply. `sent_at` is in seconds since the epoch, `clock` counts from then (`clock.sent` is 0).

    `clock.arrivals` are whole microseconds. They are empty where the answer came in one piece, and in runs made
    before they were kept.
    """

    text: str
    reasoning: str
    finish_reason: str | None
    complete: bool
    loss: Loss | None
    calls: tuple[ToolCall, ...]
    results: tuple[ToolResult, ...]
    sent_at: float
    clock: Clock
    usage: Usage
    quirks: tuple[str, ...]
    server: str
    status: int | None
    headers: Mapping[str, str]
    request: bytes
    response: bytes

    @property
    def seen_tokens(self) -> int | None:
        """The output tokens that were seen as they came: thinking that the provider hides is taken off.

        None where the server counted more than what came can hold, at a byte a token and what markup takes: then
        some were decoded unseen, and a speed over the visible pieces would be above what the machine can do.
        """
        if (count := self.usage.output_tokens) is None:
            return None
        if not self.reasoning:
            count -= self.usage.reasoning_tokens or 0
        shown = [
            self.text,
            self.reasoning,
            *(part for call in self.calls for part in (call.name, call.arguments_text)),
        ]
        room = sum(len(part.encode("utf-8", "replace")) for part in shown) + _MARKUP_TOKENS * (
            1 + len(self.calls)
        )
        return count if count <= room else None

    @property
    def decode_speed(self) -> float | None:
        """Tokens a second while decoding, from tokens that were seen (`Clock.decode_speed`)."""
        return self.clock.decode_speed(self.seen_tokens)


_MARKUP_TOKENS = 32
"""Tokens that a turn, or a call, may take beside what is shown of it: tags, braces, an end of text."""


@dataclass(frozen=True, slots=True)
class AttemptDetail:
    """An attempt whole: its row, its turns, its score. What the store commits in one transaction."""

    attempt: Attempt
    ended: Literal["answer", "turn limit"]
    turns: tuple[TurnRecord, ...]
    score: Score | None
    scorer_version: int = SCORER_VERSION

    @property
    def conversation(self) -> Conversation:
        """What was said, as the scorer reads it."""
        turns = tuple(
            Turn(turn.text, turn.reasoning, turn.calls, turn.results, turn.loss) for turn in self.turns
        )
        return Conversation(turns, self.ended)
