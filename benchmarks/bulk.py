"""Import, rescore and export of a run of 100,000 attempts: attempts a second, and memory against a run of a tenth.

    python -m benchmarks.bulk [--attempts 100000]

One run, made up: one model, the 20 prompts of Milo-Bench, as many repeats as it takes; 5 KB of requests and responses
an attempt. Each step is a `milo` of its own, whose peak memory the system tells; rescoring pretends that the scorer has
a newer version, so that all scores are stored once more.
"""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.commit import made_up_attempt
from benchmarks.measuring import ROOT, Row, parser, print_table, say
from milo_tui.analysis.phases import RunPhase
from milo_tui.analysis.record import AttemptDetail
from milo_tui.config import data_folder
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.runner.plan import new_run
from milo_tui.store.store import Store
from milo_tui.suite.loading import load_suite

ATTEMPTS = 100_000
GROWTH = 1.2
"""How much more memory ten times the attempts may take."""

_RESCORE = """
import sys
from milo_tui.store import rescoring
rescoring.SCORER_VERSION = 2
from milo_tui.cli import main
sys.argv = ["milo", "--db", sys.argv[1], "rescore", "1"]
main()
"""


@dataclass(frozen=True)
class Step:
    """How long it took and what it held at most."""

    seconds: float
    peak_mb: float


def main() -> None:
    """Print the table."""
    options = parser(__doc__)
    options.add_argument("--attempts", type=int, default=ATTEMPTS)
    given = options.parse_args()
    sizes = (given.attempts // 10, given.attempts)
    with tempfile.TemporaryDirectory() as name:
        found = [_measured(Path(name), size) for size in sizes]
    rows = []
    for step in found[0]:
        small, large = (steps[step] for steps in found)
        growth = large.peak_mb / small.peak_mb
        values = [
            f"{sizes[1] / large.seconds:,.0f}",
            f"{large.seconds:.1f}",
            f"{small.peak_mb:.0f}",
            f"{large.peak_mb:.0f}",
        ]
        rows.append(Row(step, values, f"memory ≤ {GROWTH} ×", growth <= GROWTH))
    print_table(("", "attempts/s", "s", f"MB at {sizes[0]:,}", f"MB at {sizes[1]:,}"), rows)


def _measured(folder: Path, attempts: int) -> dict[str, Step]:
    database, file, other = (folder / f"{attempts}{end}" for end in (".db", ".json", "-other.db"))
    say(f"making a run of {attempts:,} attempts")
    asyncio.run(_store(database, attempts))
    milo = (sys.executable, "-P", "-m", "milo_tui", "--db")
    steps = {
        "export": _timed([*milo, str(database), "show", "1", "--format", "json", "-o", str(file)]),
        "import": _timed([*milo, str(other), "import", str(file)]),
        "import again, nothing new": _timed([*milo, str(other), "import", str(file)]),
        "rescore": _timed([sys.executable, "-c", _RESCORE, str(database)]),
    }
    for path in (database, file, other):
        path.unlink()
    return steps


def _timed(command: Sequence[str]) -> Step:
    start = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        said = child.stderr.read().decode() if child.stderr else ""
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}: {said}")
    # Linux counts in KB, macOS in bytes (getrusage(2)).
    return Step(seconds, used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))


async def _store(path: Path, attempts: int) -> None:
    suite = load_suite(data_folder("prompts") / "milo")
    entry = ModelEntry(id="m", name="m", protocol="openai", where="local", base_url="http://127.0.0.1:1")
    repeats = attempts // len(suite.prompts)
    run = replace(new_run(suite, [entry], repeats, 1), phase=RunPhase.DONE)
    store = await Store.open(path)
    number = await store.create_run(run)
    batch: list[AttemptDetail] = []
    for attempt in _attempts(repeats, [prompt.id for prompt in suite.prompts]):
        batch.append(attempt)
        if len(batch) == 500:
            await store.add_missing(number, batch)
            batch.clear()
    await store.add_missing(number, batch)
    await store.aclose()


def _attempts(repeats: int, prompts: Sequence[str]) -> Iterator[AttemptDetail]:
    chance = random.Random(1)
    for repeat in range(1, repeats + 1):
        for prompt in prompts:
            made = made_up_attempt(repeat, chance)
            yield replace(made, attempt=replace(made.attempt, prompt=prompt))


if __name__ == "__main__":
    main()
