"""Scripts played against the simulated tools."""

from milo_tui.suite.conversation import Conversation, Loss
from milo_tui.suite.playing import play
from tests.suite.samples import REFUND, RETRY, prompt_of, steps_of


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
