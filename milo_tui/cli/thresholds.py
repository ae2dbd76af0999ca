"""`--fail-under` and `--baseline`: the exit status of a finished run."""

from collections.abc import Iterator
from dataclasses import dataclass

from milo_tui.analysis.comparison import Comparison, compare
from milo_tui.analysis.table import result_table
from milo_tui.cli.compare import measured
from milo_tui.cli.options import BELOW, DONE, INCOMPLETE, note
from milo_tui.reports import comparison
from milo_tui.reports.verdict_text import verdict
from milo_tui.store.queries import Reader


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The lowest percentage of points that a model may score, and the run that it must not be worse than."""

    fail_under: float | None = None
    baseline: int | None = None


async def exit_status(reader: Reader, number: int, thresholds: Thresholds) -> int:
    """The exit status of a run that is done; what it misses is printed on stderr. Raises StoreError."""
    below = thresholds.fail_under is not None and await _is_below(reader, number, thresholds.fail_under)
    status = DONE if thresholds.baseline is None else await _against(reader, number, thresholds.baseline)
    return BELOW if below else status


async def _is_below(reader: Reader, number: int, least: float) -> bool:
    run = await reader.run(number)
    totals = result_table(run, await reader.attempts(number)).totals
    short = [
        f"{model.name} {100 * share:.1f} %"
        for model in run.models
        if 100 * (share := totals[model.id].share or 0.0) < least
    ]
    if short:
        note(f"Below {least:g} %: {', '.join(short)}.")
    return bool(short)


async def _against(reader: Reader, number: int, baseline: int) -> int:
    """BELOW with evidence of a worse model, INCOMPLETE where the runs cannot be compared, else DONE."""
    found = compare(await measured(reader, number), await measured(reader, baseline))
    for sentence in _sentences(found):
        note(sentence)
    judged = [model for model in found.models if not model.pair.blocked]
    if any(model.worse for model in judged):
        return BELOW
    return DONE if judged and len(judged) == len(found.models) else INCOMPLETE


def _sentences(found: Comparison) -> Iterator[str]:
    yield from comparison.before(found)
    if not found.models:
        yield comparison.nothing(found)
    for model in found.models:
        yield verdict(model.pair)
        if model.rerun_test is not None:
            test = comparison.rerun_sentence(model, model.rerun_test)
            yield f"{model.pair.a_name}, permutation test over repeats: {test}."
