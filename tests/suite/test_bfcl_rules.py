"""BFCL's rules give BFCL's verdicts, and our own differ from them where the list says so."""

import json
from pathlib import Path
from typing import Any

import pytest

from milo_tui.suite.bfcl_rules import accepts, fault, is_readable
from milo_tui.suite.conversation import Conversation, ToolCall, Turn
from milo_tui.suite.scoring import score
from milo_tui.suite_lab.bfcl import Record, Rules, convert
from tests.suite_lab.bfcl_differences import DIFFERENCES, NAMES, OPTIMAL, Difference

HERE = Path(__file__).parent
SAMPLE = [json.loads(line) for line in (HERE / "bfcl_sample.jsonl").read_text(encoding="utf-8").splitlines()]


def judged(record: Record, calls: list[dict[str, Any]], rules: Rules = "native") -> bool:
    """Whether a prompt made from the record gives these calls, in one turn, all three points."""
    made = tuple(
        ToolCall("", record.names.get(name, name), arguments, "")
        for call in calls
        for name, arguments in call.items()
    )
    return score(convert(record, rules), Conversation((Turn(calls=made),), "turn limit")).points == 3


def record_of(functions: list[dict[str, Any]], accepted: list[Any], category: str = "multiple") -> Record:
    """A record as BFCL's files hold it."""
    described = [
        {
            "name": function["name"],
            "description": "",
            "parameters": {"type": "dict", **function["parameters"]},
        }
        for function in functions
    ]
    return Record("x_0", category, [{"role": "user", "content": "Do it."}], described, accepted)


@pytest.mark.parametrize("item", SAMPLE, ids=[item["id"] for item in SAMPLE])
def test_the_rules_give_the_verdicts_of_bfcls_checker(item: dict[str, Any]) -> None:
    for kind, calls, verdict in item["answers"]:
        assert accepts(item["functions"], item["accepted"], calls) is verdict, kind


def test_the_sample_holds_both_verdicts_and_many_changes() -> None:
    answers = [answer for item in SAMPLE for answer in item["answers"]]
    assert len(answers) > 500
    assert 150 < sum(verdict for _, _, verdict in answers) < 450
    assert len({kind for kind, _, _ in answers}) > 40


def test_gold_that_bfcl_refuses_is_in_the_sample() -> None:
    refused = {item["id"] for item in SAMPLE for kind, _, verdict in item["answers"][:1] if not verdict}
    assert refused == {"live_simple_106-63-0", "live_multiple_964-207-0"}


def _function(parameter: dict[str, Any]) -> dict[str, Any]:
    parameters = {"type": "dict", "properties": {"x": parameter}, "required": ["x"]}
    return {"name": "f", "parameters": parameters}


@pytest.mark.parametrize("case", DIFFERENCES, ids=lambda case: f"{case.name}: {case.sent!r}")
def test_our_own_rules_differ_as_listed(case: Difference) -> None:
    record = record_of([_function(case.parameter)], [{"f": {"x": case.accepted}}])
    calls = [{"f": {"x": case.sent}}]
    assert accepts(record.functions, record.accepted or [], calls) is case.bfcl
    assert judged(record, calls, "bfcl") is case.bfcl
    assert judged(record, calls) is case.native


def test_parallel_178_fails_by_greed_alone() -> None:
    (item,) = [item for item in SAMPLE if item["id"] == "parallel_178"]
    record = record_of(item["functions"], item["accepted"], "parallel")
    gold = item["answers"][0][1]
    both = {"get_stock_price": {**gold[0]["get_stock_price"], "company_name": "Apple"}}
    microsoft = {"get_stock_price": {**gold[0]["get_stock_price"], "company_name": "Microsoft"}}
    calls = [both, microsoft, gold[1], gold[3]]
    assert not accepts(item["functions"], item["accepted"], calls)
    assert accepts(item["functions"], item["accepted"], [microsoft, both, gold[1], gold[3]])
    assert judged(record, calls)
    assert judged(record, calls, "bfcl"), OPTIMAL


def test_users_are_told_of_each_difference() -> None:
    page = (HERE.parents[1] / "docs" / "bfcl.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"**{name}**" in page


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (None, "expected an object, found null"),
        ({}, "x: is required, but missing"),
        ({"x": "a", "y": 1}, "y: expected to be left out, found 1"),
        ({"x": "b"}, """x: expected by BFCL's rules one of ["a"], found "b\""""),
    ],
)
def test_a_fault_is_told_in_words(arguments: Any, sentence: str) -> None:
    assert fault(_function({"type": "string"})["parameters"], {"x": ["a"]}, arguments) == sentence
    (point,) = [
        check.reason
        for check in score(
            convert(record_of([_function({"type": "string"})], [{"f": {"x": ["a"]}}]), "bfcl"),
            Conversation((Turn(calls=(ToolCall("", "f", arguments, ""),)),)),
        ).checks
        if check.title == "with the right values"
    ]
    if arguments is not None:
        assert sentence in point


@pytest.mark.parametrize(
    "argument",
    [
        None,
        {},
        {"parameters": {}, "accepted": {}},
        {"parameters": {"properties": {"x": {}}}, "accepted": {}},
        {"parameters": {"properties": {"x": {"type": "long"}}}, "accepted": {}},
        {"parameters": {"properties": {"x": {"type": "array", "items": {"type": "X"}}}}, "accepted": {}},
        {"parameters": {"properties": {"x": {"type": "string"}}}, "accepted": {"x": "a"}},
    ],
)
def test_rules_that_could_not_be_read_are_known(argument: Any) -> None:
    assert not is_readable(argument)


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "", "a", [], [1], {}, {"a": 1}, [[{}]]])
@pytest.mark.parametrize("kind", ["string", "integer", "float", "boolean", "array", "tuple", "dict", "any"])
def test_no_value_raises(kind: str, value: Any) -> None:
    for inner in ("string", "dict", "array"):
        parameters = {"properties": {"x": {"type": kind, "items": {"type": inner}}}}
        for options in (
            [],
            [""],
            [value],
            ["", value],
            [None, value],
            [[value]],
            [{"a": [value]}],
            [{"a": 5}],
        ):
            fault(parameters, {"x": options}, {"x": value})
