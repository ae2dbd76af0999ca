"""`--fail-under` and `--baseline`: what a finished run is held to, and the exit status that comes of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from milo_tui.cli.common import BELOW, DONE, INCOMPLETE, note

if TYPE_CHECKING:
    from milo_tui.analysis.comparison import Comparison
    from milo_tui.store.queries import Reader


@dataclass(frozen=True, slots=True)
class Demands:
    """The least per cent of the points that a model must reach, and the run that it must not fall behind."""

    fail_under: float | None = None
    baseline: int | None = None


async def exit_status(reader: "Reader", number: int, demands: Demands) -> int:
    """The exit status of a run that is done; what it falls short of is told on stderr. Raises StoreError."""
    below = await _below(reader, number, demands.fail_under)
    against = DONE if demands.baseline is None else await _against(reader, number, demands.baseline)
    return BELOW if below else against


async def _below(reader: "Reader", number: int, least: float | None) -> bool:
    from milo_tui.analysis.table import result_table

    if least is None:
        return False
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


async def _against(reader: "Reader", number: int, baseline: int) -> int:
    """1 with evidence of worse, 3 where the runs cannot be compared: a cron job must not take that for good."""
    from milo_tui.analysis.comparison import compare
    from milo_tui.cli.compare import measured

    found = compare(await measured(reader, number), await measured(reader, baseline))
    for sentence in _told(found):
        note(sentence)
    judged = [model for model in found.models if not model.pair.blocked]
    if any(model.worse for model in judged):
        return BELOW
    return DONE if judged and len(judged) == len(found.models) else INCOMPLETE


def _told(found: "Comparison") -> list[str]:
    from milo_tui.reports.answer import verdict
    from milo_tui.reports.comparison import anew_sentence, before, nothing

    said = [*before(found), *([] if found.models else [nothing(found)])]
    for model in found.models:
        said.append(verdict(model.pair))
        if model.anew is not None:
            said.append(
                f"{model.pair.a_name}, the same prompts asked anew: {anew_sentence(model, model.anew)}."
            )
    return said
