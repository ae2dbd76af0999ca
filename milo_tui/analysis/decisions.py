"""The decisions of a run that asks until the answer is clear: a confidence sequence for each pair of models.

All models are asked the same questions (each prompt in each variant) in one random order. A pair's interval is a pure
function of the answers in that order: it is followed up to the question that decides, and frozen there. So neither a
resume nor how far the models ran ahead of each other can change it.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from milo_tui.analysis.deciding import ConfidenceSequence, Decision, decide
from milo_tui.analysis.exact import Interval
from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt, ModelRecord, RunRecord
from milo_tui.suite.conversation import POINTS_PER_PROMPT

MOST_HOLES = 0.02
"""The share of a pair's questions that may stay without an answer; with more there is no verdict."""

Question = tuple[str, int]
"""A prompt's id and a repeat (from 1)."""


@dataclass(frozen=True, slots=True)
class PairDecision:
    """How a pair of models stands. `a` and `b` are ids, the first one local where the other is an API's.

    `interval` is of the mean difference of their points over the pool, as a share: a's minus b's. `answered` questions
    count in it, `holes` more stayed without an answer. `history` is the interval after each question. `more` is about
    how many questions the decision still takes, None where that cannot be told yet.
    """

    a: str
    b: str
    decision: Decision
    interval: Interval
    answered: int
    holes: int
    pool: int
    more: int | None
    history: tuple[Interval, ...] = ()

    @property
    def is_decided(self) -> bool:
        """Whether the interval says which it is."""
        return self.decision is not Decision.UNDECIDED

    @property
    def is_blocked(self) -> bool:
        """Whether so many questions stayed without an answer that nothing may be said."""
        return self.holes > MOST_HOLES * (self.answered + self.holes)


def question_order(run: RunRecord) -> list[Question]:
    """All questions of the pool in the order that every model is asked them in."""
    order = [(prompt.id, repeat) for repeat in range(1, run.repeats + 1) for prompt in run.prompts]
    random.Random(f"{run.seed}/pool").shuffle(order)
    return order


def pairs_to_decide(models: Sequence[ModelRecord]) -> list[tuple[str, str]]:
    """Each local model against each API's, or all pairs where the models are of one kind."""
    local = [model.id for model in models if model.where == "local"]
    api = [model.id for model in models if model.where == "api"]
    if local and api:
        return [(a, b) for a in local for b in api]
    return list(combinations([model.id for model in models], 2))


class PairTracker:
    """One pair's confidence sequence, taking in points as they come."""

    def __init__(self, a: str, b: str, order: Sequence[Question], margin: float, alpha: float) -> None:
        self.a = a
        self.b = b
        self._order = order
        self._margin = margin
        self._alpha = alpha
        self._begin()

    def _begin(self) -> None:
        self._sequence = ConfidenceSequence(len(self._order), self._alpha)
        self._history: list[Interval] = []
        self._at = 0
        self._skipped: list[int] = []
        self._decision = Decision.UNDECIDED

    def follow(self, answers: Mapping[str, Mapping[int, int | None]]) -> None:
        """Take in the answers up to the frontier of both models.

        `answers[model][position]` are points, or None for a question that the infrastructure left without an answer.
        """
        ours, theirs = answers.get(self.a, {}), answers.get(self.b, {})
        if any(_both(ours, theirs, position) is not None for position in self._skipped):
            # A hole was filled: what came after it is gone through again, in the pool's order.
            self._begin()
        while not self.is_settled and self._at < len(self._order) and self._at in ours and self._at in theirs:
            both = _both(ours, theirs, self._at)
            if both is None:
                self._skipped.append(self._at)
            else:
                interval = self._sequence.add((both[0] - both[1]) / POINTS_PER_PROMPT)
                self._history.append(interval)
                self._decision = decide(interval, self._margin)
            self._at += 1

    @property
    def is_settled(self) -> bool:
        """Whether it is decided on answers of which few enough are missing."""
        decided = self._decision is not Decision.UNDECIDED
        return decided and len(self._skipped) <= MOST_HOLES * (len(self._history) + len(self._skipped))

    def result(self) -> PairDecision:
        """How the pair stands."""
        holes, answered = len(self._skipped), len(self._history)
        enough = holes <= MOST_HOLES * (answered + holes)
        decision = self._decision if enough else Decision.UNDECIDED
        more = 0 if decision is not Decision.UNDECIDED else self._sequence.expected_more(self._margin)
        if more == 0 and decision is Decision.UNDECIDED:
            # The interval is clear and too much is missing: so many answers make the holes few enough.
            more = max(1, round(holes / MOST_HOLES) - answered - holes)
        return PairDecision(
            self.a,
            self.b,
            decision,
            self._sequence.interval,
            answered,
            holes,
            len(self._order),
            more,
            tuple(self._history),
        )


def _both(
    ours: Mapping[int, int | None], theirs: Mapping[int, int | None], position: int
) -> tuple[int, int] | None:
    a, b = ours.get(position), theirs.get(position)
    return None if a is None or b is None else (a, b)


class Deciding:
    """All pairs of a run that decides, and the answers that its models gave."""

    def __init__(self, run: RunRecord, attempts: Iterable[Attempt] = ()) -> None:
        if run.margin is None or run.confidence is None:
            raise ValueError("the run decides nothing")
        self.order = question_order(run)
        self.positions = {question: place for place, question in enumerate(self.order)}
        self.answers: dict[str, dict[int, int | None]] = {model.id: {} for model in run.models}
        pairs = pairs_to_decide(run.models)
        alpha = (1 - run.confidence) / max(1, len(pairs))
        self.pairs = [PairTracker(a, b, self.order, run.margin, alpha) for a, b in pairs]
        for row in latest_attempts(attempts).values():
            self._take(row)
        self._follow()

    def add(self, attempt: Attempt) -> None:
        """Take in one more attempt; the last at each question counts."""
        self._take(attempt)
        self._follow()

    def _take(self, row: Attempt) -> None:
        place = self.positions.get((row.prompt, row.repeat))
        if place is not None and row.model in self.answers and row.outcome is not Outcome.STOPPED:
            self.answers[row.model][place] = row.points

    def _follow(self) -> None:
        for pair in self.pairs:
            pair.follow(self.answers)

    def results(self) -> list[PairDecision]:
        """How every pair stands."""
        return [pair.result() for pair in self.pairs]


def decisions(run: RunRecord, attempts: Iterable[Attempt]) -> list[PairDecision]:
    """How every pair of a run stands; empty for a run that decides nothing."""
    return [] if run.margin is None else Deciding(run, attempts).results()
