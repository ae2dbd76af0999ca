"""diff: what two models did with the same prompt, side by side."""

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import common, settings
from milo_tui.sanitise import sanitise

if TYPE_CHECKING:
    from milo_tui.store.queries import Reader
    from milo_tui.suite.conversation import Conversation

REFERENCE = "reference"


@dataclass(frozen=True)
class _Side:
    """One side of a diff: a model of a run and the repeat, or the prompt's reference."""

    run: str
    model: str
    repeat: int


@click.command()
@click.argument("number", metavar="RUN", default="last")
@click.option("--prompt", "prompt_id", required=True, metavar="ID", help="The prompt.")
@click.option(
    "--models",
    "sides",
    required=True,
    metavar="A,B",
    help="Two sides, each [RUN:]MODEL[#REPEAT] or `reference`.",
)
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="The repeat of both.")
@click.option("--all", "everything", is_flag=True, help="Show what is equal, too.")
@click.option("--ordered", is_flag=True, help="Calls in another order are a difference.")
@common
def diff(number: str, prompt_id: str, sides: str, repeat: int, everything: bool, ordered: bool) -> None:
    """The tool calls of two models, or of a model and the reference: what differs, by meaning."""
    from milo_tui.bench.diffing import diff as compare
    from milo_tui.reports.diff_text import render

    chosen = [_side(text.strip(), number, repeat) for text in sides.split(",")]
    if len(chosen) != 2:
        raise click.UsageError("Give two sides with --models, such as a,b or a,reference.")

    async def read() -> "list[tuple[str, Conversation]]":
        from milo_tui.store.queries import Reader

        reader = await Reader.open(settings().database)
        try:
            return [await _conversation(reader, side, prompt_id) for side in chosen]
        finally:
            await reader.aclose()

    (left_name, left), (right_name, right) = asyncio.run(read())
    found = compare(left, right, left_name, right_name, order_matters=ordered)
    click.echo(sanitise(render(found, everything=everything)), nl=False)


def _side(text: str, run: str, repeat: int) -> _Side:
    found = re.fullmatch(r"(?:([^:#]+):)?([^:#]+)(?:#(\d+))?", text)
    if found is None:
        raise click.UsageError(f"{text} is no side: write [RUN:]MODEL[#REPEAT] or {REFERENCE}.")
    return _Side(found[1] or run, found[2], int(found[3] or repeat))


async def _conversation(reader: "Reader", side: _Side, prompt_id: str) -> "tuple[str, Conversation]":
    from milo_tui.bench.table import counted
    from milo_tui.settings import ConfigError
    from milo_tui.suite.playing import play
    from milo_tui.suite.prompt import Prompt

    run = await reader.run(await reader.find_run(side.run))
    prompt = next((prompt for prompt in run.prompts if prompt.id == prompt_id), None)
    if prompt is None:
        raise ConfigError(
            f"Run {run.number} did not ask {prompt_id}; `milo show {run.number}` names its prompts."
        )
    if side.model == REFERENCE:
        loaded = Prompt.model_validate(dict(prompt.definition))
        return REFERENCE, play(loaded, loaded.reference)
    names = {model.id: model.name for model in run.models}
    if side.model not in names:
        raise ConfigError(f"Run {run.number} has no model {side.model} (there: {', '.join(names)}).")
    row = counted(await reader.attempts(run.number)).get((side.model, prompt_id, side.repeat))
    if row is None:
        raise ConfigError(
            f"{names[side.model]} has no attempt at {prompt_id} #{side.repeat} in run {run.number}."
        )
    return f"{names[side.model]} #{side.repeat}", (await reader.attempt(row.id)).conversation
