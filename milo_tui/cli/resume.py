"""`milo resume`: run what is missing of a run."""

import asyncio
import sys
from collections.abc import Sequence

import click

from milo_tui.cli.common import current_settings, find_run
from milo_tui.cli.options import common_options, note
from milo_tui.cli.start import opens_app, plain_option, run_rest, threshold_options, thresholds_of
from milo_tui.runner.consent import obtain_consent
from milo_tui.runner.launch import start_detached


@click.command("resume")
@click.argument("wanted", metavar="RUN")
@plain_option
@click.option("--detach", is_flag=True, help="Start it and return.")
@click.option("--trust-imported", is_flag=True, help="Resume an imported run with the entries in its file.")
@threshold_options
@common_options
def command(
    wanted: str,
    plain: bool,
    detach: bool,
    trust_imported: bool,
    fail_under: float | None,
    baseline: str | None,
) -> None:
    """Resume an incomplete run.

    What is missing is run with the models and prompts that the run began with. An imported run takes the entries of
    milo.toml; for models that are not in it you are asked.
    """
    settings = current_settings()
    number = asyncio.run(find_run(settings, wanted))
    ask = _ask if sys.stdin.isatty() and sys.stderr.isatty() else None
    asyncio.run(
        obtain_consent(
            settings.database,
            number,
            lambda: current_settings(models=True).models,
            ask,
            trust=trust_imported,
        )
    )
    if detach:
        start_detached(settings, number)
        click.echo(str(number))
        return
    thresholds = thresholds_of(settings, fail_under, baseline)
    run_rest(settings, number, in_app=opens_app(plain), thresholds=thresholds)


def _ask(lines: Sequence[str]) -> bool:
    """Whether the user agrees to what an imported run would do."""
    note("This run was imported. Resumed with the entries in its file,")
    for line in lines:
        note(f"  {line}")
    return click.confirm("Resume it", default=False, err=True)
