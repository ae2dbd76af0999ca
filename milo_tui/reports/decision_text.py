"""The sentences of a decision, shared by the app and all reports: what was found, on what, and what is open.

Names in them come from outside and are not escaped for any format.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from milo_tui.analysis.deciding import Decision
from milo_tui.analysis.decisions import PairDecision
from milo_tui.analysis.estimate import expected_questions
from milo_tui.analysis.exact import Interval
from milo_tui.analysis.questions import pool_words
from milo_tui.analysis.record import RunRecord
from milo_tui.analysis.table import ResultTable
from milo_tui.reports.verdict_text import Fact


class Named(Protocol):
    """A model, as it is called."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


def headline(pair: PairDecision, models: Sequence[Named], margin: float) -> str:
    """`Qwen is as good as Sonnet within 5 % (−0.8 to +2.1 %)`, or what is open."""
    names = {model.id: model.name for model in models}
    a, b = names.get(pair.a, pair.a), names.get(pair.b, pair.b)
    low, high = pair.interval.low, pair.interval.high
    within = f"{100 * margin:g} %"
    match pair.decision:
        case Decision.BETTER:
            return f"{a} is better than {b}, by {amounts(low, high)}"
        case Decision.WORSE:
            return f"{a} is worse than {b}, by {amounts(-high, -low)}"
        case Decision.AS_GOOD:
            return f"{a} is as good as {b} within {within} ({interval_words(pair.interval)})"
        case Decision.BETTER_WITHIN_MARGIN:
            return f"{a} is better than {b}, by less than {within} ({interval_words(pair.interval)})"
        case Decision.WORSE_WITHIN_MARGIN:
            return f"{a} is worse than {b}, by less than {within} ({interval_words(pair.interval)})"
        case Decision.UNDECIDED:
            return f"{a} and {b}: {open_words(pair)}"


def open_words(pair: PairDecision) -> str:
    """Why there is no decision, and how many more questions it takes."""
    if pair.is_blocked:
        return f"no verdict, since {pair.holes} of {pair.answered + pair.holes} questions have no answer"
    if not pair.answered:
        return "undecided, no question is answered by both yet"
    more = "" if pair.more is None else f"; {more_words(pair.more)}"
    return f"undecided after {pair.answered} questions ({interval_words(pair.interval)}){more}"


def more_words(more: int) -> str:
    """`about 60 more questions`: a forecast, so not to the last digit."""
    rounded = more if more < 10 else round(more, -1)
    return f"about {rounded} more question{'s' * (rounded != 1)}"


def amounts(low: float, high: float) -> str:
    """`3.0 to 9.1 %`."""
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def interval_words(interval: Interval) -> str:
    """`−0.8 to +2.1 %`."""
    return f"{_signed(interval.low)} to {_signed(interval.high)} %"


def _signed(share: float) -> str:
    text = f"{100 * share:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def pair_facts(pair: PairDecision, run: RunRecord) -> Iterator[Fact]:
    """What the decision rests on."""
    asked = f"{pair.answered} of {pair.pool}, answered by both models"
    if pair.holes:
        asked += f"; {pair.holes} more without an answer"
    yield Fact("Questions", asked)
    yield Fact("Interval", f"{interval_words(pair.interval)} of the points, over the whole pool")
    if not pair.is_decided and pair.more is not None and not pair.is_blocked:
        yield Fact("Still to ask", more_words(pair.more))


def families(table: ResultTable) -> Iterator[str]:
    """The families that tell nothing, since every model or none passed all that it was asked."""
    for mark, what in (("all pass", "No model failed"), ("all fail", "No model earned a point (suspect)")):
        if found := [id for id, said in table.uninformative.items() if said == mark]:
            yield f"{what}: {', '.join(found)}."


def deciding_words(run: RunRecord) -> str:
    """What a run that decides is about to do, and how long that may take."""
    usual, most = expected_questions(run)
    pool = len(run.prompts) * run.repeats
    return f"Asks until it has decided: about {usual} questions of each model, seldom more than {most}, at most {pool}."


def rule_words(run: RunRecord, pairs: int) -> str:
    """Which pool, margin and confidence the decisions are by."""
    together = f", for all {pairs} pairs together" if pairs > 1 else ""
    pool = f"{len(run.prompts)} prompts × {run.repeats} variants of {pool_words(run)}"
    return (
        f"{pool} in one random order (seed {run.seed}); "
        f"margin {100 * (run.margin or 0):g} %; {100 * (run.confidence or 0):g} % confidence at every moment{together}"
    )
