"""A deciding run: it stops when its pairs are decided, sends no API far ahead, and survives any kill unchanged."""

import asyncio
import os
import random
import signal
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from milo_tui.analysis.decisions import PairDecision, decisions, question_order
from milo_tui.analysis.phases import ModelPhase, RunPhase
from milo_tui.analysis.record import RunRecord
from milo_tui.config import data_folder
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.runner.decider import BLOCK
from milo_tui.runner.demo import demo_entries, script
from milo_tui.runner.events import AttemptFinished, AttemptStarted, Command, Event, PairNarrowed
from milo_tui.runner.plan import PlanError, Rule, new_run, part_of
from milo_tui.runner.runner import Runner
from milo_tui.simulated.models import SimulatedModels
from milo_tui.store.store import Store
from milo_tui.suite.loading import load_suite
from tests.runner.running import Bench

SUITE = part_of(load_suite(data_folder("prompts") / "milo"), ["structured_output"], [])
KILLS = 20


def entries(url: str, *profiles: str) -> list[ModelEntry]:
    """Simulated models of the demo, asked as any other server at `url` would be."""
    return [
        ModelEntry.model_validate(
            {
                **entry.as_dict(),
                "simulated": None,
                "base_url": f"{url}/v1" if entry.protocol == "openai" else url,
            }
            | ({"lane": "one"} if profiles.count("one lane") else {})
        )
        for entry in demo_entries("instant")
        if entry.id in profiles
    ]


@asynccontextmanager
async def deciding(tmp_path: Path, *profiles: str, copies: int = 1) -> AsyncIterator[list[Bench]]:
    """Stored runs over one pool of 120 questions, and the server of their models."""
    simulated = [entry for entry in demo_entries("instant") if entry.id in profiles]
    plan = new_run(SUITE, simulated, 30, 4, pool_seed=1, rule=Rule(0.1, 0.9))
    async with SimulatedModels(script(plan, simulated)) as models:
        real = entries(models.base_url, *profiles)
        benches = []
        for copy in range(copies):
            run = new_run(SUITE, real, 30, 4, pool_seed=1, rule=Rule(0.1, 0.9))
            database = tmp_path / f"{copy}.db"
            store = await Store.open(database)
            benches.append(Bench(database, await store.create_run(run)))
            await store.aclose()
        yield benches


async def results(bench: Bench) -> tuple[RunRecord, list[PairDecision]]:
    run = await bench.record()
    return run, decisions(run, await bench.rows())


async def test_it_ends_with_the_decision_and_an_api_is_at_most_a_block_ahead(tmp_path: Path) -> None:
    async with deciding(tmp_path, "steady", "careless") as (bench,):
        assert await bench.carry_out() is RunPhase.DONE
        run, (pair,) = await results(bench)
    places = {question: place for place, question in enumerate(question_order(run))}
    reach = {"steady": 0, "careless": 0}
    for event in bench.of(AttemptStarted, AttemptFinished):
        if isinstance(event, AttemptFinished):
            place = places[event.attempt.prompt, event.attempt.repeat]
            reach[event.model] = max(reach[event.model], place + 1)
        elif isinstance(event, AttemptStarted) and event.model == "careless":
            assert places[event.prompt, event.repeat] < reach["steady"] + BLOCK
    assert pair.is_decided
    assert pair.answered < pair.pool == 120
    assert max(reach.values()) <= pair.answered + BLOCK
    assert all(model.phase is ModelPhase.DONE for model in run.models)
    assert run.phase is RunPhase.DONE
    told = bench.of(PairNarrowed)
    assert isinstance(last := told[-1], PairNarrowed)
    assert (last.pair.decision, last.pair.interval) == (pair.decision, pair.interval)


async def test_models_of_one_lane_take_turns(tmp_path: Path) -> None:
    async with deciding(tmp_path, "steady", "thinker", "one lane") as (bench,):
        assert await bench.carry_out() is RunPhase.DONE
        _, (pair,) = await results(bench)
    assert pair.is_decided
    order = [event.model for event in bench.of(AttemptStarted) if isinstance(event, AttemptStarted)]
    turns = [model for i, model in enumerate(order) if i == 0 or order[i - 1] != model]
    assert turns[:2] == ["steady", "thinker"]
    assert order.count("steady") <= max(100, 2 * order.count("thinker"))


async def test_skipping_a_model_ends_its_pairs_and_nobody_waits_for_it(tmp_path: Path) -> None:
    async with deciding(tmp_path, "steady", "thinker", "careless") as (bench,):

        def skip(runner: Runner, event: Event) -> None:
            if isinstance(event, AttemptFinished) and event.model == "thinker":
                runner.command(Command("skip", "thinker"))

        bench.on_event = skip
        assert await bench.carry_out() is RunPhase.INCOMPLETE
        _, (steady, thinker) = await results(bench)
    assert steady.is_decided
    assert not thinker.is_decided


async def test_killed_twenty_times_it_decides_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """SIGKILL after a few answers, over and over; forked, so that no new process has to import all of Milo."""
    rng = random.Random(8)
    async with deciding(tmp_path, "steady", "careless", copies=2) as (whole, killed):
        await whole.carry_out()
        kills = 0
        while (await killed.record()).phase is not RunPhase.DONE:
            answers = rng.randint(1, 4) if kills < KILLS else 10_000
            if await asyncio.to_thread(_run_until, killed, answers):
                kills += 1
        assert kills == KILLS
        run, found = await results(killed)
        assert found == (await results(whole))[1]
        assert found[0].is_decided
        scored = [row for row in await killed.rows() if row.points is not None]
        assert len({(row.model, row.prompt, row.repeat) for row in scored}) == len(scored)
    assert run.phase is RunPhase.DONE


def _run_until(bench: Bench, answers: int) -> bool:
    """Carry the run out in a child; kill it after so many answers. Whether it was killed before its end."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Forking beside other threads is safe here: the child begins a loop of its own and ends by _exit.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reading)

        def told(runner: Runner, event: Event) -> None:
            if isinstance(event, AttemptFinished):
                os.write(writing, b".")

        bench.on_event = told
        try:
            asyncio.run(bench.carry_out())
        finally:
            os._exit(0)
    os.close(writing)
    for _ in range(answers):
        if not os.read(reading, 1):
            break
    else:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_what_cannot_be_decided_is_refused_in_a_sentence() -> None:
    one = demo_entries("instant")[:1]
    with pytest.raises(PlanError, match="A decision is between models"):
        new_run(SUITE, one, 30, 4, pool_seed=1, rule=Rule())
