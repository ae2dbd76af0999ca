"""`milo compare`: two runs, or two models of one run, paired by prompt."""

import asyncio
import json

import click

from milo_tui.analysis.comparison import Comparison, Measured, compare
from milo_tui.analysis.record import RunRecord
from milo_tui.cli.common import opened, print_out
from milo_tui.cli.options import common_options
from milo_tui.reports import comparison
from milo_tui.store.queries import Reader


@click.command("compare")
@click.argument("a", metavar="RUN[:MODEL]")
@click.argument("b", metavar="RUN[:MODEL]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
def command(a: str, b: str, as_json: bool) -> None:
    """Compare two runs, paired by prompt: what differs first, then the verdict.

    Without models, models with the same id are compared. RUN is a number, the beginning of a run's key, or `last`.
    """
    found = asyncio.run(_compare(a, b))
    if as_json:
        click.echo(json.dumps(comparison.as_data(found), indent=1))
    else:
        print_out(comparison.render(found))


async def _compare(a: str, b: str) -> Comparison:
    async with opened(Reader) as reader:
        (first, a_model), (second, b_model) = await _side(reader, a), await _side(reader, b)
    return compare(first, second, _models(first.run, a_model, second.run, b_model))


async def _side(reader: Reader, text: str) -> tuple[Measured, str]:
    """A run, and the id of the model named with it ("" where none is). Raises StoreError."""
    run, _, model = text.partition(":")
    return await measured(reader, await reader.find_run(run)), model


async def measured(reader: Reader, number: int) -> Measured:
    """A run with all that a comparison needs. Raises StoreError."""
    return Measured(await reader.run(number), await reader.attempts(number), await reader.evidence(number))


def _models(a: RunRecord, a_model: str, b: RunRecord, b_model: str) -> list[tuple[str, str]] | None:
    """The pair of models to compare; a model named on one side only is looked for on the other."""
    if not a_model and not b_model:
        return None
    pair = (a_model or b_model, b_model or a_model)
    for run, id in zip((a, b), pair, strict=True):
        if id not in (known := [model.id for model in run.models]):
            raise click.UsageError(f"Run {run.number} has no model {id} (it has: {', '.join(known)}).")
    return [pair]
