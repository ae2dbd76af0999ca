"""prompts new, prompts schema: a start for a person who writes prompts of their own."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from milo_tui.cli.common import note

if TYPE_CHECKING:
    from milo_tui.suite_lab.new_prompt import SchemaOf

_ID = re.compile(r"[a-z0-9_-][a-z0-9_.-]*/[A-Za-z0-9_-][A-Za-z0-9_.-]*")


@click.command("new")
@click.argument("id", metavar="ID")
@click.option(
    "--suite",
    type=click.Path(path_type=Path, file_okay=False),
    default="my_suite",
    show_default=True,
    help="The suite's folder; made where it is not there.",
)
def new(id: str, suite: Path) -> None:
    """Lay down a commented prompt to start from.

    ID is category/name, such as bookings/book_room: a folder of the suite and the file's name in it.
    """
    from milo_tui.config import ConfigError, data_folder
    from milo_tui.suite_lab.new_prompt import new_prompt, new_suite_file

    if not _ID.fullmatch(id) or id.endswith(".yaml"):
        raise ConfigError(f"{id} is no prompt's id; give category/name, such as bookings/book_room.")
    path = suite / f"{id}.yaml"
    if path.exists():
        raise ConfigError(f"{path} is there already; it was left as it is.")
    category = id.partition("/")[0]
    example = (data_folder("prompts") / "example.yaml").read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(new_prompt(example, id), encoding="utf-8")
    head = suite / "suite.yaml"
    if not head.exists():
        head.write_text(new_suite_file(suite, category), encoding="utf-8")
    click.echo(str(path))
    _say_what_is_next(suite, category)


def _say_what_is_next(suite: Path, category: str) -> None:
    from milo_tui.suite.loading import SuiteError, load_suite

    try:
        load_suite(suite)
    except SuiteError as error:
        note(str(error))
        note(f"Add to {suite / 'suite.yaml'}, under categories:  - {{id: {category}, title: {category}}}")
        return
    note(f"`milo prompts check --suite {suite}` proves it; `milo run --suite {suite}` asks it.")


@click.command("schema")
@click.argument("kind", type=click.Choice(["prompt", "suite"]), default="prompt")
def schema(kind: "SchemaOf") -> None:
    """Print the JSON Schema of a prompt's file, or of suite.yaml, for an editor."""
    from milo_tui.suite_lab.new_prompt import schema_text

    click.echo(schema_text(kind), nl=False)
