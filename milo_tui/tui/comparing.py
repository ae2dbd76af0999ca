"""Several sides of one prompt, read and compared away from the event loop."""

from collections.abc import Sequence
from dataclasses import dataclass

from milo_tui.analysis.diff import ConversationDiff, diff
from milo_tui.analysis.diff_text import sentence, sentences
from milo_tui.reports.diff_cells import Row
from milo_tui.reports.diff_rows import rows
from milo_tui.reports.sides import Side, SideError, Sides
from milo_tui.suite.conversation import Conversation
from milo_tui.tui.one_thread import OneThread


@dataclass(frozen=True, slots=True)
class Compared:
    """The sides that have something to compare, the first one first, and each further one's diff against it.

    `absent` says of the others why they have not. `words` are who and what: one sentence of two sides (who is
    empty), a part for each side of more.
    """

    sides: tuple[Side, ...]
    diffs: tuple[ConversationDiff, ...]
    absent: tuple[str, ...]
    words: tuple[tuple[str, str], ...]
    differs: bool


async def compare(
    sides: Sides, wanted: Sequence[Side], prompt: str, thread: OneThread, *, order_matters: bool
) -> Compared:
    """Read what the sides said, and compare it. Raises SideError where fewer than two have anything, StoreError."""
    said: list[tuple[Side, Conversation]] = []
    absent: list[str] = []
    for side in wanted:
        try:
            await sides.run(side.run)
            said.append((side, await sides.conversation(side, prompt)))
        except SideError as error:
            if side == wanted[0] or len(wanted) == 2:
                raise
            absent.append(str(error))
    if len(said) < 2:
        raise SideError(" ".join(absent))
    here = [side for side, _ in said]
    names = sides.names(here)
    return await thread.run(_compared, here, [one for _, one in said], names, absent, order_matters)


def _compared(
    here: Sequence[Side],
    said: Sequence[Conversation],
    names: Sequence[str],
    absent: Sequence[str],
    order_matters: bool,
) -> Compared:
    diffs = tuple(
        diff(said[0], other, names[0], name, order_matters=order_matters)
        for other, name in zip(said[1:], names[1:], strict=True)
    )
    differs = any(found.differs for found in diffs)
    words = (
        sentences(diffs)
        if len(diffs) > 1 or absent
        else [("", sentence(diffs[0]) + ("" if differs else "; the answers agree"))]
    )
    return Compared(tuple(here), diffs, tuple(absent), tuple(words), differs)


async def rows_of(found: Compared, places: range, thread: OneThread, *, everything: bool) -> list[Row]:
    """The rows of the first side and of those further ones whose places are given, from 1."""
    diffs = [found.diffs[place - 1] for place in places]
    return await thread.run(rows, diffs, everything=everything)
