"""What a score is, apart from how it is made: whoever only shows scores need not know how to score."""

from dataclasses import dataclass

SCORER_VERSION = 2
"""Raised whenever a stored conversation could score otherwise than before."""

POINTS_PER_PROMPT = 3


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether one check passed, and the sentence that says why or why not."""

    title: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Score:
    """The score of an attempt: its points (0 to 3), and the checks that they come from."""

    checks: tuple[CheckResult, ...]

    @property
    def points(self) -> int:
        """One point for each check that passed."""
        return sum(check.passed for check in self.checks)

    @property
    def failures(self) -> str:
        """The reasons of the checks that failed, in one line."""
        return "; ".join(check.reason for check in self.checks if not check.passed)
