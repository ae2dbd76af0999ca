"""What becomes of a run when its servers answer, refuse, lose and die, and when a person pauses or ends it."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from milo_tui.analysis.phases import ModelPhase, Outcome, RunPhase
from milo_tui.reports.server_text import server_words
from milo_tui.runner.events import (
    AttemptFinished,
    AttemptStarted,
    Command,
    Event,
    ModelChanged,
    RunChanged,
    ServerNoted,
    TurnEnded,
)
from milo_tui.runner.plan import part_of
from milo_tui.runner.runner import Runner
from milo_tui.suite.prompt import Suite
from tests.runner.running import Bench, entry
from tests.runner.suite import small_suite
from tests.servers.fault_server import (
    DONE,
    MLX,
    FaultServer,
    Pause,
    Recorded,
    Reset,
    Step,
    answer,
    call,
    calls,
    chunk,
    chunked,
    end,
    text,
    usage,
)

OK = MLX + text("ok") + end("stop")
CALL = MLX + calls(call("count_crates", '{"bay": 7}', index=0, id="a")) + end("tool_calls")
SAY = MLX + text("There are ", "412.") + end("stop")
WARM = (OK,)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return part_of(small_suite(tmp_path / "suite"), [], ["one/look_up"])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "milo.db"


async def test_an_attempt_is_asked_scored_and_stored(suite: Suite, database: Path) -> None:
    async with FaultServer(WARM, (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        assert await bench.carry_out() is RunPhase.DONE
        asked = [request.json for request in server.requests[1:]]
    (row,) = await bench.rows()
    assert (row.outcome, row.points, row.number) == (Outcome.SCORED, 3, 1)
    assert row.latency is not None
    assert row.ttft is not None
    assert 0 < row.ttft <= row.latency
    assert [message["role"] for message in asked[1]["messages"]] == ["user", "assistant", "tool"]
    assert json.loads(asked[1]["messages"][2]["content"]) == {"crates": 412}
    assert all(request["tools"] for request in asked)


async def test_an_attempt_is_committed_before_it_is_announced(suite: Suite, database: Path) -> None:
    seen: list[int] = []

    def look(runner: Runner, event: Event) -> None:
        if isinstance(event, AttemptFinished):
            with sqlite3.connect(database) as other:
                seen.append(
                    other.execute(
                        "SELECT count(*) FROM check_result WHERE attempt = ?", (event.attempt.id,)
                    ).fetchone()[0]
                )
            other.close()

    async with FaultServer(WARM, (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        bench.on_event = look
        await bench.carry_out()
    assert seen == [3]


async def test_warm_up_is_not_an_attempt_and_shown_apart(suite: Suite, database: Path) -> None:
    async with FaultServer((Pause(0.3), OK), (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        await bench.carry_out()
    (row,) = await bench.rows()
    cold = (await bench.record()).models[0].cold_start
    assert cold is not None
    assert cold >= 0.3
    assert row.number == 1


@pytest.mark.parametrize(
    "refusal",
    [
        answer({"error": {"message": "slow down"}}, 429, retry_after="0.01"),
        answer({"error": {"message": "overloaded"}}, 529),
        answer(b"<html>bad gateway</html>", 502),
    ],
    ids=["429", "529", "502"],
)
async def test_a_refused_attempt_is_made_again_as_a_new_one(
    suite: Suite, database: Path, refusal: bytes
) -> None:
    async with FaultServer(WARM, (refusal,), (refusal,), (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        assert await bench.carry_out() is RunPhase.DONE
    rows = await bench.rows()
    assert [(row.number, row.outcome, row.points) for row in rows] == [
        (1, Outcome.INFRASTRUCTURE, None),
        (2, Outcome.INFRASTRUCTURE, None),
        (3, Outcome.SCORED, 3),
    ]
    assert rows[0].error
    notes = [event.text for event in bench.of(ServerNoted) if isinstance(event, ServerNoted)]
    assert len(notes) == 2
    assert notes[0].startswith(("try 2 in 0.0 s: ", "waiting for quota, 1 s: "))


@pytest.mark.parametrize("status", [429, 529])
async def test_a_quota_in_mid_conversation_delays_the_next_turn(
    suite: Suite, database: Path, status: int
) -> None:
    refusal = answer({"error": {"message": "slow down"}}, status, retry_after="0.3")
    async with FaultServer(WARM, (CALL,), (refusal,), (refusal,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        assert await bench.carry_out() is RunPhase.DONE
    (row,) = await bench.rows()
    assert (row.number, row.outcome, row.points) == (1, Outcome.SCORED, 3)
    notes = [event.text for event in bench.of(ServerNoted) if isinstance(event, ServerNoted)]
    assert notes == ["waiting for quota, 1 s"] * 2
    assert _untimed(bench) >= 0.59


def _untimed(bench: Bench) -> float:
    """The seconds of the only attempt that are in none of its figures: what else it took can only add to them."""
    (started,) = [event.at for event in bench.of(AttemptStarted) if isinstance(event, AttemptStarted)]
    (finished,) = [event for event in bench.of(AttemptFinished) if isinstance(event, AttemptFinished)]
    turns = [event for event in bench.of(TurnEnded) if isinstance(event, TurnEnded)]
    assert finished.attempt.latency == pytest.approx(sum(turn.seconds or 0 for turn in turns))
    assert all(0 < (turn.ttft or 0) <= (turn.seconds or 0) for turn in turns)
    return finished.at - started - (finished.attempt.latency or 0)


async def test_a_wait_for_a_quota_that_headers_tell_of_is_shown_and_never_timed(
    suite: Suite, database: Path
) -> None:
    used_up = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "600ms"}
    called = calls(call("count_crates", '{"bay": 7}', index=0, id="a")) + end("tool_calls")
    async with FaultServer(WARM, (chunked(called, headers=used_up),), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        assert await bench.carry_out() is RunPhase.DONE
    notes = [event.text for event in bench.of(ServerNoted) if isinstance(event, ServerNoted)]
    assert notes == ["waiting for quota, 1 s"]
    assert _untimed(bench) >= 0.59


async def test_an_hour_of_waiting_is_not_waited_for(suite: Suite, database: Path) -> None:
    refusal = answer({"error": {"message": "come back later"}}, 429, retry_after="3600")
    async with FaultServer(WARM, (refusal,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        assert await bench.carry_out() is not RunPhase.DONE
    assert len(server.requests) == 2
    assert any("3600 s" in row.error or "come back later" in row.error for row in await bench.rows())


async def test_a_reset_connection_is_made_again(suite: Suite, database: Path) -> None:
    async with FaultServer(WARM, (Reset(),), (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        assert await bench.carry_out() is RunPhase.DONE
    assert [row.outcome for row in await bench.rows()] == [Outcome.INFRASTRUCTURE, Outcome.SCORED]


async def test_a_silent_server_ends_as_infrastructure_and_never_as_a_score(
    suite: Suite, database: Path
) -> None:
    async with FaultServer(WARM, (Pause(30),)) as server:
        models = [entry("local", server.url, first_byte_timeout=0.2)]
        bench = await Bench.create(database, suite, models)
        assert await bench.carry_out() is RunPhase.INCOMPLETE
    rows = await bench.rows()
    assert [row.points for row in rows] == [None, None, None]
    assert all(row.outcome is Outcome.INFRASTRUCTURE for row in rows)


async def test_silence_while_a_call_is_written_is_no_time_out(suite: Suite, database: Path) -> None:
    """mlx_lm.server sends nothing while it writes a call: longer than the wait for a first byte."""
    async with FaultServer(
        WARM, (MLX + chunk({"reasoning": "hm"}), Pause(0.5), CALL.removeprefix(MLX)), (SAY,)
    ) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url, first_byte_timeout=0.25)])
        assert await bench.carry_out() is RunPhase.DONE


async def test_s5_a_cut_stream_is_asked_for_once_more_and_then_the_servers_loss(
    suite: Suite, database: Path
) -> None:
    async with FaultServer(WARM, (MLX + text("There"),)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        assert await bench.carry_out() is RunPhase.DONE
        assert len(server.requests) == 3
    first, second = await bench.rows()
    assert (first.outcome, first.points) == (Outcome.INFRASTRUCTURE, None)
    assert (second.outcome, second.points, second.lost) == (
        Outcome.SERVER,
        0,
        "stream truncated by the server",
    )


async def test_a_gateways_fault_in_mid_conversation_is_infrastructure(suite: Suite, database: Path) -> None:
    fault = answer(b"<html><title>502 Bad Gateway</title></html>", 502)
    async with FaultServer(WARM, (CALL,), (fault,), (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        assert await bench.carry_out() is RunPhase.DONE
    assert [(row.outcome, row.points) for row in await bench.rows()] == [
        (Outcome.INFRASTRUCTURE, None),
        (Outcome.SCORED, 3),
    ]


async def test_s4_no_speed_comes_from_tokens_that_were_not_seen(suite: Suite, database: Path) -> None:
    def say(tokens: int, hidden: int) -> tuple[Step, ...]:
        details = {"reasoning_tokens": hidden}
        counted = usage(completion_tokens=tokens, completion_tokens_details=details)
        return (MLX + text("There are "), Pause(0.02), text("412.") + chunk(finish="stop") + counted + DONE)

    for tokens, hidden, told in ((6, 0, True), (606, 600, True), (606, 0, False)):
        async with FaultServer(WARM, say(tokens, hidden)) as server:
            bench = await Bench.create(database, suite, [entry("local", server.url)])
            await bench.carry_out()
        (row,) = await bench.rows()
        assert row.output_tokens == tokens
        assert (row.tokens_per_second is not None) is told


async def test_repairs_are_counted_for_the_run(tmp_path: Path, database: Path) -> None:
    mended = MLX + calls(call("count_crates", '{"bay": 7}', id="a")) + end("tool_calls")
    suite = small_suite(tmp_path / "suite")
    async with FaultServer(WARM, (mended,), (SAY,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        await bench.carry_out()
    (model,) = (await bench.record()).models
    assert server_words(model) == [
        "its server needed 1 repair in 2 attempts: a tool call without an index (1)"
    ]


async def test_a_lost_call_has_its_own_name(suite: Suite, database: Path) -> None:
    async with FaultServer(
        WARM, (MLX + chunk({"role": "assistant"}) + chunk({}, "tool_calls") + DONE,)
    ) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        await bench.carry_out()
    (row,) = await bench.rows()
    assert (row.outcome, row.lost) == (Outcome.SERVER, "tool call lost by the server")


async def test_a_wrong_key_ends_the_model_at_once_and_leaves_the_others(suite: Suite, database: Path) -> None:
    refused = answer({"error": {"message": "invalid x-api-key"}}, 401)
    async with FaultServer((refused,)) as closed, FaultServer(WARM, (CALL,), (SAY,)) as open_:
        models = [entry("closed", closed.url), entry("open", open_.url)]
        bench = await Bench.create(database, suite, models)
        assert await bench.carry_out() is RunPhase.INCOMPLETE
        assert len(closed.requests) == 1
    record = await bench.record()
    assert [model.phase for model in record.models] == [ModelPhase.FAILED, ModelPhase.DONE]
    assert "401" in record.models[0].note or "key" in record.models[0].note


async def test_a_server_that_answers_nothing_is_given_up_not_asked_for_ever(
    tmp_path: Path, database: Path
) -> None:
    suite = small_suite(tmp_path / "suite")
    async with FaultServer(WARM, (answer({"error": "no template"}, 404),)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)], repeats=5)
        assert await bench.carry_out() is RunPhase.INCOMPLETE
        assert len(server.requests) == 4
    assert (await bench.record()).models[0].phase is ModelPhase.FAILED


async def test_s9_a_model_that_ends_short_of_all_attempts_says_why(tmp_path: Path, database: Path) -> None:
    def play(request: Recorded) -> list[Step]:
        said = json.dumps(request.json["messages"])
        if "KX-93" in said:
            return [answer({"error": "this one is not served"}, 400)]
        return [OK if "tools" not in request.json else SAY if '"tool"' in said else CALL]

    suite = small_suite(tmp_path / "suite")
    async with FaultServer(play) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)], repeats=2)
        assert await bench.carry_out() is RunPhase.INCOMPLETE
    (model,) = (await bench.record()).models
    assert model.phase is ModelPhase.FAILED
    assert model.note.startswith("2 of 4 attempts have no answer: 127.0.0.1:")
    assert model.note.endswith("answered 400 (Bad Request): this one is not served")


@pytest.mark.parametrize(("lane", "place"), [(None, "on the same machine"), ("quota", "in the lane quota")])
async def test_s9_a_model_that_waits_is_told_what_it_shares(
    suite: Suite, database: Path, lane: str | None, place: str
) -> None:
    async with FaultServer(WARM, (CALL,), (SAY,), WARM, (CALL,), (SAY,)) as server:
        models = [entry(id, server.url, lane=lane) for id in ("first", "second")]
        bench = await Bench.create(database, suite, models)
        assert await bench.carry_out() is RunPhase.DONE
    notes = [event.note for event in bench.of(ModelChanged) if isinstance(event, ModelChanged)]
    assert f"First runs first {place}" in notes


async def test_an_absent_server_leaves_a_run_that_can_be_resumed(suite: Suite, database: Path) -> None:
    async with FaultServer(WARM, (CALL,), (SAY,)) as server:
        bench = await Bench.create(
            database, suite, [entry("local", server.url), entry("off", "http://127.0.0.1:9")]
        )
        assert await bench.carry_out() is RunPhase.INCOMPLETE
    assert [row.model for row in await bench.rows()] == ["local"]


def _at_first_attempt(action: Command):  # type: ignore[no-untyped-def]
    def act(runner: Runner, event: Event) -> None:
        if isinstance(event, AttemptFinished if not action.now else AttemptStarted):
            runner.command(action)

    return act


async def test_stopped_after_the_attempt_in_hand_and_resumed(suite: Suite, database: Path) -> None:
    async with FaultServer(WARM, (CALL,), (SAY,), WARM, (CALL,), (SAY,), (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)], repeats=3)
        bench.on_event = _at_first_attempt(Command("stop"))
        assert await bench.carry_out() is RunPhase.STOPPED
        assert [row.points for row in await bench.rows()] == [3]
        bench.on_event = lambda runner, event: None
        assert await bench.carry_out() is RunPhase.DONE
    assert [(row.repeat, row.points) for row in await bench.rows()] == [(1, 3), (2, 3), (3, 3)]


async def test_stopped_now_the_attempt_in_hand_is_asked_again(suite: Suite, database: Path) -> None:
    async with FaultServer(WARM, (Pause(30),), WARM, (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        bench.on_event = _at_first_attempt(Command("stop", now=True))
        assert await bench.carry_out() is RunPhase.STOPPED
        bench.on_event = lambda runner, event: None
        assert len(server.requests) <= 2
        server._scripts = [tuple(WARM), (CALL,), (SAY,)]
        server.requests.clear()
        assert await bench.carry_out() is RunPhase.DONE
    assert [row.outcome for row in await bench.rows()] == [Outcome.STOPPED, Outcome.SCORED]


async def test_skipping_a_model_lets_the_next_of_its_lane_begin(suite: Suite, database: Path) -> None:
    async with FaultServer(WARM, (Pause(30),)) as slow, FaultServer(WARM, (CALL,), (SAY,)) as next_:
        bench = await Bench.create(database, suite, [entry("slow", slow.url), entry("next", next_.url)])

        def skip(runner: Runner, event: Event) -> None:
            if isinstance(event, AttemptStarted) and event.model == "slow":
                runner.command(Command("skip", "slow"))

        bench.on_event = skip
        assert await bench.carry_out() is RunPhase.INCOMPLETE
    phases = {model.id: model.phase for model in (await bench.record()).models}
    assert phases == {"slow": ModelPhase.SKIPPED, "next": ModelPhase.DONE}


async def test_pause_holds_the_next_attempt_until_resume(suite: Suite, database: Path) -> None:
    held: list[int] = []

    async with FaultServer(WARM, (CALL,), (SAY,), (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)], repeats=2)

        async def resume_later(runner: Runner) -> None:
            await asyncio.sleep(0.2)
            held.append(len(bench.of(AttemptStarted)))
            runner.command(Command("resume"))

        def pause(runner: Runner, event: Event) -> None:
            if isinstance(event, AttemptFinished) and not held:
                runner.command(Command("pause"))
                bench.waiting = asyncio.ensure_future(resume_later(runner))  # type: ignore[attr-defined]

        bench.on_event = pause
        assert await bench.carry_out() is RunPhase.DONE
    assert held == [1]
    phases = [event.phase for event in bench.of(RunChanged) if isinstance(event, RunChanged)]
    assert phases == [RunPhase.RUNNING, RunPhase.PAUSED, RunPhase.RUNNING, RunPhase.DONE]


async def test_local_models_run_one_after_another_and_an_api_beside_them(
    suite: Suite, database: Path
) -> None:
    scripts = (WARM, (Pause(0.05), CALL), (Pause(0.05), SAY))
    async with FaultServer(*scripts) as one, FaultServer(*scripts) as two, FaultServer(*scripts) as far:
        models = [entry("one", one.url), entry("two", two.url), entry("far", far.url, where="api")]
        bench = await Bench.create(database, suite, models)
        await bench.carry_out()
    order = [
        (event.model, event.phase)
        for event in bench.of(ModelChanged)
        if isinstance(event, ModelChanged) and event.phase in (ModelPhase.LOADING, ModelPhase.DONE)
    ]
    assert order.index(("one", ModelPhase.DONE)) < order.index(("two", ModelPhase.LOADING))
    assert order.index(("far", ModelPhase.LOADING)) < order.index(("one", ModelPhase.DONE))


async def test_the_order_is_repeat_major_and_the_seeds(tmp_path: Path, database: Path) -> None:
    suite = small_suite(tmp_path / "suite")
    async with FaultServer(WARM, (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)], repeats=4)
        await bench.carry_out()
        again = await Bench.create(database, suite, [entry("local", server.url)], repeats=4)
        await again.carry_out()
    asked = [(row.repeat, row.prompt) for row in await bench.rows()]
    assert [repeat for repeat, _ in asked] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert asked == [(row.repeat, row.prompt) for row in await again.rows()]
    assert len({tuple(prompt for repeat, prompt in asked if repeat == k) for k in range(1, 5)}) > 1


async def test_the_state_is_the_sum_of_the_events(suite: Suite, database: Path) -> None:
    """A viewer that joins at the start and one that reads the runner's state at the end see the same."""
    from milo_tui.runner.plan import state_of

    async with FaultServer(WARM, (CALL,), (SAY,)) as server:
        bench = await Bench.create(database, suite, [entry("local", server.url)])
        viewer = state_of(await bench.record(), [])
        last: list[Runner] = []
        bench.on_event = lambda runner, event: last.append(runner)
        await bench.carry_out()
    for event in bench.events:
        viewer.apply(event)
    assert viewer == last[-1].state
    assert viewer.models["local"].figures.points == 3
