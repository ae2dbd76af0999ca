"""compare: two runs, or two models of one, paired by prompt."""

import asyncio
import json
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import common, print_out
from milo_tui.cli.history import reading

if TYPE_CHECKING:
    from milo_tui.analysis.comparison import Comparison, Measured
    from milo_tui.analysis.record import RunRecord
    from milo_tui.store.queries import Reader


@click.command()
@click.argument("a", metavar="RUN[:MODEL]")
@click.argument("b", metavar="RUN[:MODEL]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@common
def compare(a: str, b: str, as_json: bool) -> None:
    """Compare two runs, paired by prompt: what sets them apart first, the verdict after.

    Without models, those of the same id are compared. RUN is a number, the beginning of its key, or `last`.
    """
    from milo_tui.reports import comparison

    found = asyncio.run(_compare(a, b))
    if as_json:
        click.echo(json.dumps(comparison.as_data(found), indent=1))
        return
    print_out(comparison.render(found))


async def _compare(a: str, b: str) -> "Comparison":
    from milo_tui.analysis.comparison import compare as compared

    async with reading() as reader:
        (first, a_model), (second, b_model) = await _side(reader, a), await _side(reader, b)
    models = _models(first.run, a_model, second.run, b_model)
    return compared(first, second, models)


async def _side(reader: "Reader", wanted: str) -> "tuple[Measured, str]":
    """A run and the model that is named with it, if any. Raises StoreError."""
    run, _, model = wanted.partition(":")
    return await measured(reader, await reader.find_run(run)), model


async def measured(reader: "Reader", number: int) -> "Measured":
    """A run with all that a comparison needs. Raises StoreError."""
    from milo_tui.analysis.comparison import Measured

    return Measured(await reader.run(number), await reader.attempts(number), await reader.evidence(number))


def _models(a: "RunRecord", a_model: str, b: "RunRecord", b_model: str) -> list[tuple[str, str]] | None:
    """The one pair that is named; a model named on one side only is looked for on the other."""
    if not a_model and not b_model:
        return None
    pair = (a_model or b_model, b_model or a_model)
    for run, id in zip((a, b), pair, strict=True):
        if id not in (known := [model.id for model in run.models]):
            raise click.UsageError(f"Run {run.number} has no model {id} (there: {', '.join(known)}).")
    return [pair]
