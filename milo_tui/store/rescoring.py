"""Stored conversations scored again by today's scorer. Both scores are kept, each with its scorer's version.

The checks are those of the prompt as it was asked: what can change is how the scorer reads them. An attempt's
points, and all that is derived from them, are always those of its newest score.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

from milo_tui.analysis.phases import ACTIVE
from milo_tui.analysis.questions import pool_of
from milo_tui.analysis.record import Attempt, AttemptDetail, RunRecord
from milo_tui.errors import MiloError
from milo_tui.store.database import StoreError
from milo_tui.store.queries import Reader
from milo_tui.store.store import Store
from milo_tui.suite.conversation import SCORER_VERSION, CheckResult, Conversation, Score
from milo_tui.suite.loading import stored_prompt
from milo_tui.suite.prompt import Prompt

Scoring = Callable[[Prompt, Conversation], Awaitable[Score]]
"""Scores a conversation. Raises MiloError where that cannot be done."""


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


async def rescore(store: Store, reader: Reader, number: int, scoring: Scoring) -> AsyncIterator[Rescored]:
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
    prompts, unreadable = _prompts(run)
    while page := await reader.attempt_ids(number, last, scored=True):
        again = {id: await _again(run, await reader.attempt(id), prompts, unreadable, scoring) for id in page}
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


def _prompts(run: RunRecord) -> tuple[dict[str, Prompt], dict[str, str]]:
    """A run's prompts by id, and why the others cannot be read."""
    prompts: dict[str, Prompt] = {}
    unreadable: dict[str, str] = {}
    for asked in run.prompts:
        try:
            prompts[asked.id] = stored_prompt(asked.definition)
        except MiloError as error:
            unreadable[asked.id] = str(error)
    return prompts, unreadable


async def _again(
    run: RunRecord,
    found: AttemptDetail,
    prompts: Mapping[str, Prompt],
    unreadable: Mapping[str, str],
    scoring: Scoring,
) -> Rescored:
    row, before = found.attempt, found.score or Score(())
    if row.prompt in unreadable:
        return Rescored(row, before, found.scorer_version, None, unreadable[row.prompt])
    try:
        prompt = prompts[row.prompt].in_variant(run.variant(row.repeat), pool_of(run))
        after = await scoring(prompt, found.conversation)
    except MiloError as error:
        return Rescored(row, before, found.scorer_version, None, f"{row.prompt}: {error}")
    return Rescored(row, before, found.scorer_version, after)
