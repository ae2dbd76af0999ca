"""`milo prompts`: list, show and check the prompts of a suite; import and new are modules of their own."""

import sys
from collections.abc import Callable
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from milo_tui.cli.common import print_out
from milo_tui.cli.options import BELOW, FOLDER, LARGEST
from milo_tui.cli.prompts_import import import_suite
from milo_tui.cli.prompts_new import new, schema
from milo_tui.config import ConfigError, data_folder
from milo_tui.reports.prompt_text import describe
from milo_tui.reports.rich_tables import plain
from milo_tui.reports.suite_check import render
from milo_tui.runner.scorer import TooLong, within
from milo_tui.sanitise import sanitise
from milo_tui.suite.loading import find_prompt_id, load_suite
from milo_tui.suite.prompt import Prompt, Suite
from milo_tui.suite.variants import PUBLIC_POOL
from milo_tui.suite_lab.checking import Checked, check_suite

_CHECK_LIMIT = 2.0
"""Seconds of processor time for the check of a prompt; it takes a tenth of one."""

suite_option = click.option("--suite", type=FOLDER, help="Folder of another suite.")

pool_seed_option = click.option(
    "--pool-seed", type=click.IntRange(0, LARGEST), default=PUBLIC_POOL, help="Another pool of variants."
)


@click.group("prompts")
def command() -> None:
    """List, show, check, import and write prompts."""


@command.command("list")
@suite_option
def list_prompts(suite: Path | None) -> None:
    """List the prompts: id, version, title, tools."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("Prompt", "Version", "Title", "Tools"):
        grid.add_column(column, overflow="fold")
    for prompt in _load(suite).prompts:
        tools = ", ".join(tool.name for tool in prompt.tools) or "none"
        grid.add_row(plain(prompt.id), str(prompt.version), plain(prompt.title), plain(tools))
    print_out(grid)


@command.command()
@click.argument("id")
@suite_option
@click.option(
    "--variant", type=click.IntRange(min=0), default=0, help="Which variant of a prompt that varies."
)
@pool_seed_option
def show(id: str, suite: Path | None, variant: int, pool_seed: int) -> None:
    """Print a prompt with its tools, its checks and its reference solution."""
    loaded = _load(suite)
    prompt = loaded.prompt(find_prompt_id(id, [one.id for one in loaded.prompts]))
    click.echo(sanitise(describe(prompt.in_variant(variant, pool_seed))))


@command.command()
@suite_option
@click.option(
    "--variants", type=click.IntRange(min=1), default=1, help="How many variants of each prompt that varies."
)
@pool_seed_option
def check(suite: Path | None, variants: int, pool_seed: int) -> None:
    """Prove a suite: its references, its known-bad conversations, and every mutation of every prompt."""
    result = check_suite(_load(suite), variants, pool_seed, _limited)
    print_out(render(result))
    sys.exit(0 if result.ok else BELOW)


def _limited(check: Callable[[Prompt], Checked], prompt: Prompt) -> Checked:
    """Check a prompt within a limit: a pattern of it may backtrack without end."""
    try:
        return within(_CHECK_LIMIT, check, prompt)
    except TooLong:
        raise ConfigError(
            f"{prompt.name}: its check took more than {_CHECK_LIMIT:g} s: a regular expression or a JSON Schema of it "
            "takes too long; make it simpler."
        ) from None


for subcommand in (import_suite, new, schema):
    command.add_command(subcommand)


def _load(folder: Path | None) -> Suite:
    return load_suite(folder or data_folder("prompts") / "milo")
