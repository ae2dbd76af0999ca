"""A diff as aligned rows, and the stretches that are marked within them."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from milo_tui.analysis.diff import diff
from milo_tui.reports.diff_cells import LONGEST, Cell, Row
from milo_tui.reports.diff_marks import BY_CHARACTER, MOST_IN_ALL, MOST_MATCHES, Effort, changed
from milo_tui.reports.diff_rows import BREAK, MOST_ROWS, rows
from milo_tui.reports.diff_sides import Side, Sides, against, every_model
from milo_tui.reports.diff_values import ValueRows
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
    return rows([diff(left, right, "L", "R", order_matters=order)], everything=everything)


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
    return [f"{row.sign} {' | '.join(map(shown, row.cells))}" for row in made]


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
    assert [cell.note for cell in moved.cells if cell] == ["moved: turn 1, call 3", "moved: turn 1, call 1"]
    ordered = compared(talk(calls), talk([calls[2], *calls[:2]]), order=True)
    assert [row.stop for row in ordered] == [False, False, True, False]


def test_a_call_of_one_side_stands_against_a_gap() -> None:
    left, right = talk([("a", "{}")]), talk([("a", "{}"), ("b", '{"long": "' + "x" * 80 + '"}')])
    made = compared(left, right)[1:4]
    assert [row.sign for row in made] == ["+"] * 3
    assert all(row.cells[0] is None for row in made)
    assert [row.stop for row in made] == [True, False, False]


def test_broken_json_is_shown_as_sent_with_the_place_of_the_error() -> None:
    made = compared(talk([("a", '{"x": 1,\n "y" 2}')]), talk([("a", '{"x": 1}')]))
    texts = lines(made)
    assert any(f'"y" [{BREAK}2]}}' in text for text in texts)
    problem = next(row.cells[0] for row in made if row.cells[0] is not None and row.cells[0].problem)
    assert "not valid JSON" in problem.text


def test_arguments_cut_off_break_at_their_end() -> None:
    made = compared(talk([("a", '{"x": 1')]), talk([]))
    assert any(f'{{"x": 1[{BREAK}]' in text for text in lines(made))


def test_answers_that_are_json_are_compared_as_json() -> None:
    made = compared(talk([], '{"a": 1, "b": [1, 2]}'), talk([], '{"b": [1, 3], "a": 1.0}'))
    assert lines(made)[0] == "~ answer, as JSON | answer, as JSON"
    assert "~       [2] |       [3]" in lines(made)


def test_an_answer_with_text_around_its_json_is_compared_by_its_json() -> None:
    bare, fenced = '{"a": 1, "b": 2}', 'Here you are:\n```json\n{"b": 3, "a": 1}\n```'
    made = compared(talk([], bare), talk([], fenced))
    assert lines(made) == [
        "~ answer, as JSON | answer, as the JSON within its text",
        "    { |   {",
        '      "a": 1, |     "a": 1,',
        '~     "b": [2] |     "b": [3]',
        "    } |   }",
    ]
    same = compared(talk([], fenced), talk([], '{"a": 1.0, "b": 3}'))
    assert same[0].signs == ("~",)
    assert same[0].stop
    prose = compared(talk([], bare), talk([], "Nothing of the kind [1]."))
    assert lines(prose)[0] == "~ answer | answer"


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


def test_list_items_are_aligned_and_moved_ones_say_where_they_were() -> None:
    left = talk([("a", '{"x": [{"n": 1}, {"n": 2}, {"n": 3}], "y": ["p", "q", "r"]}')])
    right = talk([("a", '{"x": [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}], "y": ["r", "p", "q"]}')])
    made = compared(left, right)
    assert lines(made)[1:-2] == [
        '    "x": [ |   "x": [',
        '+ gap |     {"n": 0},',
        "      ⋯ 3 equal |     ⋯ 3 equal",
        "    ], |   ],",
        '    "y": [ |   "y": [',
        "      ⋯ 2 equal |     ⋯ 2 equal",
        '>     "r" |     "r",',
        "    ] |   ]",
    ]
    (moved,) = [row for row in made if row.sign == ">"]
    assert moved.stop
    assert [cell.note for cell in moved.cells if cell] == ["moved: item 3", "moved: item 1"]


def test_items_that_are_compared_by_place_say_so() -> None:
    left, right = [
        talk([("a", str({"x": list(range(start, start + 100))}).replace("'", '"'))]) for start in (0, 500)
    ]
    assert any("compared by their place" in line for line in lines(compared(left, right)))


def of_three(*arguments: str) -> list[Row]:
    """The rows of several sides that make one call."""
    first, *others = [talk([("pay", text)]) for text in arguments]
    return rows([diff(first, other, "A", name) for name, other in zip("BCD", others, strict=False)])


def test_each_further_side_is_marked_against_the_first() -> None:
    made = of_three(
        '{"amount": 84.5, "to": "Dana White"}',
        '{"amount": "84.50", "to": "Dana Whyte"}',
        '{"to": "Dana White", "amount": 84.5, "note": "x"}',
        '{"amount": 84.5, "to": "Dan White"}',
    )
    assert [row.signs for row in made[1:4]] == [("!", " ", " "), ("~", " ", "~"), (" ", "+", " ")]
    assert lines(made)[1:4] == [
        '!   "amount": [84.5], |   "amount": ["84.50"], |   "amount": 84.5, |   "amount": 84.5,',
        '~   "to": "Dan[a] Wh[i]te" |   "to": "Dana Wh[y]te" |   "to": "Dana White", |   "to": "Dan White"',
        '+ gap | gap |   "note": "x" | gap',
    ]
    assert [row.stop for row in made[:4]] == [False, True, True, True]


def test_a_side_without_the_call_or_the_key_stands_against_a_gap() -> None:
    sides = [
        talk([("a", "{}"), ("b", '{"x": {"y": 1, "z": 2}}')]),
        talk([("a", "{}")]),
        talk([("b", '{"x": 0}')]),
    ]
    made = rows([diff(sides[0], other, "A", name) for name, other in zip("BC", sides[1:], strict=True)])
    assert [row.signs for row in made[:2]] == [("=", "-"), ("-", "~")]
    assert lines(made)[:3] == [
        "- ⚙ a | ⚙ a | gap",
        "~ ⚙ b { | gap | ⚙ b {",
        '!   "x": [{"y": 1, "z": 2}] | gap |   "x": [0]',
    ]
    assert all(row.signs[0] == "-" for row in made[1:4])


def test_the_arguments_of_a_call_that_one_side_lacks_are_shown_whole() -> None:
    long = talk([("a", '{"text": "' + "x" * 80 + '", "n": 1}')])
    made = rows([diff(long, other, "A", name) for name, other in (("B", long), ("C", talk([])))])
    assert [shown(row.cells[1]) for row in made[:4]] == [
        "⚙ a {",
        '  "text": "' + "x" * 80 + '",',
        '  "n": 1',
        "}",
    ]
    assert [row.signs for row in made[:4]] == [("=", "-"), (" ", "-"), (" ", "-"), (" ", "-")]
    folded = rows([diff(long, long, "A", "B")])
    assert len(folded) == 2


def test_a_value_of_another_kind_stands_beside_what_others_have_member_by_member() -> None:
    big = ", ".join(f'"k{i}": "{"v" * 20}"' for i in range(4))
    made = of_three(f'{{"x": {{{big}}}}}', f'{{"x": {{{big.replace("v", "w", 1)}}}}}', '{"x": "none of it"}')
    beside = [row for row in made if row.beside]
    assert [shown(row.cells[2]) for row in beside] == ['  "x": "none of it"']
    assert beside[0].signs == (" ", "!")
    assert beside[0].stop
    assert any(row.signs == ("~", " ") and row.cells[2] is None for row in made)


def test_arguments_that_cannot_be_read_stand_beside_those_that_can() -> None:
    made = of_three('{"x": 1, "y": 2}', '{"x": 2, "y": 2}', '{"x": 1,, "y": 2}')
    assert lines(made)[:4] == [
        "~ ⚙ pay { | ⚙ pay { | ⚙ pay",
        f'~   "x": [1], |   "x": [2], |   {{"x": 1,[{BREAK},] "y": 2}}',
        '    "y": 2 |   "y": 2 |   ✗ ' + (made[2].cells[2] or Cell("")).text.removeprefix("✗ "),
        "  } | } | gap",
    ]
    broken_first = of_three('{"x": 1,, "y": 2}', '{"x": 2}', '{"x": 1,, "y": 2}')
    assert broken_first[0].signs == ("~", "=")
    assert all(row.block for row in broken_first[1:3])


def test_answers_of_three_sides_line_by_line() -> None:
    texts = (
        "One.\nTwo apples.\nThree.\nFour.",
        "One.\nTwo pears.\nThree.\nFour.",
        "One.\nThree.\nFour.\nFive.",
    )
    first, *others = [talk([], text) for text in texts]
    made = rows([diff(first, other, "A", name) for name, other in zip("BC", others, strict=True)])
    assert [row.signs for row in made] == [("~", "~"), (" ", " "), ("~", "-"), (" ", " "), (" ", "+")]
    assert lines(made)[2:] == [
        "~   Two [apples]. |   Two [pears]. | gap",
        "    ⋯ 2 equal lines |   ⋯ 2 equal lines |   ⋯ 2 equal lines",
        "+ gap | gap |   Five.",
    ]


def test_lines_in_another_order_are_missing_here_and_added_there() -> None:
    made = compared(talk([], "One.\nTwo.\nThree."), talk([], "Three.\nOne.\nTwo."))
    assert [row.sign for row in made] == ["~", "+", " ", "-"]


def test_the_first_side_is_marked_where_a_side_differs_that_has_much_in_common_with_it() -> None:
    texts = "The parcel came on Monday.", "The parcel came on Friday.", "Sorry."
    first, *others = [talk([], text) for text in texts]
    made = rows([diff(first, other, "A", name) for name, other in zip("BC", others, strict=True)])
    assert lines(made)[1] == "~   The parcel came on [Monday]. |   The parcel came on [Friday]. |   [Sorry.]"
    alone = rows([diff(first, others[1], "A", "C")])
    assert lines(alone)[1] == "~   [The parcel came on Monday.] |   [Sorry.]"


def test_results_that_fail_on_one_side_are_shown() -> None:
    call = ToolCall.read("1", "a", "{}")
    sides = [
        Conversation((Turn(calls=(call,), results=(ToolResult("1", "no", is_error=bad),)), Turn(text="ok")))
        for bad in (False, True, False)
    ]
    made = rows([diff(sides[0], other, "A", name) for name, other in zip("BC", sides[1:], strict=True)])
    assert '    ← "no" |   ← error "no" |   ← "no"' in lines(made)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(st.characters(codec="ascii"), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(json_values, min_size=2, max_size=4))
def test_every_sides_cells_together_are_its_value(values: list[object]) -> None:
    none = ("",) * len(values)
    made = list(ValueRows(everything=True).value(values, none, none, 0))
    for side, value in enumerate(values):
        moved = any(side and row.signs[side - 1] == ">" for row in made)
        text = "".join(cell.text for cell in (row.cells[side] for row in made) if cell is not None)
        if not moved:
            assert json.loads(text.replace("␡", "\x7f"), strict=False) == value
    for row in made:
        assert len(row.cells) == len(values) == len(row.signs) + 1


def test_a_diff_without_end_is_cut_and_says_so() -> None:
    many = "{" + ", ".join(f'"k{i}": {i}' for i in range(9_000)) + "}"
    made = compared(talk([("a", many)]), talk([("a", many.replace(": ", ": 1"))]))
    assert len(made) == MOST_ROWS + 1
    assert made[-1].cells[0] is not None
    assert "y copies all" in made[-1].cells[0].text


def test_hostile_text_is_made_harmless_before_it_is_marked() -> None:
    calls = [(ALL, ALL), (ALL, '{"a": "' + "b" * 80 + '"}')]
    made = compared(talk(calls, ALL, {ALL: ALL}), talk(calls[:1], ALL + "!", ALL), everything=True)
    for row in made:
        for cell in row.cells:
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
    endless = "a b " * round(MOST_MATCHES**0.5 / 2)
    assert 3 * len(endless) < LONGEST
    one, other = f"{endless}x {endless}x {endless}", f"{endless}y {endless}y {endless}"
    assert changed(one, other)[1] == ((len(endless), 2 * len(endless) + 3),)
    assert changed(one, f"{endless}y {endless}x {endless}")[1] == ((len(endless), len(endless) + 1),)


def test_all_texts_of_a_diff_share_one_effort() -> None:
    one, other = "the quick brown fox jumps", "one quick brown fox jumped"
    fine = changed(one, other)
    assert len(fine[0]) == 2
    assert changed(one, other, Effort(0)) == (((0, len(one)),), ((0, len(other)),))
    effort = Effort()
    changed(one, other, effort)
    assert 0 < effort.left < MOST_IN_ALL


def test_what_an_attempt_is_compared_with() -> None:
    run = replace(diff_run(), number=4)
    first, last = Side(4, MODELS[0].id, 1), Side(4, MODELS[2].id, 2)
    assert against(run, first) == Side(4, MODELS[1].id, 1)
    assert against(run, last) == Side(4, MODELS[0].id, 2)
    alone = replace(run, models=run.models[:1])
    assert against(alone, first) == Side(4, MODELS[0].id, 2)
    assert against(replace(alone, repeats=1), first) == Side(4, None, 1)


def test_all_models_of_a_run_behind_the_first_side() -> None:
    run = replace(diff_run(), number=4)
    ids = [model.id for model in MODELS]
    second = Side(4, ids[1], 2)
    assert every_model(run, second) == [second, Side(4, ids[2], 2), Side(4, ids[0], 2)]
    reference = Side(4, None, 1)
    assert every_model(run, reference) == [reference, *(Side(4, id, 1) for id in ids)]


def _sides() -> Sides:
    found = Sides(None)  # type: ignore[arg-type]
    for number, repeats in ((4, 3), (5, 3)):
        found.take(replace(diff_run(), number=number, repeats=repeats), [])
    return found


def test_the_next_repeat_of_all_sides() -> None:
    a, b = (model.id for model in MODELS[:2])
    sides = _sides()
    assert sides.other_repeats([Side(4, a, 3), Side(4, b, 3)], 1) == [Side(4, a, 1), Side(4, b, 1)]
    assert sides.other_repeats([Side(4, a, 1), Side(4, None, 1)], -1) == [Side(4, a, 3), Side(4, None, 3)]
    assert sides.other_repeats([Side(4, a, 1), Side(4, a, 3)], 1) == [Side(4, a, 1), Side(4, a, 2)]
    three = [Side(4, a, 1), Side(4, a, 2), Side(4, b, 1)]
    assert sides.other_repeats(three, 1) == [Side(4, a, 2), Side(4, a, 3), Side(4, b, 2)]


def test_sides_of_one_name_are_told_apart_by_run_and_repeat() -> None:
    a, b = (model.id for model in MODELS[:2])
    sides = _sides()
    assert sides.names([Side(4, a, 1), Side(4, b, 1)]) == ["Qwen3.5-397B", "Claude Sonnet 4.6"]
    assert sides.names([Side(4, a, 1), Side(4, a, 2), Side(5, a, 1), Side(4, b, 1)]) == [
        "Qwen3.5-397B #1 (run 4)",
        "Qwen3.5-397B #2 (run 4)",
        "Qwen3.5-397B (run 5)",
        "Claude Sonnet 4.6",
    ]
    assert sides.names([Side(4, a, 1), Side(4, None, 1)]) == ["Qwen3.5-397B", "reference"]
