"""What the command line itself and every command use: common options, exit statuses, messages."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from milo_tui.errors import MiloError
from milo_tui.sanitise import sanitise

Command = TypeVar("Command", bound=Callable[..., Any])

DONE, BELOW, USAGE, INCOMPLETE, FAILED, INTERRUPTED = 0, 1, 2, 3, 70, 130
"""Exit statuses; FAILED is an error that nobody expected."""

LARGEST = 2**63 - 1
"""The largest number that the database can hold."""

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

_COMMON = (
    click.option("--db", type=FILE, help="Use another database (or set MILO_DB)."),
    click.option("--config", type=FILE, help="Use another milo.toml."),
    click.option("--results", type=FOLDER, help="Write raw JSON to another folder."),
    click.option(
        "--no-mouse", "mouse", flag_value=False, default=None, help="Leave the mouse to the terminal."
    ),
)


def common_options(command: Command) -> Command:
    """Add `--db`, `--config`, `--results` and `--no-mouse`, before the command's name or after it."""

    @functools.wraps(command)
    def with_options(*args: Any, **kwargs: Any) -> Any:
        context = click.get_current_context()
        given = {name: kwargs.pop(name) for name in ("db", "config", "results", "mouse")}
        context.obj = {**(context.obj or {}), **{name: v for name, v in given.items() if v is not None}}
        return command(*args, **kwargs)

    for option in reversed(_COMMON):
        with_options = option(with_options)
    return with_options  # type: ignore[return-value]


def option_given(name: str) -> Any:
    """The value of a common option (`db`, `config`, `results`, `mouse`); None where it was not given."""
    return (click.get_current_context().obj or {}).get(name)


def can_show_app() -> bool:
    """Whether the app can be shown: it reads keys from stdin and draws on stderr, and says if that alone fails."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    if not sys.stderr.isatty():
        click.echo("The app draws on stderr, which goes elsewhere here: plain output instead.")
    return sys.stderr.isatty()


def error_text(error: BaseException) -> str | None:
    """The sanitised sentence of an error meant for the user; None for a bug."""
    if isinstance(error, BaseExceptionGroup):
        return next((text for inner in error.exceptions if (text := error_text(inner))), None)
    return sanitise(str(error)) if isinstance(error, MiloError | OSError) else None


def note(text: str) -> None:
    """Print a message for the user on stderr."""
    click.echo(sanitise(text), err=True)
