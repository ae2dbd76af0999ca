"""What a deciding run promises, over simulated runs: coverage, wrong decisions, and how many questions it takes.

    python -m benchmarks deciding [--runs 1000]

Two models fail each question with the given chances; a failed question loses 1, 2 or 3 of its 3 points (80, 15 and
5 %). Every run draws a pool of 400 questions anew and asks it in order. Beside it the exact sign-flip test on the
first 20 prompts, three equal repeats each: what a run of 20 × 3 at temperature 0 can tell.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.measuring import Row, parser, print_table, say
from milo_tui.analysis.deciding import ConfidenceSequence, Decision, decide
from milo_tui.analysis.exact import sign_flip

POOL = 400
MARGIN = 0.05
RATES = ((0.03, 0.03, 160, 180), (0.03, 0.06, 180, 240), (0.05, 0.20, 140, 220))
"""Failure rates of the two models, then the median and 90 % number of questions that are to be reached within 15 %."""


@dataclass
class Outcomes:
    """What came of the runs of one row."""

    questions: list[int] = field(default_factory=list)
    decisions: Counter[Decision] = field(default_factory=Counter)
    missed: int = 0
    sign_flip: int = 0


def main() -> None:
    """Simulate, and print the table."""
    options = parser(__doc__)
    options.add_argument("--runs", type=int, default=1000)
    runs: int = options.parse_args().runs
    rng = np.random.default_rng(20261127)
    rows = []
    for first, second, median, most in RATES:
        outcomes = Outcomes()
        for differences in _pools(rng, (first, second), runs):
            _run(differences, outcomes)
        rows.append(_row(f".{100 * first:02.0f} and .{100 * second:02.0f}", outcomes, runs, median, most))
    print_table(["failure rates", "median", "90 %", "decisions", "covered", "20 × 3 tells"], rows)
    say(
        f"{_milliseconds(rng):.2f} ms per answer and 6 pairs, the first answers (the widest intervals) included"
    )


def _pools(rng: np.random.Generator, rates: tuple[float, float], runs: int) -> Iterator[list[float]]:
    for _ in range(runs):
        lost = [
            (rng.random(POOL) < rate) * rng.choice([1, 2, 3], POOL, p=[0.8, 0.15, 0.05]) for rate in rates
        ]
        yield [float(difference) for difference in (lost[1] - lost[0]) / 3]


def _run(differences: list[float], outcomes: Outcomes) -> None:
    """One run to the end of its pool: its decision where it would have stopped, and whether it ever was wrong."""
    mean = float(np.mean(differences))
    sequence = ConfidenceSequence(POOL)
    decision, covered = Decision.UNDECIDED, True
    for asked, difference in enumerate(differences, 1):
        interval = sequence.add(difference)
        covered &= interval.low - 1e-9 <= mean <= interval.high + 1e-9
        if decision is Decision.UNDECIDED:
            decision = decide(interval, MARGIN)
            if decision is not Decision.UNDECIDED:
                outcomes.questions.append(asked)
    outcomes.decisions[decision] += 1
    outcomes.missed += not covered
    outcomes.sign_flip += sign_flip([round(3 * difference) for difference in differences[:20]]) < 0.05


def _row(name: str, outcomes: Outcomes, runs: int, median: int, most: int) -> Row:
    found = [float(np.quantile(outcomes.questions, share)) for share in (0.5, 0.9)]
    covered = 1 - outcomes.missed / runs
    told = ", ".join(f"{decision} {count}" for decision, count in outcomes.decisions.most_common())
    values = [
        f"{found[0]:.0f}",
        f"{found[1]:.0f}",
        told,
        f"{covered:.1%}",
        f"{outcomes.sign_flip / runs:.1%}",
    ]
    met = found[0] <= 1.15 * median and found[1] <= 1.15 * most and covered >= 0.95
    return Row(name, values, f"≤ {1.15 * median:.0f}, {1.15 * most:.0f}; 95 %", met)


def _milliseconds(rng: np.random.Generator) -> float:
    pools = list(_pools(rng, (0.1, 0.15), 6))
    sequences = [ConfidenceSequence(POOL) for _ in pools]
    began = time.process_time()
    for asked in range(POOL):
        for sequence, differences in zip(sequences, pools, strict=True):
            sequence.add(differences[asked])
    return (time.process_time() - began) / POOL * 1000


if __name__ == "__main__":
    main()
