"""`milo prompts new` and `milo prompts schema`: help with writing prompts."""

import json
import re
from pathlib import Path
from typing import Literal

import click
from pydantic import BaseModel

from milo_tui.cli.options import FOLDER, note
from milo_tui.config import ConfigError, data_folder
from milo_tui.suite.loading import SuiteError, load_suite
from milo_tui.suite.prompt import Prompt, SuiteFile

_ID = re.compile(r"[a-z0-9_-][a-z0-9_.-]*/[A-Za-z0-9_-][A-Za-z0-9_.-]*")

SchemaOf = Literal["prompt", "suite"]

_FILES: dict[str, tuple[type[BaseModel], str]] = {
    "prompt": (Prompt, "A prompt of a Milo suite"),
    "suite": (SuiteFile, "suite.yaml of a Milo suite"),
}


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


def schema_text(kind: SchemaOf) -> str:
    """The JSON Schema of a prompt's file, or of suite.yaml, as a file's text."""
    model, title = _FILES[kind]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(by_alias=True),
        "title": title,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def new_prompt(example: str, id: str) -> str:
    """The commented example under another id."""
    return re.sub(r"(?m)^id: \S+", f"id: {id}", example, count=1)


def new_suite_file(folder: Path, category: str) -> str:
    """A suite.yaml with one category."""
    name, title = folder.resolve().name or "suite", category.replace("_", " ").capitalize()
    return (
        f"name: {_quoted(name)}\n"
        "version: 1                    # raise it when a prompt comes, goes, or changes its version\n"
        f"title: {_quoted(name)}\n"
        "categories:                   # in the order of the report; each is a folder\n"
        f"  - id: {_quoted(category)}\n"
        f"    title: {_quoted(title)}\n"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
