"""What the Diff screen shows: sides of a prompt compared in a thread, and which of their columns fit."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

from milo_tui.analysis.diff import ConversationDiff, diff
from milo_tui.analysis.diff_text import sentence, sentences
from milo_tui.reports.diff_cells import Row
from milo_tui.reports.diff_rows import rows
from milo_tui.reports.diff_sides import MAX_SIDES, Side, SideError, Sides
from milo_tui.suite.conversation import Conversation

P = ParamSpec("P")
R = TypeVar("R")


class SingleThread:
    """Runs pure functions in one thread; what is cancelled while it waits for its turn never begins.

    So a worker that each key press starts anew leaves at most one unwanted computation behind.
    """

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        call = partial(function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Begin nothing more; a running function ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Compared:
    """The sides that can be compared, and the diff of each further one against the first.

    `absent` says why other sides cannot. `summary` holds (who, what): for two sides one sentence (who is empty), for
    more a part for each side.
    """

    sides: tuple[Side, ...]
    diffs: tuple[ConversationDiff, ...]
    absent: tuple[str, ...]
    summary: tuple[tuple[str, str], ...]
    differs: bool


async def compare(
    sides: Sides, wanted: Sequence[Side], prompt: str, thread: SingleThread, *, order_matters: bool
) -> Compared:
    """Read and compare the sides. Raises SideError where fewer than two can be compared, StoreError."""
    present: list[tuple[Side, Conversation]] = []
    absent: list[str] = []
    for side in wanted:
        try:
            await sides.run(side.run)
            present.append((side, await sides.conversation(side, prompt, wanted[0])))
        except SideError as error:
            if side == wanted[0] or len(wanted) == 2:
                raise
            absent.append(str(error))
    if len(present) < 2:
        raise SideError(" ".join(absent))
    here = [side for side, _ in present]
    names = sides.names(here)
    return await thread.run(_compared, here, [one for _, one in present], names, absent, order_matters)


def _compared(
    here: Sequence[Side],
    present: Sequence[Conversation],
    names: Sequence[str],
    absent: Sequence[str],
    order_matters: bool,
) -> Compared:
    diffs = tuple(
        diff(present[0], other, names[0], name, order_matters=order_matters)
        for other, name in zip(present[1:], names[1:], strict=True)
    )
    differs = any(found.differs for found in diffs)
    summary = (
        sentences(diffs)
        if len(diffs) > 1 or absent
        else [("", sentence(diffs[0]) + ("" if differs else "; the answers agree"))]
    )
    return Compared(tuple(here), diffs, tuple(absent), tuple(summary), differs)


async def rows_of(found: Compared, places: range, thread: SingleThread, *, everything: bool) -> list[Row]:
    """Return the rows of the first side and of the further sides at `places`, counted from 1."""
    diffs = [found.diffs[place - 1] for place in places]
    return await thread.run(rows, diffs, everything=everything)


class ColumnWindow:
    """Which further sides stand beside the first where not all fit.

    `sides` is how many there are in all, `most` how many fit.
    """

    def __init__(self) -> None:
        self._passed = 0

    def visible(self, sides: int, most: int) -> range:
        """Return the places of the visible further sides."""
        last = sides - 1
        room = min(most - 1, last)
        self._passed = max(0, min(self._passed, last - room))
        return range(1 + self._passed, 1 + self._passed + room)

    def shift(self, step: int, sides: int, most: int) -> bool:
        """Move the window; return whether it moved."""
        before = self.visible(sides, most)
        self._passed += step
        return self.visible(sides, most) != before

    def to_first(self) -> None:
        """Begin at the second side."""
        self._passed = 0

    def to_last(self) -> None:
        """End at the last side."""
        self._passed = MAX_SIDES

    def unseen(self, sides: int, most: int) -> str:
        """Name the visible columns and the keys to move; "" where all are visible."""
        visible = self.visible(sides, most)
        if len(visible) + 1 == sides:
            return ""
        last = f"–{visible.stop}" if len(visible) > 1 else ""
        return f"< > sides {visible.start + 1}{last} of {sides}"
