"""All benchmarks, or those named.

    python -m benchmarks [NAME …] [--rounds N] [--list] [options of the benchmark named]

Each runs in a process of its own, one after another; each prints a table. The exit status is 0 whether marks are
met or not: a shared machine's clock is no judge.
"""

import argparse
import subprocess
import sys

from benchmarks.measuring import ROOT, Foreign, machine, say

BENCHMARKS = {
    "calls": "60 calls with tools, `milo run --plain`, beside a bare httpx loop",
    "start": "milo --version, milo runs and the app's first paint, beside Textual's own",
    "stamps": "the truth of a timestamp, beside a raw asyncio reader",
    "draw": "CPU and bytes of drawing 4 × 100 tokens a second",
    "scaling": "1, 4, 16 and 64 models side by side",
    "history": "every query, and the app, at 1,000,000 attempts",
    "commit": "committing an attempt, beside bare sqlite3",
    "bulk": "import, rescore and export of 100,000 attempts",
    "scoring": "scoring at its worst",
    "deciding": "coverage and length of deciding runs, simulated",
}


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--list", action="store_true", help="Say what there is.")
    given, options = parser.parse_known_args()
    if unknown := [name for name in given.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]}; there are {', '.join(BENCHMARKS)}")
    if given.list:
        for name, what in BENCHMARKS.items():
            say(f"{name:<9} {what}")
        return
    for line in machine():
        say(line)
    for name in given.names or BENCHMARKS:
        _run(name, options)


def _run(name: str, options: list[str]) -> None:
    say(f"\n{name}: {BENCHMARKS[name]}")
    with Foreign() as foreign:
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], cwd=ROOT, check=False)
    if done.returncode:
        say(f"{name} ended with {done.returncode}")
    say(f"(other processes used {foreign.cores:.2f} of a core meanwhile)")


if __name__ == "__main__":
    main()
