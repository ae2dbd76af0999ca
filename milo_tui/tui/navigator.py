"""How a screen opens another one, or starts a run, without knowing the other screens."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from milo_tui.analysis.record import Attempt, RunRecord
    from milo_tui.reports.diff_sides import Side
    from milo_tui.store.search import Hit
    from milo_tui.store.store import Store


@dataclass(frozen=True, slots=True)
class DiffStart:
    """The attempt that a diff begins with: its prompt, and the side it compares the others with.

    `other` is what it is compared with first; without one the next model that has the attempt.
    """

    run: "RunRecord"
    attempts: "list[Attempt]"
    prompt: str
    model: str
    repeat: int
    other: "Side | None" = None


class Navigator(Protocol):
    """What screens ask of the app. Each method returns at once; what it returns is of no use to the caller.

    A key pressed before the new screen stands goes to the new screen.
    """

    def open_run(self, run: int) -> None:
        """Show a run's tabs."""

    def open_live(self, run: int) -> None:
        """Follow a run that is live; where it has just ended, show its tabs."""

    def open_finished_run(self, run: int) -> None:
        """Show a run's tabs in the place of the live view."""

    def open_attempt(self, run: "RunRecord", attempts: "list[Attempt]", attempt: "Attempt") -> None:
        """Show an attempt, with the run's other attempts to step to."""

    def open_ended_attempt(self, run: int, attempt: int, *, diff: bool = False) -> None:
        """Show an attempt of a live run by its id, or with `diff` compare it with the next model's."""

    def open_hit(self, hit: "Hit") -> None:
        """Show the attempt that a search found; for a note its run."""

    def open_diff(self, start: DiffStart, *, choose: bool = False) -> None:
        """Compare an attempt with the next model's; with `choose` ask with what."""

    def open_comparison(self, run_a: int, run_b: int) -> None:
        """Compare two runs."""

    def open_search(self) -> None:
        """Search in what was said, called and noted."""

    def open_bin(self) -> None:
        """Show the runs in the bin."""

    def open_new_run(self) -> None:
        """Set up a new run."""

    def start_run(self, record: "RunRecord") -> object:
        """Store a new run, start its runner and follow it."""

    def resume_run(self, run: int) -> object:
        """Start a runner for what a run is missing, and follow it."""

    def writing(self) -> "AbstractAsyncContextManager[Store]":
        """The database, open for a change or two. Raises StoreError."""

    def copy_table(self, run: int) -> object:
        """Copy a run's table as Markdown."""

    def export_table(self, run: int) -> object:
        """Write a run's table to a Markdown file."""
