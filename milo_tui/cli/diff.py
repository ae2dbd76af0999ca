"""diff: what two to four models did with the same prompt, side by side."""

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import common, settings
from milo_tui.sanitise import sanitise

if TYPE_CHECKING:
    from milo_tui.reports.sides import Side
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
    metavar="A,B,…",
    help="Two to four sides, each [RUN:]MODEL[#REPEAT] or `reference`; the others are compared with the first.",
)
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="The repeat of all.")
@click.option("--all", "everything", is_flag=True, help="Show what is equal, too.")
@click.option("--ordered", is_flag=True, help="Calls in another order are a difference.")
@common
def diff(number: str, prompt_id: str, sides: str, repeat: int, everything: bool, ordered: bool) -> None:
    """The tool calls of two to four models, or of models and the reference: what differs, by meaning."""
    from milo_tui.analysis.diff import diff as compare
    from milo_tui.reports.diff_text import render
    from milo_tui.reports.sides import MOST_SIDES

    chosen = [_side(text.strip(), number, repeat) for text in sides.split(",")]
    if not 2 <= len(chosen) <= MOST_SIDES:
        raise click.UsageError("Give two to four sides with --models, such as a,b or a,b,reference.")

    (first_name, first), *others = asyncio.run(_read(chosen, prompt_id))
    diffs = [compare(first, other, first_name, name, order_matters=ordered) for name, other in others]
    click.echo(sanitise(render(diffs, everything=everything)), nl=False)


async def _read(chosen: "list[_Side]", prompt: str) -> "list[tuple[str, Conversation]]":
    """Each side's name and what it said."""
    from milo_tui.reports.sides import Side, Sides
    from milo_tui.store.queries import Reader
    from milo_tui.suite.prompt_names import find_prompt_id

    reader = await Reader.open(settings(models=False).database)
    try:
        sides = Sides(reader)
        found: list[tuple[Side, Conversation]] = []
        for one in chosen:
            model = None if one.model == REFERENCE else one.model
            side = Side(await reader.find_run(one.run), model, one.repeat)
            if not found:
                asked = (await sides.run(side.run)).prompts
                prompt = find_prompt_id(prompt, [one.id for one in asked])
            found.append((side, await sides.conversation(side, prompt)))
        runs = {side.run for side, _ in found if side.model}
        return [(_named(sides.name(side), side, several=len(runs) > 1), said) for side, said in found]
    finally:
        await reader.aclose()


def _named(name: str, side: "Side", *, several: bool) -> str:
    """A side's name with its repeat, and its run where there are several."""
    if side.model is None:
        return name
    return f"{name} #{side.repeat}" + (f" (run {side.run})" if several else "")


def _side(text: str, run: str, repeat: int) -> _Side:
    found = re.fullmatch(r"(?:([^:#]+):)?([^:#]+)(?:#(\d+))?", text)
    if found is None:
        raise click.UsageError(f"{text} is no side: write [RUN:]MODEL[#REPEAT] or {REFERENCE}.")
    return _Side(found[1] or run, found[2], int(found[3] or repeat))
