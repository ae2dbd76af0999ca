"""Two runs side by side: what sets them apart first, then the verdict, paired by prompt.

Only prompts that were the same in both runs are paired: same id, same wording, same tools, same checks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot

from milo_tui.analysis.evidence import Evidence
from milo_tui.analysis.exact import repeats_permuted
from milo_tui.analysis.questions import apart, same_prompts
from milo_tui.analysis.record import Attempt, RunRecord
from milo_tui.analysis.run_differences import Difference, model_differences, run_differences
from milo_tui.analysis.stats import SIGNIFICANT, error_over_repeats, holm
from milo_tui.analysis.verdict import Pair, Side, corrected, pair_of, side
from milo_tui.errors import MiloError


@dataclass(frozen=True, slots=True)
class Measured:
    """A run with its attempts and what lies behind them."""

    run: RunRecord
    attempts: Sequence[Attempt]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class RerunTest:
    """The other question: would these very prompts, asked again, have scored alike ("did my server change?").

    `p` permutes the repeats within each prompt, exactly, those that are the same byte for byte as one;
    `error` is the standard error of the gap in points, None where a prompt was asked once.
    """

    p: float
    p_adjusted: float
    error: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A model of run A against one of run B. `same` of `answers` attempts wrote the same, byte for byte."""

    pair: Pair
    differences: tuple[Difference, ...]
    same: int
    answers: int
    rerun_test: RerunTest | None

    @property
    def worse(self) -> bool:
        """Whether there is evidence that A fell behind B on these prompts: what `--baseline` asks."""
        return self.rerun_test is not None and self.pair.gap < 0 and self.rerun_test.p_adjusted < SIGNIFICANT


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs compared. `changed` prompts are not what they were, `missing` are in one run only: both left out."""

    a: RunRecord
    b: RunRecord
    differences: tuple[Difference, ...]
    prompts: tuple[str, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    models: tuple[Compared, ...]
    unpaired: tuple[str, ...]

    @property
    def alike(self) -> bool:
        """Whether nothing but chance and the model's server sets the runs apart."""
        return not (
            self.differences
            or self.changed
            or self.missing
            or any(model.differences for model in self.models)
        )


class OtherQuestionsError(MiloError):
    """Two runs that asked different questions."""


def shared_models(a: RunRecord, b: RunRecord) -> list[tuple[str, str]]:
    """The models to be paired where none are named: those of one id, or the only two there are."""
    theirs = {model.id for model in b.models}
    found = [(model.id, model.id) for model in a.models if model.id in theirs]
    if not found and len(a.models) == len(b.models) == 1:
        return [(a.models[0].id, b.models[0].id)]
    return found


def compare(a: Measured, b: Measured, models: Sequence[tuple[str, str]] | None = None) -> Comparison:
    """Compare two runs, or two models of one: each pair of ids of `models`, else `shared_models`.

    Raises KeyError where a run has no such model, and OtherQuestionsError where the runs' pools differ.
    """
    if why := apart(a.run, b.run):
        raise OtherQuestionsError(why)
    chosen = shared_models(a.run, b.run) if models is None else list(models)
    same, changed, missing = _prompts(a.run, b.run)
    sides = [(_side(a, one, same), _side(b, other, same)) for one, other in chosen]
    pairs = corrected([_named(pair_of(*both, same), a.run, b.run) for both in sides])
    rerun_tests = _rerun_tests([(pair, *both) for pair, both in zip(pairs, sides, strict=True)], a, b)
    used = {id for pair in chosen for id in pair}
    return Comparison(
        a=a.run,
        b=b.run,
        differences=run_differences(a.run, b.run),
        prompts=tuple(same),
        changed=changed,
        missing=missing,
        models=tuple(
            _compared(pair, both, found, a, b)
            for pair, both, found in zip(pairs, sides, rerun_tests, strict=True)
        ),
        unpaired=()
        if models is not None
        else tuple(model.name for run in (a.run, b.run) for model in run.models if model.id not in used),
    )


def _named(pair: Pair, a: RunRecord, b: RunRecord) -> Pair:
    """A pair whose names tell its runs apart."""
    if a.key == b.key:
        return pair
    return replace(pair, a_name=f"{pair.a_name} (run {a.number})", b_name=f"{pair.b_name} (run {b.number})")


def _prompts(a: RunRecord, b: RunRecord) -> tuple[list[str], tuple[str, ...], tuple[str, ...]]:
    """The prompts that are the same in both runs, those that changed, those that one run lacks."""
    same, changed = same_prompts(a, b)
    ours, theirs = ({prompt.id for prompt in run.prompts} for run in (a, b))
    return same, tuple(changed), tuple(sorted(ours ^ theirs))


def _side(measured: Measured, model: str, prompts: Sequence[str]) -> Side:
    kept = tuple(prompt for prompt in measured.run.prompts if prompt.id in set(prompts))
    run = replace(measured.run, prompts=kept)
    return side(run, run.model(model), measured.attempts)


def _compared(
    pair: Pair, sides: tuple[Side, Side], rerun_test: RerunTest | None, a: Measured, b: Measured
) -> Compared:
    mine, theirs = _digests(sides[0], a.evidence), _digests(sides[1], b.evidence)
    both = mine.keys() & theirs.keys()
    return Compared(
        pair=pair,
        differences=model_differences(sides[0].model, sides[1].model),
        same=sum(mine[key] == theirs[key] for key in both),
        answers=len(both),
        rerun_test=rerun_test,
    )


def _digests(one: Side, evidence: Evidence) -> dict[tuple[str, int], str]:
    return {
        (row.prompt, row.repeat): evidence.answered[row.id].digest
        for row in one.rows
        if row.id in evidence.answered
    }


def _rerun_tests(
    pairs: Sequence[tuple[Pair, Side, Side]], a: Measured, b: Measured
) -> list[RerunTest | None]:
    """The second test for every model that was asked in both runs, with Holm's correction over these."""
    asked_twice = [a.run.key != b.run.key and pair.a == pair.b and not pair.blocked for pair, _, _ in pairs]
    judged = [(mine, theirs) for (_, mine, theirs), twice in zip(pairs, asked_twice, strict=True) if twice]
    p_values = [
        repeats_permuted(
            [
                (_distinct(mine, prompt, a.evidence), _distinct(theirs, prompt, b.evidence))
                for prompt in mine.points
            ]
        )
        for mine, theirs in judged
    ]
    found = iter(
        [
            RerunTest(p, adjusted, _error(mine, theirs))
            for p, adjusted, (mine, theirs) in zip(p_values, holm(p_values), judged, strict=True)
        ]
    )
    return [next(found) if twice else None for twice in asked_twice]


def _distinct(one: Side, prompt: str, evidence: Evidence) -> Sequence[int]:
    """A prompt's points; of repeats that are all the same again, one: the others are no evidence."""
    points = one.points[prompt]
    digests = {
        evidence.answered[row.id].digest if row.id in evidence.answered else str(row.id)
        for row in one.rows
        if row.prompt == prompt
    }
    return points[:1] if len(digests) == 1 else points


def _error(a: Side, b: Side) -> float | None:
    errors = [error_over_repeats(list(one.points.values())) for one in (a, b)]
    if errors[0] is None or errors[1] is None:
        return None
    return hypot(*errors) * len(a.points) * max(a.run.repeats, b.run.repeats)  # type: ignore[arg-type]
