"""demo, run, resume, watch, stop: the commands that start, join and end runs."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import INCOMPLETE, INTERRUPTED, common, note, print_out, settings

if TYPE_CHECKING:
    from milo_tui.analysis.record import RunRecord
    from milo_tui.cli.demands import Demands
    from milo_tui.config import Settings
    from milo_tui.runner.runner import Runner
    from milo_tui.suite.prompt import Suite

_repeats = click.option(
    "--repeats", type=click.IntRange(1, 100), default=3, show_default=True, help="Asked how often."
)
_seed = click.option(
    "--seed", type=click.IntRange(0), help="The seed of the prompts' order (and of simulated parts)."
)
_plain = click.option("--plain", is_flag=True, help="Progress and table instead of the app.")
_fail_under = click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PCT",
    help="Exit with 1 where a model scores below this.",
)
_baseline = click.option(
    "--baseline",
    metavar="RUN",
    help="Exit with 1 where a model does worse, with evidence, than in this run; see `milo compare`.",
)


@click.command()
@click.option("--pace", type=click.Choice(["instant", "fast", "real"]), help="How quickly the models answer.")
@_repeats
@_seed
@_plain
@_fail_under
@_baseline
@common
def demo(
    pace: str | None,
    repeats: int,
    seed: int | None,
    plain: bool,
    fail_under: float | None,
    baseline: str | None,
) -> None:
    """Milo-Bench on three simulated models: everything, with nothing to configure."""
    from milo_tui.config import data_folder
    from milo_tui.runner.demo import demo_entries
    from milo_tui.runner.plan import new_run

    in_app = _in_app(plain)
    suite = _suite(data_folder("prompts") / "milo", (), ())
    entries = demo_entries(pace or ("real" if in_app else "fast"))  # type: ignore[arg-type]
    where = settings()
    demands = _demands(where, fail_under, baseline)
    _begin(where, new_run(suite, entries, repeats, seed), in_app=in_app, demands=demands)


@click.command()
@click.option("--models", "model_ids", metavar="A,B", help="Ids of milo.toml; all without it.")
@click.option("--suite", type=click.Path(path_type=Path, file_okay=False), help="Another suite's folder.")
@click.option("--category", "categories", multiple=True, help="Only this category (may be given again).")
@click.option(
    "--prompt", "prompt_ids", multiple=True, metavar="ID", help="Only this prompt (may be given again)."
)
@_repeats
@_seed
@_plain
@click.option(
    "--no-stream", is_flag=True, help="Answers come whole: the control arm for calls lost in streams."
)
@click.option("--detach", is_flag=True, help="Start it, print its number and return.")
@click.option("--note", "text", default="", help="A note to keep with the run.")
@_fail_under
@_baseline
@common
def run(
    model_ids: str | None,
    suite: Path | None,
    categories: tuple[str, ...],
    prompt_ids: tuple[str, ...],
    repeats: int,
    seed: int | None,
    plain: bool,
    no_stream: bool,
    detach: bool,
    text: str,
    fail_under: float | None,
    baseline: str | None,
) -> None:
    """Run a suite on the models of milo.toml."""
    from milo_tui.cli.before_run import announce, check_reachable
    from milo_tui.config import ConfigError, data_folder
    from milo_tui.runner.plan import new_run

    where = settings()
    entries = where.choose(model_ids.split(",") if model_ids else None)
    if not entries:
        place = where.config or "There is no milo.toml, so it"
        raise ConfigError(
            f"{place} names no model; `milo models init` writes an example, `milo demo` needs none."
        )
    loaded = _suite(suite or data_folder("prompts") / "milo", categories, prompt_ids)
    if no_stream:
        entries = [entry.model_copy(update={"stream": False}) for entry in entries]
    announce(where, entries, loaded.prompts, repeats)
    asyncio.run(check_reachable(entries))
    record = new_run(loaded, entries, repeats, seed, text)
    if detach:
        number = asyncio.run(_create(where, record))
        _detach(where, number)
        click.echo(str(number))
        return
    demands = _demands(where, fail_under, baseline)
    _begin(where, record, in_app=_in_app(plain), demands=demands)


@click.command()
@click.argument("number", metavar="RUN")
@_plain
@click.option("--detach", is_flag=True, help="Start it and return.")
@_fail_under
@_baseline
@common
def resume(number: str, plain: bool, detach: bool, fail_under: float | None, baseline: str | None) -> None:
    """Carry on what is missing of a run, with the models and prompts that it began with."""
    where = settings()
    found = asyncio.run(_find(where, number))
    if detach:
        _detach(where, found)
        click.echo(str(found))
        return
    demands = _demands(where, fail_under, baseline)
    _carry_on(where, found, in_app=_in_app(plain), demands=demands)


@click.command()
@click.argument("number", metavar="RUN", default="last")
@common
def watch(number: str) -> None:
    """Watch a run that goes on; any number of terminals may."""
    from milo_tui.runner.channel import attach

    where = settings()
    found = asyncio.run(_find(where, number))
    if sys.stdout.isatty():
        from milo_tui.cli.app import open_live

        asyncio.run(_is_going_on(where, found))
        open_live(where, found)
        return

    async def follow() -> None:
        from milo_tui.cli.progress import Progress

        feed = await attach(found, where.runtime)
        progress = Progress(feed.state)
        async for event in feed.events():
            feed.state.apply(event)
            progress(event)
        await feed.aclose()

    asyncio.run(follow())


@click.command()
@click.argument("number", metavar="RUN", default="last")
@click.option("--now", is_flag=True, help="With the attempts in hand; they are asked again on resume.")
@common
def stop(number: str, now: bool) -> None:
    """End a run after the attempts in hand; what is done is kept."""
    from milo_tui.runner.channel import attach
    from milo_tui.runner.events import Command

    async def ask() -> int:
        where = settings(models=False)
        found = await _find(where, number)
        feed = await attach(found, where.runtime)
        await feed.send(Command("stop", now=now))
        await feed.aclose()
        return found

    note(f"Run {asyncio.run(ask())} stops{'' if now else ' after the attempts in hand'}.")


@click.command(hidden=True)
@click.argument("number", type=int)
@common
def work(number: int) -> None:
    """Carry a run out as a process of its own; the app and `--detach` start this."""
    from milo_tui.runner.awake import keep_awake
    from milo_tui.runner.launch import carry_out, log_path, log_to_file

    where = settings()
    keep_awake()
    log_to_file(log_path(where, number))
    asyncio.run(carry_out(where, number, on_start=_begin_calmly))


def _in_app(plain: bool) -> bool:
    return not plain and sys.stdout.isatty() and sys.stdin.isatty()


def _suite(folder: Path, categories: tuple[str, ...], prompt_ids: tuple[str, ...]) -> "Suite":
    from milo_tui.config import ConfigError
    from milo_tui.runner.plan import part_of
    from milo_tui.suite.loading import load_suite

    suite = load_suite(folder, () if categories else prompt_ids)
    for wanted, known, what in (
        (categories, {prompt.category for prompt in suite.prompts}, "category"),
        (prompt_ids, {prompt.id for prompt in suite.prompts}, "prompt"),
    ):
        if unknown := [name for name in wanted if name not in known]:
            raise ConfigError(f"There is no {what} {unknown[0]} in {folder}; `milo prompts list` names them.")
    return part_of(suite, categories, prompt_ids)


def _demands(where: "Settings", fail_under: float | None, baseline: str | None) -> "Demands":
    """What the run is held to; a baseline that is not there is told before anything is asked of a model."""
    from milo_tui.cli.demands import Demands

    return Demands(fail_under, None if baseline is None else asyncio.run(_find(where, baseline)))


def _begin(where: "Settings", record: "RunRecord", *, in_app: bool, demands: "Demands") -> None:
    _carry_on(where, asyncio.run(_create(where, record)), in_app=in_app, demands=demands)


def _carry_on(where: "Settings", number: int, *, in_app: bool, demands: "Demands") -> None:
    if in_app:
        from milo_tui.cli.app import open_live

        open_live(where, number, runner=_detach(where, number))
        return
    sys.exit(asyncio.run(_plainly(where, number, demands)))


async def _create(where: "Settings", record: "RunRecord") -> int:
    from milo_tui.runner.launch import create_run

    return await create_run(where, record)


def _detach(where: "Settings", number: int) -> int:
    from milo_tui.runner.launch import start_detached

    return start_detached(where, number)


async def _find(where: "Settings", wanted: str) -> int:
    from milo_tui.store.queries import Reader

    reader = await Reader.open(where.database)
    try:
        return await reader.find_run(wanted)
    finally:
        await reader.aclose()


async def _is_going_on(where: "Settings", number: int) -> None:
    from milo_tui.runner.channel import attach

    feed = await attach(number, where.runtime)
    await feed.aclose()


async def _plainly(where: "Settings", number: int, demands: "Demands") -> int:
    """Carry a run out here with progress on stderr, print its table; the exit status."""
    # What prints the table, too, is imported before the run: Milo may be upgraded while it goes on.
    import milo_tui.cli.before_run
    import milo_tui.reports.text  # noqa: F401
    from milo_tui.analysis.phases import RunPhase
    from milo_tui.cli.demands import exit_status
    from milo_tui.cli.history import run_table
    from milo_tui.cli.progress import Progress
    from milo_tui.runner.awake import keep_awake
    from milo_tui.runner.events import Event
    from milo_tui.runner.launch import carry_out
    from milo_tui.store.queries import Reader

    progress: Progress | None = None
    interrupts: list[int] = []

    def begin(runner: "Runner") -> None:
        nonlocal progress
        progress = Progress(runner.state)
        _begin_calmly(runner, interrupts)

    def publish(event: Event) -> None:
        if progress is not None:
            progress(event)

    keep_awake()
    phase = await carry_out(where, number, publish, on_start=begin, warn=note)
    reader = await Reader.open(where.database)
    try:
        print_out(await run_table(reader, number))
        if phase is RunPhase.DONE:
            return await exit_status(reader, number, demands)
    finally:
        await reader.aclose()
    if interrupts:
        note(f"Run {number} was stopped; `milo resume {number}` carries on what is missing.")
        return INTERRUPTED
    note(f"Run {number} is incomplete; `milo resume {number}` carries on what is missing.")
    return INCOMPLETE


def _begin_calmly(runner: "Runner", seen: list[int] | None = None) -> None:
    from milo_tui.runner.gc_tuning import be_calm

    be_calm()
    _stop_on_signals(runner, [] if seen is None else seen)


def _stop_on_signals(runner: "Runner", seen: list[int]) -> None:
    """ctrl+c once: stop after the attempts in hand; twice, or SIGTERM: stop now. SIGHUP is nothing to a run."""
    loop = asyncio.get_running_loop()

    def interrupted(number: int) -> None:
        now = bool(seen) or number == signal.SIGTERM
        seen.append(number)
        if not now:
            note("Stopping after the attempts in hand; ctrl+c again stops now.")
        runner.stop(now=now)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted, number)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
