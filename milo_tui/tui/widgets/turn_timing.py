"""Where an attempt's time went: a bar for each turn, its chunk gaps below, its figures beside. Pure: lines out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from statistics import median

from textual.content import Content

from milo_tui.analysis.record import AttemptDetail, TurnRecord
from milo_tui.endpoints.endpoint import Clock
from milo_tui.tui.content import fit, join, safe_line, styled
from milo_tui.tui.widgets.plots import Axis, Cell, heights, line_of
from milo_tui.tui.words import count, grouped, seconds, speed

PHASES: dict[str, Cell] = {
    "waiting": ("─", "$dim"),
    "reasoning": ("░", "$reasoning"),
    "tool call": ("▓", "$tool-call"),
    "text": ("█", "$bar"),
    "closing": ("·", "$dim"),
}
"""What a turn's time is spent on: the sign and the colour of each."""
BESIDE = 110
"""From this width on the figures stand beside the bars, else below them."""
FIGURES = 52
LANE = 8
"""Cells for the name of a lane."""
BINS = 1024
"""Parts of a stream's time that its gaps are kept for, so that a long stream costs no more to draw than a short one."""
NOTICED = 0.02
"""Seconds between two turns from which on they are worth a line."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a turn, in seconds after its request was sent."""

    kind: str
    start: float
    end: float


def phases(clock: Clock) -> list[Phase]:
    """A turn's time in order: until something came, then each kind from its first delta to that of the next."""
    firsts = {
        "reasoning": clock.first_reasoning,
        "text": clock.first_text,
        "tool call": clock.first_tool_call,
    }
    began = sorted((stamp, kind) for kind, stamp in firsts.items() if stamp is not None)
    marks = [(clock.sent, "waiting"), *began]
    if clock.last_delta is not None and began:
        marks.append((clock.last_delta, "closing"))
    ends = [stamp for stamp, _ in marks[1:]] + [max(clock.end or 0, marks[-1][0])]
    return [
        Phase(kind, (start - clock.sent) / 1e9, (end - clock.sent) / 1e9)
        for (start, kind), end in zip(marks, ends, strict=True)
    ]


def phase_bar(found: Iterable[Phase], axis: Axis) -> Content:
    """The phases to scale; whatever came is seen, however quickly."""
    cells: list[Cell] = [(" ", "")] * axis.width
    for phase in sorted(found, key=lambda phase: phase.kind not in ("waiting", "closing")):
        left, right = round(axis.at(phase.start)), round(axis.at(phase.end))
        if left == right and phase.kind not in ("waiting", "closing"):
            left, right = min(left, axis.width - 1), min(left, axis.width - 1) + 1
        cells[left:right] = [PHASES[phase.kind]] * (right - left)
    return line_of(cells)


@dataclass(frozen=True, slots=True)
class Gaps:
    """The silences between a turn's chunks, in seconds: the usual one, the largest, and when that ended.

    `bins` cut the time from the first chunk to the last into equal parts; each holds the largest gap that touches it.
    """

    first: float
    last: float
    median: float
    largest: float
    at: float
    bins: Sequence[float]


def gaps(arrivals_ns: Sequence[int]) -> Gaps | None:
    """The gaps between chunks that came at these nanoseconds, rising; None of fewer than two."""
    if len(arrivals_ns) < 2:
        return None
    first, span = arrivals_ns[0], max(1, arrivals_ns[-1] - arrivals_ns[0])
    bins = [0] * BINS
    for before, after in pairwise(arrivals_ns):
        for place in range((before - first) * (BINS - 1) // span, (after - first) * (BINS - 1) // span + 1):
            bins[place] = max(bins[place], after - before)
    found = [after - before for before, after in pairwise(arrivals_ns)]
    largest = max(found)
    at = arrivals_ns[found.index(largest) + 1]
    return Gaps(
        first / 1e9,
        arrivals_ns[-1] / 1e9,
        median(found) / 1e9,
        largest / 1e9,
        at / 1e9,
        [gap / 1e9 for gap in bins],
    )


def gap_line(found: Gaps, axis: Axis) -> Content:
    """Below a bar: how long the stream was silent around each moment, the largest gap full height."""
    highest: list[float | None] = [None] * axis.width
    step = (found.last - found.first) / len(found.bins)
    for place, gap in enumerate(found.bins):
        start = found.first + place * step
        left = min(round(axis.at(start)), axis.width - 1)
        for cell in range(left, max(left + 1, round(axis.at(start + step)))):
            highest[cell] = max(gap, highest[cell] or 0.0)
    return styled((heights(highest), "$bar"))


def gap_words(turn: TurnRecord, found: Gaps | None) -> str:
    """How many chunks there were, and the gaps between them, in words."""
    chunks = count(turn.clock.chunks, "chunk")
    if found is not None:
        largest = f"largest {_ms(found.largest)}, at {seconds(found.at)}"
        return f"{chunks} · median gap {_ms(found.median)} · {largest}"
    if turn.clock.first_event is None:
        return "in one piece, not streamed" if turn.clock.chunks else ""
    if turn.clock.chunks > 1 and not turn.clock.arrivals:
        return f"{chunks}; when each came was not kept yet in this run"
    return chunks


def _ms(value: float) -> str:
    return f"{1000 * value:.1f} ms" if value < 0.00995 else f"{1000 * value:,.0f} ms".replace(",", " ")


def timing(attempt: AttemptDetail, width: int) -> list[Content]:
    """All of an attempt's timing, as lines of at most `width` cells."""
    if not attempt.turns:
        why = safe_line(f" {attempt.attempt.error}", "$warning")
        return [styled(("No turn came to its end, so nothing was timed.", "$dim")) + why]
    beside = width >= BESIDE
    found = [phases(turn.clock) for turn in attempt.turns]
    room = (width - FIGURES if beside else width) - LANE
    axis = Axis(0, max(phase.end for turn in found for phase in turn), room)
    lines = [*_legend(found, width), Content(""), _lane("", axis.line("s"))]
    for place, (turn, parts) in enumerate(zip(attempt.turns, found, strict=True)):
        if place:
            lines += [Content(""), *_between(place, attempt.turns[place - 1], turn)]
        lines += _turn(place + 1, turn, parts, axis, beside)
    return [line.truncate(width, ellipsis=True) for line in lines]


def _legend(found: Sequence[Sequence[Phase]], width: int) -> Iterator[Content]:
    """What the signs stand for, and how long each took in all turns together."""
    line = Content("")
    for kind, (sign, style) in PHASES.items():
        spent = [phase.end - phase.start for turn in found for phase in turn if phase.kind == kind]
        entry = styled((sign * 2, style), f" {kind}", (f" {seconds(sum(spent)) if spent else '–'}", "$dim"))
        if line.plain and line.cell_length + 3 + entry.cell_length > width:
            yield line
            line = Content("")
        line = join([line, entry], "   ")
    yield line


def _between(number: int, before: TurnRecord, turn: TurnRecord) -> Iterator[Content]:
    """What passed after turn `number`, where that is worth a word: the simulated tools take no time."""
    idle = turn.sent_at - before.sent_at - (before.clock.seconds or 0.0)
    if idle >= NOTICED:
        yield styled(
            (f"┄ {seconds(idle)} between turns {number} and {number + 1}, counted in neither", "$dim")
        )
        yield Content("")


def _turn(number: int, turn: TurnRecord, parts: Sequence[Phase], axis: Axis, beside: bool) -> list[Content]:
    names = ", ".join(call.name for call in turn.calls) or ("text" if turn.text else "nothing")
    title = styled((f"turn {number}", "bold"), ("  ", "")) + safe_line(names, "$dim")
    silent = gaps(turn.clock.arrivals)
    left = [_lane("phases", phase_bar(parts, axis))]
    if silent is not None:
        left.append(_lane("gaps", gap_line(silent, axis)))
    if words := gap_words(turn, silent):
        left.append(styled((words, "$dim")))
    figures = _figures(turn)
    if not beside:
        glue = styled((" · ", "$dim"))
        return [title, *left, glue.join(figures[:4]), glue.join(figures[4:])]
    columns = [fit(figures[i], FIGURES // 2) + figures[j] for i, j in ((0, 2), (1, 3), (4, 5))]
    pairs = zip_longest(left, columns, fillvalue=Content(""))
    return [title, *(fit(line, LANE + axis.width + 2) + figures for line, figures in pairs)]


def _lane(name: str, drawn: Content) -> Content:
    return fit(styled((name, "$dim")), LANE) + drawn


def _figures(turn: TurnRecord) -> list[Content]:
    """A turn's figures, each with its name."""
    clock, usage = turn.clock, turn.usage
    cached = f" ({grouped(usage.cached_tokens)} cached)" if usage.cached_tokens is not None else ""
    thought = f" ({grouped(usage.reasoning_tokens)} reasoning)" if usage.reasoning_tokens is not None else ""
    named = [
        ("TTFT ", seconds(clock.ttft_s)),
        ("first answer ", seconds(clock.time_to_answer_s)),
        ("latency ", seconds(clock.seconds)),
        ("decoding ", speed(turn.decode_speed)),
        ("in ", f"{grouped(usage.input_tokens)}{cached}"),
        ("out ", f"{grouped(usage.output_tokens)}{thought}"),
    ]
    return [styled((name, "$dim"), figure) for name, figure in named]
