"""The simulated tools' answers."""

from typing import Any

from milo_tui.suite.conversation import Conversation, Loss, ToolCall
from milo_tui.suite.prompt import Prompt
from milo_tui.suite.tools import SimulatedTools, play
from tests.suite.samples import REFUND, RETRY, call, prompt_of, steps_of


def answers(prompt: Prompt, *calls: ToolCall) -> list[tuple[Any, bool]]:
    tools = SimulatedTools(prompt)
    return [(result.content, result.is_error) for result in map(tools.answer, calls)]


def test_the_first_reply_that_matches_answers() -> None:
    found = answers(
        prompt_of(REFUND),
        call("find_customer", {"email": "dana.whitfield@example.com"}),
        call("find_customer", {"email": "someone@example.com"}),
        call("refund_order", {"order_id": "any", "amount": 1}),
    )
    no_such = {"error": {"type": "not_found", "message": "No customer has that e-mail address."}}
    assert found == [({"customer_id": "C-2041"}, False), (no_such, True), ({"refunded": True}, False)]


def test_an_optional_argument_may_be_left_out_of_a_reply_s_condition() -> None:
    found = answers(
        prompt_of(REFUND),
        call("list_orders", {"customer_id": "C-2041"}),
        call("list_orders", {"customer_id": "C-2041", "limit": 1}),
        call("list_orders", {"customer_id": "C-1", "limit": 1}),
    )
    assert [failed for _, failed in found] == [False, False, True]


def test_a_fault_strikes_on_its_call_alone_and_only_readable_calls_count() -> None:
    meter = call("read_meter", {"meter": "KX-77120"})
    found = answers(
        prompt_of(RETRY), call("read_meter"), call("read_meter", {"meter": 5}), meter, meter, meter
    )
    assert [failed for _, failed in found] == [True, True, True, False, False]
    assert found[2][0] == {"error": {"type": "busy", "message": "Try again."}}


def test_nothing_that_matches_is_an_error_of_its_own() -> None:
    meter = call("read_meter", {"meter": "other"})
    assert answers(prompt_of(RETRY), meter, meter)[1] == (
        {"error": {"type": "not_found", "message": "Nothing matches these arguments."}},
        True,
    )


def test_arguments_that_break_the_schema_get_a_readable_error() -> None:
    ((content, failed),) = answers(
        prompt_of(REFUND), call("refund_order", {"order_id": 5, "why": "\ud800", "amount": "84.5"})
    )
    assert failed
    assert content["error"]["type"] == "invalid_arguments"
    assert content["error"]["message"] == (
        "Additional properties are not allowed ('why' was unexpected); "
        "amount: '84.5' is not of type 'number'; order_id: 5 is not of type 'string'."
    )


def test_an_unreadable_call_and_an_unknown_tool_get_an_error() -> None:
    found = answers(
        prompt_of(REFUND), call("find_customer"), call("find_customer", text="[1]"), call("hire", {})
    )
    assert [content["error"]["type"] for content, _ in found] == [
        "invalid_arguments",
        "invalid_arguments",
        "unknown_tool",
    ]
    assert found[0][0]["error"]["message"].startswith(
        "The call was refused: its arguments are not valid JSON"
    )
    assert "a list, not a JSON object" in found[1][0]["error"]["message"]
    assert found[2][0]["error"]["message"].endswith("Tools: find_customer, list_orders, refund_order.")


def test_an_error_is_short_and_can_be_sent_whatever_the_arguments() -> None:
    hostile = {f"\ud800{i}": "x" * 100_000 for i in range(200)}
    for name in ("find_customer", "\udfff" * 1000):
        ((content, failed),) = answers(prompt_of(REFUND), call(name, hostile))
        assert failed
        assert len(content["error"]["message"].encode()) < 2000


def test_blank_arguments_are_none() -> None:
    read = ToolCall.read("1", "a", "  ")
    assert (read.arguments, read.problem) == ({}, None)


def played(text: str, prompt: str = REFUND) -> Conversation:
    return play(prompt_of(prompt), steps_of(text))


def test_a_reference_plays_to_its_answer() -> None:
    prompt = prompt_of(REFUND)
    conversation = play(prompt, prompt.reference)
    assert len(conversation.turns) == 4
    assert conversation.turns[1].results[0].content == [{"order_id": "ORD-5512", "amount": 84.5}]
    assert conversation.answer == "ORD-5512: EUR 84.5 refunded in full."


def test_calls_of_one_turn_and_a_malformed_one_after_them() -> None:
    (first, _) = played(
        "- say: Both at once.\n"
        "  calls: [{list_orders: {customer_id: C-2041}}, {find_customer: {email: x}}]\n"
        "  call_text: {refund_order: '{\"order_id\": '}\n"
        "- say: Done."
    ).turns
    assert [call.name for call in first.calls] == ["list_orders", "find_customer", "refund_order"]
    assert [result.is_error for result in first.results] == [False, True, True]
    assert first.calls[2].arguments is None
    assert first.text == "Both at once."
    assert len({call.id for call in first.calls}) == 3


def test_nothing_comes_after_a_turn_without_calls() -> None:
    assert len(played("- say: I am done.\n- call: {find_customer: {email: x}}").turns) == 1


def test_a_script_that_runs_out_ends_with_an_empty_answer() -> None:
    conversation = played("- call: {find_customer: {email: x}}")
    assert conversation.turns[-1].loss is Loss.EMPTY
    assert conversation.answer == ""
    assert conversation.losses == (Loss.EMPTY,)


def test_the_turn_limit_ends_a_conversation_without_an_answer() -> None:
    conversation = played("- call: {find_customer: {email: x}}\n" * 9)
    assert (len(conversation.turns), conversation.ended, conversation.answer) == (8, "turn limit", "")
    conversation = played("- call: {find_customer: {email: x}}\n" * 8)
    assert (len(conversation.turns), conversation.ended) == (8, "turn limit")


def test_the_last_turn_may_be_the_answer() -> None:
    conversation = played("- call: {read_meter: {meter: x}}\n" * 5 + "- say: No.", RETRY)
    assert (len(conversation.turns), conversation.ended, conversation.answer) == (6, "answer", "No.")


def test_what_the_server_lost_has_its_name() -> None:
    assert played("- broken: call lost").losses == (Loss.CALL_LOST,)
    cut = played("- broken: stream cut\n  say: Order ORD-")
    assert (cut.losses, cut.answer) == ((Loss.TRUNCATED,), "Order ORD-")
