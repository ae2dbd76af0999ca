"""What drawing a live run costs: CPU of the app's process and bytes to the terminal.

    python benchmarks/draw.py [--seconds 20] [--rate 100] [--models 4]

The live screen runs in a child on a pty of its own and is fed tokens from memory; this process only reads and counts.
"""

import argparse
import asyncio
import fcntl
import os
import pty
import random
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import psutil
from textual.app import App

from milo_tui.bench.events import AttemptStarted, Command, Event, Phase, Streamed
from milo_tui.bench.state import ModelState, PromptRow, RunState
from milo_tui.tui import themes
from milo_tui.tui.screens.live import LiveScreen

WORDS = "the customer must be looked up before anything is refunded so a call to find it comes first".split()
SETTLED = 4.0
"""Seconds after which the first paint is over and counting starts."""


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


SETTINGS = (
    Setting("fed, not drawn", drawn=False),
    Setting("drawn, nothing streams", rate_share=0.0),
    Setting("page jump"),
    Setting("page jump, 256 colours", truecolor=False),
    Setting("page jump, terminal's 16", theme="milo-terminal"),
    Setting("page jump, 80×24", size=(80, 24)),
    Setting("line by line", by_line=True),
)


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
                yield Streamed(model, "reasoning", f" {random.choice(WORDS)}", 0)
            due += 1 / self.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def send(self, command: Command) -> None:
        """Nobody asks."""

    async def aclose(self) -> None:
        """Nothing to close."""


class DrawApp(App[None]):
    """The live screen and nothing else."""

    def __init__(self, setting: Setting, models: int, rate: float) -> None:
        super().__init__()
        self.feed = TokenFeed(_state(models), rate * setting.rate_share)
        self.setting = setting

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The variables that Milo's widgets ask for."""
        return themes.semantic(self.current_theme)

    def on_mount(self) -> None:
        """Straight to the screen."""
        themes.register_themes(self, themes.load_themes())
        self.theme = self.setting.theme
        if self.setting.drawn:
            self.push_screen(LiveScreen(self.feed, by_line=self.setting.by_line))
        else:
            self.run_worker(self.eat())

    async def eat(self) -> None:
        """What feeding costs by itself."""
        async for event in self.feed.events():
            self.feed.state.apply(event)


def _state(models: int) -> RunState:
    categories = [("multi_step", "Multi-step chains"), ("single_tool", "Single tool")]
    prompts = [PromptRow(f"{name}/{n}", name, title) for name, title in categories for n in range(4)]
    named = [ModelState(f"m{n}", f"Model {n}", "api", phase=Phase.RUNNING) for n in range(1, models + 1)]
    return RunState(1, "drawing", 3, categories, prompts, {m.id: m for m in named}, started=time.time())


def measure(setting: Setting, options: argparse.Namespace) -> tuple[float, float]:
    """CPU in per cent of a core, and KB a second to the terminal."""
    master, slave = pty.openpty()
    columns, lines = setting.size
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    environment = os.environ | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor" if setting.truecolor else "",
    }
    child = subprocess.Popen(
        [sys.executable, __file__, "--child", setting.name, *sys.argv[1:]],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    try:
        _drain(master, SETTLED)
        before, start = _cpu(child.pid), time.perf_counter()
        count = _drain(master, options.seconds)
        spent, elapsed = _cpu(child.pid) - before, time.perf_counter() - start
    finally:
        child.kill()
        child.wait()
        os.close(master)
    return 100 * spent / elapsed, count / elapsed / 1000


def _drain(master: int, seconds: float) -> int:
    end, count = time.perf_counter() + seconds, 0
    while (left := end - time.perf_counter()) > 0:
        if select.select([master], [], [], left)[0]:
            count += len(os.read(master, 65536))
    return count


def _cpu(process: int) -> float:
    times = psutil.Process(process).cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Print the table; as a child, be what is measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=100, help="tokens a second of each model")
    parser.add_argument("--models", type=int, default=4)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options: Any = parser.parse_args()
    if options.child:
        setting = next(setting for setting in SETTINGS if setting.name == options.child)
        DrawApp(setting, options.models, options.rate).run()
        return
    print(f"{options.models} models × {options.rate:g} tokens/s, {options.seconds:g} s each")  # noqa: T201
    print(f"{'':<26}{'size':>8}{'CPU %':>8}{'KB/s':>8}")  # noqa: T201
    for setting in SETTINGS:
        cpu, traffic = measure(setting, options)
        size = "{}×{}".format(*setting.size)
        print(f"{setting.name:<26}{size:>8}{cpu:>8.1f}{traffic:>8.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
