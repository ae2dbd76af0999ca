"""Start or resume a run, as `milo demo`, `milo run` and `milo resume` do: in the app, or here with plain progress."""

import asyncio
import functools
import math
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from milo_tui.analysis.comparison import OtherQuestionsError
from milo_tui.analysis.phases import RunPhase
from milo_tui.analysis.questions import apart
from milo_tui.analysis.record import RunRecord
from milo_tui.cli.common import find_run, opened, print_out
from milo_tui.cli.options import INCOMPLETE, INTERRUPTED, LARGEST, Command, can_show_app, note
from milo_tui.cli.progress import Progress
from milo_tui.cli.show import run_table
from milo_tui.cli.thresholds import Thresholds, exit_status
from milo_tui.config import ConfigError, Settings
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.runner.events import Event
from milo_tui.runner.launch import attach_when_up, create_run, execute_run, start_detached
from milo_tui.runner.machine import keep_awake, tune_gc
from milo_tui.runner.plan import Rule, new_run, part_of
from milo_tui.runner.runner import Runner
from milo_tui.store.queries import Reader
from milo_tui.suite.loading import load_suite
from milo_tui.suite.prompt import Suite
from milo_tui.suite.variants import PUBLIC_POOL

repeats_option = click.option(
    "--repeats", type=click.IntRange(1, 100), default=3, show_default=True, help="Repeats per prompt."
)
seed_option = click.option(
    "--seed", type=click.IntRange(0, LARGEST), help="Seed of the order of prompts, and of simulated models."
)


class Percent(click.FloatRange):
    """A number of per cent; `nan` and `inf` are none."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


_deciding = (
    click.option(
        "--variants",
        type=click.IntRange(1, 1000),
        help="Ask so many variants of each prompt, in place of repeats of one.",
    ),
    click.option("--decide", is_flag=True, help="Ask until it is clear which model is better."),
    click.option(
        "--within", type=Percent(0, 100, min_open=True), metavar="PCT",
        help="With --decide: as good means within so many per cent of the points. [default: 5]",
    ),
    click.option(
        "--at-most", type=click.IntRange(1, 20_000), metavar="N",
        help="With --decide: questions in the pool. [default: 400]",
    ),
    click.option(
        "--confidence", type=Percent(50, 99.9), metavar="PCT",
        help="With --decide: the chance that no interval ever misses. [default: 95]",
    ),
    click.option("--pool-seed", type=click.IntRange(0, LARGEST), help="Variants of a pool of your own."),
)  # fmt: skip


def deciding_options(command: Command) -> Command:
    """Add `--variants`, `--decide`, `--within`, `--at-most`, `--confidence` and `--pool-seed` as one `asking`."""

    @functools.wraps(command)
    def with_asking(*args: Any, **kwargs: Any) -> Any:
        names = ("variants", "decide", "within", "at_most", "confidence", "pool_seed")
        return command(*args, asking=Asking(**{name: kwargs.pop(name) for name in names}), **kwargs)

    for option in reversed(_deciding):
        with_asking = option(with_asking)
    return with_asking  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the command line says of variants and of deciding."""

    variants: int | None
    decide: bool
    within: float | None
    at_most: int | None
    confidence: float | None
    pool_seed: int | None

    def new_run(
        self, suite: Suite, entries: Sequence[ModelEntry], repeats: int, seed: int | None, note: str = ""
    ) -> RunRecord:
        """The record of the run that is asked for. Raises PlanError and ConfigError."""
        repeats = self.repeats(suite, repeats)
        pool = PUBLIC_POOL if self.pool_seed is None else self.pool_seed
        if not self.decide:
            return new_run(suite, entries, repeats, seed, note, pool_seed=pool if self.variants else None)
        rule = Rule((self.within or 5.0) / 100, (self.confidence or 95.0) / 100)
        return new_run(suite, entries, repeats, seed, note, pool_seed=pool, rule=rule)

    def repeats(self, suite: Suite, repeats: int) -> int:
        """How often each prompt is asked at most. Raises ConfigError."""
        if self.decide and self.variants:
            raise ConfigError("--decide asks as many variants as it needs; leave --variants out.")
        if not self.decide and (self.within or self.at_most or self.confidence):
            raise ConfigError("--within, --at-most and --confidence go with --decide.")
        if not self.decide and not self.variants and self.pool_seed is not None:
            raise ConfigError("--pool-seed goes with --decide or --variants.")
        if not self.decide:
            return self.variants or repeats
        if (self.at_most or 400) < len(suite.prompts):
            raise ConfigError(f"--at-most must be at least {len(suite.prompts)}, a question of each prompt.")
        return (self.at_most or 400) // len(suite.prompts)


plain_option = click.option(
    "--plain", is_flag=True, help="Print progress and the report instead of opening the app."
)


def threshold_options(command: Command) -> Command:
    """Add `--fail-under` and `--baseline`."""
    baseline = click.option(
        "--baseline",
        metavar="RUN",
        help="Exit with 1 if a model is worse than in this run, with evidence; see `milo compare`.",
    )
    fail_under = click.option(
        "--fail-under",
        type=Percent(0, 100),
        metavar="PCT",
        help="Exit with 1 if a model scores below this percentage.",
    )
    return fail_under(baseline(command))


def thresholds_of(settings: Settings, fail_under: float | None, baseline: str | None) -> Thresholds:
    """The thresholds given; an unknown baseline fails here, before any model is asked. Raises StoreError."""
    return Thresholds(fail_under, None if baseline is None else asyncio.run(find_run(settings, baseline)))


async def require_comparable(settings: Settings, record: RunRecord, thresholds: Thresholds) -> None:
    """Raise OtherQuestionsError where a new run cannot be compared with its baseline, before any model is asked."""
    if thresholds.baseline is None:
        return
    if record.margin is not None:
        raise ConfigError("--decide stops where it has decided, so it cannot be compared with a --baseline.")
    async with opened(Reader, settings) as reader:
        if why := apart(replace(record, number=0), await reader.run(thresholds.baseline)):
            raise OtherQuestionsError(why.replace("Run 0 asks", "The new run would ask"))


def opens_app(plain: bool) -> bool:
    """Whether the run is shown in the app: in a terminal, unless `--plain` was given."""
    return not plain and can_show_app()


def load_part(folder: Path, categories: Sequence[str] = (), prompt_ids: Sequence[str] = ()) -> Suite:
    """Load a suite, or the part of it that is asked for. Raises SuiteError, ConfigError."""
    suite = load_suite(folder, () if categories else prompt_ids)
    for wanted, known, what in (
        (categories, {prompt.category for prompt in suite.prompts}, "category"),
        (prompt_ids, {prompt.id for prompt in suite.prompts}, "prompt"),
    ):
        if unknown := [name for name in wanted if name not in known]:
            raise ConfigError(f"There is no {what} {unknown[0]} in {folder}; `milo prompts list` names them.")
    return part_of(suite, categories, prompt_ids)


def run_new(settings: Settings, record: RunRecord, *, in_app: bool, thresholds: Thresholds) -> None:
    """Store a new run, then run it. Exits with the run's status.

    Raises StoreError, LaunchError, and OtherQuestionsError where it cannot be compared with its baseline.
    """
    asyncio.run(require_comparable(settings, record, thresholds))
    run_rest(settings, asyncio.run(create_run(settings, record)), in_app=in_app, thresholds=thresholds)


def run_rest(settings: Settings, number: int, *, in_app: bool, thresholds: Thresholds) -> None:
    """Run what is missing of a stored run. Exits with the run's status."""
    if in_app:
        feed = attach_when_up(settings, number, start_detached(settings, number))
        import_module("milo_tui.cli.app").open_live(settings, number, feed, started_here=True)
    else:
        sys.exit(asyncio.run(_run_here(settings, number, thresholds)))


async def _run_here(settings: Settings, number: int, thresholds: Thresholds) -> int:
    """Run in this process with progress on stderr, and print the report; the exit status."""
    progress: Progress | None = None
    interrupts: list[int] = []

    def begin(runner: Runner) -> None:
        nonlocal progress
        progress = Progress(runner.state)
        prepare(runner, interrupts)

    def publish(event: Event) -> None:
        if progress is not None:
            progress(event)

    keep_awake()
    phase = await execute_run(settings, number, publish, on_start=begin, warn=note)
    async with opened(Reader, settings) as reader:
        print_out(await run_table(settings, reader, number))
        if phase is RunPhase.DONE:
            return await exit_status(reader, number, thresholds)
    state = "was stopped" if interrupts else "is incomplete"
    note(f"Run {number} {state}; `milo resume {number}` runs what is missing.")
    return INTERRUPTED if interrupts else INCOMPLETE


def prepare(runner: Runner, interrupts: list[int]) -> None:
    """Tune the garbage collector and handle signals; `interrupts` receives the signals that stopped the run.

    ctrl+c finishes the current attempts (but none of which only keep-alive comments come), then stops; a second one, or
    SIGTERM, stops now. SIGHUP is ignored.
    """
    tune_gc()
    loop = asyncio.get_running_loop()

    def interrupt(number: int) -> None:
        now = bool(interrupts) or number == signal.SIGTERM
        interrupts.append(number)
        if not now:
            note("Finishing the current attempts, then stopping; press ctrl+c again to stop now.")
        runner.stop(now=now)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt, number)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
