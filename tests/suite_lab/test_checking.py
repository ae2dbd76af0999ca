"""The check of a suite: what it finds, and that the suite that ships passes it."""

from pathlib import Path
from typing import Any

import pytest

from milo_tui.suite import yaml_lines
from milo_tui.suite.loading import load_suite
from milo_tui.suite.prompt import Prompt
from milo_tui.suite_lab.checking import Verdict, check_prompt, check_suite
from milo_tui.suite_lab.mutations import MUTATIONS
from tests.suite.samples import PERSON, PORTS, REFUND, SAMPLES, prompt_of, suite_of
from tests.suite.test_variants import FERRY

SHIPPED = Path(__file__).parents[2] / "prompts" / "milo"


def errors(text: str, **changes: Any) -> list[str]:
    return check_suite(suite_of(prompt_of(text, **changes))).errors


def test_the_samples_are_sound() -> None:
    found = check_suite(suite_of(*map(prompt_of, SAMPLES)))
    assert found.ok
    assert (found.errors, found.warnings, found.wrong_ways) == ([], [], 1)
    assert list(found.table) == ["shop/refund", "shop/retry", "forms/person", "shop/ports"]
    assert all(list(row) == found.columns == list(MUTATIONS) for row in found.table.values())
    assert found.count(Verdict.SURVIVED) == 0
    assert found.table["shop/refund"]["swapped_order"].verdict is Verdict.KILLED
    assert found.table["shop/refund"]["swapped_order"].tried == 2
    assert found.table["shop/refund"]["extra_read"].verdict is Verdict.FREE
    assert found.table["shop/refund"]["fenced_json"].verdict is Verdict.NOT_APPLICABLE


def test_every_variant_of_a_family_is_proved() -> None:
    family = Prompt.model_validate(yaml_lines.load(FERRY).value)
    found = check_suite(suite_of(family), variants=30)
    assert found.questions == 30
    assert not any("its reference" in error or "its length" in error for error in found.errors)
    assert found.table["shop/ferry"]["wrong_value"].tried >= 30
    few = FERRY.replace("2026-03-01, 2026-10-31", "2026-07-11, 2026-07-11").replace(
        "[10.05, 30.95]", "[12.3, 12.31]"
    )
    told = check_suite(suite_of(Prompt.model_validate(yaml_lines.load(few).value)), variants=30).errors
    assert any("its reference is that of variant" in error for error in told)
    fixed = FERRY.replace("contains_all: [{$number: <total>}]", "contains_all: [{$number: 49.2}]")
    told = check_suite(suite_of(Prompt.model_validate(yaml_lines.load(fixed).value)), variants=3).errors
    assert "shop/ferry, variant 1: its reference earns 2 instead of 3: states the sum" in "\n".join(told)
    strict = FERRY.replace("cabin > deck + 15", "cabin == 41.5 and deck == 12.30 and people == 4")
    told = check_suite(suite_of(Prompt.model_validate(yaml_lines.load(strict).value)), variants=2).errors
    assert "shop/ferry, variant 1: vary.require[0]: held in none of 200 draws; widen the generators" in told


def test_every_verdict_has_a_sign_and_a_word() -> None:
    assert len({verdict.sign for verdict in Verdict}) == len(Verdict)
    assert all(len(verdict.sign) == 1 and verdict.value for verdict in Verdict)


def test_a_prompt_that_expects_a_wrong_value_is_named() -> None:
    edited = REFUND.replace(
        "effects: [{refund_order: {order_id: ORD-5512,", "effects: [{refund_order: {order_id: ORD-5513,"
    )
    assert errors(edited)[0] == (
        "shop/refund: its reference earns 1 instead of 3: refunds exactly that order, once "
        '(refund_order.order_id: expected "ORD-5513", found "ORD-5512"; '
        'expected the effect refund_order({"order_id": "ORD-5513", "amount": {"$number": 84.5}})); '
        "reports the refund (at most one point is left by a change that was not asked for: "
        'refund_order({"order_id": "ORD-5512", "amount": 84.5}))'
    )


def test_ways_that_earn_something_else_are_named() -> None:
    assert errors(REFUND.replace("    score: 0", "    score: 1")) == [
        "shop/refund: its wrong way “refunds a guessed order” earns 0 instead of 1: looks up before refunding "
        '(expected find_customer({"email": "dana.whitfield@example.com"}); found no such call (calls made: '
        'refund_order)); refunds exactly that order, once (refund_order.order_id: expected "ORD-5512", '
        'found "ORD-1"; expected the effect refund_order({"order_id": "ORD-5512", "amount": {"$number": 84.5}})); '
        'reports the refund (expected the answer to state "ORD-5512"; found "Done.")'
    ]
    good = [step.model_dump(exclude_none=True) for step in prompt_of(REFUND).reference]
    (only,) = errors(REFUND, wrong=[{"title": "not so bad", "score": 1, "steps": good}])
    assert only == (
        "shop/refund: its wrong way “not so bad” earns 3 instead of 1; these checks passed: looks up before "
        "refunding, refunds exactly that order, once, reports the refund"
    )
    (only,) = errors(REFUND, right=[{"title": "not so good", "steps": good[:-1]}])
    assert only.startswith(
        "shop/refund: its right way “not so good” earns 2 instead of 3: reports the refund ("
    )


def test_a_mutation_that_no_check_notices_survives_unless_the_file_says_why() -> None:
    lax = REFUND.replace("    order: relative\n    before: refund_order\n", "")
    found = errors(lax)
    assert found == [
        "shop/refund: swapped_order survived, no check notices it: list_orders before find_customer; "
        "mend a check, or say under harmless: why it rightly costs nothing",
        "shop/refund: swapped_order survived, no check notices it: refund_order before list_orders; "
        "mend a check, or say under harmless: why it rightly costs nothing",
    ]
    checked = check_suite(
        suite_of(prompt_of(lax, harmless={"swapped_order": "Order is not this prompt's matter."}))
    )
    cell = checked.table["shop/refund"]["swapped_order"]
    assert checked.ok
    assert (cell.verdict, cell.reason, cell.tried, len(cell.variants)) == (
        Verdict.HARMLESS,
        "Order is not this prompt's matter.",
        2,
        2,
    )


def test_a_reason_that_is_not_needed_is_stale() -> None:
    assert errors(REFUND, harmless={"swapped_order": "why"}) == [
        "shop/refund: harmless: swapped_order needs no reason here (killed); take it out"
    ]
    assert errors(PERSON, harmless={"swapped_order": "why", "extra_read": "why"}) == [
        "forms/person: harmless: swapped_order needs no reason here (does not apply); take it out",
        "forms/person: harmless: extra_read needs no reason here (does not apply); take it out",
    ]
    (only,) = errors(REFUND, harmless={"swaped": "why"})
    assert only.startswith(
        "shop/refund: harmless: there is no mutation swaped; the mutations are wrong_tool, "
    )


def test_what_should_cost_nothing_and_does_is_an_error_whatever_the_file_says() -> None:
    picky = PORTS.replace(
        "[{$pairs: {values: {Skelwick: 14.75, Dernholm: 9.25}, units: {m: 1}}}]",
        '[{$regex: "(?-i:Skelwick)"}]',
    )
    found, row = check_prompt(prompt_of(picky, harmless={"other_phrasing": "no"}))
    assert row["other_phrasing"].verdict is Verdict.COSTLY
    costly = "shop/ports: other_phrasing should cost nothing, but does: the answer in capitals: tells both (expected"
    assert any(error.startswith(costly) for error in found)
    assert (
        found[-1] == "shop/ports: harmless: other_phrasing needs no reason here (costs points); take it out"
    )


def test_prompts_that_share_a_value_are_twins() -> None:
    twin = PORTS.replace("shop/ports", "shop/twin").replace("SKW", "SKELWICK").replace("DRN", "DERNHOLM")
    other = twin.replace("shop/twin", "shop/other")
    found = check_suite(suite_of(prompt_of(twin), prompt_of(other)))
    assert found.ok
    assert found.warnings == [
        "shop/other: its reference shares the value “SKELWICK” with shop/twin",
        "shop/other: its reference shares the value “DERNHOLM” with shop/twin",
    ]
    listed = [text.replace("{type: string}", "{enum: [SKELWICK, DERNHOLM]}") for text in (twin, other)]
    assert check_suite(suite_of(*map(prompt_of, listed))).warnings == []


@pytest.fixture(scope="module")
def shipped() -> Any:
    return check_suite(load_suite(SHIPPED))


def test_the_suite_that_ships_proves_itself(shipped: Any) -> None:
    assert shipped.errors == []
    assert shipped.warnings == []
    assert len(shipped.table) == 20
    assert shipped.wrong_ways >= 40


def test_every_mutation_meets_a_prompt_of_the_suite_that_ships(shipped: Any) -> None:
    met = {name for row in shipped.table.values() for name, cell in row.items() if cell.tried}
    assert met == set(MUTATIONS)


def test_the_suite_that_ships_has_five_categories_of_four() -> None:
    suite = load_suite(SHIPPED)
    assert [len(category.prompts) for category in suite.file.categories] == [4] * 5
    assert [prompt.id for prompt in suite.prompts] == [
        f"{category.id}/{name}" for category in suite.file.categories for name in category.prompts
    ]
