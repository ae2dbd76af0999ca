"""The pairs of a run that decides, on the live screen: each with its interval as a bar that narrows."""

from textual.content import Content

from milo_tui.analysis.decisions import PairDecision
from milo_tui.analysis.exact import Interval
from milo_tui.reports import decision_text
from milo_tui.runner.state import RunState
from milo_tui.tui.content import safe_line, styled
from milo_tui.tui.widgets.text_view import FixedLines

REACH = 0.2
"""The axis of a bar goes from −20 to +20 %; an interval beyond it ends at the edge."""
MOST_LINES = 4
_WIDEST_BAR = 41


class PairLines(FixedLines):
    """A line for each pair: who, the bar with the margin as a band, and the decision or how much is still to ask."""

    def __init__(self, state: RunState, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.state = state

    @property
    def lines_taken(self) -> int:
        """How many lines of the screen it takes."""
        return min(MOST_LINES, len(self.state.pairs))

    def make_lines(self, width: int) -> list[Content]:
        # Pairs that are open come first where there is not room for all.
        pairs = sorted(self.state.pairs, key=lambda pair: pair.is_decided)[: self.lines_taken]
        said = [decision_words(pair, self.state.margin or 0) for pair in pairs]
        bar = max(11, min(_WIDEST_BAR, (width - 60) | 1))
        room = max(11, width - bar - max(map(len, said), default=0) - 6)
        return [
            self._line(pair, words, bar, room).truncate(width, ellipsis=True)
            for pair, words in zip(pairs, said, strict=True)
        ]

    def _line(self, pair: PairDecision, said: str, bar: int, room: int) -> Content:
        a, b = (safe_line(name).truncate((room - 3) // 2, ellipsis=True) for name in self._names(pair))
        names = a + styled((" − ", "$dim")) + b
        return (
            styled(" ")
            + names.pad_right(max(0, room - names.cell_length))
            + styled("  ")
            + interval_bar(pair.interval, self.state.margin or 0, bar, decided=pair.is_decided)
            + styled(("  " + said, "bold $success" if pair.is_decided else "$dim"))
        )

    def _names(self, pair: PairDecision) -> list[str]:
        models = self.state.models
        names = [models[id].name if id in models else id for id in (pair.a, pair.b)]
        return [name.removesuffix(" (simulated)") for name in names]


def decision_words(pair: PairDecision, margin: float) -> str:
    """The decision, or about how many questions it still takes, in a few words."""
    if pair.is_decided:
        within = f" within {100 * margin:g} %" if pair.decision == "as good" else ""
        return f"{pair.decision.partition(',')[0]}{within}, {pair.answered} asked"
    if pair.is_blocked:
        return f"{pair.holes} of {pair.answered + pair.holes} have no answer"
    if pair.more is None:
        return "no answer of both yet"
    return decision_text.more_words(pair.more)


def interval_bar(interval: Interval, margin: float, width: int, *, decided: bool) -> Content:
    """An axis of ±20 % of so many cells: the margin as a band of dots, zero as a stroke, the interval as a bar."""
    first, last = (_cell(share, width) for share in (interval.low, interval.high))
    band = range(_cell(-margin, width), _cell(margin, width) + 1)
    colour = "$success" if decided else "$accent"
    return Content.assemble(
        *(
            ("█", colour) if first <= cell <= last
            else ("│", "$dim") if cell == width // 2
            else ("░" if cell in band else "·", "$dim")
            for cell in range(width)
        )
    )  # fmt: skip


def _cell(share: float, width: int) -> int:
    inside = max(-REACH, min(REACH, share))
    return round((inside + REACH) / (2 * REACH) * (width - 1))
