"""The truth of a timestamp: the runner's stamp of each token against the moment the server wrote it.

    python -m benchmarks.stamps [--rounds 5] [--seconds 6]

One model, then four beside each other, at 100 tokens a second each, through a whole run: endpoints, events, socket,
store. With nobody looking, with the app drawing on a pty at 200×50, with the app stopped by SIGSTOP, and with its
terminal closed; beside each a raw asyncio reader. Errors are stamp minus server's write, in milliseconds.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.measuring import ROOT, Row, median, parser, print_table, quantile, say
from benchmarks.served import CALIBRATION, Calibration, Stub, calibrate, calibration_row, stub
from benchmarks.stamped_run import started
from benchmarks.terminal import Terminal

SIZE = (200, 50)
RATE = 100
WITHIN = 2.0
WORST = 10.0
"""Milliseconds."""


@dataclass(frozen=True)
class Stamped:
    """A report of stamped_run.py or raw_reader.py: milliseconds for each token, CPU seconds of so many, bytes a second
    drawn. `waited` is milliseconds in which it wanted a core that others had."""

    errors: list[float]
    cpu: float
    seconds: float
    waited: float
    drawn: float = 0.0


def raw(running: Stub, streams: int, repeats: int, model: str) -> Stamped:
    """What the bare reader saw."""
    words = [
        sys.executable,
        "-m",
        "benchmarks.raw_reader",
        running.base_url,
        str(streams),
        str(repeats),
        model,
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    return Stamped(**json.loads(done.stdout))


def milo(
    running: Stub, streams: int, repeats: int, model: str, act: Callable[[Terminal], None] | None = None
) -> Stamped:
    """A run; with `act`, a viewer to whom that is done after two seconds."""
    with started(running.base_url, streams, repeats, model) as run:
        if act is None:
            return Stamped(**run.report())
        time.sleep(1)
        words = [sys.executable, "-P", "-m", "milo_tui", "watch", str(run.number)]
        viewer = Terminal(words, SIZE, env=run.environment)
        try:
            sizes, start = viewer.drain(), time.perf_counter()
            time.sleep(2)
            act(viewer)
            report = run.report()
            return Stamped(**report, drawn=sum(sizes) / (time.perf_counter() - start))
        finally:
            viewer.end()


def _freeze(viewer: Terminal) -> None:
    viewer.process.send_signal(signal.SIGSTOP)


ACTS: dict[str, Callable[[Terminal], None] | None] = {
    "nobody looks": None,
    "the app draws at 200×50": lambda viewer: None,
    "the app is frozen (SIGSTOP)": _freeze,
    "its terminal is closed": Terminal.hang_up,
}
CASES = {1: list(ACTS)[1:3], 4: list(ACTS)}
"""For how many streams what is measured."""


def rows(streams: int, floor: list[Stamped], found: dict[str, list[Stamped]]) -> Iterator[Row]:
    """A table's lines: medians over rounds, and the worst of all."""
    name = f"{streams} stream{'s' if streams > 1 else ''}"
    yield Row(f"{name}, raw asyncio reader", _values(floor, None))
    for what, reports in found.items():
        beyond = median(
            quantile(a.errors, 0.99) - quantile(b.errors, 0.99) for a, b in zip(reports, floor, strict=True)
        )
        met = round(beyond, 2) <= WITHIN and median(max(one.errors) for one in reports) < WORST
        mark = f"p99 ≤ raw + {WITHIN:g}, worst < {WORST:g}"
        yield Row(f"{name}, {what}", _values(reports, beyond), mark, met)


def _values(reports: list[Stamped], beyond: float | None) -> list[str]:
    p50, p99 = (median(quantile(one.errors, share) for one in reports) for share in (0.5, 0.99))
    worst = [max(one.errors) for one in reports]
    cpu = median(100 * one.cpu / one.seconds for one in reports)
    return [
        *(f"{value:.2f}" for value in (p50, p99)),
        "" if beyond is None else f"{beyond:+.2f}",
        *(f"{value:.2f}" for value in (median(worst), max(worst))),
        f"{sum(error >= WORST for one in reports for error in one.errors)}",
        f"{sum(len(one.errors) for one in reports)}",
        f"{median(one.waited / one.seconds for one in reports):.1f}",
        f"{cpu:.0f}",
        f"{median(one.drawn for one in reports) / 1000:.1f}",
    ]


HEADINGS = (
    "ms",
    "p50",
    "p99",
    "− raw",
    "worst",
    "of all",
    "≥ 10",
    "tokens",
    "waited ms/s",
    "CPU %",
    "KB/s drawn",
)


def main() -> None:
    """Print the table."""
    options = parser(__doc__)
    options.add_argument("--seconds", type=float, default=6, help="how long each stream lasts")
    given = options.parse_args()
    model = f"stub-i{1000 / RATE:g}-n{int(given.seconds * RATE)}"
    floor: dict[int, list[Stamped]] = {streams: [] for streams in CASES}
    found: dict[int, dict[str, list[Stamped]]] = {
        streams: {what: [] for what in cases} for streams, cases in CASES.items()
    }
    calibrations: list[Calibration] = []
    with stub() as running:
        for _ in range(given.rounds):
            for streams, cases in CASES.items():
                floor[streams].append(raw(running, streams, 1, model))
                for what in cases:
                    found[streams][what].append(milo(running, streams, 1, model, ACTS[what]))
            running.answered()
            calibrations.append(calibrate(running))
    say(
        f"{RATE} tokens/s a stream, {given.seconds:g} s, {given.rounds} rounds; medians, and the worst of all rounds"
    )
    print_table(HEADINGS, [row for streams in CASES for row in rows(streams, floor[streams], found[streams])])
    print_table(CALIBRATION, [calibration_row(calibrations)])


if __name__ == "__main__":
    main()
