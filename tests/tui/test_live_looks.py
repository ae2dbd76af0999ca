"""The live screen's looks: every size, hostile text in every field, nothing repainted in vain."""

import pytest

from milo_tui.analysis.phases import ModelPhase, Outcome, RunPhase
from milo_tui.endpoints.endpoint import PieceKind, StreamPiece
from milo_tui.runner.events import (
    AttemptFinished,
    AttemptStarted,
    ModelChanged,
    RunChanged,
    ServerNoted,
    Streamed,
    ToolAnswered,
)
from milo_tui.runner.state import PromptRow, RunState
from milo_tui.tui.progress import SmoothedTimeLeft, time_left, waits_for
from milo_tui.tui.tiling import Tiling, tile
from tests.tui.live_feed import NOW, LiveApp, attempt, conversation, live, make_state

SIZES = [(80, 24), (79, 19), (120, 36), (160, 45), (200, 50)]
EVIL = "\x1b]52;c;eA==\x07\x9b31m\u202egnp\ud83d[/nope][@click=app.quit]x[/]\x00"


async def test_a_run_with_simulated_models_says_so_everywhere() -> None:
    for size in [(80, 24), (79, 19)]:
        async with live(make_state(simulated=True), size=size) as it:
            text = await it.look()
            assert "simulated" in text.splitlines()[0]
            if size != (79, 19):
                assert "1 Qwen3.5-397B · simulated" in text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("models", [1, 10])
async def test_every_size_is_used_and_kept_to(size: tuple[int, int], models: int) -> None:
    async with live(make_state(models), size=size) as it:
        await it.feed.put(*conversation())
        text = await it.look()
        assert all(len(line) <= size[0] for line in text.splitlines())
        assert len(text.splitlines()) <= size[1]
        if size == (79, 19):
            assert text.splitlines()[1].strip() == "Too small: needs 80×20; q leaves"
            assert "● live · run 14 · " in text
        else:
            assert len(it.app.live.shown()) == min(models, it.app.live.tiling.per_page)
            assert sum("╭" in line for line in text.splitlines()) >= 1
            assert "q Leave" in text


def test_tilings() -> None:
    assert tile(80, 24, 4) == Tiling(1, 1, 4)
    assert tile(99, 60, 4) == Tiling(1, 1, 4)
    assert tile(120, 36, 3) == Tiling(3, 1, 3)
    assert tile(100, 36, 3) == Tiling(2, 2, 3)
    assert tile(120, 36, 4) == Tiling(2, 2, 4)
    assert tile(160, 45, 4) == Tiling(4, 1, 4)
    assert tile(200, 50, 6) == Tiling(3, 2, 6)
    assert tile(200, 50, 10) == Tiling(4, 3, 10)
    assert tile(200, 24, 30).board == 6


async def test_resizing_goes_from_panes_to_card_and_back() -> None:
    async with live() as it:
        await it.pilot.resize_terminal(70, 15)
        text = await it.look()
        assert "╭" not in text
        await it.pilot.resize_terminal(120, 36)
        text = await it.look()
        assert "╭" in text
        assert "80 × 20" not in text


def hostile_state() -> RunState:
    state = make_state(4)
    state.suite = EVIL
    state.categories = [(key, EVIL + title) for key, title in state.categories]
    state.prompts = [
        PromptRow(f"{row.category}/{EVIL}{n}", row.category, EVIL) for n, row in enumerate(state.prompts)
    ]
    for model in state.models.values():
        model.name = model.note = model.sampling = EVIL
        model.transcript.add(StreamPiece("tool call", EVIL, name=EVIL))
        model.transcript.add(StreamPiece("note", EVIL))
    return state


@pytest.mark.parametrize("size", [(80, 24), (79, 19), (160, 45)])
async def test_hostile_text_in_every_field_stays_text(size: tuple[int, int]) -> None:
    async with live(hostile_state(), size=size) as it:
        prompt = it.app.live.state.prompts[5].id
        await it.feed.put(AttemptStarted("m1", prompt, 1))
        kinds: tuple[PieceKind, ...] = ("reasoning", "text", "tool call")
        for kind in kinds:
            await it.feed.put(Streamed("m1", StreamPiece(kind, EVIL, 0, EVIL)))
        await it.feed.put(ToolAnswered("m1", EVIL, EVIL, True), ServerNoted("m1", EVIL))
        await it.feed.put(AttemptFinished(attempt("m1", prompt, outcome=Outcome.SERVER, points=1, lost=EVIL)))
        await it.feed.put(AttemptStarted("m1", prompt, 2), ModelChanged("m3", ModelPhase.LOADING, EVIL))
        await it.feed.put(ModelChanged("m4", ModelPhase.FAILED, EVIL), RunChanged(RunPhase.PAUSED, EVIL))
        for key in ("1", "z", "s", "escape", "2", "3", "4"):
            await it.pilot.press(key)
            await it.pilot.pause()
            _assert_harmless(it.app)
    assert it.app.copied == []


def _assert_harmless(app: LiveApp) -> None:
    strips = app.screen._compositor.render_strips()
    text = "".join(strip.text for strip in strips)
    assert not {"\x1b", "\x07", "\x9b", "\x00", "\u202e", "\ud83d"} & set(text)
    assert all(strip.cell_length == app.size.width for strip in strips)
    for strip in strips:
        assert all("@click" not in (segment.style.meta if segment.style else {}) for segment in strip)


async def test_nothing_is_repainted_when_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with live() as it:
        await it.feed.put(*conversation())
        await it.draw()
        painted: list[object] = []
        widgets = [it.app.live.header, it.app.live.board, *it.app.live.panes]
        widgets += [pane.stream for pane in it.app.live.panes]
        for widget in widgets:
            monkeypatch.setattr(widget, "refresh", lambda *args, _of=widget, **options: painted.append(_of))
        it.app.live._stale = True
        await it.draw()
        assert painted == []


def test_time_left_is_known_only_from_what_was_seen() -> None:
    state = make_state(3)
    assert time_left(state, NOW) == pytest.approx((29 + 60) * 2.4, rel=0.2)
    for model in state.models.values():
        model.attempts.clear()
        model.recount()
    assert time_left(state, NOW) is None, "too few attempts to say"
    state.models["m3"].note = ""
    assert waits_for(state, state.models["m3"]) == "Qwen3.5-397B runs first"


def test_the_time_left_counts_down_and_follows_a_new_guess_half_the_way() -> None:
    shown = SmoothedTimeLeft()
    assert shown.shown(None, 0) is None
    assert shown.shown(600, 0) == 600
    assert shown.shown(640, 10) == 590, "a guess not far off changes nothing"
    assert shown.shown(120, 20) == 350
    assert shown.shown(None, 30) is None
