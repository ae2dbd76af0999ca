"""The answer to "How close is local to cloud?": in a line a pair above the table, and whole on a tab."""

from collections.abc import Iterator
from textwrap import wrap

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from milo_tui.bench.verdict import Answer, Pair
from milo_tui.reports import answer as words
from milo_tui.sanitise import sanitise
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


class AnswerText(Widget):
    """The question, each pair with all its evidence, the other pairs, and what is to be known of each model."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._answer: Answer | None = None

    def show(self, answer: Answer) -> None:
        """Say this."""
        self._answer = answer
        self.refresh(layout=True)

    def render(self) -> RenderResult:
        return Content("\n").join(self._lines(self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        return [] if self._answer is None else list(_answer_lines(self._answer, max(20, width)))


def _answer_lines(answer: Answer, width: int) -> Iterator[Content]:
    yield said((words.QUESTION, "bold"))
    if answer.run.simulated:
        yield from _wrapped(words.SIMULATED, width, style="$simulated")
    if reason := words.no_pair(answer):
        yield from _wrapped(reason, width)
    for pair in answer.local_to_api:
        yield Content("")
        yield one_line(words.headline(pair), "bold $accent")
        for fact in words.pair_facts(pair, answer):
            yield from _wrapped(fact.text, width, fact.label)
    if compared := words.also_compared(answer):
        yield Content("")
        yield said(("Also", "bold"))
        for text in compared:
            yield from _wrapped(text, width, indent=2)
    for standing in answer.standings:
        yield Content("")
        yield one_line(standing.name, "bold")
        for text in words.standing_facts(standing):
            yield from _wrapped(text, width, indent=2)


def _wrapped(
    text: str, width: int, label: str = "", *, indent: int = 0, style: str = ""
) -> Iterator[Content]:
    """Text folded at words, beside its label where it has one."""
    margin = LABEL if label else indent
    for number, part in enumerate(wrap(sanitise(text), max(10, width - margin)) or [""]):
        beside = said((label, "$dim")) if label and not number else Content("")
        yield fit(beside, margin) + one_line(part, style)
