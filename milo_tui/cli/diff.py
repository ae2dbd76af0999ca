"""`milo diff`: what two to four models did with the same prompt, side by side."""

import asyncio
import re
from collections.abc import Sequence

import click

from milo_tui.analysis.diff import diff
from milo_tui.cli.common import opened
from milo_tui.cli.options import common_options
from milo_tui.config import is_set
from milo_tui.reports.diff_sides import MAX_SIDES, REFERENCE, Side, Sides
from milo_tui.reports.diff_text import render
from milo_tui.sanitise import sanitise
from milo_tui.store.queries import Reader
from milo_tui.suite.conversation import Conversation
from milo_tui.suite.loading import find_prompt_id

COLOURS = {"-": "red", "+": "green", "~": "yellow", "!": "yellow", ">": "cyan", "=": "bright_black"}
"""The colour of each sign, in a terminal."""


@click.command("diff")
@click.argument("number", metavar="[RUN]", default="last")
@click.option("--prompt", "prompt_id", required=True, metavar="ID", help="The prompt.")
@click.option(
    "--models",
    "sides",
    default="",
    metavar="A,B,…",
    help="Two to four sides, each [RUN:]MODEL[#REPEAT] or `reference`; each is compared with the first.",
)
@click.option(
    "--repeat", type=click.IntRange(1), default=1, show_default=True, help="The repeat of every side."
)
@click.option("--all", "everything", is_flag=True, help="Show equal values too.")
@click.option("--ordered", is_flag=True, help="Treat calls in another order as different.")
@common_options
def command(number: str, prompt_id: str, sides: str, repeat: int, everything: bool, ordered: bool) -> None:
    """Show what differs, by meaning, between the tool calls of two to four models.

    The prompt's reference solution can be one side.
    """
    chosen = sides.split(",")
    if not 2 <= len(chosen) <= MAX_SIDES:
        models = ", ".join(asyncio.run(_models(number)))
        raise click.UsageError(
            "Give two to four sides with --models, such as a,b or a,b,reference. "
            f"The models of run {sanitise(number)}: {sanitise(models)}."
        )
    (first_name, first), *others = asyncio.run(_read(chosen, number, repeat, prompt_id))
    diffs = [diff(first, other, first_name, name, order_matters=ordered) for name, other in others]
    lines = sanitise(render(diffs, everything=everything)).splitlines()
    # Without a terminal click leaves the colours out.
    click.echo("\n".join(map(_coloured, lines)), color=False if is_set("NO_COLOR") else None)


def _coloured(line: str) -> str:
    """A line of a diff in the colour of its sign."""
    colour = COLOURS.get(line.lstrip()[:1])
    return line if colour is None else click.style(line, fg=colour)


async def _models(number: str) -> list[str]:
    """The ids of a run's models. Raises StoreError."""
    async with opened(Reader) as reader:
        return [model.id for model in (await reader.run(await reader.find_run(number))).models]


async def _read(
    chosen: Sequence[str], number: str, repeat: int, prompt: str
) -> list[tuple[str, Conversation]]:
    """Each side's name and conversation. Raises SideError, StoreError."""
    async with opened(Reader) as reader:
        sides = Sides(reader)
        found: list[tuple[Side, Conversation]] = []
        for text in chosen:
            side = await _side(reader, text.strip(), number, repeat)
            if not found:
                asked = (await sides.run(side.run)).prompts
                prompt = find_prompt_id(prompt, [one.id for one in asked])
            found.append((side, await sides.conversation(side, prompt, found[0][0] if found else None)))
        several = len({side.run for side, _ in found if side.model}) > 1
        return [(_name(sides, side, several), conversation) for side, conversation in found]


async def _side(reader: Reader, text: str, number: str, repeat: int) -> Side:
    match = re.fullmatch(r"(?:([^:#]+):)?([^:#]+)(?:#(\d+))?", text)
    if match is None:
        raise click.UsageError(f"{text} is not a side: write [RUN:]MODEL[#REPEAT] or {REFERENCE}.")
    model = None if match[2] == REFERENCE else match[2]
    return Side(await reader.find_run(match[1] or number), model, int(match[3] or repeat))


def _name(sides: Sides, side: Side, several_runs: bool) -> str:
    name = sides.name(side)
    if side.model is None:
        return name
    return f"{name} #{side.repeat}" + (f" (run {side.run})" if several_runs else "")
