"""The known ways to go wrong: where they apply, what they change, and that they cost what they should."""

from random import Random
from typing import Any

import pytest

from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import play
from milo_tui.suite_lab.mutations import MUTATIONS, mutate
from tests.suite.samples import PERSON, PORTS, REFUND, RETRY, SAMPLES, prompt_of

HARMFUL = (
    "wrong_tool missing_argument wrong_type wrong_value invented_argument extra_effect repeated_effect skipped_step "
    "swapped_order prose_around_json fenced_json trailing_comma extra_key ignored_error endless_retry "
    "claimed_success answer_without_calling call_where_none_is_due malformed_arguments "
    "changed_digits swapped_values changed_detail swapped_details changed_unit dropped_unit negated "
    "dropped_fact rival_value other_conclusion"
).split()
HARMLESS = "argument_order call_order other_phrasing extra_read".split()


def what(prompt: Prompt, name: str) -> list[str]:
    return [variant.what for variant in MUTATIONS[name].variants(prompt)]


def told(steps: list[Step]) -> list[Any]:
    """Steps in short: calls as (name, arguments), answers as text."""
    return [
        step.made[0] if len(step.made) == 1 else step.made or step.call_text or step.say for step in steps
    ]


def only(text: str, name: str) -> list[Any]:
    (variant,) = MUTATIONS[name].variants(prompt_of(text))
    return told(variant.steps)


def test_all_are_there() -> None:
    assert [name for name, mutation in MUTATIONS.items() if mutation.harmful] == HARMFUL
    assert [name for name, mutation in MUTATIONS.items() if not mutation.harmful] == HARMLESS
    assert all(mutation.description.endswith(".") for mutation in MUTATIONS.values())


@pytest.mark.parametrize("name", HARMFUL)
@pytest.mark.parametrize("text", SAMPLES, ids=["refund", "retry", "person", "ports"])
def test_what_harms_costs_a_point_whatever_the_site(text: str, name: str) -> None:
    prompt = prompt_of(text)
    for variant in MUTATIONS[name].variants(prompt):
        assert score(prompt, play(prompt, variant.steps)).points < 3, variant.what


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("text", SAMPLES, ids=["refund", "retry", "person", "ports"])
def test_what_is_harmless_costs_nothing(text: str, name: str) -> None:
    prompt = prompt_of(text)
    for variant in MUTATIONS[name].variants(prompt):
        assert str(variant.steps) != str(prompt.reference)
        assert score(prompt, play(prompt, variant.steps)).points == 3, variant.what


def test_every_call_is_made_of_every_other_tool() -> None:
    assert what(prompt_of(REFUND), "wrong_tool") == [
        "list_orders instead of find_customer",
        "refund_order instead of find_customer",
        "find_customer instead of list_orders",
        "refund_order instead of list_orders",
        "find_customer instead of refund_order",
        "list_orders instead of refund_order",
    ]
    assert what(prompt_of(PORTS), "wrong_tool") == ["depth_v2 instead of depth"] * 2


def test_every_argument_is_left_out_retyped_and_replaced() -> None:
    prompt = prompt_of(REFUND)
    assert what(prompt, "missing_argument")[-2:] == [
        "refund_order: order_id left out",
        "refund_order: amount left out",
    ]
    assert what(prompt, "wrong_type")[-2:] == [
        'refund_order: order_id sent as ["ORD-5512"]',
        'refund_order: amount sent as "84.5"',
    ]
    assert what(prompt, "wrong_value") == [
        'find_customer: email: "ana.whitfield@example.com" instead of "dana.whitfield@example.com"',
        'list_orders: customer_id: "C-2042" instead of "C-2041"',
        'refund_order: order_id: "ORD-5513" instead of "ORD-5512"',
        "refund_order: amount: 85.5 instead of 84.5",
        "refund_order: amount: 84 instead of 84.5",
    ]
    assert "in the answer, age: 35 instead of 34" in what(prompt_of(PERSON), "wrong_value")
    assert "in the answer, mail left out" in what(prompt_of(PERSON), "missing_argument")


def test_a_value_that_the_checks_accept_is_no_wrong_value() -> None:
    prompt = prompt_of(REFUND.replace("{$number: 84.5}}}]", "{$number: [84.5, 1]}}}]"))
    assert what(prompt, "wrong_value")[-1] == 'refund_order: order_id: "ORD-5513" instead of "ORD-5512"'
    prompt = prompt_of(REFUND.replace("amount: {$number: 84.5}}}]", "amount: {$anything: true}}}]"))
    assert what(prompt, "wrong_type")[-1] == 'refund_order: order_id sent as ["ORD-5512"]'
    person = prompt_of(PERSON.replace("age: 34, tags: {$un", "age: {$any_of: [34, 35]}, tags: {$un"))
    assert "in the answer, age: 35 instead of 34" not in what(person, "wrong_value")
    assert "in the answer, age: 340 instead of 34" in what(person, "wrong_value")


def test_arguments_are_invented_optional_ones_and_ones_that_do_not_exist() -> None:
    # limit is allowed by the checks, so that only the argument that the tool does not have is wrong.
    assert what(prompt_of(REFUND), "invented_argument") == [
        f"{name}: comment added, which the tool does not have"
        for name in ("find_customer", "list_orders", "refund_order")
    ]
    strict = prompt_of(
        REFUND.replace("C-2041, limit: {$optional: {$anything: true}}}\n    order", "C-2041}\n    order")
    )
    assert "list_orders: limit added" in what(strict, "invented_argument")


def test_a_call_that_failed_and_that_no_check_asks_for_has_no_right_values() -> None:
    text = RETRY.replace(
        "    calls: [{read_meter: {meter: KX-77120}}, {read_meter: {meter: KX-77120}}]", "    no_call: [x]"
    )
    text = text.replace("then: {read_meter: {meter: KX-77120}}, ", "")
    assert len(what(prompt_of(text), "wrong_value")) == 1
    assert len(what(prompt_of(RETRY), "wrong_value")) == 2


def test_the_world_is_changed_once_too_often_only_if_the_change_succeeds() -> None:
    prompt = prompt_of(REFUND)
    assert 'refund_order({"order_id": "ORD-5513", "amount": 84.5}) as well' in what(prompt, "extra_effect")
    assert what(prompt, "repeated_effect") == ['refund_order({"order_id": "ORD-5512", "amount": 84.5}) twice']
    once = prompt_of(
        REFUND.replace("- result: {refunded: true}", "- on_call: 1\n        result: {refunded: true}")
    )
    assert what(once, "extra_effect") == what(once, "repeated_effect") == []


def test_an_extra_call_goes_into_the_last_turn_where_no_turn_is_left() -> None:
    (variant,) = MUTATIONS["repeated_effect"].variants(prompt_of(REFUND, max_turns=4))
    assert [len(step.made) for step in variant.steps] == [1, 1, 2, 0]


def test_steps_are_skipped_swapped_and_claimed() -> None:
    refund = prompt_of(REFUND)
    find, orders, pay, answer = told(refund.reference)
    skipped = [told(variant.steps) for variant in MUTATIONS["skipped_step"].variants(refund)]
    assert skipped == [
        [orders, pay, answer],
        [find, pay, answer],
        [find, orders, answer],
        [find, orders, pay],
    ]
    swapped = [told(variant.steps) for variant in MUTATIONS["swapped_order"].variants(refund)]
    assert swapped == [[orders, find, pay, answer], [find, pay, orders, answer]]
    assert only(REFUND, "claimed_success") == [find, orders, answer]
    assert only(REFUND, "answer_without_calling") == [answer]
    assert only(REFUND, "endless_retry") == [find, orders, *[pay] * 6]


def test_an_error_is_ignored_or_retried_for_ever() -> None:
    read, _, answer = told(prompt_of(RETRY).reference)
    assert only(RETRY, "ignored_error") == [read, answer]
    assert only(RETRY, "endless_retry") == [read] * 6
    mistyped = [
        {"call": {"find_customer": {"email": "x"}}},
        {"call": {"list_orders": {"customer_id": "C-2041"}}},
        {"say": "No."},
    ]
    (variant,) = MUTATIONS["endless_retry"].variants(prompt_of(REFUND, reference=mistyped))
    assert told(variant.steps) == [("find_customer", {"email": "x"})] * 8
    steps = [{"call": {"read_meter": {"meter": "KX-1"}}}, {"say": "There is no such meter."}]
    (variant,) = MUTATIONS["ignored_error"].variants(prompt_of(RETRY, reference=steps))
    assert told(variant.steps)[1] == (
        "Done! Everything that you asked for has been carried out successfully (KX-1)."
    )
    assert [*MUTATIONS["claimed_success"].variants(prompt_of(RETRY, reference=steps))] != []


def test_a_call_is_made_where_none_is_due() -> None:
    steps = [{"say": "None of my tools can do that."}]
    found = [
        told(variant.steps)
        for variant in MUTATIONS["call_where_none_is_due"].variants(prompt_of(REFUND, reference=steps))
    ]
    assert [calls[0] for calls in found] == [
        ("find_customer", {"email": "dana.whitfield@example.com"}),
        ("list_orders", {"customer_id": "C-2041"}),
        ("refund_order", {"order_id": "example", "amount": 1}),
    ]
    assert all(calls[1] == "None of my tools can do that." for calls in found)


def test_arguments_are_cut_in_the_middle() -> None:
    prompt = prompt_of(PORTS, reference=[{"calls": [{"depth": {"port": "SKW"}}, {"depth": {"port": "DRN"}}]}])
    first, second = MUTATIONS["malformed_arguments"].variants(prompt)
    assert first.steps[0].made == [("depth", {"port": "DRN"})]
    assert first.steps[0].call_text == {"depth": '{"port": "'}
    assert second.steps[0].made == [("depth", {"port": "SKW"})]


def test_the_form_of_a_json_answer_is_spoilt() -> None:
    text = prompt_of(PERSON).reference[0].say
    assert text is not None
    assert [
        variant.steps[0].say for variant in MUTATIONS["prose_around_json"].variants(prompt_of(PERSON))
    ] == [f"Here is the JSON you asked for:\n\n{text}", f"{text}\n\nLet me know if you need more."]
    assert only(PERSON, "fenced_json") == [f"```json\n{text}\n```"]
    assert only(PERSON, "trailing_comma") == [text[:-1] + ",}"]
    assert only(PERSON, "extra_key") == [text[:-1] + ', "note": "as requested"}']


def test_what_has_no_place_does_not_apply() -> None:
    for name in ("prose_around_json", "fenced_json", "trailing_comma", "extra_key", "call_where_none_is_due"):
        assert what(prompt_of(REFUND), name) == []
    for name in (
        "wrong_tool",
        "extra_effect",
        "skipped_step",
        "endless_retry",
        "claimed_success",
        "extra_read",
    ):
        assert what(prompt_of(PERSON), name) == []
    assert what(prompt_of(PORTS), "repeated_effect") == what(prompt_of(PORTS), "ignored_error") == []


def test_independent_calls_are_free_in_order_and_dependent_ones_are_not() -> None:
    assert what(prompt_of(PORTS), "call_order") == ["turns 1 and 2 swapped", "turns 1 and 2 at once"]
    assert what(prompt_of(PORTS), "swapped_order") == []
    assert what(prompt_of(REFUND), "call_order") == []
    assert what(prompt_of(RETRY), "call_order") == what(prompt_of(RETRY), "swapped_order") == []
    both = [{"calls": [{"depth": {"port": "SKW"}}, {"depth": {"port": "DRN"}}]}, {"say": "x"}]
    assert what(prompt_of(PORTS, reference=both), "call_order") == [
        "the calls of a turn the other way round",
        "the calls of a turn one after another",
    ]


@pytest.mark.parametrize("field", ["order: relative", "before: depth"])
def test_a_check_that_orders_calls_makes_their_order_matter(field: str) -> None:
    prompt = prompt_of(PORTS.replace("    others: none", f"    {field}"))
    assert what(prompt, "call_order") == []
    assert what(prompt, "swapped_order") == ["depth before depth"]


def test_an_order_is_not_free_where_it_changes_what_a_tool_answers() -> None:
    once = prompt_of(
        PORTS.replace("      - when: {port: SKW}\n", "      - when: {port: SKW}\n        on_call: 1\n")
    )
    assert what(once, "call_order") == ["turns 1 and 2 at once"]


def test_an_extra_look_is_taken_where_no_check_limits_it() -> None:
    assert what(prompt_of(REFUND), "extra_read") == [
        'find_customer({"email": "dana.whitfield@example.com"}) once more',
        'list_orders({"customer_id": "C-2041"}) once more',
    ]
    assert what(prompt_of(PORTS), "extra_read") == []
    assert what(prompt_of(REFUND, reference=[{"say": "I cannot."}]), "extra_read") == []
    assert what(prompt_of(RETRY), "extra_read") == []


def test_the_same_is_said_in_other_words() -> None:
    answers = [variant.steps[-1].say for variant in MUTATIONS["other_phrasing"].variants(prompt_of(REFUND))]
    assert answers[0] == "ORD-5512: EUR 84.5 REFUNDED IN FULL."
    assert "**ORD-5512**" in str(answers[1])
    assert answers[2] == "ORD-5512: EUR 84.50 refunded in full."
    dated = prompt_of(
        PORTS,
        reference=[{"say": "On 2026-03-14, 12345 of ABC."}],
        checks=[{"title": "t", "answer": {"contains_all": [{"$date": "2026-03-14"}, 12345]}}] * 3,
    )
    said = [variant.steps[-1].say for variant in MUTATIONS["other_phrasing"].variants(dated)]
    assert said[2] == "On 14 March 2026, 12,345 of ABC."


def test_one_variant_is_chosen_by_the_seed() -> None:
    prompt = prompt_of(REFUND)
    chosen = [mutate(prompt, "wrong_value", Random(seed)) for seed in range(20)]
    assert chosen == [mutate(prompt, "wrong_value", Random(seed)) for seed in range(20)]
    assert len({str(steps) for steps in chosen}) > 2
    assert mutate(prompt, "fenced_json", Random(1)) is None
    with pytest.raises(KeyError):
        mutate(prompt, "no_such_mutation", Random(1))
