"""What a diff says: by meaning, not by text."""

from itertools import combinations, permutations

from hypothesis import given
from hypothesis import strategies as st

from milo_tui.analysis.assignment import best_assignment
from milo_tui.analysis.diff import MOST_ASSIGNED, MOST_COMPARED, call_rows, diff
from milo_tui.analysis.diff_text import sentence, sentences
from milo_tui.analysis.json_diff import Kind
from milo_tui.reports.diff_text import marked, render
from milo_tui.suite.conversation import Conversation, ToolCall, ToolResult, Turn


def _talk(*turns: list[tuple[str, str]] | str) -> Conversation:
    """Turns: a list of calls (name, arguments' text), or the answer."""
    made = []
    for number, turn in enumerate(turns):
        if isinstance(turn, str):
            made.append(Turn(text=turn))
            continue
        calls = tuple(ToolCall.read(f"{number}.{i}", name, text) for i, (name, text) in enumerate(turn))
        made.append(Turn(calls=calls, results=tuple(ToolResult(call.id, {"ok": True}) for call in calls)))
    return Conversation(tuple(made))


def test_key_order_and_whole_numbers_are_no_difference() -> None:
    found = diff(
        _talk([("a", '{"x": 5, "y": [1]}')], "ok"), _talk([("a", '{"y": [1.0], "x": 5.0}')], "ok"), "L", "R"
    )
    assert not found.differs
    assert sentence(found) == "same 1 call"


def test_a_value_of_another_type_is_named_with_its_path() -> None:
    left = _talk([("refund", '{"order": {"amount": 84.5}}')], "ok")
    right = _talk([("refund", '{"order": {"amount": "84.50"}}')], "ok")
    found = diff(left, right, "L", "R")
    assert [leaf.kind for leaf in found.pairs[0].arguments] == [Kind.TYPE]
    assert sentence(found) == '1 call each; refund.order.amount 84.5 against "84.50"'


def test_parallel_calls_in_another_order_are_moved_not_changed() -> None:
    left = _talk([("tide", '{"port": "A"}'), ("tide", '{"port": "B"}'), ("tide", '{"port": "C"}')], "ok")
    right = _talk([("tide", '{"port": "C"}'), ("tide", '{"port": "A"}'), ("tide", '{"port": "B"}')], "ok")
    found = diff(left, right, "L", "R")
    assert not found.differs
    assert not any(pair.differs for pair in found.pairs)
    assert sum(pair.moved for pair in found.pairs) == 1
    assert "moved" in sentence(found)
    assert diff(left, right, "L", "R", order_matters=True).differs


def test_a_call_made_twice_stands_against_a_gap() -> None:
    left = _talk([("list", "{}")], [("pay", '{"n": 1}')], "ok")
    right = _talk([("list", "{}")], [("list", "{}")], [("pay", '{"n": 1}')], "ok")
    found = diff(left, right, "Qwen", "MiniMax")
    assert [(pair.left is None, pair.right is None) for pair in found.pairs].count((True, False)) == 1
    assert "MiniMax calls list once more" in sentence(found)


def test_the_best_alignment_is_taken_not_the_first() -> None:
    left = _talk([("find", '{"id": 1, "kind": "x"}')], [("find", '{"id": 2, "kind": "x"}')], "ok")
    right = _talk([("find", '{"id": 2, "kind": "x"}')], "ok")
    found = diff(left, right, "L", "R")
    (pair,) = [pair for pair in found.pairs if pair.left and pair.right]
    assert pair.left is not None
    assert pair.left.place == 1
    assert not pair.differs


def test_another_tool_is_missing_and_extra_never_matched() -> None:
    found = diff(_talk([("a", "{}")], "ok"), _talk([("b", "{}")], "ok"), "L", "R")
    assert [(pair.left is None, pair.right is None) for pair in found.pairs] == [(False, True), (True, False)]


def test_unreadable_arguments_are_shown_raw_with_the_place_of_the_error() -> None:
    found = diff(_talk([("a", '{"x": 1')], "ok"), _talk([("a", '{"x": 1}')], "ok"), "L", "R")
    text = render([found])
    assert '{"x": 1' in text
    assert "not valid JSON" in text
    assert "line 1 column" in text
    assert sentence(found) == "1 call each; L's arguments of a are no JSON object"


def test_answers_that_are_json_are_compared_as_json() -> None:
    found = diff(_talk('{"a": 1, "b": [1, 2]}'), _talk('{"b": [1, 3], "a": 1.0}'), "L", "R")
    assert found.answer_is_json
    assert [leaf.path for leaf in found.answer if leaf.kind is not Kind.SAME] == ["b[1]"]
    assert sentence(found) == "no calls on either side; the answers' JSON differs in b[1]"


def test_text_around_an_answers_json_is_said_and_taken_off() -> None:
    found = diff(_talk('{"a": 1}'), _talk('Here: {"a": 1.0}'), "L", "R")
    assert found.differs
    assert sentence(found) == "no calls on either side; R's answer has text around its JSON"
    assert sentences([found])[0][1] == "no calls; its answer has text around its JSON"
    assert "! R has text around its JSON" in render([found])
    other = diff(_talk("```\n[1, 2]\n```"), _talk("[1]"), "L", "R")
    assert sentence(other).endswith("L's answer has text around its JSON; the answers' JSON differs in [1]")
    for text in ("Nothing: [1].", "well", ""):
        assert not diff(_talk('{"a": 1}'), _talk(text), "L", "R").answer_is_json
    assert not diff(_talk('So: {"a": 1}'), _talk('Here: {"a": 1}'), "L", "R").answer_is_json


def test_the_characters_that_differ_in_a_long_string_are_marked() -> None:
    left, right = marked("the quick brown fox jumps over", "the quick green fox jumps over")
    assert "the quick ⟦" in left
    assert left != right
    assert left.endswith('fox jumps over"')


def _three() -> list[Conversation]:
    """A first side, one that calls list twice, and one that does not list but looks up."""
    return [
        _talk([("list", "{}")], [("pay", '{"n": 1}')], "ok"),
        _talk([("list", "{}")], [("list", "{}"), ("look", "{}")], [("pay", '{"n": "1"}')], "ok"),
        _talk([("look", "{}")], [("pay", '{"n": 1.0}')], "well"),
    ]


def test_the_calls_of_three_sides_stand_in_common_rows() -> None:
    first, *others = _three()
    rows = list(call_rows([diff(first, other, "A", name) for other, name in zip(others, "BC", strict=True)]))
    assert [[made and made.name for made in row.calls] for row in rows] == [
        ["list", "list", None],
        [None, "list", None],
        [None, "look", "look"],
        ["pay", "pay", "pay"],
    ]


def test_each_further_side_is_told_beside_the_first() -> None:
    first, *others = _three()
    diffs = [diff(first, other, "A", name) for other, name in zip(others, "BC", strict=True)]
    assert sentences(diffs) == [
        ("B", '2 calls in common; pay.n 1 against "1"; calls list once more; also calls look'),
        ("C", "1 call in common; does not call list; also calls look; its answer is worded differently"),
    ]
    assert sentences([diff(first, first, "A", "B")]) == [("B", "same 2 calls, same answer")]
    assert sentences([diff(_talk("a"), _talk([("x", "{}")], ""), "A", "B")]) == [
        ("B", "no calls in common; also calls x; does not answer in words")
    ]


def test_a_moved_item_of_an_argument_is_a_difference_and_called_moved() -> None:
    left, right = (
        _talk([("mail", f'{{"to": {to}}}')], "ok") for to in ('["a", "b", "c"]', '["c", "a", "b"]')
    )
    found = diff(left, right, "L", "R")
    assert found.differs
    assert sentence(found) == "1 call each; mail.to[2] moved to [0]"
    assert '> to[2]: "c"   moved to [0]' in render([found])


def test_unequal_calls_are_paired_with_those_that_are_alike() -> None:
    left = [("find", f'{{"id": {i}, "kind": "x", "deep": {{"n": [{i}, 2]}}}}') for i in range(3)]
    right = [("find", f'{{"id": {i}, "kind": "y", "deep": {{"n": [{i}, 2]}}}}') for i in (2, 0, 1)]
    found = diff(_talk(left, "ok"), _talk(right, "ok"), "L", "R")
    for pair in found.pairs:
        assert pair.left is not None
        assert pair.right is not None
        assert pair.left.arguments["id"] == pair.right.arguments["id"]


def test_so_many_different_calls_that_they_go_by_their_place_say_so() -> None:
    def calls(count: int, kind: str) -> Conversation:
        return _talk([("find", f'{{"{kind}": {i}}}') for i in range(count)], "ok")

    most = round(MOST_COMPARED**0.5)
    assert most > MOST_ASSIGNED
    assert "place" not in sentence(diff(calls(most, "a"), calls(most, "b"), "L", "R"))
    found = diff(calls(most + 1, "a"), calls(most + 1, "b"), "L", "R")
    assert "so many calls differ that they are compared by their place" in sentence(found)
    assert "compared by their place" in sentences([found])[0][1]


def test_any_number_of_equal_calls_in_another_order_have_moved() -> None:
    calls = [("find", f'{{"id": {i}}}') for i in range(MOST_ASSIGNED + 50)]
    found = diff(_talk(calls, "ok"), _talk(calls[::-1], "ok"), "L", "R")
    assert not found.differs
    assert sum(pair.moved for pair in found.pairs) == len(calls) - 1


def test_many_more_equal_calls_than_the_other_side_made_are_counted() -> None:
    loop = [("list", "{}")] * 150
    found = diff(_talk([*loop, ("pay", "{}")], "ok"), _talk([*loop[:3], ("pay", "{}")], "ok"), "L", "R")
    assert sentence(found) == "4 calls on both sides; L calls list 147 times more"


def test_several_sides_are_printed_one_by_one_against_the_first() -> None:
    first, *others = _three()
    diffs = [diff(first, other, "A", name) for other, name in zip(others, "BC", strict=True)]
    printed = render(diffs)
    assert printed.index("A  against  B") < printed.index("B calls list once more")
    assert printed.index("B calls list once more") < printed.index("A  against  C")
    assert render(diffs) == render(diffs[:1]) + "\n" + render(diffs[1:])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=6)), max_size=5), st.text(max_size=10))
def test_a_conversation_never_differs_from_itself(calls: list[tuple[str, str]], answer: str) -> None:
    talk = _talk(*([calls] if calls else []), answer)
    found = diff(talk, talk, "L", "R", order_matters=True)
    assert not found.differs
    assert not any(pair.moved for pair in found.pairs)
    render([found], everything=True)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=6)), max_size=5))
def test_every_call_of_both_sides_is_shown_once(calls: list[tuple[str, str]]) -> None:
    left, right = _talk(calls, "x") if calls else _talk("x"), _talk(list(reversed(calls))[:3] or "x", "x")
    found = diff(left, right, "L", "R")
    places = sorted(pair.left.place for pair in found.pairs if pair.left)
    others = sorted(pair.right.place for pair in found.pairs if pair.right)
    assert places == list(range(sum(len(turn.calls) for turn in left.turns)))
    assert others == list(range(sum(len(turn.calls) for turn in right.turns)))


@given(
    st.integers(0, 4).flatmap(
        lambda m: st.lists(st.lists(st.sampled_from([0, 1, 1.5, 2]), min_size=m, max_size=m), max_size=4)
    )
)
def test_the_assignment_is_as_good_as_brute_force(weights: list[list[float]]) -> None:
    found = best_assignment(weights)
    taken = [column for column in found if column is not None]
    assert len(taken) == len(set(taken))
    rows, columns = len(weights), len(weights[0]) if weights else 0
    best = max(
        sum(weights[row][column] for row, column in zip(chosen, order, strict=True))
        for size in range(min(rows, columns) + 1)
        for chosen in combinations(range(rows), size)
        for order in permutations(range(columns), size)
    )
    assert sum(weights[row][column] for row, column in enumerate(found) if column is not None) == best
