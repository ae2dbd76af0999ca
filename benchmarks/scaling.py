"""What more models cost: 1, 4, 16 and 64 of them beside each other, each in a lane of its own.

    python -m benchmarks.scaling [--rounds 5] [--calls 8]

Every model asks the stub, which answers after 20 ms with 25 tokens at 100 a second; a model makes one call after
another. Calls a second are counted from the first one's arrival at the stub to the last one's end, beside those of a
raw asyncio reader with as many connections; CPU is the runner's, in per cent of a core. Errors are those of stamps.py.
"""

from dataclasses import dataclass

from benchmarks.measuring import Row, median, parser, print_table, quantile, say
from benchmarks.served import Stub, stub
from benchmarks.stamps import WITHIN, WORST, Stamped, milo, raw

MODELS = (1, 4, 16, 64)
UP_TO = 16
"""Models up to which the stamps must be true."""
MODEL = "stub-t20-i10-n25"
FULL = 0.9
"""Share of a core from which the runner has no more to give."""


@dataclass(frozen=True)
class Paced:
    """Calls a second, and the report of who made them."""

    rate: float
    report: Stamped


def _take(running: Stub, report: Stamped) -> Paced:
    served = [one for one in running.answered() if one.is_call]
    began, ended = min(one.arrived for one in served), max(one.ended for one in served)
    return Paced(len(served) / ((ended - began) / 1e9), report)


def main() -> None:
    """Print the table."""
    options = parser(__doc__)
    options.add_argument("--calls", type=int, default=8, help="of each model")
    given = options.parse_args()
    floor: dict[int, list[Paced]] = {count: [] for count in MODELS}
    found: dict[int, list[Paced]] = {count: [] for count in MODELS}
    with stub() as running:
        for _ in range(given.rounds):
            for count in MODELS:
                floor[count].append(_take(running, raw(running, count, given.calls, MODEL)))
                found[count].append(_take(running, milo(running, count, given.calls, MODEL)))
    say(f"{given.calls} calls a model, 20 ms + 25 tokens at 100/s each; medians of {given.rounds} rounds")
    headings = (
        "models",
        "calls/s",
        "raw",
        "of raw",
        "CPU %",
        "raw",
        "p50 ms",
        "p99",
        "raw p99",
        "worst",
        "raw worst",
    )
    print_table(headings, [_row(count, found[count], floor[count]) for count in MODELS])


def _row(count: int, found: list[Paced], floor: list[Paced]) -> Row:
    rate, bare = median(one.rate for one in found), median(one.rate for one in floor)
    used, bare_used = (median(one.report.cpu / one.report.seconds for one in many) for many in (found, floor))
    p99 = [quantile(one.report.errors, 0.99) for one in found]
    bare_p99 = [quantile(one.report.errors, 0.99) for one in floor]
    worst, bare_worst = (median(max(one.report.errors) for one in many) for many in (found, floor))
    beyond = median(a - b for a, b in zip(p99, bare_p99, strict=True))
    values = [
        *(f"{rate:.1f}", f"{bare:.1f}", f"{rate / bare:.2f}"),
        *(f"{100 * used:.0f}", f"{100 * bare_used:.0f}"),
        f"{median(quantile(one.report.errors, 0.5) for one in found):.2f}",
        *(f"{median(p99):.2f}", f"{median(bare_p99):.2f}", f"{worst:.2f}", f"{bare_worst:.2f}"),
    ]
    if count > UP_TO:
        return Row(str(count), values, "≥ 0.9 of raw, or a core full", rate >= FULL * bare or used >= FULL)
    mark = f"≥ 0.9 of raw, p99 ≤ raw + {WITHIN:g}, worst < {WORST:g}"
    return Row(str(count), values, mark, rate >= FULL * bare and round(beyond, 2) <= WITHIN and worst < WORST)


if __name__ == "__main__":
    main()
