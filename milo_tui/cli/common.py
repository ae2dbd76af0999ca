"""What all commands share: where files are, how errors are told, how things are printed."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from milo_tui.errors import MiloError
from milo_tui.sanitise import sanitise

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from milo_tui.config import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

DONE, BELOW, USAGE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses."""

_NAMES = ("db", "config", "results", "mouse")


def common(command: Command) -> Command:
    """Add `--db`, `--config` and `--results`, before the command's name or after it."""

    @functools.wraps(command)
    def taking(*args: Any, **kwargs: Any) -> Any:
        context = click.get_current_context()
        given = {name: kwargs.pop(name) for name in _NAMES}
        above = context.obj or {}
        context.obj = {**above, **{name: value for name, value in given.items() if value is not None}}
        return command(*args, **kwargs)

    path = click.Path(path_type=Path, dir_okay=False)
    for option in (
        click.option(
            "--no-mouse", "mouse", flag_value=False, default=None, help="Leave the mouse to the terminal."
        ),
        click.option(
            "--results", type=click.Path(path_type=Path, file_okay=False), help="Folder of raw JSON."
        ),
        click.option("--config", type=path, help="Another milo.toml."),
        click.option("--db", type=path, help="Another database (or set MILO_DB)."),
    ):
        taking = option(taking)
    return taking  # type: ignore[return-value]


def settings(*, models: bool = True) -> "Settings":
    """The settings that this call asks for; milo.toml's models only if they are needed. Raises ConfigError."""
    from milo_tui.config import load_settings

    given = click.get_current_context().obj or {}
    return load_settings(
        config=given.get("config"), database=given.get("db"), results=given.get("results"), models=models
    )


def error_text(error: BaseException) -> str | None:
    """The sanitised sentence of an error meant for the user; None for a bug."""
    if isinstance(error, BaseExceptionGroup):
        return next((text for inner in error.exceptions if (text := error_text(inner))), None)
    return sanitise(str(error)) if isinstance(error, MiloError | OSError) else None


def console(*, stderr: bool = False) -> "Console":
    """Where to print; wide enough for a table where nothing says how wide it is."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 160
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def print_out(renderable: "RenderableType") -> None:
    """Print on stdout, without the spaces that pad a table's lines where that is no terminal."""
    out = console()
    if sys.stdout.isatty():
        out.print(renderable)
        return
    with out.capture() as captured:
        out.print(renderable)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def note(text: str) -> None:
    """A message for a person, on stderr."""
    click.echo(sanitise(text), err=True)
