"""What helps a person to write a suite: the JSON Schemas for editors, and an example to start from."""

import json
import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from milo_tui.suite.prompt import Prompt, SuiteFile

SchemaOf = Literal["prompt", "suite"]

_FILES: dict[str, tuple[type[BaseModel], str]] = {
    "prompt": (Prompt, "A prompt of a Milo suite"),
    "suite": (SuiteFile, "suite.yaml of a Milo suite"),
}


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
