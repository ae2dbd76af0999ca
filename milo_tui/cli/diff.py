"""diff: what two models did with the same prompt, side by side."""

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import common, settings
from milo_tui.sanitise import sanitise

if TYPE_CHECKING:
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

    (left_name, left), (right_name, right) = asyncio.run(_read(chosen, prompt_id))
    found = compare(left, right, left_name, right_name, order_matters=ordered)
    click.echo(sanitise(render(found, everything=everything)), nl=False)


async def _read(chosen: "list[_Side]", prompt: str) -> "list[tuple[str, Conversation]]":
    """Each side's name and what it said."""
    from milo_tui.reports.sides import Side, SideError, Sides
    from milo_tui.settings import ConfigError
    from milo_tui.store.queries import Reader

    reader = await Reader.open(settings(models=False).database)
    try:
        sides = Sides(reader)
        found = []
        for one in chosen:
            side = Side(
                await reader.find_run(one.run), None if one.model == REFERENCE else one.model, one.repeat
            )
            said = await sides.conversation(side, prompt)
            name = sides.name(side)
            found.append((name if side.model is None else f"{name} #{side.repeat}", said))
        return found
    except SideError as error:
        raise ConfigError(str(error)) from None
    finally:
        await reader.aclose()


def _side(text: str, run: str, repeat: int) -> _Side:
    found = re.fullmatch(r"(?:([^:#]+):)?([^:#]+)(?:#(\d+))?", text)
    if found is None:
        raise click.UsageError(f"{text} is no side: write [RUN:]MODEL[#REPEAT] or {REFERENCE}.")
    return _Side(found[1] or run, found[2], int(found[3] or repeat))
