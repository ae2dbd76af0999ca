"""rescore: stored conversations, scored again by today's scorer."""

import asyncio
import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import BELOW, DONE, common, note, settings
from milo_tui.sanitise import sanitise

if TYPE_CHECKING:
    from milo_tui.store.rescoring import Rescored


@click.command()
@click.argument("number", metavar="RUN", default="last")
@common
def rescore(number: str) -> None:
    """Score a run's stored conversations again, say what changed and why, and keep both scores.

    Exits with 1 where something could not be scored again, or not be stored.
    """
    sys.exit(asyncio.run(_rescore(number)))


async def _rescore(wanted: str) -> int:
    from milo_tui.store.queries import Reader
    from milo_tui.store.rescoring import rescore as again
    from milo_tui.store.store import Store

    path = settings(models=False).database
    reader = await Reader.open(path)
    store = await Store.open(path)
    tally = _Tally()
    try:
        number = await reader.find_run(wanted)
        async for found in again(store, reader, number):
            tally.add(found)
            _tell(found)
    finally:
        await store.aclose()
        await reader.aclose()
    return tally.tell(number)


def _tell(found: "Rescored") -> None:
    """Print what changed at one attempt, and why: the sentence of the score that says no."""
    if found.after is None or not found.changes:
        return
    row = found.attempt
    points = f"{found.before.points} → {found.after.points}"
    click.echo(sanitise(f"{row.model}  {row.prompt}  repeat {row.repeat}: {points}"))
    for old, new in found.changes:
        gained = "+" if new.passed else "-"
        click.echo(sanitise(f"  {gained} {new.title}: {new.reason} (before: {old.reason})"))


class _Tally:
    """What became of all conversations; counts only, so that a run of any size fits."""

    def __init__(self) -> None:
        self.scored = self.changed = self.kept_back = 0
        self.gained: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()

    def add(self, found: "Rescored") -> None:
        if found.after is None:
            self.problems[found.problem] += 1
            return
        self.scored += 1
        self.changed += bool(found.changes)
        self.kept_back += found.is_kept_back
        self.gained[found.attempt.model] += found.after.points - found.before.points

    def tell(self, number: int) -> int:
        """Print the sum; the exit status."""
        from milo_tui.suite.score import SCORER_VERSION

        gains = ", ".join(f"{model} {points:+d}" for model, points in self.gained.items() if points)
        changed = f"{self.changed or 'none'} changed{f' ({gains})' if gains else ''}"
        click.echo(
            sanitise(f"Run {number}: {self.scored} conversations by scorer {SCORER_VERSION}: {changed}.")
        )
        for problem, count in self.problems.items():
            note(f"{count} could not be scored again: {problem}")
        if self.kept_back:
            note(
                f"{self.kept_back} changed under the same version of the scorer ({SCORER_VERSION}) and were not "
                "stored; a scorer that judges otherwise needs a version of its own."
            )
        return BELOW if self.problems or self.kept_back else DONE
