"""What a person starts from when writing a suite: it loads, it proves itself, and it is what the page says."""

import json
import re
from pathlib import Path

import pytest

from milo_tui.cli.prompts_new import SchemaOf, new_prompt, new_suite_file, schema_text
from milo_tui.suite import yaml_lines
from milo_tui.suite.expressions import FUNCTIONS
from milo_tui.suite.loading import load_suite
from milo_tui.suite.matching import OPERATORS
from milo_tui.suite.prompt import Check, Suite, SuiteFile
from milo_tui.suite.schemas import validator
from milo_tui.suite_lab.checking import check_suite

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "writing-a-suite.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "prompts" / "example.yaml").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def suite_of_the_page(folder: Path) -> Suite:
    """The suite that a person has who copies suite.yaml and the prompt from the page."""
    head, prompt = BLOCKS[:2]
    (folder / "suite.yaml").write_text(head, encoding="utf-8")
    (folder / "bookings").mkdir()
    (folder / "bookings" / "book_room.yaml").write_text(prompt, encoding="utf-8")
    return load_suite(folder)


def test_the_pages_example_loads_and_proves_itself(tmp_path: Path) -> None:
    found = check_suite(suite_of_the_page(tmp_path))
    assert (found.errors, found.warnings, found.wrong_ways) == ([], [], 3)


def test_the_pages_example_of_a_family_proves_itself(tmp_path: Path) -> None:
    """The first example with the lines of the section on variants put in."""
    user, tool, vary = re.split(r"# in find_rooms\n|(?=^vary:)", BLOCKS[2], flags=re.MULTILINE)
    text = re.sub(r"user: \|\n.*\n", lambda _: user, BLOCKS[1], count=1)
    text = (
        re.sub(r"    replies: .*\n(      .*\n)*?(?=      - result: \[\])", lambda _: tool, text, count=1)
        + vary
    )
    for old, new in (("R-4486", "<room>"), ("day: 2026-09-17", "day: <day>"), ("14 seats", "<seats> seats")):
        text = text.replace(old, new)
    text = re.sub("Plover|PLOVER", "<name>", text)
    head, _ = text.split("\nvary:")
    (tmp_path / "bookings").mkdir()
    (tmp_path / "suite.yaml").write_text(BLOCKS[0], encoding="utf-8")
    (tmp_path / "bookings" / "book_room.yaml").write_text(
        f"{head}\nvary:{vary.removeprefix('vary:')}", encoding="utf-8"
    )
    found = check_suite(load_suite(tmp_path), variants=12)
    assert (found.errors, found.questions) == ([], 12)


def test_the_page_names_every_function_of_an_expression() -> None:
    assert all(f"`{name}`" in PAGE for name in FUNCTIONS)


def test_the_page_shows_the_example_that_new_lays_down() -> None:
    assert BLOCKS[1] == EXAMPLE


def test_the_page_names_every_condition_and_operator() -> None:
    for field in Check.model_fields.values():
        assert field.alias is None or f"`{field.alias}`" in PAGE
    conditions = set(Check.model_fields) - {"title", "json_answer", "order", "before", "others"}
    for name in conditions:
        assert f"| `{name}` |" in PAGE
    for operator in OPERATORS:
        assert f"{{{operator}: " in PAGE


def test_the_example_under_another_id(tmp_path: Path) -> None:
    text = new_prompt(EXAMPLE, "shop/refund")
    assert yaml_lines.load(text).value == {**yaml_lines.load(EXAMPLE).value, "id": "shop/refund"}
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "refund.yaml").write_text(text)
    (tmp_path / "suite.yaml").write_text(new_suite_file(tmp_path, "shop"))
    assert check_suite(load_suite(tmp_path)).ok


@pytest.mark.parametrize(
    ("folder", "category"), [("my suite", "two_words"), ('"quoted"', "no"), ("ünï", "2026"), ("12", "a.b")]
)
def test_a_suite_file_for_any_folder(tmp_path: Path, folder: str, category: str) -> None:
    value = yaml_lines.load(new_suite_file(tmp_path / folder, category)).value
    assert SuiteFile.model_validate(value).name == folder


@pytest.mark.parametrize("kind", ["prompt", "suite"])
def test_the_schema_that_ships_is_that_of_the_models(kind: SchemaOf) -> None:
    shipped = (ROOT / "prompts" / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert shipped == schema_text(kind), f"milo prompts schema {kind} > prompts/{kind}.schema.json"


def test_the_schemas_take_what_ships() -> None:
    prompts = [*(ROOT / "prompts" / "milo").glob("*/*.yaml"), ROOT / "prompts" / "example.yaml"]
    schema = json.loads(schema_text("prompt"))
    for path in prompts:
        assert validator(schema).is_valid(yaml_lines.load(path.read_text(encoding="utf-8")).value), path
    head = yaml_lines.load((ROOT / "prompts" / "milo" / "suite.yaml").read_text(encoding="utf-8")).value
    assert validator(json.loads(schema_text("suite"))).is_valid(head)
