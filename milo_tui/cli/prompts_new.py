"""`milo prompts new` and `milo prompts schema`: help with writing prompts."""

import re
from pathlib import Path

import click

from milo_tui.cli.options import FOLDER, note
from milo_tui.config import ConfigError, data_folder
from milo_tui.suite.loading import SuiteError, load_suite
from milo_tui.suite_lab.new_prompt import SchemaOf, new_prompt, new_suite_file, schema_text

_ID = re.compile(r"[a-z0-9_-][a-z0-9_.-]*/[A-Za-z0-9_-][A-Za-z0-9_.-]*")


@click.command("new")
@click.argument("id", metavar="ID")
@click.option(
    "--suite",
    type=FOLDER,
    default="my_suite",
    show_default=True,
    help="Folder of the suite; created if missing.",
)
def new(id: str, suite: Path) -> None:
    """Write a commented prompt to start from.

    ID is category/name, such as bookings/book_room: a folder of the suite and the file's name in it.
    """
    if not _ID.fullmatch(id) or id.endswith(".yaml"):
        raise ConfigError(f"{id} is not a prompt id; give category/name, such as bookings/book_room.")
    path = suite / f"{id}.yaml"
    if path.exists():
        raise ConfigError(f"{path} exists already and was not changed; give another ID.")
    category = id.partition("/")[0]
    example = (data_folder("prompts") / "example.yaml").read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(new_prompt(example, id), encoding="utf-8")
    suite_file = suite / "suite.yaml"
    if not suite_file.exists():
        suite_file.write_text(new_suite_file(suite, category), encoding="utf-8")
    click.echo(str(path))
    _print_next_step(suite, category)


def _print_next_step(suite: Path, category: str) -> None:
    try:
        load_suite(suite)
    except SuiteError as error:
        note(str(error))
        note(f"Add to {suite / 'suite.yaml'}, under categories:  - {{id: {category}, title: {category}}}")
        return
    note(f"`milo prompts check --suite {suite}` checks it; `milo run --suite {suite}` runs it.")


@click.command("schema")
@click.argument("kind", type=click.Choice(["prompt", "suite"]), default="prompt")
def schema(kind: SchemaOf) -> None:
    """Print the JSON Schema of a prompt file, or of suite.yaml, for an editor."""
    click.echo(schema_text(kind), nl=False)
