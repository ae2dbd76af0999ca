"""What all benchmarks share: rounds, medians, a table with marks, and the machine they ran on."""

import argparse
import compileall
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).parent.parent
ROUNDS = 5


def parser(purpose: str | None) -> argparse.ArgumentParser:
    """A parser of a benchmark's own options; `--rounds` is in it already. What is measured is compiled first."""
    compile_all()
    made = argparse.ArgumentParser(description=purpose, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rounds", type=int, default=ROUNDS, help="%(default)s of them, each with every row")
    return made


def compile_all() -> None:
    """Have Milo's modules compiled, as pip compiles those of the libraries that they are measured beside.

    Where PYTHONDONTWRITEBYTECODE is set, every process would compile them anew: 200 ms of a start.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for folder in ("milo_tui", "benchmarks"):
        compileall.compile_dir(ROOT / folder, quiet=1)


@dataclass(frozen=True)
class Row:
    """A line of a table. `met` is None where nothing is asked of it."""

    name: str
    values: Sequence[str]
    mark: str = ""
    met: bool | None = None


def print_table(headings: Sequence[str], rows: Iterable[Row]) -> None:
    """Print rows under headings; those with a mark say whether it is met."""
    count = len(headings) - 1
    lines = [[*headings, "mark", ""]]
    for row in rows:
        missing = [""] * (count - len(row.values))
        lines.append([row.name, *row.values, *missing, row.mark, _told(row.met)])
    if not any(line[-2] for line in lines[1:]):
        lines = [line[:-2] for line in lines]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        first, *others = (text for text in line)
        cells = [first.ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        say("  ".join(cells).rstrip())


def _told(met: bool | None) -> str:
    return "" if met is None else "met" if met else "NOT MET"


def say(text: str = "") -> None:
    """Print at once, for whoever looks on through a pipe."""
    print(text, flush=True)  # noqa: T201


def at_most(value: float, most: float, unit: str = "×", digits: int = 2) -> tuple[str, bool]:
    """A mark in words, and whether `value` keeps to it."""
    return f"≤ {most:g} {unit}", round(value, digits) <= most


def median(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def quantile(values: Iterable[float], share: float) -> float:
    """The nearest-rank quantile."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def waited() -> float:
    """Milliseconds that this thread has waited for a core so far, while others had it; 0 where nobody counts."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e6
    except OSError:
        return 0.0


def timed(
    command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> tuple[float, int]:
    """Seconds from spawn to end, and perf_counter_ns at the spawn. Raises RuntimeError with what was said."""
    start = time.perf_counter_ns()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=env)
    seconds = (time.perf_counter_ns() - start) / 1e9
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds, start


class Foreign:
    """How much of a core other processes used meanwhile: what a measurement shared the machine with.

    Within it, whatever this process has started must have ended and been waited for.
    """

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        self._busy, self._own = _busy_seconds(), _own_seconds()
        self.cores = 0.0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        busy, own = _busy_seconds() - self._busy, _own_seconds() - self._own
        self.cores = max(0.0, busy - own) / (time.perf_counter() - self._start)


def _busy_seconds() -> float:
    spent = psutil.cpu_times()
    idle = sum(getattr(spent, name, 0.0) for name in ("idle", "iowait", "guest", "guest_nice"))
    return float(sum(spent) - idle)


def _own_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def machine() -> list[str]:
    """Lines that name machine, versions and commit, and how busy the machine is."""
    memory = psutil.virtual_memory().total / 1e9
    packages = ", ".join(f"{name} {version(name)}" for name in ("textual", "httpx", "pydantic"))
    return [
        f"{platform.platform()}, {_processor()}, {os.cpu_count()} cores, {memory:.0f} GB",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}, milo {_commit()}",
        f"load before: {os.getloadavg()[0]:.2f}",
    ]


def _processor() -> str:
    for path, command in (("/proc/cpuinfo", None), ("", ["sysctl", "-n", "machdep.cpu.brand_string"])):
        if path and Path(path).exists():
            lines = Path(path).read_text(encoding="utf-8").splitlines()
            named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
            return named[0] if named else platform.machine()
        if command and platform.system() == "Darwin":
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return platform.machine()


def _commit() -> str:
    asked = ("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "-uno", "--", "milo_tui")
    try:
        commit, changed = (
            subprocess.run(
                ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True
            ).stdout
            for words in asked
        )
    except (OSError, subprocess.CalledProcessError):
        return version("milo-tui")
    return f"{version('milo-tui')} at {commit.strip()}" + (" with changes" if changed.strip() else "")
