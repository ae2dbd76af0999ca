"""A run and its attempts: the published layout, the matrix, the tabs, and the way to an attempt and back."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.analysis.phases import Outcome, RunPhase
from milo_tui.analysis.record import Attempt, AttemptDetail, RunRecord
from milo_tui.analysis.table import result_table
from milo_tui.config import Settings
from milo_tui.store.store import Store
from milo_tui.suite.conversation import CheckResult, Loss, Score, ToolCall, ToolResult
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens.attempt import AttemptScreen
from milo_tui.tui.screens.run import RunScreen
from milo_tui.tui.widgets.attempt_log import AttemptLog
from milo_tui.tui.widgets.conversation import call_text, checks, conversation, pretty, result_text
from milo_tui.tui.widgets.run_table import table_lines
from milo_tui.tui.widgets.score_matrix import ScoreMatrix, Spot
from milo_tui.tui.widgets.text_view import TextView
from milo_tui.tui.widgets.title_bar import TitleBar
from tests.tui.hostile import ALL, FORBIDDEN, STORABLE
from tests.tui.looking import move, notices, press, screen, settle
from tests.tui.runs_data import (
    MODELS,
    Points,
    attempt,
    points_of,
    prompts,
    run,
    settings,
    store_run,
    turn_with_answer,
    turn_with_call,
)


def rows(record: RunRecord, points: Points = points_of) -> list[Attempt]:
    """The narrow rows of a whole run."""
    return [
        attempt(record, model, prompt, repeat, points(model, prompt, repeat)).attempt
        for model in range(len(record.models))
        for prompt in range(len(record.prompts))
        for repeat in range(1, record.repeats + 1)
    ]


def table_of(record: RunRecord, width: int, points: Points = points_of) -> str:
    """The table as text."""
    lines = table_lines(record, result_table(record, rows(record, points)), width)
    return "\n".join(line.plain for line in lines)


@pytest.fixture
async def one_run(tmp_path: Path) -> Settings:
    """Settings of a database with one run of three models."""
    await store_run(settings(tmp_path).database, run())
    return settings(tmp_path)


async def open_run(tmp_path: Path, record: RunRecord, points: Points = points_of) -> MiloApp:
    """An app that opens on the run, which is stored first."""
    number = await store_run(settings(tmp_path).database, record, points)
    return MiloApp(settings(tmp_path), run=number)


def matrix(app: MiloApp) -> ScoreMatrix:
    """The matrix of the tab in front."""
    focused = app.screen.focused
    assert isinstance(focused, ScoreMatrix)
    return focused


def test_the_table_has_the_published_layout() -> None:
    lines = table_of(run(), 160).splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["Qwen3.5-397B", "Claude", "Sonnet", "4.6", "MiniMax", "M2.7"],
        ["local", "·", "416", "GB", "API", "local", "·", "203", "GB"],
    ]
    multi_step = next(line for line in lines if line.startswith("Multi-step chains"))
    assert "2.50/3 ·  1.8 s" in multi_step
    total = next(line for line in lines if line.startswith("Total"))
    assert "58.0/60 · 96.7 % · 1.9 s avg" in total
    assert "57.0/60 · 95.0 % · 2.6 s avg" in total
    assert not any(line.startswith("Points") for line in lines), "the total says it once"


def test_holes_are_named_wherever_a_total_stands() -> None:
    text = table_of(run(), 160, lambda m, p, r: None if (m, p, r) == (1, 19, 3) else points_of(m, p, r))
    assert "3.00/3 ·  2.6 s 11/12" in text
    missing = next(line for line in text.splitlines() if line.startswith("Missing"))
    assert missing.split() == ["Missing", "none", "!", "1", "attempt", "none"]
    assert "Missing" not in table_of(run(), 160)


@pytest.mark.parametrize("width", [40, 60, 77, 80, 100, 120, 160, 238])
@pytest.mark.parametrize("models", [1, 2, 3, 7])
def test_the_table_fits_and_leaves_no_model_out(width: int, models: int) -> None:
    chosen = [replace(MODELS[i % 3], id=f"m{i}", name=f"Model-{i}") for i in range(models)]
    text = table_of(run(chosen), width, lambda m, p, r: 3 if p else None)
    assert max(map(len, text.splitlines())) <= width
    assert all(f"Model-{i}" in text for i in range(models))


def test_long_sampling_is_wrapped_not_cut() -> None:
    chosen = [
        replace(MODELS[2], sampling="temperature 1, top_p 0.95, top_k 40, max_tokens 4096"),
        *MODELS[:2],
    ]
    text = table_of(run(chosen), 78)
    assert all(word in text for word in ("temperature", "0.95,", "top_k", "40,", "4096"))


async def test_tabs_by_number_and_by_tab(one_run: Settings) -> None:
    app = MiloApp(one_run, run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "58.0/60" in screen(app)
        await press(pilot, "2")
        assert "= all pass" in screen(app)
        await press(pilot, "3")
        assert "Score by category" in screen(app)
        await press(pilot, "4")
        assert "suite digest" in screen(app)
        await press(pilot, "5")
        assert "#1" in screen(app)
        await press(pilot, "6")
        assert "How close is local to cloud?" in screen(app)
        assert "101.8 % of Claude Sonnet 4.6" in screen(app)
        await press(pilot, "tab")
        assert "58.0/60" in screen(app)
        await press(pilot, "shift+tab", "shift+tab")
        assert isinstance(app.screen.focused, AttemptLog)
        await pilot.click("TabLine", offset=(12, 0))
        await settle(pilot)
        assert isinstance(app.screen.focused, ScoreMatrix)


async def test_table_and_matrix_stand_together_where_both_fit(one_run: Settings) -> None:
    app = MiloApp(one_run, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        shown = screen(app)
        assert "58.0/60" in shown
        assert "= all pass" in shown
        assert isinstance(app.screen.focused, ScoreMatrix)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "= all pass" not in screen(app)
        await press(pilot, "G")
        assert "Tokens in, out" in screen(app)


@pytest.mark.parametrize(("right", "down"), [("right", "down"), ("l", "j")])
async def test_the_cursor_walks_over_cells_and_skips_headings(
    one_run: Settings, right: str, down: str
) -> None:
    app = MiloApp(one_run, run=1)
    ids = [prompt.id for prompt in run().prompts]
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        assert matrix(app).spot == Spot(ids[0], "qwen3.5-397b", 1)
        await move(pilot, right, right, right)
        assert matrix(app).spot == Spot(ids[0], "sonnet-4.6", 1)
        await move(pilot, *[down] * 4)
        assert matrix(app).spot == Spot(ids[4], "sonnet-4.6", 1)
        await move(pilot, "left", "h", "up", "k")
        assert matrix(app).spot == Spot(ids[2], "qwen3.5-397b", 2)
        await move(pilot, "G", *[right] * 8)
        assert matrix(app).spot == Spot(ids[19], "minimax-m2.7", 3)
        assert "repeat 3 · 3/3 · 3.5 s · TTFT 0.60 s" in screen(app)
        await press(pilot, "g")
        assert matrix(app).spot == Spot(ids[0], "minimax-m2.7", 3)


async def test_many_models_page_sideways_with_the_cursor(tmp_path: Path) -> None:
    chosen = [replace(MODELS[i % 3], id=f"m{i}", name=f"A longer name {i}") for i in range(9)]
    app = await open_run(tmp_path, run(chosen))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        assert "›" in screen(app)
        await move(pilot, *["l"] * 26)
        assert matrix(app).spot == Spot(run().prompts[0].id, "m8", 3)
        assert "‹" in screen(app)


async def test_enter_opens_the_attempt_and_brackets_step(one_run: Settings) -> None:
    app = MiloApp(one_run, run=1)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "l", "enter")
        shown = screen(app)
        assert isinstance(app.screen, AttemptScreen)
        for text in (
            "repeat 2 of 3",
            "Please: refund",
            "▸ thinking",
            "⚙ find_customer",
            '"limit": 10',
            "← {",
        ):
            assert text in shown
        assert "turn 2   2.0 s · TTFT 0.62 s · 24 tok/s · 406 in, 32 out" in shown
        assert "✓ refunds the right order" in shown
        await press(pilot, "right_square_bracket")
        assert "repeat 3 of 3" in screen(app)
        await press(pilot, "left_square_bracket", "left_square_bracket")
        assert "repeat 1 of 3" in screen(app)
        await press(pilot, "right_curly_bracket")
        assert run().prompts[1].id in screen(app)
        await press(pilot, "left_curly_bracket", "left_curly_bracket")
        assert run().prompts[19].id in screen(app)
        await press(pilot, "l")
        assert "Claude Sonnet 4.6" in screen(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)


async def test_the_conversation_is_copied_whole(one_run: Settings) -> None:
    app = MiloApp(one_run, run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "G", "y")
        for text in ("find_customer", "I refunded 84.50 EUR", "refunds the right order"):
            assert text in app.clipboard


async def test_a_cell_without_an_attempt_says_so(tmp_path: Path) -> None:
    store = await Store.open(settings(tmp_path).database)
    await store.create_run(run(phase=RunPhase.STOPPED))
    await store.aclose()
    app = MiloApp(settings(tmp_path), run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        shown = screen(app)
        assert "! 180 attempts missing, left out of totals · r resumes" in shown
        assert "no score yet" in shown
        await press(pilot, "2", "enter")
        assert any("not been run" in notice for notice in notices(app))
        await press(pilot, "5", "enter")
        assert isinstance(app.screen, RunScreen)


async def test_an_attempt_that_the_infrastructure_failed_says_why(tmp_path: Path) -> None:
    app = await open_run(tmp_path, run(phase=RunPhase.INCOMPLETE), lambda m, p, r: None if p == 0 else 3)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "! 9 attempts missing (infrastructure), left out of totals" in screen(app)
        await press(pilot, "2")
        assert "! ! !" in screen(app)
        await press(pilot, "enter")
        shown = screen(app)
        assert "The server answered 503 three times." in shown
        assert "no score: failed: infrastructure" in shown


async def test_a_live_run_follows_what_is_stored(tmp_path: Path) -> None:
    from tests.tui.test_runs import add, start_live

    record = run(MODELS[:1], phase=RunPhase.RUNNING, finished=None)
    number = await start_live(settings(tmp_path).database, record)
    app = MiloApp(settings(tmp_path), run=number)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "Running: 0 of 60" in screen(app)
        assert "● live" in screen(app)
        await add(settings(tmp_path).database, number, record, 0)
        assert isinstance(app.screen, RunScreen)
        app.screen.follow()
        await settle(pilot)
        assert "Running: 1 of 60" in screen(app)


async def test_every_tab_of_a_live_run_follows_and_plots_stay_where_they_are(tmp_path: Path) -> None:
    from tests.tui.test_runs import add, start_live

    database = settings(tmp_path).database
    record = run(phase=RunPhase.RUNNING, finished=None)
    number = await start_live(database, record)
    for prompt in range(3):
        await add(database, number, record, prompt)
    app = MiloApp(settings(tmp_path), run=number)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "5", "3")
        await move(pilot, *["down"] * 3)
        plots, before = app.screen.query_one("#tab-plots", TextView), screen(app).splitlines()[5:]
        assert plots.top == 3
        await add(database, number, record, 4)
        app.screen.follow()
        await settle(pilot)
        assert plots.top == 3
        assert screen(app).splitlines()[5:] != before
        await press(pilot, "5")
        assert app.screen.query_one(AttemptLog).line_count() == 4


def hostile(text: str) -> tuple[RunRecord, Callable[[AttemptDetail], AttemptDetail]]:
    """A run all of whose texts are hostile, and a change of its attempts to the same."""
    record = run(
        [
            replace(
                model,
                name=f"{text}{i}",
                sampling=STORABLE,
                entry=model.entry.model_copy(update={"quantization": text, "model": text}),
                manifest={text: [text]},
                note=text,
            )
            for i, model in enumerate(MODELS)
        ],
        suite=STORABLE,
        suite_title=STORABLE,
        note=text,
        machine={text: {text: text}},
        categories=(("single_tool", text),),
    )
    record = replace(
        record,
        prompts=tuple(
            replace(
                prompt,
                title=STORABLE,
                category="single_tool",
                definition={**prompt.definition, "system": text, "user": text},
            )
            for prompt in record.prompts[:2]
        ),
    )

    def spoil(attempt: AttemptDetail) -> AttemptDetail:
        calls = (ToolCall.read(text, text, '{"a": "' + "b" * 80 + '"}'), ToolCall.read("2", text, text))
        turn = replace(
            turn_with_call(),
            text=text,
            reasoning=text,
            calls=calls,
            results=(ToolResult(text, {text: text}), ToolResult("2", text, is_error=True)),
            loss=Loss.CALL_GARBLED,
            quirks=(text,),
            server=text,
            headers={text: text},
            request=text.encode("utf-8", "replace"),
            response=b"data: " + text.encode("utf-8", "replace") + b"\n\n",
        )
        score = Score(
            (CheckResult(text, True, text), CheckResult(text, False, text), CheckResult(text, False, text))
        )
        row = replace(attempt.attempt, error=text, lost=STORABLE)
        return replace(attempt, attempt=row, turns=(turn,), score=score)

    return record, spoil


async def test_hostile_text_everywhere_neither_crashes_nor_acts(tmp_path: Path) -> None:
    record, spoil = hostile(ALL)
    store = await Store.open(settings(tmp_path).database)
    number = await store.create_run(record)
    for model, prompt in itertools.product(range(3), range(2)):
        await store.add_attempt(number, spoil(attempt(record, model, prompt, 1, 1)))
    await store.aclose()
    for size in ((80, 24), (160, 45)):
        app = MiloApp(settings(tmp_path))
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            for key in (
                "down",
                "enter",
                "tab",
                "down",
                "tab",
                "G",
                "tab",
                "enter",
                "G",
                "l",
                "escape",
                "escape",
                "y",
            ):
                await press(pilot, key)
                drawn = app.export_screenshot()
                assert not [character for character in FORBIDDEN if character in drawn]
            assert app.is_running


def test_arguments_that_are_no_json_are_shown_as_they_came() -> None:
    shown = call_text(ToolCall.read("1", "find", '{"a": ')).plain
    assert shown.startswith("⚙ find  its arguments are not valid JSON")
    assert shown.endswith('{"a": ')


def test_a_result_that_is_an_error_says_so_in_words() -> None:
    assert result_text(ToolResult("1", {"error": "gone"}, is_error=True)).plain.startswith("← error ")


def test_json_too_deep_to_print_is_no_crash() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert pretty(deep) == "(nested too deeply to be shown)"


def test_an_endless_text_is_drawn_in_part_and_says_so() -> None:
    record = run()
    made = replace(attempt(record, 0, 0, 1, 3), turns=(replace(turn_with_answer(), text="x" * 1_000_000),))
    drawn = "".join(piece.text.plain for piece in conversation(record.prompts[0], made))
    assert len(drawn) < 30_000
    assert "980,000 more characters" in drawn


def test_what_the_server_lost_is_named() -> None:
    made = attempt(run(), 0, 0, 1, 1)
    made = replace(
        made, attempt=replace(made.attempt, outcome=Outcome.SERVER, lost="tool call lost by the server")
    )
    assert "* tool call lost by the server" in [piece.text.plain for piece in checks(made)]


async def test_the_title_says_simulated(tmp_path: Path) -> None:
    app = await open_run(tmp_path, run([replace(MODELS[0], simulated=True)]))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "simulated" in app.screen.query_one(TitleBar).place.plain
        await press(pilot, "2", "enter")
        assert "simulated" in screen(app)


def test_json_is_broken_only_where_it_is_long() -> None:
    value = {
        "contracts": [{"no": "V-55803", "state": "ended"}, {"no": "V-61942", "state": "running"}],
        "more": [],
    }
    assert pretty(value).splitlines() == [
        "{",
        '  "contracts": [',
        '    {"no": "V-55803", "state": "ended"},',
        '    {"no": "V-61942", "state": "running"}',
        "  ],",
        '  "more": []',
        "}",
    ]
    assert pretty({"a": 1}) == '{"a": 1}'


async def test_prompts_go_to_the_next_failure_show_its_reason_and_only_what_differs(tmp_path: Path) -> None:
    where = settings(tmp_path)
    await store_run(where.database, run(), lambda m, p, r: 1 if (m, p, r) == (1, 6, 3) else 3)
    app = MiloApp(where, run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "n")
        matrix = app.screen.query_one("#tab-prompts ScoreMatrix", ScoreMatrix)
        assert matrix.spot == Spot(prompts()[6].id, MODELS[1].id, 3)
        foot = "\n".join(screen(app).splitlines()[-4:])
        assert MODELS[1].name in foot
        assert "1/3" in foot
        assert "the answer holds" in foot, "the reason"
        await press(pilot, "n")
        assert "No next failed attempt." in notices(app)
        await press(pilot, "a")
        shown = screen(app)
        assert prompts()[6].id.split("/")[1] in shown
        assert shown.count("look_up_a_night_rate") == 0
        await press(pilot, "a", "slash", *"night", "enter")
        assert screen(app).count("look_up_a_night_rate") == 5
        await press(pilot, "escape")
        assert "book_the_earlier_train" in screen(app), "esc clears the words, then goes back"
