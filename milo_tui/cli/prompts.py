"""prompts list, show, check, import, new, schema: suites, printed, proved and begun."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import BELOW, print_out
from milo_tui.cli.importing import import_suite
from milo_tui.cli.writing import new, schema
from milo_tui.sanitise import sanitise

if TYPE_CHECKING:
    from milo_tui.suite.prompt import Suite

_suite = click.option(
    "--suite", type=click.Path(path_type=Path, file_okay=False), help="Another suite's folder."
)


@click.group()
def prompts() -> None:
    """The prompts of a suite."""


@prompts.command("list")
@_suite
def list_prompts(suite: Path | None) -> None:
    """Every prompt: id, version, title, tools."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from milo_tui.reports.grids import plain

    loaded = _load(suite)
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("Prompt", "Version", "Title", "Tools"):
        grid.add_column(column, overflow="fold")
    for prompt in loaded.prompts:
        tools = ", ".join(tool.name for tool in prompt.tools) or "none"
        grid.add_row(plain(prompt.id), str(prompt.version), plain(prompt.title), plain(tools))
    print_out(grid)


@prompts.command()
@click.argument("id")
@_suite
def show(id: str, suite: Path | None) -> None:
    """A prompt as it is asked, its checks, and its reference solution."""
    from milo_tui.reports.prompt_text import describe
    from milo_tui.suite.prompt_names import find_prompt_id

    found = _load(suite)
    prompt = found.prompt(find_prompt_id(id, [one.id for one in found.prompts]))
    click.echo(sanitise(describe(prompt)))


@prompts.command()
@_suite
def check(suite: Path | None) -> None:
    """Prove the suite: references, known-bad conversations, and every mutation of every prompt."""
    import sys

    from milo_tui.reports.suite_check import render
    from milo_tui.suite_lab.checking import check_suite

    result = check_suite(_load(suite))
    print_out(render(result))
    sys.exit(0 if result.ok else BELOW)


for _command in (import_suite, new, schema):
    prompts.add_command(_command)


def _load(folder: Path | None, only: Collection[str] = ()) -> "Suite":
    from milo_tui.config import data_folder
    from milo_tui.suite.loading import load_suite

    return load_suite(folder or data_folder("prompts") / "milo", only)
