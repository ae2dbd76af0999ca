"""`milo rescore`: score stored conversations again."""

import asyncio
import sys
from collections import Counter

import click

from milo_tui.cli.common import current_settings, opened
from milo_tui.cli.options import BELOW, DONE, common_options, note
from milo_tui.runner.scorer import Scorer
from milo_tui.sanitise import sanitise
from milo_tui.store.queries import Reader
from milo_tui.store.rescoring import Rescored, rescore
from milo_tui.store.store import writing
from milo_tui.suite.conversation import SCORER_VERSION


@click.command("rescore")
@click.argument("wanted", metavar="[RUN]", default="last")
@common_options
def command(wanted: str) -> None:
    """Score a run's stored conversations again, and keep both scores.

    Prints what changed and why. Exits with 1 if something could not be scored again, or not be stored.
    """
    sys.exit(asyncio.run(_rescore(wanted)))


async def _rescore(wanted: str) -> int:
    tally = _Tally()
    async with (
        opened(Reader) as reader,
        writing(current_settings().database) as store,
        Scorer() as scorer,
    ):
        number = await reader.find_run(wanted)
        async for found in rescore(store, reader, number, scorer.score):
            tally.add(found)
            _print_changes(found)
    return tally.report(number)


def _print_changes(found: Rescored) -> None:
    if found.after is None or not found.changes:
        return
    row = found.attempt
    points = f"{found.before.points} → {found.after.points}"
    click.echo(sanitise(f"{row.model}  {row.prompt}  repeat {row.repeat}: {points}"))
    for old, new in found.changes:
        sign = "+" if new.passed else "-"
        click.echo(sanitise(f"  {sign} {new.title}: {new.reason} (before: {old.reason})"))


class _Tally:
    """Counts over all conversations; memory does not grow with the run."""

    def __init__(self) -> None:
        self.scored = self.changed = self.not_stored = 0
        self.gained: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()

    def add(self, found: Rescored) -> None:
        if found.after is None:
            self.problems[found.problem] += 1
            return
        self.scored += 1
        self.changed += bool(found.changes)
        self.not_stored += found.is_kept_back
        self.gained[found.attempt.model] += found.after.points - found.before.points

    def report(self, number: int) -> int:
        """Print the sums; the exit status."""
        gains = ", ".join(f"{model} {points:+d}" for model, points in self.gained.items() if points)
        changed = f"{self.changed or 'none'} changed{f' ({gains})' if gains else ''}"
        click.echo(
            sanitise(
                f"Run {number}: {self.scored} conversations scored by scorer {SCORER_VERSION}: {changed}."
            )
        )
        for problem, count in self.problems.items():
            note(f"{count} could not be scored again: {problem}")
        if self.not_stored:
            note(
                f"{self.not_stored} scores changed under the same scorer version ({SCORER_VERSION}) and were not "
                "stored; a scorer that judges differently needs a new version."
            )
        return BELOW if self.problems or self.not_stored else DONE
