"""The answer to "How close is local to cloud?": in a line a pair above the table, and whole on a tab."""

from collections.abc import Iterator

from textual.content import Content

from milo_tui.bench.verdict import Answer, Pair
from milo_tui.reports import answer as words
from milo_tui.tui.cells import fit, one_line, said

LABEL = 20
MOST = 3
"""How many pairs stand above the table."""


def headlines(answer: Answer) -> Content:
    """Each local model against each API model, in a line; nothing where the run has no such pair."""
    pairs = answer.local_to_api
    lines = [_headline(pair) for pair in pairs[:MOST]]
    if len(pairs) > MOST:
        lines.append(said((f"and {len(pairs) - MOST} more pairs on the tab Answer", "$dim")))
    return Content("\n").join(lines)


def _headline(pair: Pair) -> Content:
    why = f"{pair.blocked}" if pair.blocked else words.finding(pair)
    return one_line(words.headline(pair), "bold $accent") + one_line(f"   {why}", "$dim")


def answer_text(answer: Answer) -> Content:
    """The question, each pair with all its evidence, the other pairs, and what is to be known of each model."""
    lines = [said((words.QUESTION, "bold"))]
    if answer.run.simulated:
        lines.append(said((words.SIMULATED, "$simulated")))
    if reason := words.no_pair(answer):
        lines.append(one_line(reason))
    for pair in answer.local_to_api:
        lines += [Content(""), one_line(words.headline(pair), "bold $accent")]
        lines += [_fact(fact.label, fact.text) for fact in words.pair_facts(pair, answer)]
    lines += list(_others(answer))
    for standing in answer.standings:
        lines += [Content(""), one_line(standing.name, "bold")]
        lines += [said("  ") + one_line(text) for text in words.standing_facts(standing)]
    return Content("\n").join(lines)


def _others(answer: Answer) -> Iterator[Content]:
    compared = words.also_compared(answer)
    if compared:
        yield Content("")
        yield said(("Also", "bold"))
    for text in compared:
        yield said("  ") + one_line(text)


def _fact(label: str, text: str) -> Content:
    return said("  ") + fit(said((label, "$dim")), LABEL) + one_line(text)
