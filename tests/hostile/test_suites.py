"""Prompt files of a stranger's: one sentence with file, line and field, whatever they hold."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from milo_tui.suite.loading import SuiteError, load_suite
from tests.suite.samples import REFUND, write_suite

SCHEMA = "{type: string}"
"""A schema of REFUND's; the hostile ones take its place."""


_HERE = "#/properties/email"
"""Its place in the schema of the tool."""


def _nested(depth: int) -> str:
    return "{type: object, properties: {a: " * depth + SCHEMA + "}}" * depth


def _fan() -> str:
    """References that double thirty times."""
    doubled = (
        f"a{i}: {{allOf: [{{$ref: '{_HERE}/$defs/a{i + 1}'}}, {{$ref: '{_HERE}/$defs/a{i + 1}'}}]}}"
        for i in range(30)
    )
    return f"{{$defs: {{{', '.join(doubled)}, a30: {SCHEMA}}}, $ref: '{_HERE}/$defs/a0'}}"


SCHEMAS = {
    "a length without end": ("{type: string, minLength: 1000000000}", "minLength: is more than 10000"),
    "items without end": ("{type: array, minItems: 1000000000}", "minItems: is more than 1000"),
    "a repetition without end": (
        "{type: string, pattern: 'a{99999999999}'}",
        "pattern: is not a regular expr",
    ),
    "a pattern of names": (
        "{patternProperties: {'a{99999999999}': {}}}",
        "patternProperties: is not a regular expr",
    ),
    "46 deep": (_nested(23), "is nested more than 40 deep"),
    "a reference to no schema": (f"{{title: t, $ref: '{_HERE}/title'}}", "is no JSON Schema"),
    "references without end": (_fan(), "references multiply without end"),
    "references in a ring": (
        f"{{$ref: '{_HERE}/$defs/a', $defs: {{a: {{$ref: '{_HERE}/$defs/b'}}, b: {{$ref: '{_HERE}/$defs/a'}}}}}}",
        "references lead back to itself",
    ),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_hostile_schema_is_refused_with_line_and_field(tmp_path: Path, name: str) -> None:
    schema, said = SCHEMAS[name]
    assert SCHEMA in REFUND
    _refused(write_suite(tmp_path, REFUND.replace(SCHEMA, schema, 1)), r"refund\.yaml:\d+: tools\[0\]", said)


_ALIASES = "x: &a " + "y" * 100_000 + "\nz: [" + ", ".join(["*a"] * 2_000) + "]\n"
FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (os.mkfifo, "is no ordinary file"),
    "an endless file": (lambda path: path.symlink_to("/dev/zero"), "is no ordinary file"),
    "another's file": (lambda path: path.symlink_to("/etc/passwd"), "leads to a file outside of the suite"),
    "a link to itself": (lambda path: path.symlink_to(path), "link"),
    "a file of gigabytes": (lambda path: os.truncate(_made(path), 3_000_000_000), "is larger than 500 kB"),
    "aliases": (lambda path: path.write_text(_ALIASES, encoding="utf-8"), "aliases counted where they stand"),
}


def _made(path: Path) -> Path:
    path.touch()
    return path


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_none_of_the_suite_is_refused_unread(tmp_path: Path, name: str) -> None:
    make, said = FILES[name]
    folder = write_suite(tmp_path, REFUND)
    (folder / "shop" / "refund.yaml").unlink()
    make(folder / "shop" / "refund.yaml")
    found = _refused(folder, r"refund\.yaml:\d+: ", said)
    assert "root:" not in found


@pytest.mark.parametrize("id", ["..", ".", "/etc"])
def test_a_category_is_a_folder_of_the_suite(tmp_path: Path, id: str) -> None:
    folder = write_suite(tmp_path, REFUND)
    suite = folder / "suite.yaml"
    suite.write_text(suite.read_text(encoding="utf-8").replace("id: shop", f'id: "{id}"'), encoding="utf-8")
    _refused(folder, r"suite\.yaml:\d+: categories\[", "folder's name")


def test_of_many_problems_the_first_are_told(tmp_path: Path) -> None:
    folder = write_suite(tmp_path, REFUND + "".join(f"field{i}: 1\n" for i in range(5_000)))
    assert len(_refused(folder, "field0", "There are more problems").splitlines()) == 21


def _refused(folder: Path, *said: str) -> str:
    with pytest.raises(SuiteError, match=said[0]) as caught:
        load_suite(folder)
    assert said[1] in str(caught.value)
    return str(caught.value)
