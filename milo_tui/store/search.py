"""Full-text search over what models said and what people noted: newest first, never counted.

Newest first, since by rank or with a count a common word would cost a second at a million attempts; so a list
says "50+" where there is more.
"""

import re
from dataclasses import dataclass
from typing import Literal

from milo_tui.store.columns import storable
from milo_tui.store.database import Database

Part = Literal["answer", "reasoning", "tool call", "note"]

_ABOVE_ALL = 2**62
_FOUND, _END = "\x02", "\x03"
_TOKENS_SHOWN = 24
_TERM = re.compile(r'"([^"]*)"?|(\S+)')
_OPEN_END = re.compile(r"[^\W_]{2}$")
_PARTS: tuple[Part, ...] = ("answer", "tool call", "reasoning")


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where all the words stand. `line` is the text around it in pieces, each with whether it was found.

    A hit in a run's note has no `attempt`, and no model, prompt or repeat. The text is as it was said: untrusted.
    """

    run: int
    part: Part
    line: tuple[tuple[str, bool], ...]
    simulated: bool
    attempt: int | None = None
    model: str = ""
    prompt: str = ""
    repeat: int = 0


async def search(db: Database, text: str, after: Hit | None = None, limit: int = 50) -> list[Hit]:
    """Where all words of `text` stand, notes first, then attempts, newest first; "in quotes" as a phrase.

    The last word may be the beginning of one, unless the word itself fills the page: FTS5 reads whatever begins so
    to its end before it gives the first, a tenth of a second where a million attempts have it. A next page is what
    comes `after` the last hit of the one before.
    """
    hits: list[Hit] = []
    for query in _queries(text):
        last_attempt = None if after is None else after.attempt
        notes: list[Hit] = []
        if last_attempt is None:
            notes = await _notes(db, query, after.run if after else _ABOVE_ALL, limit)
        before = _ABOVE_ALL if last_attempt is None else last_attempt
        hits = [*notes, *await _attempts(db, query, before, limit - len(notes))]
        if len(hits) == limit:
            break
    return hits


def _queries(text: str) -> list[str]:
    """What a person typed in FTS5's syntax, none of whose operators is obeyed (sqlite.org/fts5.html, 3).

    The second takes the last word as a beginning; from two letters on, since the index holds no shorter ones.
    """
    # SQLite ends a query at NUL, and holds no lone surrogate.
    text = storable(text).replace("\0", " ")
    terms = []
    for term in _TERM.finditer(text):
        words = term[2] or term[1]
        if any(character.isalnum() for character in words):
            terms.append('"' + words.replace('"', '""') + '"')
    if not terms:
        return []
    query = " ".join(terms)
    return [query, f"{query} *"] if _OPEN_END.search(text) else [query]


async def _notes(db: Database, query: str, before: int, limit: int) -> list[Hit]:
    found = await db.fetch(
        f"""
        SELECT run.number, run.simulated, snippet(note_search, 0, '{_FOUND}', '{_END}', '…', {_TOKENS_SHOWN})
        FROM note_search JOIN run ON run.number = note_search.rowid
        WHERE note_search MATCH ? AND note_search.rowid < ? AND run.binned IS NULL
        ORDER BY note_search.rowid DESC LIMIT ?
        """,
        (query, before, limit),
    )
    return [Hit(number, "note", _cut(line), bool(simulated)) for number, simulated, line in found]


async def _attempts(db: Database, query: str, before: int, limit: int) -> list[Hit]:
    snippets = ", ".join(
        f"snippet(attempt_search, {column}, '{_FOUND}', '{_END}', '…', {_TOKENS_SHOWN})"
        for column in (0, 2, 1)
    )
    found = await db.fetch(
        f"""
        SELECT a.run, run.simulated, a.id, m.name, p.id, a.repeat, {snippets}
        FROM attempt_search
        JOIN attempt AS a ON a.id = attempt_search.rowid
        JOIN run ON run.number = a.run
        JOIN run_model AS m ON m.run = a.run AND m.position = a.model
        JOIN run_prompt AS rp ON rp.run = a.run AND rp.position = a.prompt
        JOIN prompt AS p ON p.hash = rp.hash
        WHERE attempt_search MATCH ? AND attempt_search.rowid < ? AND run.binned IS NULL
        ORDER BY attempt_search.rowid DESC LIMIT ?
        """,
        (query, before, limit),
    )
    hits = []
    for run, simulated, id, model, prompt, repeat, *lines in found:
        at = next((i for i, line in enumerate(lines) if line and _FOUND in line), 0)
        hits.append(
            Hit(run, _PARTS[at], _cut(lines[at] or ""), bool(simulated), id, str(model), str(prompt), repeat)
        )
    return hits


def _cut(line: str) -> tuple[tuple[str, bool], ...]:
    pieces = []
    for piece in re.split(f"({_FOUND}[^{_END}]*{_END})", line):
        found = piece.startswith(_FOUND)
        if text := piece.replace(_FOUND, "").replace(_END, ""):
            pieces.append((text, found))
    return tuple(pieces)
