"""Which stretches of two texts differ: what a diff marks within a line."""

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from milo_tui.analysis.sequences import common_ends

Span = tuple[int, int]
"""Start and end within a text."""
Spans = tuple[Span, ...]

BY_CHARACTER = 80
"""Texts up to this length are compared character by character, longer ones word by word first: it is much faster."""
MOST_MATCHES = 40_000
"""Beyond this many pairs of equal words or characters only what the texts begin and end with alike is left
unmarked: matching would take over 30 ms. Prose of 1,000 characters has about 30,000."""
MOST_IN_ALL = 600_000
"""The same for all texts of a diff together: half a second."""
ALIKE = 0.5
"""Texts that share less than this are marked whole: scattered letters in common say nothing."""
NEAR = 3
"""Marks with fewer characters than this between them become one."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(slots=True)
class Effort:
    """How many pairs of equal words or characters the texts of a diff may still have."""

    left: int = MOST_IN_ALL

    def allows(self, one: Sequence[str], other: Sequence[str]) -> bool:
        """Whether two texts' parts may be matched; their pairs are taken from what is left."""
        counts = Counter(other)
        matches = sum(count * counts[part] for part, count in Counter(one).items())
        if matches > min(MOST_MATCHES, self.left):
            return False
        self.left -= matches
        return True


def changed(one: str, other: str, effort: Effort | None = None) -> tuple[Spans, Spans]:
    """The stretches of each text that the other has not; coarse where the effort would be too much."""
    if one == other:
        return (), ()
    effort = effort or Effort()
    long = max(len(one), len(other)) > BY_CHARACTER
    parts = [_WORD.findall(text) if long else list(text) for text in (one, other)]
    start, end = common_ends(*parts)
    middles = [part[start : len(part) - end] for part in parts]
    if not effort.allows(*middles):
        return _middles(one, other)
    matcher = difflib.SequenceMatcher(None, middles[0], middles[1], autojunk=False)
    matched = start + end + sum(block.size for block in matcher.get_matching_blocks())
    if 2 * matched < ALIKE * sum(map(len, parts)):
        return _whole(one), _whole(other)
    found = [code[1:] for code in matcher.get_opcodes() if code[0] != "equal"]
    left, right = (_offsets(part)[start:] for part in parts)
    stretches = [((left[a], left[b]), (right[c], right[d])) for a, b, c, d in found]
    if long:
        return _refined(stretches, one, other, effort)
    return (
        _merged(_by_word([span for span, _ in stretches], one), one),
        _merged(_by_word([span for _, span in stretches], other), other),
    )


def _refined(stretches: list[tuple[Span, Span]], one: str, other: str, effort: Effort) -> tuple[Spans, Spans]:
    """Stretches of words that differ; of short ones that are much alike, the characters."""
    lefts: list[Span] = []
    rights: list[Span] = []
    for (a, b), (c, d) in stretches:
        short = max(b - a, d - c) <= BY_CHARACTER
        inner = changed(one[a:b], other[c:d], effort) if short else (_whole(one[a:b]), _whole(other[c:d]))
        lefts += [(a + start, a + end) for start, end in inner[0]]
        rights += [(c + start, c + end) for start, end in inner[1]]
    return _merged(lefts, one), _merged(rights, other)


def _whole(text: str) -> Spans:
    return ((0, len(text)),) if text else ()


def _offsets(parts: Sequence[str]) -> list[int]:
    """Where each part begins, and where the last one ends."""
    places = [0]
    for part in parts:
        places.append(places[-1] + len(part))
    return places


def _by_word(spans: list[Span], text: str) -> list[Span]:
    """The spans, and whole every word of which half or more is in them."""
    words = [match.span() for match in re.finditer(r"\w+", text)]
    whole = [(a, b) for a, b in words if 2 * sum(_shared((a, b), span) for span in spans) >= b - a]
    return sorted([*spans, *whole])


def _shared(one: Span, other: Span) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _merged(spans: list[Span], text: str) -> Spans:
    found: list[Span] = []
    for start, end in spans:
        if start == end:
            continue
        if found and start - found[-1][1] < NEAR and not text[found[-1][1] : start].isspace():
            start, end = found[-1][0], max(end, found.pop()[1])
        found.append((start, end))
    return tuple(found)


def _middles(one: str, other: str) -> tuple[Spans, Spans]:
    """What lies between the beginning and the end that two very long texts share."""
    start, end = common_ends(one, other)
    spans = [((start, len(text) - end),) if len(text) - end > start else () for text in (one, other)]
    return spans[0], spans[1]
