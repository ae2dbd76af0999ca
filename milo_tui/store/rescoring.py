"""Stored conversations scored again by today's scorer. Both scores are kept, each with its scorer's version.

The checks are those of the prompt as it was asked: what can change is how the scorer reads them. An attempt's
points, and all that is derived from them, are always those of its newest score.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import lru_cache

from pydantic import ValidationError

from milo_tui.analysis.phases import ACTIVE
from milo_tui.analysis.record import Attempt, RunRecord
from milo_tui.store.columns import dump
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store
from milo_tui.suite.conversation import SCORER_VERSION, CheckResult, Score
from milo_tui.suite.prompt import Prompt
from milo_tui.suite.scoring import score


@dataclass(frozen=True, slots=True)
class Rescored:
    """One attempt's newest score until now, and today's. Without `after`, `problem` says why there is none."""

    attempt: Attempt
    before: Score
    before_version: int
    after: Score | None
    problem: str = ""

    @property
    def changes(self) -> list[tuple[CheckResult, CheckResult]]:
        """The checks that passed and no longer do, or the other way round: (before, after)."""
        if self.after is None:
            return []
        pairs = zip(self.before.checks, self.after.checks, strict=False)
        return [(old, new) for old, new in pairs if old.passed is not new.passed]

    @property
    def is_kept_back(self) -> bool:
        """Whether the scorer judges otherwise than before under the same version; such a score is not stored."""
        return self.before_version == SCORER_VERSION and bool(self.changes)


async def rescore(store: Store, reader: Reader, number: int) -> AsyncIterator[Rescored]:
    """Score a run's conversations again, one by one, and store what a newer scorer says. Raises StoreError."""
    run = await reader.run(number)
    if run.phase in ACTIVE:
        raise StoreError(
            f"Run {number} is active; `milo stop {number}` ends it, then it can be scored again."
        )
    if run.scorer_version > SCORER_VERSION:
        raise StoreError(
            f"Run {number} was scored by scorer {run.scorer_version}, and this Milo has scorer {SCORER_VERSION}; "
            "upgrade Milo."
        )
    complete = True
    last = 0
    while page := await reader.attempt_ids(number, last, scored=True):
        again = {id: await _again(reader, run, id) for id in page}
        newer = [
            (id, found.after)
            for id, found in again.items()
            if found.after is not None and found.before_version < SCORER_VERSION
        ]
        await store.add_scores(newer, SCORER_VERSION)
        last = page[-1]
        for found in again.values():
            complete = complete and found.after is not None
            yield found
    if complete:
        await store.set_scorer_version(number, SCORER_VERSION)


async def _again(reader: Reader, run: RunRecord, id: int) -> Rescored:
    attempt = await reader.attempt(id)
    before = attempt.score or Score(())
    prompt = next(prompt for prompt in run.prompts if prompt.id == attempt.attempt.prompt)
    try:
        after = score(_prompt(dump(prompt.definition)), attempt.conversation)
    except ValidationError as error:
        problem = f"{prompt.id}, as it was asked, is no longer read: {_first(error)}"
        return Rescored(attempt.attempt, before, attempt.scorer_version, None, problem)
    return Rescored(attempt.attempt, before, attempt.scorer_version, after)


@lru_cache(maxsize=32)
def _prompt(definition: str) -> Prompt:
    return Prompt.model_validate_json(definition)


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
