"""What several commands share: settings, the database, printing tables."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import click
from rich.console import Console, RenderableType

from milo_tui.cli.options import option_given
from milo_tui.config import Settings, load_settings
from milo_tui.store.lists import RunLists

Lists = TypeVar("Lists", bound=RunLists)


def current_settings(*, models: bool = False, without_file: bool = False) -> Settings:
    """The settings of this call; milo.toml's models only if asked for. Raises ConfigError but `without_file`."""
    return load_settings(
        config=option_given("config"),
        database=option_given("db"),
        results=option_given("results"),
        models=models,
        without_file=without_file,
    )


@asynccontextmanager
async def opened(kind: type[Lists], settings: Settings | None = None) -> AsyncIterator[Lists]:
    """Open this call's database for reading: its lists of runs, or with `Reader` all of it. Raises StoreError."""
    reader = await kind.open((settings or current_settings()).database)
    try:
        yield reader
    finally:
        await reader.aclose()


async def find_run(settings: Settings, wanted: str) -> int:
    """The number of a run given as a number, the beginning of its key, or `last`. Raises StoreError."""
    async with opened(RunLists, settings) as lists:
        return await lists.find_run(wanted)


def print_out(renderable: RenderableType) -> None:
    """Print on stdout; where that is no terminal, 160 columns wide and without trailing spaces."""
    terminal = sys.stdout.isatty()
    console = Console(highlight=False, markup=False, emoji=False, width=None if terminal else 160)
    if terminal:
        console.print(renderable)
        return
    with console.capture() as captured:
        console.print(renderable)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
