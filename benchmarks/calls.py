"""What a call costs: 60 calls (20 prompts × 3) with tools, no delay, beside a bare httpx loop.

    python -m benchmarks.calls [--rounds 5] [--protocol openai]

`milo run --plain`, stored and exported, against bare_loop.py: httpx, events split by hand, json.loads, a score and one
commit for each attempt. Both send the same bodies, one call at a time: those that Milo sent in a run of its own
before. Milo's warm-up is within its time and within its requests. Two suites: Milo-Bench's prompts cut to one turn
each, so that 60 calls are 60 attempts; and Milo-Bench as it ships, in which the stub answers a tool's result with text.

The floor: the same loop with its commits through a thread, since the loop that stamps must not wait for a disk.
"""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT, Row, at_most, median, parser, print_table, say, timed
from benchmarks.served import CALIBRATION, QUICK, Answered, Stub, calibrate, calibration_row, stub
from milo_tui.suite import yaml_lines

REPEATS = 3
EACH = 3
"""Processes of each kind in a round, in turns: one of a third of a second is a poor denominator."""


@dataclass(frozen=True)
class Taken:
    """One process's time, in seconds: all of it, until its first call, from there to its last, and after."""

    whole: float
    start: float
    calls: float
    end: float
    count: int
    requests: int

    @property
    def after_start(self) -> float:
        """Seconds a call, start-up taken off."""
        return (self.whole - self.start) / self.count

    @property
    def per_call(self) -> float:
        """Seconds a call from the first one's arrival at the server to the last one's end."""
        return self.calls / self.count


_SPARE = {
    "name": "look_up",
    "description": "Look something up.",
    "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
    "replies": [{"result": {}}],
}


def one_turn_suite(folder: Path) -> Path:
    """Milo-Bench's prompts with a turn each; those without a tool are offered one of no use."""
    source, target = ROOT / "prompts" / "milo", folder / "one-turn"
    prompts = {
        path: yaml_lines.load(path.read_text(encoding="utf-8")).value for path in source.glob("*/*.yaml")
    }
    for path, prompt in prompts.items():
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        cut = {**prompt, "tools": prompt.get("tools") or [_SPARE], "max_turns": 1}
        place.write_text(json.dumps(_one_turn(cut)), encoding="utf-8")
    shutil.copy(source / "suite.yaml", target)
    return target


def _one_turn(prompt: dict[str, Any]) -> dict[str, Any]:
    ways = {
        name: [{**way, "steps": way["steps"][:1]} for way in prompt.get(name, ()) if "steps" in way]
        for name in ("right", "wrong")
    }
    return {**prompt, **ways, "reference": prompt["reference"][:1]}


class Side:
    """Milo and the loop on one suite, against one stub."""

    def __init__(self, name: str, suite: Path, folder: Path, running: Stub, protocol: str) -> None:
        self.name, self._suite, self._folder, self._stub = name, suite, folder, running
        folder.mkdir()
        base = running.base_url.removesuffix("/v1") if protocol == "anthropic" else running.base_url
        (folder / "milo.toml").write_text(
            f'[[model]]\nid = "stub"\nname = "Stub"\nprotocol = "{protocol}"\nwhere = "api"\n'
            f'base_url = "{base}"\nmodel = "{QUICK}"\n',
            encoding="utf-8",
        )
        self._path = "messages" if protocol == "anthropic" else "chat/completions"
        self._environment = {**os.environ, "MILO_HOME": str(folder)}
        self._environment.pop("MILO_DB", None)
        self._attempts = folder / "attempts.json"
        self._number = 0
        self._record()

    def _record(self) -> None:
        """One run of Milo's, not measured: its bodies are what the loop sends."""
        self.milo()
        sent = [one.body for one in self._answered if one.is_call]
        attempts: list[list[dict[str, Any]]] = []
        for body in sent:
            begins = not any(message["role"] == "assistant" for message in body["messages"])
            attempts = [*attempts, [body]] if begins else [*attempts[:-1], [*attempts[-1], body]]
        self._attempts.write_text(json.dumps(attempts), encoding="utf-8")
        self.count, self.attempts = len(sent), len(attempts)

    def milo(self) -> Taken:
        """`milo run --plain` in a new home."""
        self._number += 1
        folder = self._folder / f"home-{self._number}"
        words = [
            "-P",
            "-m",
            "milo_tui",
            "--db",
            str(folder / "milo.db"),
            "--results",
            str(folder / "results"),
        ]
        run = ["run", "--plain", "--suite", str(self._suite), "--repeats", str(REPEATS), "--seed", "1"]
        return self._taken([sys.executable, *words, *run])

    def loop(self, *options: str) -> Taken:
        """The bare loop, with a new database."""
        self._number += 1
        words = [str(ROOT / "benchmarks" / "bare_loop.py"), f"{self._stub.base_url}/{self._path}"]
        database = self._folder / f"loop-{self._number}.db"
        return self._taken([sys.executable, *words, str(self._attempts), str(database), *options])

    def _taken(self, command: list[str]) -> Taken:
        whole, began = timed(command, cwd=self._folder, env=self._environment)
        self._answered: list[Answered] = self._stub.answered()
        calls = [one for one in self._answered if one.is_call]
        first, last = calls[0].arrived, calls[-1].ended
        return Taken(
            whole=whole,
            start=(first - began) / 1e9,
            calls=(last - first) / 1e9,
            end=whole - (last - began) / 1e9,
            count=len(calls),
            requests=len(self._answered),
        )


def measure(side: Side, rounds: int) -> tuple[list[Taken], ...]:
    """Milo's times, the loop's, and the floor's; of those of a round the one in the middle counts."""
    kept: tuple[list[Taken], ...] = ([], [], [])
    for _ in range(rounds):
        found = [(side.milo(), side.loop(), side.loop("--thread")) for _ in range(EACH)]
        for times, each in zip(kept, zip(*found, strict=True), strict=True):
            times.append(sorted(each, key=lambda one: one.whole)[EACH // 2])
    return kept


def rows(side: Side, milo: list[Taken], loop: list[Taken], floor: list[Taken]) -> list[Row]:
    """Whole, start, a call, end: milliseconds, and Milo's over the others' in the median round."""

    def row(name: str, attribute: str, most: float | None = None) -> Row:
        times = [[1000 * getattr(one, attribute) for one in many] for many in (milo, loop, floor)]
        ratio, to_floor = (median(a / b for a, b in zip(times[0], other, strict=True)) for other in times[1:])
        mine, bare, threaded = (f"{median(one):.2f}" for one in times)
        values = [mine, bare, f"{ratio:.2f}", threaded, f"{to_floor:.2f}"]
        return Row(name, values) if most is None else Row(name, values, *at_most(ratio, most))

    requests = f"{milo[0].requests}", f"{loop[0].requests}", "", f"{floor[0].requests}"
    return [
        Row(f"{side.name}: {side.attempts} attempts, {side.count} calls", []),
        Row("  requests, warm-up within", [*requests, ""]),
        row("  whole process", "whole", 2.0),
        row("  start-up: spawn to first call", "start"),
        row("  a call, start-up taken off", "after_start", 1.5),
        row("  a call, first to last alone", "per_call"),
        row("  end: last byte to exit", "end"),
    ]


def main() -> None:
    """Print the tables."""
    options = parser(__doc__)
    options.add_argument("--protocol", choices=["openai", "anthropic"], default="openai")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name, stub() as running:
        folder = Path(name)
        suites = {"one turn each": one_turn_suite(folder), "Milo-Bench": ROOT / "prompts" / "milo"}
        sides = [
            Side(title, suite, folder / f"side-{i}", running, given.protocol)
            for i, (title, suite) in enumerate(suites.items())
        ]
        calibrations, found = [], []
        for side in sides:
            found.append(measure(side, given.rounds))
            calibrations += [calibrate(running) for _ in range(given.rounds)]
        say(f"ms, medians of {given.rounds} rounds; one call at a time, no delay, 40 tokens and a tool call")
        headings = ("", "milo", "loop", "ratio", "floor", "ratio")
        print_table(
            headings, [row for side, times in zip(sides, found, strict=True) for row in rows(side, *times)]
        )
        print_table(CALIBRATION, [calibration_row(calibrations)])


if __name__ == "__main__":
    main()
