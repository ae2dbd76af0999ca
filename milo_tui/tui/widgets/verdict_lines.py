"""The answer to "How close is local to cloud?": in a line a pair above the table, and whole on a tab."""

from collections.abc import Iterator, Sequence

from textual.content import Content

from milo_tui.analysis.decisions import PairDecision, decisions
from milo_tui.analysis.record import Attempt, RunRecord
from milo_tui.analysis.table import result_table
from milo_tui.analysis.verdict import Answer, Pair, headline_pairs, leading_pair
from milo_tui.reports import decision_text
from milo_tui.reports import verdict_text as words
from milo_tui.tui.content import SIMULATED, safe_line, styled, wrapped
from milo_tui.tui.words import percent

MOST = 3
"""How many pairs stand above the table."""


def headlines(pairs: Sequence[Pair]) -> Content:
    """Each local model against each API model, in a line; nothing where the run has no such pair."""
    return _first([_headline(pair) for pair in pairs])


def decision_headlines(run: RunRecord, pairs: Sequence[PairDecision]) -> Content:
    """The decisions of a run, or what is open, in a line each."""
    said = (decision_text.headline(pair, run.models, run.margin or 0) for pair in pairs)
    return _first([safe_line(text, "bold $accent") for text in said])


def _first(lines: list[Content]) -> Content:
    """The first lines, and how many more there are."""
    if len(lines) > MOST:
        lines[MOST:] = [styled((f"and {len(lines) - MOST} more pairs on the Verdict tab", "$dim"))]
    return Content("\n").join(lines)


def decision_lines(
    run: RunRecord, attempts: Sequence[Attempt], pairs: Sequence[PairDecision], width: int
) -> Iterator[Content]:
    """The question, each pair's decision with what it rests on, and by which rule."""
    yield styled((words.QUESTION, "bold"))
    if run.simulated:
        yield from wrapped(words.SIMULATED, width, style="$simulated")
    for pair in pairs:
        yield Content("")
        for line in wrapped(decision_text.headline(pair, run.models, run.margin or 0), width):
            yield line.stylize("bold $accent")
        for fact in decision_text.pair_facts(pair, run):
            yield from wrapped(fact.text, width, fact.label)
    yield Content("")
    for sentence in decision_text.families(result_table(run, attempts)):
        yield from wrapped(sentence, width)
    yield from wrapped(f"Decided by: {decision_text.rule_words(run, len(pairs))}.", width, style="$dim")


def _headline(pair: Pair) -> Content:
    why = f"{pair.blocked}" if pair.blocked else words.finding(pair)
    return safe_line(words.headline(pair), "bold $accent") + safe_line(f"   {why}", "$dim")


def closing_words(run: RunRecord, attempts: Sequence[Attempt]) -> tuple[Content, ...]:
    """What a run says when it ends, in a line, from the longest to the shortest way of saying it.

    The first pair of a local and an API model; where there is none, the two models with the most points.
    """
    if decided := decisions(run, attempts):
        said = decision_text.headline(decided[0], run.models, run.margin or 0).replace(SIMULATED, "")
        more = f"   (1 of {len(decided)} pairs)" if len(decided) > 1 else ""
        short = safe_line(said, "bold $accent")
        return short + safe_line(more, "$dim"), short
    pairs = headline_pairs(run, attempts) or leading_pair(run, attempts)
    if not pairs:
        totals = result_table(run, attempts).totals
        parts = [f"{model.name}: {percent(totals[model.id].share)} of the points" for model in run.models]
        return tuple(safe_line(part, "bold $accent") for part in parts[:1])
    pair = pairs[0]
    score = words.headline(pair).replace(SIMULATED, "") if pair.simulated else words.headline(pair)
    found = pair.blocked or words.finding(pair)
    more = f"   (1 of {len(pairs)} pairs)" if len(pairs) > 1 else ""
    short = safe_line(score, "bold $accent")
    whole = short + safe_line(f" · {found}")
    return whole + safe_line(more, "$dim"), whole, short


def answer_lines(answer: Answer, width: int) -> Iterator[Content]:
    """The question, each pair with all its evidence, the other pairs, and what is to be known of each model."""
    yield styled((words.QUESTION, "bold"))
    if answer.run.simulated:
        yield from wrapped(words.SIMULATED, width, style="$simulated")
    if reason := words.no_pair(answer):
        yield from wrapped(reason, width)
    for pair in answer.local_to_api:
        yield Content("")
        yield safe_line(words.headline(pair), "bold $accent")
        for fact in words.pair_facts(pair, answer):
            yield from wrapped(fact.text, width, fact.label)
    if compared := words.also_compared(answer):
        yield Content("")
        yield styled(("Also", "bold"))
        for text in compared:
            yield from wrapped(text, width, indent=2)
    for result in answer.results:
        yield Content("")
        yield safe_line(result.name, "bold")
        for text in words.result_facts(result):
            yield from wrapped(text, width, indent=2)
