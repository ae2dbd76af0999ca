"""What was sent and received, cut into sections that fold: turns, their requests and responses, a stream's events.

Pure, and made to run in a thread: nothing here touches a widget, and long bodies are read a piece at a time.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from milo_tui.analysis.record import TurnRecord
from milo_tui.sanitise import sanitise
from milo_tui.tui.widgets.conversation import LONGEST, pretty
from milo_tui.tui.widgets.wrapping import wrap
from milo_tui.tui.words import count, seconds

Key = tuple[int | str, ...]
"""Where a section is: (turn), (turn, "request"), (turn, "response", event), each counted from 1."""

NARROWEST = 20
MOST_EVENTS = 20_000
"""Events of a stream that are listed; the copy has all of it."""
FARTHEST = 2_000
"""Characters of two events that are compared for how they begin."""
MOST_LINES = 20_000
"""Lines of a body that are shown."""
LONGEST_JSON = 1_500_000
"""Characters of a body from which on it is shown as it came: reading more as JSON would hold up the screen."""
_FIELD = re.compile(r"(?:data|event|id|retry)?:")
_BLANK_LINES = re.compile(r"(?:\r\n){2,}|\n{2,}|\r{2,}")
_NAMES = {"headers": "response headers"}


@dataclass(slots=True, eq=False)
class Section:
    """A heading and what folds under it: other sections, or a body. `text` is exactly what came or went.

    `alike` counts the characters at an event's beginning that need not be told: those before it begin so too.
    """

    key: Key
    title: str
    detail: str
    text: str = ""
    parts: Sequence["Section"] = ()
    alike: int = 0
    _folded: tuple[int, list[str]] = (0, [])

    @property
    def depth(self) -> int:
        """0 for a turn, 1 for its request and response, 2 for an event."""
        return len(self.key) - 1

    @property
    def empty(self) -> bool:
        """Whether there is nothing to unfold."""
        return not self.text and not self.parts

    @property
    def indent(self) -> int:
        """Cells before the lines of its body."""
        return 2 * self.depth + 2

    def lines(self, width: int) -> list[str]:
        """Its body as lines for a width of the list; kept until another width is asked for."""
        made_for, lines = self._folded
        if made_for != width:
            lines = list(body_lines(self.text, max(NARROWEST, width - self.indent)))
            self._folded = width, lines
        return lines


Row = tuple[Section, str | None]
"""A row of the list: a section's heading (None), or a line of its body."""


def sections(turns: Sequence[TurnRecord]) -> list[Section]:
    """The turns of an attempt, each with its request, the answer's headers and its response."""
    return [_turn(number, turn) for number, turn in enumerate(turns, 1)]


def _turn(number: int, turn: TurnRecord) -> Section:
    request = turn.request.decode("utf-8", "replace")
    headers = "\n".join(f"{name}: {value}" for name, value in turn.headers.items())
    parts = [
        Section((number, "request"), "request", _size(turn.request), request),
        Section((number, "headers"), "response headers", _status(turn), headers),
        _response(number, turn),
    ]
    return Section((number,), f"turn {number}", seconds(turn.clock.seconds), parts=parts)


def _status(turn: TurnRecord) -> str:
    status = "" if turn.status is None else f"status {turn.status}"
    return " · ".join(part for part in (status, f"{len(turn.headers)} kept") if part)


def _response(number: int, turn: TurnRecord) -> Section:
    text = turn.response.decode("utf-8", "replace")
    section = Section((number, "response"), "response", _size(turn.response), text)
    if is_stream(text):
        events = list(_events(text))
        digits = len(str(len(events)))
        section.parts = [
            Section((*section.key, place), f"{place:>{digits}}", name, data)
            for place, (name, data) in enumerate(events[:MOST_EVENTS], 1)
        ]
        for before, event in pairwise(section.parts):
            event.alike = _alike(before.text, event.text)
        section.detail += f" · {count(len(events), 'event')}"
        if len(events) > MOST_EVENTS:
            section.detail += f", the first {MOST_EVENTS} listed; y copies all"
    return section


def is_stream(text: str) -> bool:
    """Whether a body is a stream of server-sent events."""
    return _FIELD.match(text.lstrip("\ufeff\r\n")) is not None


def _events(text: str) -> Iterator[tuple[str, str]]:
    """Each block of a stream: its event's name (or a comment's colon), and its data or, without any, all of it."""
    for block in _blocks(text.strip("\ufeff\r\n")):
        name, data = "", []
        for line in block.splitlines():
            kind, _, value = line.partition(":")
            if kind == "data":
                data.append(value.removeprefix(" "))
            elif kind == "event":
                name = value.strip()
        yield name, "\n".join(data) if data else block


def _alike(before: str, text: str) -> int:
    """Where the innermost object begins in which two events first differ; 0 where they differ early."""
    low, high = 0, min(len(before), len(text), FARTHEST)
    while low < high:
        middle = (low + high + 1) // 2
        if before.startswith(text[:middle]):
            low = middle
        else:
            high = middle - 1
    return max(0, text.rfind("{", 0, low))


def _blocks(text: str) -> Iterator[str]:
    """The parts between blank lines, one by one: cut all at once, a long text would hold up the screen."""
    start = 0
    for blank in _BLANK_LINES.finditer(text):
        yield text[start : blank.start()]
        start = blank.end()
    yield text[start:]


def body_lines(text: str, width: int) -> Iterator[str]:
    """A body as it is read: JSON spread over lines, everything harmless, long lines folded with their indent."""
    number = 0
    for line in _spread(text):
        for folded in _folded(sanitise(line.replace("\t", "    ")), width):
            if number == MOST_LINES:
                yield "… y copies all of it"
                return
            number += 1
            yield folded


def _spread(text: str) -> list[str]:
    """The lines of a body, pretty where it is JSON that can be read."""
    if len(text) <= LONGEST_JSON and text.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(text)
            short = len(text) <= LONGEST
            return (pretty(value) if short else json.dumps(value, ensure_ascii=False, indent=2)).split("\n")
        except (ValueError, RecursionError):
            pass
    return text.splitlines() or [""]


def _folded(line: str, width: int) -> Iterator[str]:
    bare = line.lstrip(" ")
    indent = min(len(line) - len(bare), width // 2)
    for number, (start, end) in enumerate(wrap(bare, width - indent - 2)):
        yield " " * (indent + 2 * (number > 0)) + bare[start:end]


def rows(tree: Sequence[Section], opened: Collection[Key], width: int) -> list[Row]:
    """The rows to show for a width: headings, and under those that are open what they hold."""
    found: list[Row] = []
    for section in tree:
        found.append((section, None))
        if section.key not in opened:
            continue
        if section.parts:
            found += rows(section.parts, opened, width)
        elif section.text:
            found += [(section, line) for line in section.lines(width)]
    return found


def place_of(found: Sequence[Row], key: Key) -> int:
    """Where the heading of a section is, or of the nearest one that it is folded in; else 0."""
    places = {section.key: place for place, (section, line) in enumerate(found) if line is None}
    return next((places[key[:length]] for length in range(len(key), 0, -1) if key[:length] in places), 0)


def whole(section: Section) -> str:
    """A section's text as it came or went, its parts' where it is a turn."""
    return section.text or "\n\n".join(part.text for part in section.parts if part.text)


def _size(body: bytes) -> str:
    """How long a body is: "812 B", "4.2 KB", "1.0 MB", of 10^3 bytes; a shared run has none."""
    for unit, factor in (("MB", 1_000_000), ("KB", 1_000)):
        if len(body) >= factor:
            return f"{len(body) / factor:.1f} {unit}"
    return f"{len(body)} B" if body else "empty, or not kept"


def named(key: Key) -> str:
    """A section in words: "event 3 of the response of turn 1"."""
    words = [f"turn {key[0]}"]
    if len(key) > 1:
        words.insert(0, f"the {_NAMES.get(str(key[1]), str(key[1]))} of")
    if len(key) > 2:
        words.insert(0, f"event {key[2]} of")
    return " ".join(words)
