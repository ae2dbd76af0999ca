"""A prompt as a family: the same task with other values, decided by id, pool and number alone."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from milo_tui.suite import yaml_lines
from milo_tui.suite.loading import SuiteError, load_prompt
from milo_tui.suite.prompt import Prompt

FERRY = """\
id: shop/ferry
title: The price of a crossing
user: What do <people> people pay on <day_text>?
tools:
  - name: get_fares
    description: The fares of one day.
    parameters:
      type: object
      properties: {day: {type: string}}
      required: [day]
      additionalProperties: false
    replies:
      - when: {day: <day>}
        result:
          fares:
            <shuffle>:
              - {class: deck, price: <deck>}
              - {class: cabin, price: <cabin>}
              - {class: lounge, price: 99.5}
      - error: {code: not_found, message: No ship sails on that day.}
reference:
  - call: {get_fares: {day: <day>}}
  - say: On deck <people> people pay <total>.
checks:
  - {title: looks the fares up, calls: [{get_fares: {day: {$anything: true}}}]}
  - {title: of that day, calls: [{get_fares: {day: <day>}}]}
  - {title: states the sum, answer: {contains_all: [{$number: <total>}]}}
vary:
  values:
    people: {integer: [3, 9], first: 4}
    day: {date: [2026-03-01, 2026-10-31], first: 2026-07-11}
    day_text: {is: "weekday(day) + ', ' + text(day)"}
    deck: {decimal: [10.05, 30.95], first: 12.30}
    cabin: {decimal: [41, 60], places: 1, first: 41.5}
    total: {is: people * deck}
  require: [cabin > deck + 15]
"""


def family(text: str = FERRY) -> Prompt:
    return Prompt.model_validate(yaml_lines.load(text).value)


def definition(prompt: Prompt) -> dict[str, Any]:
    """What a run keeps of a prompt."""
    return prompt.model_dump(mode="json", by_alias=True, exclude_unset=True)


def digest(prompt: Prompt) -> str:
    return hashlib.sha256(json.dumps(prompt.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def test_variant_0_is_the_file_with_its_first_values() -> None:
    prompt = family()
    assert prompt.user == "What do 4 people pay on Saturday, 2026-07-11?"
    assert prompt.reference[0].call == {"get_fares": {"day": "2026-07-11"}}
    assert prompt.checks[2].answer is not None
    assert prompt.checks[2].answer.contains_all == [{"$number": 49.2}]
    fares = prompt.tools[0].replies[0].result["fares"]
    assert [fare["class"] for fare in fares] == ["deck", "cabin", "lounge"]
    assert prompt.variant.number == 0


def test_other_variants_put_their_values_in_every_place() -> None:
    prompt = family()
    seen, orders = set(), set()
    for number in range(1, 51):
        variant = prompt.in_variant(number)
        day = variant.tools[0].replies[0].when
        fares = variant.tools[0].replies[0].result["fares"]
        prices = {fare["class"]: fare["price"] for fare in fares}
        assert day is not None
        assert day == variant.checks[1].calls[0]["get_fares"]  # type: ignore[index]
        assert str(day["day"]) in variant.user
        assert prices["cabin"] > prices["deck"] + 15
        people = int(variant.user.split()[2])
        answer = variant.checks[2].answer
        assert answer is not None
        assert answer.contains_all[0]["$number"] == pytest.approx(people * prices["deck"])
        assert variant.variant.number == number
        seen.add(variant.user)
        orders.add(tuple(fare["class"] for fare in fares))
    assert len(seen) == 50
    assert len(orders) == 6


def test_a_variant_is_the_same_in_another_process_and_in_what_a_run_keeps(tmp_path: Path) -> None:
    here = family().in_variant(7, pool_seed=42)
    kept = Prompt.model_validate(json.loads(json.dumps(definition(family()))))
    assert digest(kept) == digest(family())
    assert digest(kept.in_variant(7, pool_seed=42)) == digest(here)
    assert digest(Prompt.model_validate_json(json.dumps(definition(here)))) == digest(family())
    script = "from tests.suite.test_variants import *; print(digest(family().in_variant(7, pool_seed=42)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "5"},
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.strip() == digest(here)


def test_another_pool_has_other_questions() -> None:
    prompt = family()
    ours = {prompt.in_variant(number, pool_seed=1).user for number in range(1, 30)}
    theirs = {prompt.in_variant(number, pool_seed=2).user for number in range(1, 30)}
    assert len(ours & theirs) < 3
    assert prompt.in_variant(0, pool_seed=2).user == prompt.user


def test_a_prompt_without_vary_has_one_variant() -> None:
    plain = Prompt.model_validate(definition(family()) | {"vary": None, "family": None})
    assert plain.in_variant(0) is plain
    with pytest.raises(ValueError, match="does not vary"):
        plain.in_variant(1)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        (
            "people pay <total>",
            "people pay <totl>",
            23,
            "reference[1].say: <totl> is no value of vary",
        ),
        ("is: people * deck", "is: people * dek", 35, "vary.values.total.is: uses dek, which is no value"),
        ("integer: [3, 9]", "integer: [9, 3]", 30, "integer goes from the lowest to the highest"),
        ("integer: [3, 9], first: 4", "integer: [3, 9]", 30, "first goes with every generator"),
        ("integer: [3, 9]", "range: [3, 9]", 30, "there is no such field"),
        ("first: 2026-07-11", "first: 11 July", 31, "11 July is no ISO date"),
        ("cabin > deck + 15", "cabin > 100", 36, "vary.require[0]: does not hold in variant 0"),
        ("cabin > deck + 15", "cabin >", 36, "vary.require[0]: is no expression"),
        ("<deck>}", "<people_>}", 17, "<people_> is no value of vary"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_a_mistake_gets_its_line_and_its_field(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    assert old in FERRY
    path = tmp_path / "ferry.yaml"
    path.write_text(FERRY.replace(old, new), encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load_prompt(path, "shop/ferry")
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert says in message
