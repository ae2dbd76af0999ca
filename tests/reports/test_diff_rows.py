"""A diff as aligned rows, and the stretches that are marked within them."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from milo_tui.bench.diffing import diff
from milo_tui.reports.changed import BY_CHARACTER, MOST_WORDS, changed
from milo_tui.reports.diff_rows import BREAK, MOST_ROWS, Cell, Row, rows
from milo_tui.reports.sides import Side, against
from milo_tui.suite.conversation import Conversation, ToolCall, ToolResult, Turn
from tests.tui.diff_data import diff_run
from tests.tui.hostile import ALL, FORBIDDEN
from tests.tui.runs_data import MODELS


def talk(calls: list[tuple[str, str]], answer: str = "ok", result: object = True) -> Conversation:
    """One turn of calls, then an answer."""
    made = tuple(ToolCall.read(str(i), name, text) for i, (name, text) in enumerate(calls))
    turn = Turn(calls=made, results=tuple(ToolResult(call.id, result) for call in made))
    return Conversation((turn, Turn(text=answer)) if calls else (Turn(text=answer),))


def compared(
    left: Conversation, right: Conversation, everything: bool = False, order: bool = False
) -> list[Row]:
    """The rows of a diff."""
    return rows(diff(left, right, "L", "R", order_matters=order), everything=everything)


def shown(cell: Cell | None) -> str:
    """A cell's text, its marks in brackets."""
    if cell is None:
        return "gap"
    text = cell.text
    for start, end in reversed(cell.marks):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return "  " * cell.indent + text


def lines(made: list[Row]) -> list[str]:
    """Rows to be read in a test."""
    return [f"{row.sign} {shown(row.left)} | {shown(row.right)}" for row in made]


def test_members_stand_side_by_side_in_the_left_sides_order() -> None:
    left = talk([("pay", '{"amount": 84.5, "to": {"name": "Dana", "iban": "DE12 3456"}, "urgent": true}')])
    right = talk([("pay", '{"to": {"iban": "DE12 3457", "name": "Dana"}, "amount": "84.50", "note": "x"}')])
    assert lines(compared(left, right)) == [
        "~ ⚙ pay { | ⚙ pay {",
        '!   "amount": [84.5], |   "amount": ["84.50"],',
        '    "to": { |   "to": {',
        '      "name": "Dana", |     "name": "Dana",',
        '~     "iban": "DE12 345[6]" |     "iban": "DE12 345[7]"',
        "    }, |   },",
        '-   "urgent": true | gap',
        '+ gap |   "note": "x"',
        "  } | }",
        "= answer  ok | answer  ok",
    ]


def test_commas_follow_each_sides_own_last_member() -> None:
    left, right = talk([("a", '{"x": 1, "y": 2}')]), talk([("a", '{"x": 2}')])
    assert lines(compared(left, right))[1:3] == ['~   "x": [1], |   "x": [2]', '-   "y": 2 | gap']


def test_what_is_equal_is_folded_until_it_is_asked_for() -> None:
    left = talk([("a", '{"x": 1, "y": 2, "z": [1, 2, 3]}')])
    right = talk([("a", '{"z": [1, 2, 4], "y": 2.0, "x": 1}')])
    folded, everything = lines(compared(left, right)), lines(compared(left, right, everything=True))
    assert "    ⋯ 2 equal |   ⋯ 2 equal" in folded
    assert not any('"y"' in line for line in folded)
    assert '    "y": 2, |   "y": 2.0,' in everything
    assert "    ← true |   ← true" in everything


def test_a_parallel_call_in_another_order_is_moved_not_changed() -> None:
    calls = [("tide", f'{{"port": "{port}"}}') for port in "ABC"]
    made = compared(talk(calls), talk([calls[2], *calls[:2]]))
    assert [row.sign for row in made] == ["=", "=", ">", "="]
    assert not any(row.stop for row in made)
    moved = made[2]
    assert moved.left is not None
    assert moved.right is not None
    assert (moved.left.note, moved.right.note) == ("moved: turn 1, call 3", "moved: turn 1, call 1")
    ordered = compared(talk(calls), talk([calls[2], *calls[:2]]), order=True)
    assert [row.stop for row in ordered] == [False, False, True, False]


def test_a_call_of_one_side_stands_against_a_gap() -> None:
    left, right = talk([("a", "{}")]), talk([("a", "{}"), ("b", '{"long": "' + "x" * 80 + '"}')])
    made = compared(left, right)[1:4]
    assert [row.sign for row in made] == ["+"] * 3
    assert all(row.left is None for row in made)
    assert [row.stop for row in made] == [True, False, False]


def test_broken_json_is_shown_as_sent_with_the_place_of_the_error() -> None:
    made = compared(talk([("a", '{"x": 1,\n "y" 2}')]), talk([("a", '{"x": 1}')]))
    texts = lines(made)
    assert any(f'"y" [{BREAK}2]}}' in text for text in texts)
    problem = next(row.left for row in made if row.left is not None and row.left.problem)
    assert "not valid JSON" in problem.text


def test_arguments_cut_off_break_at_their_end() -> None:
    made = compared(talk([("a", '{"x": 1')]), talk([]))
    assert any(f'{{"x": 1[{BREAK}]' in text for text in lines(made))


def test_answers_that_are_json_are_compared_as_json() -> None:
    made = compared(talk([], '{"a": 1, "b": [1, 2]}'), talk([], '{"b": [1, 3], "a": 1.0}'))
    assert lines(made)[0] == "~ answer, as JSON | answer, as JSON"
    assert "~       [2] |       [3]" in lines(made)


def test_answers_in_words_are_compared_line_by_line() -> None:
    made = compared(talk([], "One.\nTwo apples here.\nThree."), talk([], "One.\nTwo pears here.\nThree."))
    assert lines(made)[1:] == [
        "    One. |   One.",
        "~   Two [apples] here. |   Two [pears] here.",
        "    Three. |   Three.",
    ]


def test_results_that_differ_are_shown_below_their_call() -> None:
    made = compared(talk([("a", "{}")], result={"n": 1}), talk([("a", "{}")], result={"n": 2}))
    assert '~     "n": [1] |     "n": [2]' in lines(made)


def test_a_diff_without_end_is_cut_and_says_so() -> None:
    many = "{" + ", ".join(f'"k{i}": {i}' for i in range(9_000)) + "}"
    made = compared(talk([("a", many)]), talk([("a", many.replace(": ", ": 1"))]))
    assert len(made) == MOST_ROWS + 1
    assert made[-1].left is not None
    assert "y copies all" in made[-1].left.text


def test_hostile_text_is_made_harmless_before_it_is_marked() -> None:
    calls = [(ALL, ALL), (ALL, '{"a": "' + "b" * 80 + '"}')]
    made = compared(talk(calls, ALL, {ALL: ALL}), talk(calls[:1], ALL + "!", ALL), everything=True)
    for row in made:
        for cell in (row.left, row.right):
            assert not [c for c in [*FORBIDDEN, "\n"] if cell is not None and c in cell.text]


@given(st.text(max_size=40), st.text(max_size=40))
def test_without_its_marks_each_text_is_the_others_part(one: str, other: str) -> None:
    left, right = changed(one, other)
    for text, spans in ((one, left), (other, right)):
        assert all(0 <= a < b <= len(text) for a, b in spans)
        assert list(spans) == sorted(spans)
    if not left and not right:
        assert one == other


def test_long_texts_are_compared_by_words_and_endless_ones_by_their_ends() -> None:
    long = "the quick brown fox " * (BY_CHARACTER // 10)
    assert changed(long, long.replace("brown", "green", 1))[0] == ((10, 15),)
    endless = "a b " * MOST_WORDS
    assert changed(endless + "x" + endless, endless + "y" + endless)[1] == ((len(endless), len(endless) + 1),)


def test_what_an_attempt_is_compared_with() -> None:
    run = replace(diff_run(), number=4)
    first, last = Side(4, MODELS[0].id, 1), Side(4, MODELS[2].id, 2)
    assert against(run, first) == Side(4, MODELS[1].id, 1)
    assert against(run, last) == Side(4, MODELS[0].id, 2)
    assert against(run, first, Side(4, MODELS[2].id, 2)) == Side(4, MODELS[2].id, 1)
    assert against(run, last, Side(4, MODELS[2].id, 1)) == Side(4, MODELS[2].id, 1)
    assert against(run, last, Side(4, MODELS[2].id, 2)) == Side(4, MODELS[0].id, 2)
    assert against(run, last, Side(4, None, 1)) == Side(4, None, 2)
    assert against(run, last, Side(2, MODELS[0].id, 1)) == Side(2, MODELS[2].id, 2)
    alone = replace(run, models=run.models[:1])
    assert against(alone, first) == Side(4, MODELS[0].id, 2)
    assert against(replace(alone, repeats=1), first) == Side(4, None, 1)
