"""The sides of a diff: a model's attempt at a prompt, in any run, or the prompt's reference solution."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from milo_tui.analysis import questions
from milo_tui.analysis.figures import latest_attempts
from milo_tui.analysis.record import Attempt, PromptRecord, RunRecord
from milo_tui.errors import MiloError
from milo_tui.store.queries import Reader
from milo_tui.suite.conversation import Conversation
from milo_tui.suite.loading import StoredPromptError, stored_prompt
from milo_tui.suite.tools import play

REFERENCE = "reference"
MAX_SIDES = 4
"""How many sides a diff has at most."""


@dataclass(frozen=True, slots=True)
class Side:
    """A model of a run and a repeat; without a model it is the reference of the run's prompt."""

    run: int
    model: str | None
    repeat: int


class SideError(MiloError):
    """Why a side has nothing to show, in a sentence."""


class Sides:
    """Finds what the sides of a diff said. Runs that were read are kept."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._runs: dict[int, RunRecord] = {}
        self._made: dict[int, dict[tuple[str, str, int], Attempt]] = {}

    def take(self, run: RunRecord, attempts: list[Attempt]) -> None:
        """A run that has been read already."""
        self._runs[run.number] = run
        self._made[run.number] = latest_attempts(attempts)

    async def run(self, number: int) -> RunRecord:
        """A run. Raises StoreError where there is none."""
        if number not in self._runs:
            self.take(await self._reader.run(number), await self._reader.attempts(number))
        return self._runs[number]

    def known(self, number: int) -> RunRecord | None:
        """A run if it has been read."""
        return self._runs.get(number)

    def row(self, side: Side, prompt: str) -> Attempt | None:
        """The figures of a side's attempt, of a run that has been read."""
        return self._made.get(side.run, {}).get((side.model or "", prompt, side.repeat))

    def version(self, number: int, prompt: str) -> int | None:
        """The version of a prompt that a run asked, if the run has been read and asked it."""
        run = self._runs.get(number)
        return next((one.version for one in run.prompts if one.id == prompt), None) if run else None

    def name(self, side: Side) -> str:
        """A side's model as a person calls it, of a run that has been read."""
        run = self._runs.get(side.run)
        if side.model is None:
            return REFERENCE
        return next((model.name for model in run.models if model.id == side.model), side.model) if run else ""

    def names(self, sides: Sequence[Side]) -> list[str]:
        """The sides' names for a sentence, with what tells those of the same name apart."""
        names = [self.name(side) for side in sides]
        twins = [[other for other in sides if self.name(other) == name] for name in names]
        return [
            f"{name}{self._apart(side, others)}"
            for name, side, others in zip(names, sides, twins, strict=True)
        ]

    def _apart(self, side: Side, others: Sequence[Side]) -> str:
        """What tells a side from others of its name."""
        run = f" (run {side.run})" if len({other.run for other in others}) > 1 else ""
        same_run = [other for other in others if other.run == side.run]
        return f"{f' #{side.repeat}' if len(same_run) > 1 and side.model else ''}{run}"

    def other_repeats(self, sides: Sequence[Side], step: int) -> list[Side]:
        """The next repeat of all sides (or the one before); of two repeats of one model, the second one's."""
        first, *others = sides
        stepped = [self._stepped(side, step) for side in sides]
        if len({(side.run, side.model) for side in sides}) == len(sides):
            return [replace(side, repeat=stepped[0].repeat) for side in sides]
        if len(others) > 1:
            return stepped
        return [first, stepped[1] if stepped[1] != first else self._stepped(stepped[1], step)]

    def _stepped(self, side: Side, step: int) -> Side:
        run = self.known(side.run)
        if run is None:
            return side
        return replace(side, repeat=(side.repeat - 1 + step) % run.repeats + 1)

    async def prompt(self, side: Side, prompt: str) -> PromptRecord:
        """The prompt as the side's run asked it. Raises SideError."""
        run = await self.run(side.run)
        found = next((one for one in run.prompts if one.id == prompt), None)
        if found is None:
            raise SideError(f"Run {side.run} did not ask {prompt}; `milo show {side.run}` names its prompts.")
        return questions.asked(run, found, side.repeat)

    async def conversation(self, side: Side, prompt: str, beside: Side | None = None) -> Conversation:
        """What a side said, to be compared with the side `beside`.

        Raises SideError where there is nothing or the two were asked different questions, StoreError where it cannot
        be read.
        """
        if beside is not None:
            await self._require_same_question(beside, side)
        asked = await self.prompt(side, prompt)
        if side.model is None:
            return _reference(asked)
        run = await self.run(side.run)
        if all(model.id != side.model for model in run.models):
            there = ", ".join(model.id for model in run.models)
            raise SideError(f"Run {side.run} has no model {side.model} (there: {there}).")
        row = self.row(side, prompt)
        if row is None:
            raise SideError(f"{self.name(side)} has no attempt at {prompt} #{side.repeat} in run {side.run}.")
        return (await self._reader.attempt(row.id)).conversation

    async def _require_same_question(self, first: Side, other: Side) -> None:
        runs = [await self.run(side.run) for side in (first, other)]
        variants = [run.variant(side.repeat) for run, side in zip(runs, (first, other), strict=True)]
        pools = [run.pool_seed if variant else None for run, variant in zip(runs, variants, strict=True)]
        if (variants[0], pools[0]) != (variants[1], pools[1]):
            one, two = (
                f"#{side.repeat} of run {side.run} asks variant {variant} of {questions.pool_words(run)}"
                for side, variant, run in zip((first, other), variants, runs, strict=True)
            )
            raise SideError(f"{one}, and {two}: these are different questions.")


def _reference(asked: PromptRecord) -> Conversation:
    try:
        prompt = stored_prompt(asked.definition)
    except StoredPromptError:
        raise SideError(f"The reference of {asked.id} is in a form that this Milo cannot read.") from None
    return play(prompt, prompt.reference)


def against(run: RunRecord, left: Side, is_there: Callable[[Side], bool] = lambda side: True) -> Side:
    """What a side is compared with first: the next model that has the attempt.

    A run of one model compares its repeats; where nothing else is there, the reference is.
    """
    others = every_model(run, left)[1:]
    # Where each repeat asks another variant, a repeat is no other answer to the same question.
    repeats = run.repeats if run.pool_seed is None else 1
    others = others or [
        replace(left, repeat=(left.repeat - 1 + step) % run.repeats + 1) for step in range(1, repeats)
    ]
    return next(filter(is_there, others), replace(left, model=None))


def every_model(run: RunRecord, first: Side) -> list[Side]:
    """All models of a run at the first side's repeat: behind the first side, those that follow its model in the run."""
    ids = [model.id for model in run.models]
    here = ids.index(first.model) if first.model in ids else -1
    others = [id for id in [*ids[here + 1 :], *ids[: max(0, here)]] if id != first.model]
    return [first, *(replace(first, run=run.number, model=id) for id in others)]
