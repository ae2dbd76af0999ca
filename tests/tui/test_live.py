"""The live screen: what it tells of a run, and every key of it."""

from dataclasses import replace

import pytest

from milo_tui.analysis.deciding import Decision
from milo_tui.analysis.exact import Interval
from milo_tui.analysis.phases import ModelPhase, Outcome, RunPhase
from milo_tui.analysis.prices import Price
from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.runner.events import Command, ModelChanged, PairNarrowed, RunChanged, Streamed
from tests.tui.live_feed import START, SYSTEM, conversation, deciding, ended, live, make_record, make_state
from tests.tui.looking import notices, settle


async def test_shows_who_runs_how_far_and_how_well() -> None:
    async with live(size=(200, 50)) as it:
        text = await it.look()
    assert "milo · run 14 · milo-bench 1 · 3 models × 20 × 3" in text
    assert "12:41 elapsed · ~" in text
    assert "● live" in text
    assert "1 Qwen3.5-397B" in text
    assert "local 416 GB" in text
    assert "31/60" in text
    assert "60/60 ✓" in text
    assert "waiting: Qwen3.5-397B holds the memory" in text
    assert "One after another here: Qwen3.5-397B → MiniMax M2.7" in text


async def test_a_conversation_streams_into_its_pane() -> None:
    async with live(size=(160, 45)) as it:
        await it.feed.put(*conversation())
        text = await it.look()
        assert "▸ The customer must be looked up first" in text
        assert '⚙ find_customer {"email": "dana@example.com"}' in text
        assert '← {"customer_id": "C-2041"}' in text
        assert '✗ {"error": "denied"}' in text
        assert "! retry 2 after 429" in text
        assert "» Order ORD-5512 has been refunded." in text
        assert "task_2 · 2 of 3 · turn 2" in text
        await it.feed.put(ended())
        text = await it.look()
        assert "✗ 2/3 · 2.4 s" in text
        assert "32/60" in text


async def test_an_attempt_begins_with_its_question_and_ends_with_its_verdict() -> None:
    state = make_state()
    asked = "Please refund the latest order of dana@example.com."
    state.prompts = [replace(row, question=asked) for row in state.prompts]
    async with live(state, size=(160, 45)) as it:
        await it.feed.put(*conversation(), replace(ended(points=1), reason="amount 1865, expected 18650"))
        text = await it.look()
        assert "? Please refund the latest order of" in text
        assert "✗ 1/3 · 2.4 s · amount 1865, expected" in text
        await it.feed.put(ended(points=3))
        assert "✓ 3/3 · 2.4 s" in await it.look()


async def test_the_leaderboard_labels_progress_and_score() -> None:
    async with live(size=(160, 45)) as it:
        labels, first, second, *_ = (await it.look()).splitlines()[1:]
        assert labels.split() == "model where progress points % mean p95 TTFT tok/s".split()
        assert "31/60" in first
        assert "75/93" in first
        assert second.count("━") == 40, "done: the bar is full, whatever the score"


async def test_the_leaderboard_shows_the_cost_so_far_and_marks_what_is_best() -> None:
    price = Price.model_validate({"model": "x", "input": 3, "output": 15})
    async with live(size=(160, 45), prices={"m2": price}) as it:
        labels, first, second, *_ = (await it.look()).splitlines()[1:]
        assert labels.endswith("tok/s  cost so far")
        assert first.endswith("–")
        assert second.endswith("$0.29"), "60 × (1400 × 3 + 40 × 15) / 1,000,000"
        marked = [
            segment.text.strip()
            for segment in it.app.screen._compositor.render_strips()[2]
            if segment.style is not None and segment.style.underline
        ]
        assert marked == ["80.6", "2.4 s", "0.48 s"], "p95 is the same, points are of different sums"


async def test_u_unfolds_the_request_and_the_system_prompt() -> None:
    state = make_state()
    async with live(state, size=(80, 24), record=make_record(state)) as it:
        await it.feed.put(*conversation())
        text = await it.look()
        assert "? Please refund the latest order" in text
        assert "latest order of …" in text
        assert SYSTEM[:40] not in text
        await it.pilot.press("u")
        text = await it.look()
        assert f"¶ {SYSTEM[:40]}" in text
        assert "f follows" in text
        await it.pilot.press("u")
        assert SYSTEM[:40] not in await it.look()
        assert it.app.live.pane.stream.follow


async def test_a_finished_attempt_is_chosen_on_the_score_grid_opened_and_diffed() -> None:
    async with live(size=(120, 36)) as it:
        live_screen = it.app.live
        await it.pilot.press("2", "g")
        assert live_screen.pane.selected is not None
        await it.pilot.press("up", "up", "up", "up", "left")
        chosen = live_screen.pane.selected
        assert chosen is not None
        assert chosen.prompt.rpartition("/")[2] in await it.look()
        await it.pilot.press("enter", "d")
        assert it.app.opened_attempts == [(14, chosen.id, False), (14, chosen.id, True)]
        await it.pilot.press("escape")
        assert not live_screen.pane.grid.has_cursor
        assert not it.app.left
        last = list(live_screen.pane.model.attempts.values())[-1]
        await it.pilot.press("d")
        assert it.app.opened_attempts[-1] == (14, last.id, True), (
            "without a cursor the attempt that ended last"
        )


async def test_the_zoomed_grid_names_the_prompts_and_its_cursor_goes_through_them() -> None:
    async with live(size=(160, 45)) as it:
        await it.pilot.press("z", "g", *["up"] * 60, *["left"] * 3)
        text = await it.look()
        assert all(f"  {row.id.rpartition('/')[2]} " in text for row in it.app.live.state.prompts)
        grid = it.app.live.pane.grid
        for key, cell in (
            ("down", "single_tool/task_2#1"),
            ("right", "single_tool/task_2#2"),
            ("down", "single_tool/task_3#2"),
            ("down", "single_tool/task_4#2"),
            ("down", "tool_selection/task_1#2"),
            ("up", "single_tool/task_4#2"),
        ):
            await it.pilot.press(key)
            assert grid.selected == cell, key


async def test_a_newcomer_sees_the_attempt_in_hand_from_the_snapshot() -> None:
    state = make_state()
    for event in conversation():
        state.apply(event)
    state.models["m1"].transcript.dropped = 10
    async with live(state, size=(200, 50)) as it:
        await it.feed.put(Streamed("m1", StreamPiece("text", " Anything else?", turn=1)))
        text = await it.look()
    assert "! the beginning is not kept" in text
    assert "» Order ORD-5512 has been refunded. Anything else?" in text


async def test_what_a_server_is_doing_shows_in_its_pane_and_line() -> None:
    async with live(size=(160, 45)) as it:
        await it.feed.put(ModelChanged("m3", ModelPhase.LOADING, "63 %"))
        text = await it.look()
        assert "loading: 63 %" in text
        await it.feed.put(ModelChanged("m3", ModelPhase.FAILED, "the server ended with 1"))
        text = await it.look()
        assert "! failed: the server ended with 1" in text
        assert "0/60 ✗" in text


async def test_holes_and_lost_calls_are_marked() -> None:
    async with live(size=(160, 45)) as it:
        await it.feed.put(*conversation("m2"), ended("m2", None, Outcome.INFRASTRUCTURE))
        await it.feed.put(ModelChanged("m2", ModelPhase.DONE))
        await it.pilot.press("2", "z")
        text = await it.look()
    assert "60/60 ◐" in text
    assert "1 attempt without a score" in text


async def test_focus_goes_by_number_tab_and_letters() -> None:
    async with live(make_state(4)) as it:
        for key, chosen in [
            ("3", 2),
            ("tab", 3),
            ("l", 0),
            ("right", 1),
            ("shift+tab", 0),
            ("h", 3),
            ("left", 2),
            ("9", 2),
            ("1", 0),
        ]:
            await it.pilot.press(key)
            assert it.app.live.chosen == chosen, key
            assert [pane.has_class("-chosen") for pane in it.app.live.panes].index(True) == chosen


async def test_pages_of_panes_when_there_are_more_models_than_room() -> None:
    async with live(make_state(10)) as it:
        for key, page, numbers in [
            ("home", "1–4", [1, 4, 7, 10]),
            ("greater_than_sign", "5–8", [2, 3, 6, 9]),
            ("greater_than_sign", "9–10", [5, 8]),
            ("right_square_bracket", "1–4", [1, 4, 7, 10]),
            ("less_than_sign", "9–10", [5, 8]),
        ]:
            await it.pilot.press(key)
            text = await it.look()
            assert [pane.number for pane in it.app.live.shown()] == numbers, key
            assert f"panes {page} of 10" in text.splitlines()[0]
            assert "< > Page" in text.splitlines()[-1]
        assert "of 10 models; tab goes on" in text


async def test_the_page_follows_the_models_that_run() -> None:
    async with live(size=(80, 24)) as it:
        await it.feed.put(ModelChanged("m1", ModelPhase.DONE), ModelChanged("m3", ModelPhase.RUNNING))
        assert "╭─ 3 MiniMax M2.7" in await it.look()
        await it.feed.put(ModelChanged("m3", ModelPhase.DONE))
        assert "╭─ 3 MiniMax M2.7" in await it.look(), "at the end nothing jumps"


async def test_zoom_and_back() -> None:
    async with live(size=(160, 45)) as it:
        await it.feed.put(*conversation())
        for key in ("z", "enter"):
            await it.pilot.press(key)
            text = await it.look()
            assert len(it.app.live.shown()) == 1
            assert "score   avg   p95  TTFT tok/s" in text
            assert "» Order ORD-5512" in text
            await it.pilot.press("tab")
            assert [pane.number for pane in it.app.live.shown()] == [2]
            await it.pilot.press("shift+tab", "escape")
            assert len(it.app.live.shown()) == 3
            assert not it.app.left


async def test_the_stream_is_scrolled_by_keys_and_says_that_it_does_not_follow() -> None:
    async with live() as it:
        await it.feed.put(*conversation())
        await it.feed.put(*(Streamed("m1", StreamPiece("text", f"\nline {n}", turn=1)) for n in range(200)))
        await it.look()
        stream = it.app.live.pane.stream
        for key in ("k", "up", "ctrl+u", "pageup"):
            before = stream.top
            await it.pilot.press(key)
            assert stream.top < before, key
            assert not stream.follow
        assert "f follows" in await it.look()
        for key in ("j", "down", "ctrl+d", "pagedown"):
            before = stream.top
            await it.pilot.press(key)
            assert stream.top > before, key
        await it.pilot.press("home")
        assert stream.top == 0
        await it.pilot.press("G")
        for there, back in (("f", "f"), ("space", "space"), ("home", "end"), ("home", "G")):
            await it.pilot.press(there)
            assert not stream.follow
            await it.pilot.press(back)
            assert stream.follow
        assert "f follows" not in await it.look()


async def test_p_pauses_and_goes_on() -> None:
    async with live() as it:
        await it.pilot.press("p")
        await it.pilot.pause()
        await it.feed.put(RunChanged(RunPhase.PAUSED))
        assert "‖ paused" in await it.look()
        await it.pilot.press("p")
        await it.pilot.pause()
        it.feed.unreachable = True
        await it.pilot.press("p")
        await it.pilot.pause()
        assert "The run does not answer: nobody listens" in it.notices()
    assert it.feed.commands == [Command("pause"), Command("resume")]


@pytest.mark.parametrize(
    ("keys", "commands"),
    [
        (["enter"], [Command("stop")]),
        (["j", "enter"], [Command("stop", now=True)]),
        (["down", "down", "enter"], []),
        (["escape"], []),
        (["k", "k", "enter"], [Command("stop", now=True)]),
    ],
)
async def test_x_asks_before_it_stops(keys: list[str], commands: list[Command]) -> None:
    async with live() as it:
        await it.pilot.press("x")
        await it.pilot.pause()
        assert it.asked()
        await it.pilot.press(*keys)
        await it.pilot.pause()
        assert not it.asked()
    assert it.feed.commands == commands


async def test_s_asks_before_it_skips_the_model_in_focus() -> None:
    async with live() as it:
        await it.pilot.press("2", "s")
        await it.pilot.pause()
        assert it.app.screen is it.app.live
        await it.pilot.press("3", "s")
        await it.pilot.pause()
        assert "MiniMax M2.7: finished attempts are kept." in it.seen()
        await it.pilot.press("enter")
        await it.pilot.pause()
    assert it.feed.commands == [Command("skip", model="m3")]


@pytest.mark.parametrize("key", ["q", "escape"])
async def test_leaving_a_run_that_is_merely_watched_says_how_to_come_back(key: str) -> None:
    async with live() as it:
        await it.pilot.press(key)
        await it.pilot.pause()
        assert it.app.left
        assert notices(it.app) == ["Run 14 continues. To return to it: milo watch 14"]
        await it.pilot.pause()
        assert it.feed.closed
    assert it.feed.commands == []


@pytest.mark.parametrize(
    ("keys", "commands", "left"),
    [
        (["enter"], [], True),
        (["j", "enter"], [Command("stop")], True),
        (["j", "j", "enter"], [Command("stop", now=True)], True),
        (["escape"], [], False),
    ],
)
async def test_leaving_a_run_started_here_asks_what_becomes_of_it(
    keys: list[str], commands: list[Command], left: bool
) -> None:
    async with live(started_here=True) as it:
        await it.pilot.press("q")
        await it.pilot.pause()
        assert it.asked()
        await it.pilot.press(*keys)
        await it.pilot.pause()
        assert it.app.left is left
    assert it.feed.commands == commands


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (RunPhase.DONE, "✓ done"),
        (RunPhase.INCOMPLETE, "◐ incomplete"),
        (RunPhase.STOPPED, "■ stopped"),
    ],
)
async def test_when_the_run_ends_the_screen_stays_and_enter_opens_the_table(
    phase: RunPhase, said: str
) -> None:
    async with live(started_here=True, size=(80, 24)) as it:
        await it.feed.put(RunChanged(phase, at=START + 900), None)
        first = (await it.look()).splitlines()[0]
        assert f"{said} · in 15:00" in first
        await it.pilot.press("x", "s", "p")
        assert it.app.screen is it.app.live
        await it.pilot.press("enter")
        await it.pilot.pause()
        assert it.app.opened == [14]
        await it.pilot.press("q")
        await it.pilot.pause()
        assert it.app.left
    assert it.feed.commands == []


async def test_the_end_puts_the_verdict_on_top_and_moves_nothing() -> None:
    state = make_state(2)
    state.models["m1"].attempts = {
        key: replace(row, model="m1", points=3) for key, row in state.models["m2"].attempts.items()
    }
    state.models["m1"].recount()
    async with live(state, size=(80, 24), record=make_record(state)) as it:
        await it.feed.put(*conversation(), ended(points=3))
        before = (await it.look()).splitlines()
        assert "p Pause" in before[-1]
        assert "Table" not in before[-1]
        await it.feed.put(RunChanged(RunPhase.DONE, at=START + 900), None)
        await settle(it.pilot)
        after = (await it.look()).splitlines()
        assert after[0].startswith(" Qwen3.5-397B: 125.0 % of Claude Sonnet 4.6 · Qwen3.5-397B is better")
        assert after[0].endswith("✓ done")
        assert after[1:-1] == before[1:-1], "nothing jumps"
        assert after[-1].startswith(" enter Table  d Diff  e Export ")
        assert "Pause" not in after[-1]
        assert "Stop" not in after[-1]
        await it.pilot.press("e")
        assert it.app.exported == [14]


async def test_the_footer_follows_the_state() -> None:
    async with live(size=(160, 45)) as it:
        for phase, there, gone in (
            (RunPhase.RUNNING, ("Pause", "Stop"), ("Continue", "Table", "Export")),
            (RunPhase.PAUSED, ("Continue", "Stop"), ("Pause", "Table", "Export")),
            (RunPhase.STOPPING, ("Leave",), ("Pause", "Continue", "Stop", "Table")),
            (RunPhase.STOPPED, ("Table", "Export", "Diff"), ("Pause", "Continue", "Stop")),
        ):
            await it.feed.put(RunChanged(phase))
            await it.pilot.pause()
            footer = (await it.look()).splitlines()[-1]
            assert all(f" {name} " in f"{footer} " for name in there), phase
            assert not any(f" {name} " in f"{footer} " for name in gone), phase


async def test_a_runner_that_goes_away_is_said_and_leaving_asks_nothing() -> None:
    async with live(started_here=True) as it:
        await it.feed.put(None)
        await it.pilot.pause()
        text = await it.look()
        assert "✗ the run's process is gone" in text
        assert "Pause" not in text.splitlines()[-1]
        await it.pilot.press("q")
        await it.pilot.pause()
        assert it.app.left


async def test_y_copies_the_transcript_in_focus() -> None:
    async with live() as it:
        await it.feed.put(*conversation())
        await it.pilot.press("y")
    ((text, what),) = it.app.copied
    assert what == "the transcript of Qwen3.5-397B"
    assert 'find_customer {"email": "dana@example.com"}\n{"customer_id": "C-2041"}' in text


async def test_the_mouse_picks_lines_and_panes() -> None:
    async with live() as it:
        await it.pilot.click("#board", offset=(5, 2))
        assert it.app.live.chosen == 1
        await it.pilot.click(it.app.live.panes[2], offset=(3, 3))
        assert it.app.live.chosen == 2


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_pairs_of_a_deciding_run_narrow_until_they_are_decided(size: tuple[int, int]) -> None:
    state = deciding(make_state(3, simulated=True))
    async with live(state, size=size) as it:
        seen = await it.look()
        assert "about 60 more questions" in seen
        assert "as good within 5 %, 164 asked" in seen
        lines = [line for line in seen.splitlines() if "█" in line]
        assert len(lines) == 2
        open_pair = state.pairs[0]
        narrow = replace(
            open_pair, decision=Decision.BETTER, interval=Interval(0.01, 0.06), answered=180, more=0
        )
        await it.feed.put(PairNarrowed(narrow))
        await it.draw()
        seen = await it.look()
        assert "better, 180 asked" in seen
        assert "more questions" not in seen
        bar = next(line for line in seen.splitlines() if "better, 180" in line)
        assert bar.count("█") < lines[0].count("█")
