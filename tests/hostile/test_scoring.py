"""Patterns and schemas that take for ever: the loop goes on, and the attempt says that it could not be scored."""

import asyncio
import json
from pathlib import Path

import psutil
import pytest

from milo_tui.endpoints.endpoint import EndpointError
from milo_tui.runner.scorer import Scorer
from milo_tui.suite.conversation import Conversation, ToolCall, Turn
from milo_tui.suite.prompt import Prompt
from tests.runner.suite import small_suite

BACKTRACKS = "(a+)+$"
WORST = 40 * "a" + "!"


def hostile_prompts(folder: Path) -> tuple[Prompt, Prompt, Prompt]:
    """A prompt as it should be, one whose check backtracks, and one whose tool's schema does."""
    good = next(iter(small_suite(folder).prompts))
    data = good.model_dump(mode="json", by_alias=True, exclude_unset=True)
    check = {"title": "reports", "answer": {"contains_all": [{"$regex": BACKTRACKS}]}}
    in_check = {**data, "id": "one/check", "checks": [*data["checks"][:2], check]}
    in_schema = json.loads(json.dumps({**data, "id": "one/schema"}))
    in_schema["tools"][0]["parameters"]["properties"]["bay"] = {"type": "string", "pattern": BACKTRACKS}
    return good, Prompt.model_validate(in_check), Prompt.model_validate(in_schema)


def call(**arguments: object) -> ToolCall:
    return ToolCall("c", "count_crates", arguments, json.dumps(arguments))


async def test_what_takes_for_ever_is_ended_and_the_next_attempt_is_scored(tmp_path: Path) -> None:
    good, in_check, in_schema = hostile_prompts(tmp_path)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    said = Conversation((Turn(WORST),), "answer")
    own = psutil.Process().children()
    async with Scorer(cpu_limit=0.5) as scorer:
        assert await scorer.answer(good, (), [call(bay=7)])
        assert psutil.Process().children() == own, "what takes a moment needs no process"
        ticking = asyncio.create_task(tick())
        with pytest.raises(EndpointError, match=r"could not be scored: it took more than 0\.5 s"):
            await scorer.score(in_check, said)
        with pytest.raises(EndpointError, match="could not be scored"):
            await scorer.answer(in_schema, (), [call(bay=WORST)])
        ticking.cancel()
        assert ticks > 5, "the loop stood still"
        results = await scorer.answer(good, (), [call(bay=7), call(bay=8)])
        assert [result.is_error for result in results] == [False, True]
        assert (
            await scorer.score(good, Conversation((Turn("There are 412 crates."),), "answer"))
        ).points == 1


async def test_an_attempt_that_is_stopped_ends_its_scoring(tmp_path: Path) -> None:
    _, in_check, _ = hostile_prompts(tmp_path)
    async with Scorer(cpu_limit=60.0) as scorer:
        scoring = asyncio.create_task(scorer.score(in_check, Conversation((Turn(WORST),), "answer")))
        await asyncio.sleep(0.5)
        scoring.cancel()
        async with asyncio.timeout(30):
            with pytest.raises(asyncio.CancelledError):
                await scoring
