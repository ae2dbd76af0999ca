"""What holds for every conversation: scores that ignore what is free, and nothing that makes scoring raise."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from milo_tui.suite.conversation import Conversation, Loss, Score, ToolCall, ToolResult, Turn
from milo_tui.suite.loading import load_suite
from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import SimulatedTools, play
from tests.suite.samples import REFUND, SAMPLES, judge, prompt_of, turn

PROMPTS = [
    *map(prompt_of, SAMPLES),
    *load_suite(Path(__file__).parents[2] / "prompts" / "milo").prompts,
]
TEXT = st.text(st.characters(exclude_categories=[]))
"""Any Unicode, half surrogate pairs among it."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


def calls(prompt: Prompt) -> st.SearchStrategy[ToolCall]:
    """Calls of known and unknown tools, with any JSON, some plausible arguments, or any text."""
    names = st.sampled_from([tool.name for tool in prompt.tools] or ["none"]) | TEXT
    known = [json.dumps(arguments) for step in prompt.reference for _, arguments in step.made]
    texts = st.sampled_from(known or ["{}"]) | TEXT | st.dictionaries(TEXT, VALUES).map(json.dumps)
    return st.builds(ToolCall.read, TEXT, names, texts)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Prompt, Conversation]:
    """A prompt, and what a model from hell said to it."""
    prompt = draw(st.sampled_from(PROMPTS))
    answers = TEXT | VALUES.map(json.dumps) | st.just(prompt.reference[-1].say or "")
    tools = SimulatedTools(prompt)
    turns = []
    for _ in range(draw(st.integers(0, 4))):
        made = tuple(draw(st.lists(calls(prompt), max_size=3)))
        results = tuple(map(tools.answer, made))
        loss = draw(st.none() | st.sampled_from(Loss))
        turns.append(Turn(draw(answers), draw(TEXT), made, draw(st.sampled_from([results, ()])), loss))
    return prompt, Conversation(tuple(turns), draw(st.sampled_from(["answer", "turn limit"])))


@given(conversations())
def test_every_conversation_gets_a_score_and_sentences_that_can_be_stored(
    case: tuple[Prompt, Conversation],
) -> None:
    prompt, conversation = case
    found = score(prompt, conversation)
    assert 0 <= found.points <= 3
    assert all(check.reason.encode() for check in found.checks)
    assert all(json.dumps(result.content).encode() for turn in conversation.turns for result in turn.results)
    assert found == score(prompt, conversation)


@given(conversations())
def test_a_lost_turn_never_earns_a_point(case: tuple[Prompt, Conversation]) -> None:
    prompt, conversation = case
    clean = Conversation(
        tuple(Turn(t.text, t.reasoning, t.calls, t.results) for t in conversation.turns), conversation.ended
    )
    assert score(prompt, conversation).points <= score(prompt, clean).points


def shuffled(value: Any, draw: st.DataObject) -> Any:
    """The value with every object's keys in another order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key], draw) for key in draw.draw(st.permutations(list(value)))}
    return [shuffled(item, draw) for item in value] if isinstance(value, list) else value


def passed(found: Score) -> list[bool]:
    return [check.passed for check in found.checks]


@given(st.sampled_from(PROMPTS), st.data())
def test_the_order_of_keys_is_free(prompt: Prompt, draw: st.DataObject) -> None:
    ways = [prompt.reference, *[prompt.steps_of(way) for way in prompt.wrong]]
    for steps in ways:
        other = [
            Step(
                say=step.say,
                calls=[{name: shuffled(arguments, draw)} for name, arguments in step.made] or None,
                call_text=step.call_text,
                broken=step.broken,
            )
            for step in steps
        ]
        assert passed(score(prompt, play(prompt, other))) == passed(score(prompt, play(prompt, steps)))


PATTERNS = [
    {"a": {"x": {"$anything": True}}},
    {"a": {"x": 1}},
    {"b": {"x": {"$number": [1, 1]}}},
    {"pay": {"x": 1}},
]
MADE = [ToolCall("", name, {"x": value}, "") for name in ("a", "b", "pay") for value in (0, 1, 2)]


@given(
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4),
    st.lists(st.sampled_from(MADE), max_size=5),
    st.data(),
)
def test_neither_the_order_of_calls_nor_that_of_expectations_matters_unless_a_check_says_so(
    patterns: list[Any], made: list[ToolCall], draw: st.DataObject
) -> None:
    others = draw.draw(st.sampled_from(["free", "other tools", "none"]))
    effects = [pattern for pattern in patterns if "pay" in pattern]
    verdicts = set()
    for _ in range(3):
        order = draw.draw(st.permutations(made))
        expected = draw.draw(st.permutations(patterns))
        split = draw.draw(st.integers(0, len(order)))
        turns = [turn(*order[:split]), turn(*order[split:]), turn(text="Done.")]
        in_calls = judge({"calls": expected, "others": others}, *turns).passed
        verdicts.add((in_calls, judge({"effects": effects}, *turns).passed))
    assert len(verdicts) == 1


@given(st.integers(0, 3), st.sampled_from(["find_customer", "list_orders"]))
def test_one_more_look_anywhere_changes_nothing(place: int, tool: str) -> None:
    prompt = prompt_of(REFUND)
    arguments = (
        {"email": "dana.whitfield@example.com"} if tool == "find_customer" else {"customer_id": "C-2041"}
    )
    steps = list(prompt.reference)
    steps.insert(place, Step(call={tool: arguments}))
    assert score(prompt, play(prompt, steps)).points == 3


@given(TEXT, TEXT, TEXT)
def test_a_call_is_read_or_its_problem_told(id: str, name: str, text: str) -> None:
    call = ToolCall.read(id, name, text)
    assert (call.arguments is None) == (call.problem is not None)
    assert call.problem is None or call.problem.encode()
    assert isinstance(SimulatedTools(prompt_of(REFUND)).answer(call), ToolResult)
