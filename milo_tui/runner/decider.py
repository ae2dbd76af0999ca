"""Which questions a deciding run still needs: how far each model may go, and when it is done.

Every model goes through the pool in the same order. An API model goes at most a block beyond the local models that it
is compared with, so that no money is spent on questions that nobody will need. Models of one lane take turns by
rounds that double, since one of them has to be loaded for each.
"""

import asyncio
from collections.abc import Iterable

from milo_tui.analysis.decisions import Deciding, PairDecision, PairTracker
from milo_tui.analysis.record import Attempt, RunRecord

BLOCK = 20
"""Questions that an API model may be ahead of the local model that it waits for."""
FIRST_ROUND = 100
"""Questions before another model of the same lane takes its turn."""


class Decider:
    """The state of a deciding run's decisions while it goes on."""

    def __init__(self, run: RunRecord, attempts: Iterable[Attempt], lanes: Iterable[list[str]]) -> None:
        self._deciding = Deciding(run, attempts)
        self._lane = {model: place for place, lane in enumerate(lanes) for model in lane}
        self._is_api = {model.id: model.where == "api" for model in run.models}
        self._ended: set[str] = set()
        self._changed = asyncio.Event()

    def add(self, attempt: Attempt) -> list[PairDecision]:
        """Take in an attempt; how the pairs of its model stand now."""
        self._deciding.add(attempt)
        self._wake()
        return [pair.result() for pair in self._deciding.pairs if attempt.model in (pair.a, pair.b)]

    def results(self) -> list[PairDecision]:
        """How every pair stands."""
        return self._deciding.results()

    def end(self, model: str) -> None:
        """Note that a model will answer no more: its partners need not go beyond it."""
        self._ended.add(model)
        self._wake()

    def is_needed(self, model: str) -> bool:
        """Whether a pair of the model is open and more answers of the model can close it."""
        return model not in self._ended and any(self._is_open(pair, model) for pair in self._pairs(model))

    def is_settled(self, model: str) -> bool:
        """Whether every pair of the model has its decision."""
        return all(pair.is_settled for pair in self._pairs(model))

    def takes_turns(self, model: str) -> bool:
        """Whether the model is compared with another one of its lane, which cannot answer meanwhile."""
        return any(
            self._lane[pair.a] == self._lane[pair.b] and not pair.is_settled for pair in self._pairs(model)
        )

    def reach(self, model: str) -> int:
        """How many questions of the order a model has gone through."""
        return max(self._deciding.answers[model], default=-1) + 1

    def may_ask(self, model: str, position: int) -> bool:
        """Whether the question at this place of the order (from 0) may be asked now."""
        return position < self._limit(model)

    async def changed(self) -> None:
        """Return once something has changed that may let a model go on."""
        await self._changed.wait()

    def position(self, prompt: str, repeat: int) -> int:
        """The place of a question in the order, from 0."""
        return self._deciding.positions[prompt, repeat]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _pairs(self, model: str) -> list[PairTracker]:
        return [pair for pair in self._deciding.pairs if model in (pair.a, pair.b)]

    def _is_open(self, pair: PairTracker, model: str) -> bool:
        if pair.is_settled:
            return False
        other = pair.b if model == pair.a else pair.a
        return other not in self._ended or self.reach(other) > self.reach(model) or self._has_holes(model)

    def _has_holes(self, model: str) -> bool:
        return any(points is None for points in self._deciding.answers[model].values())

    def _limit(self, model: str) -> int:
        """How far into the order a model may go for the pairs of its that are open."""
        limits = []
        for pair in self._pairs(model):
            if not self._is_open(pair, model):
                continue
            other = pair.b if model == pair.a else pair.a
            reach = self.reach(other)
            if other in self._ended:
                limits.append(reach)
            elif self._lane[model] == self._lane[other]:
                limits.append(max(FIRST_ROUND, 2 * reach))
            elif self._is_api[model] and not self._is_api[other]:
                limits.append(reach + BLOCK)
            else:
                limits.append(len(self._deciding.order))
        return max(limits, default=0)
