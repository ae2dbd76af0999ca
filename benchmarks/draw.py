"""What drawing a live run costs: CPU of the app's process and bytes to the terminal.

    python -m benchmarks.draw [--rounds 5] [--seconds 5] [--rate 100] [--models 4]

The live screen runs in a child on a pty of its own and is fed tokens from memory; this process only reads and counts.
What feeding costs by itself is taken off. The last row is the whole app, attached to a run against the stub.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import cast

import psutil

from benchmarks.measuring import ROOT, Row, at_most, median, parser, print_table, say
from benchmarks.served import stub
from benchmarks.stamped_run import started
from benchmarks.terminal import Terminal
from milo_tui.analysis.phases import ModelPhase
from milo_tui.config import load_settings
from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.runner.events import AttemptStarted, Command, Event, Streamed
from milo_tui.runner.state import ModelState, PromptRow, RunState
from milo_tui.tui import themes
from milo_tui.tui.base_app import BaseApp
from milo_tui.tui.navigator import Navigator
from milo_tui.tui.screens.live import LiveScreen

WORDS = "the customer must be looked up before anything is refunded so a call to find it comes first".split()
SETTLED = 3.0
"""Seconds after which the first paint is over and counting starts."""
MOST_CPU = 10.0
MOST_TRAFFIC = 50.0
"""Per cent of a core, and KB a second."""


@dataclass(frozen=True)
class Setting:
    """A row of the table."""

    name: str
    size: tuple[int, int] = (200, 50)
    rate_share: float = 1.0
    by_line: bool = False
    theme: str = themes.DEFAULT_THEME
    truecolor: bool = True
    drawn: bool = True
    marked: bool = False


FED = Setting("fed, not drawn", drawn=False)
SETTINGS = (
    FED,
    Setting("drawn, nothing streams", rate_share=0.0),
    Setting("page jump", marked=True),
    Setting("page jump, 80×24", size=(80, 24), marked=True),
    Setting("page jump, 256 colours", truecolor=False),
    Setting("page jump, terminal's 16", theme="milo-terminal"),
    Setting("line by line", by_line=True),
)
ATTACHED = (Setting("`milo watch`", marked=True), Setting("`milo watch`, 80×24", size=(80, 24), marked=True))


@dataclass
class TokenFeed:
    """Every model streams reasoning at the same rate, a token a model at each tick."""

    state: RunState
    rate: float

    async def events(self) -> AsyncIterator[Event]:
        """Tokens, as regular as the clock allows; none at rate 0."""
        random.seed(1)
        for model in self.state.models:
            yield AttemptStarted(model, "multi_step/refund", 1, at=time.time())
        if not self.rate:
            await asyncio.Event().wait()
        due = time.perf_counter()
        while True:
            for model in self.state.models:
                yield Streamed(model, StreamPiece("reasoning", f" {random.choice(WORDS)}"))
            due += 1 / self.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def send(self, command: Command) -> None:
        """Nobody asks."""

    async def aclose(self) -> None:
        """Nothing to close."""


class DrawApp(BaseApp):
    """The live screen and nothing else."""

    def __init__(self, setting: Setting, models: int, rate: float) -> None:
        super().__init__(replace(load_settings(models=False), theme=setting.theme))
        self.feed = TokenFeed(_state(models), rate * setting.rate_share)
        self.setting = setting

    def on_mount(self) -> None:
        """Straight to the screen."""
        self.set_up()
        if self.setting.drawn:
            self.push_screen(LiveScreen(self.feed, cast("Navigator", self), by_line=self.setting.by_line))
        else:
            self.run_worker(self.eat())

    async def eat(self) -> None:
        """What feeding costs by itself."""
        async for event in self.feed.events():
            self.feed.state.apply(event)


def _state(models: int) -> RunState:
    categories = [("multi_step", "Multi-step chains"), ("single_tool", "Single tool")]
    prompts = [PromptRow(f"{name}/{n}", name, title) for name, title in categories for n in range(4)]
    named = [ModelState(f"m{n}", f"Model {n}", "api", phase=ModelPhase.RUNNING) for n in range(1, models + 1)]
    return RunState(1, "drawing", 3, categories, prompts, {m.id: m for m in named}, started=time.time())


def fed(setting: Setting, options: argparse.Namespace) -> tuple[float, float]:
    """CPU in per cent of a core, and KB a second to the terminal, of a child that is fed from memory."""
    words = ["--child", setting.name, "--models", str(options.models), "--rate", str(options.rate)]
    colour = {"COLORTERM": "truecolor" if setting.truecolor else ""}
    terminal = Terminal([sys.executable, "-m", "benchmarks.draw", *words], setting.size, env=colour, cwd=ROOT)
    try:
        return _counted(terminal, options.seconds)
    finally:
        terminal.end()


def attached(setting: Setting, options: argparse.Namespace) -> tuple[float, float]:
    """The same of `milo watch`, attached to a run."""
    tokens = int((2 * SETTLED + options.seconds) * options.rate)
    model = f"stub-i{1000 / options.rate:g}-n{tokens}-words"
    with stub() as running, started(running.base_url, options.models, 1, model) as run:
        words = [sys.executable, "-P", "-m", "milo_tui", "watch", str(run.number)]
        terminal = Terminal(words, setting.size, env=run.environment)
        try:
            return _counted(terminal, options.seconds)
        finally:
            terminal.end()
            run.kill()


def _counted(terminal: Terminal, seconds: float) -> tuple[float, float]:
    terminal.read_for(SETTLED)
    before, start = _cpu(terminal.process.pid), time.perf_counter()
    count = terminal.read_for(seconds)
    spent, elapsed = _cpu(terminal.process.pid) - before, time.perf_counter() - start
    return 100 * spent / elapsed, count / elapsed / 1000


def _cpu(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return float(times.user + times.system)


def _row(
    setting: Setting, found: list[tuple[float, float]], feeding: list[tuple[float, float]] | None
) -> Row:
    cpu, traffic = median(used for used, _ in found), median(count for _, count in found)
    off = median(used - fed for (used, _), (fed, _) in zip(found, feeding, strict=True)) if feeding else cpu
    values = ["{}×{}".format(*setting.size), f"{cpu:.1f}", f"{off:.1f}", f"{traffic:.1f}"]
    if not setting.marked:
        return Row(setting.name, values)
    marks = at_most(off, MOST_CPU, "%", 1), at_most(traffic, MOST_TRAFFIC, "KB/s", 1)
    return Row(setting.name, values, ", ".join(mark for mark, _ in marks), all(met for _, met in marks))


def main() -> None:
    """Print the table; as a child, be what is measured."""
    options = parser(__doc__)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--rate", type=float, default=100, help="tokens a second of each model")
    options.add_argument("--models", type=int, default=4)
    options.add_argument("--child", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        setting = next(setting for setting in SETTINGS if setting.name == given.child)
        DrawApp(setting, given.models, given.rate).run()
        return
    found: dict[Setting, list[tuple[float, float]]] = {setting: [] for setting in (*SETTINGS, *ATTACHED)}
    for _ in range(given.rounds):
        for setting in SETTINGS:
            found[setting].append(fed(setting, given))
        for setting in ATTACHED:
            found[setting].append(attached(setting, given))
    say(
        f"{given.models} models × {given.rate:g} tokens/s, {given.seconds:g} s each, medians of {given.rounds} rounds"
    )
    rows = [_row(setting, found[setting], found[FED]) for setting in SETTINGS]
    rows += [_row(setting, found[setting], None) for setting in ATTACHED]
    print_table(("", "size", "CPU %", "feeding off", "KB/s"), rows)


if __name__ == "__main__":
    main()
