"""Each rule of scoring: what earns the point, what does not, and the sentence that says so."""

from typing import Any

import pytest

from milo_tui.suite.conversation import Conversation, Loss, ToolCall, ToolResult, Turn
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import play
from tests.suite.samples import REFUND, call, judge, prompt_of, turn

DONE = turn(text="Done.")
A, B, C = call("a", {"x": 1}), call("b", {"x": 2}), call("c", {"x": 3})
PATTERN_A, PATTERN_B = {"a": {"x": 1}}, {"b": {"x": 2}}


def test_a_point_for_each_check() -> None:
    prompt = prompt_of(REFUND)
    found = score(prompt, play(prompt, prompt.reference))
    assert found.points == 3
    assert [check.reason for check in found.checks] == [
        "the calls were made",
        "these effects and no others",
        "the answer holds the facts",
    ]


@pytest.mark.parametrize(
    ("check", "turns", "fault"),
    [
        # Calls in any order, each its own.
        ({"calls": [PATTERN_A, PATTERN_B]}, [turn(B), turn(C, A), DONE], None),
        ({"calls": [PATTERN_A, PATTERN_B]}, [turn(A, B), DONE], None),
        ({"calls": [PATTERN_A, PATTERN_A]}, [turn(A, A), DONE], None),
        (
            {"calls": [PATTERN_A, PATTERN_A]},
            [turn(A), DONE],
            'expected a({"x": 1}) once more; found no such call (calls made: a)',
        ),
        (
            {"calls": [PATTERN_A]},
            [turn(B), DONE],
            'expected a({"x": 1}); found no such call (calls made: b)',
        ),
        ({"calls": [PATTERN_A]}, [DONE], 'expected a({"x": 1}); found no such call (calls made: none)'),
        (
            {"calls": [PATTERN_A]},
            [turn(call("a", {"x": 7})), DONE],
            'a.x: expected 1, found 7; expected a({"x": 1})',
        ),
        (
            {"calls": [PATTERN_A]},
            [turn(call("a", text="{")), DONE],
            'expected a({"x": 1}); the call of a could not be read: its arguments are not valid JSON',
        ),
        # A failed call is a call made.
        ({"calls": [PATTERN_A]}, [turn(A, failed=True), DONE], None),
        # Never greedy: the general pattern must leave the call to the one that needs it.
        (
            {"calls": [{"a": {"$anything": True}}, PATTERN_A]},
            [turn(A), turn(call("a", {"x": 2})), DONE],
            None,
        ),
        # relative: in later turns, the result being known.
        ({"calls": [PATTERN_A, PATTERN_B], "order": "relative"}, [turn(A), turn(C), turn(B), DONE], None),
        ({"calls": [PATTERN_A, PATTERN_B], "order": "relative"}, [turn(B), turn(A), turn(B), DONE], None),
        (
            {"calls": [PATTERN_A, PATTERN_B], "order": "relative"},
            [turn(A, B), DONE],
            'expected b({"x": 2}) in a turn after the call before it, but it came earlier or in the same turn',
        ),
        (
            {"calls": [PATTERN_A, PATTERN_B], "order": "relative"},
            [turn(B), turn(A), DONE],
            'expected b({"x": 2}) in a turn after the call before it, but it came earlier or in the same turn',
        ),
        # before: in turns before the first call of that tool.
        ({"calls": [PATTERN_A], "before": "pay"}, [turn(A), turn(call("pay", {})), DONE], None),
        ({"calls": [PATTERN_A], "before": "pay"}, [turn(A), DONE], None),
        (
            {"calls": [PATTERN_A], "before": "pay"},
            [turn(call("pay", {})), turn(A), turn(call("pay", {})), DONE],
            'expected a({"x": 1}) in a turn before pay, but it came later or in the same turn',
        ),
        (
            {"calls": [PATTERN_A], "before": "pay"},
            [turn(A, call("pay", {})), DONE],
            'expected a({"x": 1}) in a turn before pay, but it came later or in the same turn',
        ),
        # others
        ({"calls": [PATTERN_A]}, [turn(A, A, B), DONE], None),
        ({"calls": [PATTERN_A], "others": "other tools"}, [turn(A, B), DONE], None),
        (
            {"calls": [PATTERN_A], "others": "other tools"},
            [turn(A), turn(call("a", {"x": 9})), DONE],
            'expected no further call of a, found a({"x": 9})',
        ),
        (
            {"calls": [PATTERN_A], "others": "none"},
            [turn(A), turn(B), DONE],
            'expected no further call, found b({"x": 2})',
        ),
        (
            {"calls": [PATTERN_A], "others": "none"},
            [turn(A), turn(call("b", text="{")), DONE],
            "expected no further call, found b(null)",
        ),
        # No call
        ({"no_call": True}, [DONE], None),
        ({"no_call": True}, [turn(A), DONE], 'expected no call, found a({"x": 1})'),
        ({"no_call": ["b"]}, [turn(A), DONE], None),
        ({"no_call": ["b"]}, [turn(A, B), DONE], 'expected no call of b, found b({"x": 2})'),
        ({"no_call": ["b"]}, [turn(call("a", text="{")), DONE], None),
        ({"no_call": ["b"]}, [turn(call("b", text="{")), DONE], "expected no call of b, found b(null)"),
        (
            {"no_call": ["b"]},
            [turn(call("b<", text="{")), DONE],
            "what was meant cannot be known: an unreadable call of the unknown tool b<",
        ),
    ],
)
def test_calls(check: dict[str, Any], turns: list[Turn], fault: str | None) -> None:
    found = judge(check, *turns)
    assert found.passed is (fault is None), found.reason
    assert fault is None or found.reason.startswith(fault)


PAY, POST = call("pay", {"sum": 5}), call("post", {"to": "x"})


@pytest.mark.parametrize(
    ("wanted", "turns", "fault"),
    [
        ([{"pay": {"sum": 5}}], [turn(A), turn(PAY), DONE], None),
        ([{"pay": {"sum": 5}}, {"post": {"to": "x"}}], [turn(POST, A, PAY), DONE], None),
        ([{"pay": {"sum": 5}}, {"pay": {"sum": 5}}], [turn(PAY), turn(PAY), DONE], None),
        ([], [turn(A), DONE], None),
        ([{"pay": {"sum": 5}}], [turn(PAY, failed=True), turn(PAY), DONE], None),
        (
            [{"pay": {"sum": 5}}],
            [turn(PAY), turn(PAY), DONE],
            'expected 1 effect, found also pay({"sum": 5})',
        ),
        ([{"pay": {"sum": 5}}], [turn(PAY, POST), DONE], 'expected 1 effect, found also post({"to": "x"})'),
        ([], [turn(PAY), DONE], 'expected no effects, found also pay({"sum": 5})'),
        ([{"pay": {"sum": 5}}], [turn(A), DONE], 'expected the effect pay({"sum": 5}); found no such call'),
        (
            [{"pay": {"sum": 5}}],
            [turn(call("pay", {"sum": 6})), DONE],
            'pay.sum: expected 5, found 6; expected the effect pay({"sum": 5})',
        ),
        (
            [{"pay": {"sum": 5}}],
            [turn(POST), DONE],
            'expected the effect pay({"sum": 5}); found post({"to": "x"}) instead',
        ),
        (
            [{"pay": {"sum": 5}}],
            [turn(PAY, failed=True), DONE],
            'expected the effect pay({"sum": 5}); it was tried, but the tool refused it',
        ),
        (
            [{"pay": {"sum": 5}}],
            [turn(call("pay", {"sum": "5"}), failed=True), DONE],
            'expected the effect pay({"sum": 5}); found only the refused pay({"sum": "5"})',
        ),
        # An unreadable call might have been the extra effect, until a readable one takes its place.
        ([], [turn(call("pay", text="{")), DONE], "the call of pay could not be read"),
        (
            [{"post": {"to": "x"}}],
            [turn(call("pay", text="{")), turn(POST), DONE],
            "the call of pay could not",
        ),
        (
            [{"pay": {"sum": 5}}],
            [turn(PAY, call("pay", text="{")), DONE],
            "the call of pay could not be read",
        ),
        ([], [turn(call("p<y", text="{")), DONE], "the call of p<y could not be read"),
        ([{"pay": {"sum": 5}}], [turn(call("pay", text="{")), turn(PAY), DONE], None),
        ([], [turn(call("a", text="{")), DONE], None),
    ],
)
def test_effects_are_a_multiset(wanted: list[Any], turns: list[Turn], fault: str | None) -> None:
    found = judge({"effects": wanted}, *turns)
    assert found.passed is (fault is None), found.reason
    assert fault is None or found.reason.startswith(fault)


def test_results_belong_to_calls_by_position_whatever_their_ids() -> None:
    calls = (ToolCall("same", "pay", {"sum": 5}, ""), ToolCall("same", "pay", {"sum": 6}, ""))
    results = (ToolResult("same", None), ToolResult("same", None, is_error=True))
    assert judge({"effects": [{"pay": {"sum": 5}}]}, Turn(calls=calls, results=results), DONE).passed
    assert not judge({"effects": [{"pay": {"sum": 6}}]}, Turn(calls=calls, results=results), DONE).passed


@pytest.mark.parametrize(
    ("condition", "text", "fault"),
    [
        ({"contains_all": ["ORD-1", {"$number": 5}]}, "Five for ORD-1.", None),
        (
            {"contains_all": ["ORD-1", {"$number": 5}]},
            "Six for ORD-1.",
            "expected the answer to state 5; found",
        ),
        ({"contains_any": ["denied", "refused"]}, "It was refused.", None),
        (
            {"contains_any": ["denied", "refused"]},
            "It worked.",
            'expected the answer to state one of "denied", "refused"; found "It worked."',
        ),
        ({"contains_none": ["sorry"]}, "It worked.", None),
        ({"contains_none": ["sorry"]}, "Sorry!", 'expected the answer not to state "sorry"; found "Sorry!"'),
        ({"contains_all": [{"$any_of": ["a", "b"]}]}, "c", 'expected the answer to state "a" or "b"'),
    ],
)
def test_facts_in_the_answer(condition: dict[str, Any], text: str, fault: str | None) -> None:
    found = judge({"answer": condition}, turn(A), turn(text=text))
    assert found.passed is (fault is None), found.reason
    assert fault is None or found.reason.startswith(fault)


@pytest.mark.parametrize(
    ("wanted", "turns", "fault"),
    [
        ("made", [turn(call("a", {}))], None),
        ("made", [turn(call("nonsense"))], None),
        ("made", [turn(text="No.")], "expected some call, found none"),
        ("taken", [turn(call("a", {}), failed=True), turn(call("b", {}))], None),
        ("taken", [turn(call("a", {}), failed=True)], "expected a call that its tool takes, found a({})"),
        ("all taken", [turn(call("a", {}), call("b", {}))], None),
        (
            "all taken",
            [turn(call("a", {})), turn(call("b", {}), failed=True)],
            "expected a call that its tool takes, found b({})",
        ),
        (
            "all taken",
            [turn(call("a", {}), loss=Loss.TRUNCATED)],
            "what was meant cannot be known: stream truncated by the server",
        ),
    ],
)
def test_some_call_whichever(wanted: str, turns: list[Turn], fault: str | None) -> None:
    result = judge({"some_call": wanted}, *turns)
    assert (result.passed, result.reason) == (fault is None, fault or "a tool was called")


def test_only_the_last_text_is_the_answer() -> None:
    told = turn(A, text="It is ORD-1.")
    assert not judge({"answer": {"contains_all": ["ORD-1"]}}, told, DONE).passed
    found = judge({"answer": {"contains_all": ["ORD-1"]}}, told, ended="turn limit")
    assert found.reason == "expected an answer in words, found none (still calling tools at the turn limit)"


@pytest.mark.parametrize(
    ("condition", "text", "fault"),
    [
        ({"form": "bare"}, ' {"a": 1}\n', None),
        ({"form": "bare"}, '```json\n{"a": 1}\n```', "expected JSON alone as the answer"),
        ({"form": "bare"}, 'Here: {"a": 1}', "expected JSON alone as the answer"),
        ({"form": "any"}, 'Here: {"a": 1}', None),
        ({"equals": {"a": 1}}, '```json\n{"a": 1.0}\n```', None),
        ({"equals": {"a": 1}}, '{"a": 2}', "a: expected 1, found 2"),
        ({"equals": None}, "null", None),
        ({"equals": None}, "0", "the value: expected null, found 0"),
        ({"schema": {"type": "array"}}, "[]", None),
        ({"schema": {"type": "array"}}, "{}", "the JSON breaks the schema: the value: {} is not of type"),
        ({"equals": {"a": 1}}, "I cannot.", "expected JSON as the answer: no JSON value in the text"),
    ],
)
def test_json_answers(condition: dict[str, Any], text: str, fault: str | None) -> None:
    found = judge({"json": condition}, turn(text=text))
    assert found.passed is (fault is None), found.reason
    assert fault is None or found.reason.startswith(fault)


FAILED = turn(A, failed=True)


@pytest.mark.parametrize(
    ("condition", "turns", "fault"),
    [
        ({"tool": "a", "then": PATTERN_B}, [FAILED, turn(B), DONE], None),
        ({"tool": "a", "then": PATTERN_A}, [FAILED, FAILED, turn(A), DONE], None),
        ({"tool": "a", "at_most": 2}, [FAILED, FAILED, turn(A), DONE], None),
        ({"tool": "a", "at_most": 0}, [FAILED, turn(B), DONE], None),
        (
            {"tool": "a", "at_most": 1},
            [FAILED, FAILED, turn(A), DONE],
            "expected at most 1 further calls of a after its error, found 2",
        ),
        (
            {"tool": "a", "then": PATTERN_B},
            [turn(A), turn(B), DONE],
            "expected to meet the error of a, but it was never called so that it failed",
        ),
        (
            {"tool": "a", "then": PATTERN_B},
            [turn(B), FAILED, DONE],
            'expected b({"x": 2}) after the error of a, found none that succeeded',
        ),
        (
            {"tool": "a", "then": PATTERN_B},
            [FAILED, turn(B, failed=True), DONE],
            'expected b({"x": 2}) after the error of a, found none that succeeded',
        ),
    ],
)
def test_what_is_done_after_an_error(condition: dict[str, Any], turns: list[Turn], fault: str | None) -> None:
    found = judge({"after_error": condition}, *turns)
    assert found.passed is (fault is None), found.reason
    assert fault is None or found.reason == fault


def test_what_was_known_together_with_the_error_came_not_after_it() -> None:
    both = Turn(calls=(A, B), results=(ToolResult("", None, is_error=True), ToolResult("", None)))
    assert not judge({"after_error": {"tool": "a", "then": PATTERN_B}}, both, DONE).passed


ANY_CHECK: list[dict[str, Any]] = [
    {"calls": [PATTERN_A]},
    {"calls": [PATTERN_A], "others": "none"},
    {"effects": []},
    {"effects": [{"pay": {}}]},
    {"no_call": True},
    {"no_call": ["a"]},
    {"answer": {"contains_none": ["x"]}},
    {"answer": {"contains_all": ["x"]}},
    {"json": {"form": "any"}},
    {"after_error": {"tool": "a", "at_most": 1}},
]


@pytest.mark.parametrize("check", ANY_CHECK, ids=str)
@pytest.mark.parametrize("loss", [None, *Loss])
def test_inaction_passes_nothing(check: dict[str, Any], loss: Loss | None) -> None:
    for turns in ([], [turn(loss=loss)], [turn(text=" \n", loss=loss)]):
        found = judge(check, *turns)
        assert not found.passed
        assert found.reason.startswith("nothing was said or called")
        assert loss is None or not turns or str(loss) in found.reason


MUST_NOT: list[dict[str, Any]] = [
    {"no_call": True},
    {"no_call": ["a"]},
    {"effects": []},
    {"answer": {"contains_none": ["x"]}},
]


@pytest.mark.parametrize("check", MUST_NOT, ids=str)
@pytest.mark.parametrize(
    "loss", [Loss.CALL_LOST, Loss.TRUNCATED, Loss.CUT_AT_LIMIT, Loss.CALL_GARBLED, Loss.REFUSED]
)
def test_a_lost_turn_passes_no_check_that_something_must_not_be(check: dict[str, Any], loss: Loss) -> None:
    assert judge(check, DONE).passed
    assert judge(check, turn(text="Done.", loss=loss)).reason == f"what was meant cannot be known: {loss}"


def test_a_lost_turn_counts_where_other_calls_are_limited() -> None:
    lost = turn(text="Done.", loss=Loss.CALL_LOST)
    assert judge({"calls": [PATTERN_A]}, turn(A), lost).passed
    for check in (
        {"calls": [PATTERN_A], "others": "none"},
        {"calls": [PATTERN_A], "others": "other tools"},
        {"after_error": {"tool": "a", "at_most": 3}},
    ):
        assert not judge(check, turn(A, failed=True), lost).passed
        assert judge(check, turn(A, failed=True), DONE).passed


def test_a_garbled_call_is_judged_by_itself_where_the_turn_is_marked_too() -> None:
    garbled = turn(call("pay", text="{"), loss=Loss.CALL_GARBLED)
    assert judge({"effects": [{"pay": {"sum": 5}}]}, garbled, turn(PAY), DONE).passed
    assert not judge({"effects": [{"pay": {"sum": 5}}]}, turn(PAY), garbled, DONE).passed


def test_several_conditions_of_a_check_must_all_hold() -> None:
    check = {"calls": [PATTERN_A], "answer": {"contains_all": ["x"]}}
    assert judge(check, turn(A), turn(text="x")).reason == "the calls were made; the answer holds the facts"
    assert not judge(check, turn(A), turn(text="y")).passed
    assert not judge(check, turn(B), turn(text="x")).passed


def test_a_conversation_of_any_size_is_scored() -> None:
    prompt = prompt_of(REFUND)
    turns = tuple(turn(*[call("refund_order", {"n": i})] * 20) for i in range(10))
    assert score(prompt, Conversation((*turns, turn(text="ORD-5512 EUR 84.5 " * 60_000)))).points == 1
