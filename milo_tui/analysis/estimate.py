"""What a run of API models will cost, told before it begins: by its prompts' length and their references."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from milo_tui.analysis.prices import Price, Prices, Tokens
from milo_tui.analysis.record import RunRecord
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.suite.prompt import Prompt

CHARACTERS_PER_TOKEN = 4
OUTPUT_PER_TURN = 150
THINKING_PER_TURN = 500
OVERHEAD_PER_REQUEST = 350
"""Rough figures: English text and JSON; a call or a short answer; reasoning where it is on; what a provider's
own tool prompt adds (Anthropic documents about 350 tokens)."""


USUAL_QUESTIONS, MOST_QUESTIONS = 130, 190


@dataclass(frozen=True, slots=True)
class Estimate:
    """About what a model will cost in a run, in dollars."""

    model: str
    dollars: Decimal
    price: Price


def expected_questions(run: RunRecord) -> tuple[int, int]:
    """About how many questions a run that decides asks of each model: usually, and in nine runs of ten at most.

    From simulated runs over 400 questions at a margin of 5 % (`python -m benchmarks deciding`); a narrower margin takes
    about in inverse proportion more.
    """
    pool = len(run.prompts) * run.repeats
    wider = 0.05 / (run.margin or 0.05)
    return min(pool, round(USUAL_QUESTIONS * wider)), min(pool, round(MOST_QUESTIONS * wider))


def expected_repeats(run: RunRecord) -> float:
    """How often a run will ask each prompt, as far as that can be told before it."""
    return run.repeats if run.margin is None else expected_questions(run)[0] / len(run.prompts)


def estimates(
    entries: Iterable[ModelEntry], prompts: Sequence[Prompt], repeats: float, prices: Prices
) -> list[Estimate]:
    """An estimate for each model that has a price."""
    found = []
    for entry in entries:
        if (price := prices.of(entry)) is not None:
            total = sum((price.cost(_tokens(prompt, entry)) for prompt in prompts), Decimal(0))
            found.append(Estimate(entry.name, Decimal(repeats) * total, price))
    return found


def _tokens(prompt: Prompt, entry: ModelEntry) -> Tokens:
    """One conversation, every turn of which sends all that went before it again."""
    tools = [[tool.name, tool.description, dict(tool.parameters)] for tool in prompt.tools]
    start = len(json.dumps([prompt.system, prompt.user, tools])) // CHARACTERS_PER_TOKEN
    answer = OUTPUT_PER_TURN + (THINKING_PER_TURN if entry.thinking else 0)
    turns = max(1, len(prompt.reference))
    sent = turns * (start + OVERHEAD_PER_REQUEST) + answer * turns * (turns - 1) // 2
    return Tokens(sent, turns * answer)
