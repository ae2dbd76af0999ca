"""Every mistake that one can make in a suite's files, and the sentence that it gets."""

import json
from pathlib import Path
from typing import Any

import pytest

from milo_tui.cli.prompts_new import schema_text
from milo_tui.suite import yaml_lines
from milo_tui.suite.loading import (
    PromptNameError,
    SuiteError,
    digest,
    find_prompt_id,
    load_prompt,
    load_suite,
)
from milo_tui.suite.schemas import fault_of, validator
from milo_tui.suite.validation import TEXT_OPERATORS, VALUE_OPERATORS
from tests.suite.samples import PERSON, PORTS, REFUND, RETRY, SAMPLES, prompt_of, write_suite

pytestmark = pytest.mark.usefixtures("yaml_loader")


def problems(folder: Path) -> list[str]:
    """What loading says, with paths relative to the suite."""
    with pytest.raises(SuiteError) as caught:
        load_suite(folder)
    assert str(caught.value) == "\n".join(str(problem) for problem in caught.value.problems)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def problems_of(folder: Path, text: str) -> list[str]:
    path = folder / "refund.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load_prompt(path, "shop/refund")
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_a_suite_is_loaded_in_the_order_of_its_file(tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path, RETRY, PERSON, PORTS, REFUND))
    assert [prompt.id for prompt in suite.prompts] == [
        "shop/ports",
        "shop/refund",
        "shop/retry",
        "forms/person",
    ]
    head = (tmp_path / "suite.yaml").read_text().replace("Shop}", "Shop, prompts: [retry, ports]}")
    (tmp_path / "suite.yaml").write_text(head)
    suite = load_suite(tmp_path)
    assert [prompt.id for prompt in suite.prompts] == [
        "shop/retry",
        "shop/ports",
        "shop/refund",
        "forms/person",
    ]
    assert suite.prompt("shop/ports").category == "shop"
    assert suite.category_title("forms") == "Forms"
    assert suite.category_title("other") == "other"
    with pytest.raises(KeyError):
        suite.prompt("shop/none")


MISTAKES = yaml_lines.load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8")).value


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake["says"][:32] for mistake in MISTAKES])
def test_a_mistake_gets_its_line_its_field_and_what_to_do(tmp_path: Path, mistake: dict[str, str]) -> None:
    replaced = mistake["replace"] or REFUND
    assert replaced in REFUND
    says = mistake["says"].replace("VALUE_OPERATORS", ", ".join(VALUE_OPERATORS))
    says = says.replace("TEXT_OPERATORS", ", ".join(TEXT_OPERATORS))
    assert says in problems_of(tmp_path, REFUND.replace(replaced, mistake["by"], 1))


def test_the_sample_itself_has_no_mistake(tmp_path: Path) -> None:
    assert len(load_suite(write_suite(tmp_path, *SAMPLES)).prompts) == 4


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    write_suite(tmp_path, REFUND.replace("title", "titel", 1), PERSON.replace("age: 34,", "age: 34"))
    found = problems(tmp_path)
    assert [problem.split(":")[0] for problem in found] == ["shop/refund.yaml"] * 2 + ["forms/person.yaml"]


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    write_suite(tmp_path, PERSON)
    (tmp_path / "forms/person.yaml").write_bytes(PERSON.replace("Ann", "Ann\u00e9").encode("latin-1"))
    assert problems(tmp_path) == ["forms/person.yaml:3: is not UTF-8 text; save it as UTF-8"]


def test_a_folder_that_is_none_and_one_without_suite_yaml(tmp_path: Path) -> None:
    (only,) = problems(tmp_path / "nowhere")
    assert only.endswith("there is no such folder; give the folder that holds suite.yaml")
    assert problems(tmp_path) == [
        "suite.yaml:1: there is no such file; a suite's folder holds suite.yaml and a folder for each category"
    ]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    write_suite(tmp_path, PERSON)
    (tmp_path / "forms/person.yaml").unlink()
    (tmp_path / "forms/person.yaml").mkdir()
    assert problems(tmp_path) == ["forms/person.yaml:1: is no ordinary file; take it out"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "Forms}",
            "Forms, prompts: [person, form]}",
            "5: categories[0].prompts[1]: there is no file forms/form.yaml; mend the name or take it out",
        ),
        (
            "Forms}",
            "Forms, prompts: [person, person]}",
            "5: categories[0].prompts[1]: person is listed twice; take one out",
        ),
        (
            "Forms}",
            "Forms}\n  - {id: forms, title: Again}",
            "6: categories[1].id: the category forms is listed twice; take one out",
        ),
        ("version: 1", "version: one", '2: version: must be a whole number (found "one")'),
        (
            "id: forms",
            "id: Forms",
            '5: categories[0].id: must be a folder\'s name of a-z, 0-9, _, - and . (found "Forms")',
        ),
        ("title: Sample", "titles: Sample", "3: titles: there is no such field; is title meant?"),
    ],
)
def test_mistakes_in_suite_yaml(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = write_suite(tmp_path, PERSON) / "suite.yaml"
    path.write_text(path.read_text().replace(old, new))
    assert f"suite.yaml:{sentence}" in problems(tmp_path)


def test_a_folder_that_suite_yaml_does_not_list(tmp_path: Path) -> None:
    path = write_suite(tmp_path, PERSON) / "suite.yaml"
    path.write_text(path.read_text().replace("id: forms", "id: shapes"))
    text = "forms/person.yaml:1: the folder forms is no category of suite.yaml; add it there"
    assert problems(tmp_path) == [text]


def test_prompts_that_would_silently_not_be_read(tmp_path: Path) -> None:
    write_suite(tmp_path, PERSON)
    (tmp_path / "forms/other.yml").write_text(PERSON)
    (tmp_path / "stray.yaml").write_text(PERSON)
    (tmp_path / "forms/.#person.yaml").write_text("an editor's lock")
    (tmp_path / "forms/._person.yaml").write_bytes(b"\x00\x05\x16\x07")
    assert problems(tmp_path) == [
        "forms/other.yml:1: is not read; name it .yaml",
        "stray.yaml:1: is not read; prompts lie in the folders of suite.yaml's categories",
    ]


def test_a_suite_without_prompts(tmp_path: Path) -> None:
    write_suite(tmp_path, PERSON)
    (tmp_path / "forms/person.yaml").unlink()
    assert problems(tmp_path) == [
        "suite.yaml:4: categories: no prompt file lies in the folders of these categories"
    ]


def test_some_prompts_alone(tmp_path: Path) -> None:
    write_suite(tmp_path, REFUND, PERSON.replace("title: ", "titel: "))
    assert [prompt.id for prompt in load_suite(tmp_path, only=["shop/refund", "shop/no"]).prompts] == [
        "shop/refund"
    ]


def test_the_digest_tells_what_scores_from_what_does_not() -> None:
    plain = digest([prompt_of(REFUND)])
    assert digest([prompt_of(REFUND, title="Another", wrong=[])]) == plain
    for changes in (
        {"user": "Another"},
        {"version": 2},
        {"max_turns": 7},
        {"tools": [], "checks": [{"title": "t", "no_call": True}] * 3},
    ):
        assert digest([prompt_of(REFUND, **changes)]) != plain


@pytest.mark.parametrize("text", SAMPLES)
def test_the_schema_for_editors_takes_the_files_that_load_takes(text: str) -> None:
    schema = json.loads(schema_text("prompt"))
    assert fault_of(schema) is None
    document: dict[str, Any] = yaml_lines.load(text).value
    assert validator(schema).is_valid(document)
    assert not validator(schema).is_valid({**document, "titel": "x"})
    assert not validator(schema).is_valid({**document, "checks": document["checks"][:2]})


def test_milo_bench_loads_with_every_yaml_loader() -> None:
    assert len(load_suite(Path(__file__).parents[2] / "prompts" / "milo").prompts) == 20


IDS = ["multi_step/refund", "multi_step/refund_twice", "single_tool/tide", "error_recovery/retry"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("multi_step/refund", "multi_step/refund"),
        ("refund", "multi_step/refund"),
        ("refund_", "multi_step/refund_twice"),
        ("ti", "single_tool/tide"),
        ("single", "single_tool/tide"),
    ],
)
def test_an_id_a_short_name_or_a_beginning_is_enough(wanted: str, found: str) -> None:
    assert find_prompt_id(wanted, IDS) == found


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ("ref", "ref could be multi_step/refund or multi_step/refund_twice."),
        ("tidr", "There is no prompt tidr; did you mean tide?"),
        ("xyz", "There is no prompt xyz; `milo prompts list` names them."),
    ],
)
def test_what_is_not_one_prompt_is_refused_with_what_is_near(wanted: str, problem: str) -> None:
    with pytest.raises(PromptNameError) as caught:
        find_prompt_id(wanted, IDS)
    assert str(caught.value) == problem
