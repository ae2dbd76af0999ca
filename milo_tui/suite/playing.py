"""Scripted conversations: the steps of a prompt's file played against its simulated tools."""

import json
from collections.abc import Iterable

from milo_tui.suite.conversation import Conversation, Loss, ToolCall, Turn
from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite.tools import SimulatedTools

_LOSSES = {"call lost": Loss.CALL_LOST, "stream cut": Loss.TRUNCATED}


def calls_of(step: Step, turn: int) -> tuple[ToolCall, ...]:
    """The tool calls of one step, as a model would have made them."""
    texts = [(name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in step.made]
    texts += (step.call_text or {}).items()
    return tuple(ToolCall.read(f"call_{turn}_{i}", name, text) for i, (name, text) in enumerate(texts))


def play(prompt: Prompt, steps: Iterable[Step]) -> Conversation:
    """Play a script: each step is a turn; it ends with the first turn without calls, or at `max_turns`.

    A script that runs out while still calling counts as a model that stopped with an empty answer.
    """
    tools = SimulatedTools(prompt)
    turns: list[Turn] = []
    for number, step in enumerate(steps):
        if number == prompt.max_turns:
            return Conversation(tuple(turns), "turn limit")
        calls = calls_of(step, number)
        results = tuple(tools.answer(call) for call in calls)
        loss = _LOSSES[step.broken] if step.broken else None
        turns.append(Turn(text=step.say or "", calls=calls, results=results, loss=loss))
        if not calls:
            return Conversation(tuple(turns))
    if len(turns) == prompt.max_turns:
        return Conversation(tuple(turns), "turn limit")
    return Conversation((*turns, Turn(loss=Loss.EMPTY)))
