"""A diff on the screen: by keyboard from Runs and back, what it shows, and what it does with hostile text."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from milo_tui.analysis.diff import ConversationDiff, diff
from milo_tui.config import Settings
from milo_tui.store.store import Store
from milo_tui.suite.conversation import ToolCall, ToolResult
from milo_tui.suite.loading import load_prompt
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens.attempt import AttemptScreen
from milo_tui.tui.screens.diff import DiffScreen
from milo_tui.tui.screens.run import RunScreen
from milo_tui.tui.screens.runs import RunsScreen
from milo_tui.tui.screens.side_list import SideList
from milo_tui.tui.widgets.tool_call_diff import ToolCallDiff
from tests.factories import NOVEMBER
from tests.tui.diff_data import IDS, diff_run, made, prompts, store_diff_run, turn
from tests.tui.hostile import ALL, FORBIDDEN, STORABLE
from tests.tui.looking import notices, press, screen, settle
from tests.tui.runs_data import MODELS, settings

ROOT = Path(__file__).parents[2]
TO_REFUND = ("2", "down")
"""From Run's table to the refund's line in the matrix: categories stand in the suite's order."""


@pytest.fixture
async def stored(tmp_path: Path) -> Settings:
    """Settings of a database with two runs of the same models."""
    await store_diff_run(settings(tmp_path), diff_run())
    await store_diff_run(settings(tmp_path), diff_run(NOVEMBER + 9000))
    return settings(tmp_path)


def diff_list(app: MiloApp) -> ToolCallDiff:
    """The list of the diff that is in front."""
    return app.screen.query_one(ToolCallDiff)


def line_with(app: MiloApp, text: str) -> str:
    """The first line of the screen in which a text stands."""
    return next(line for line in screen(app).splitlines() if text in line)


async def test_from_runs_to_a_diff_and_back_by_keyboard_alone(stored: Settings) -> None:
    app = MiloApp(stored)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", *TO_REFUND, "d")
        shown = screen(app)
        assert isinstance(app.screen, DiffScreen)
        for text in (
            'refund_order.amount 84.5 against "84.50"',
            "Claude Sonnet 4.6 calls list_orders once more",
            "1 of 8 differences",
            '!   "amount": 84.5,',
            '"currency": "EUR"',
            "╱╱╱╱",
        ):
            assert text in shown
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)
        await press(pilot, "enter", "d")
        assert isinstance(app.screen, DiffScreen)
        await press(pilot, "escape")
        assert isinstance(app.screen, AttemptScreen)
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, RunsScreen)


async def test_a_parallel_call_in_another_order_says_moved_not_changed(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    for size in ((160, 45), (80, 24)):
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await press(pilot, *TO_REFUND, "down", "d")
            shown = screen(app)
            assert "= same 3 calls; tide moved; the answers agree" in shown
            assert "= no difference" in shown
            line = next(line for line in shown.splitlines() if "Vigo" in line)
            assert line.lstrip().startswith(">")
            assert "moved: turn 1, call 3" in line
            assert not any(row.stop for row in diff_list(app).rows)
            await press(pilot, "o")
            assert "1 of 1 difference" in screen(app)
            assert "order matters" in screen(app)
        app = MiloApp(stored, run=1)


async def test_where_there_is_no_room_for_where_a_call_moved_it_says_that_it_did(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "down", "d", "m")
        assert "tide moved · MiniMax M2.7: no calls in common" in screen(app)
        line = line_with(app, "Vigo")
        assert '│> ⚙ tide {"port": "Vigo"}        moved │- ╱' in line


async def test_n_walks_over_the_differences(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "n", "n")
        assert "3 of 8 differences" in screen(app)
        assert "!+  " in screen(app)
        await press(pilot, "N")
        assert "2 of 8 differences" in screen(app)
        await press(pilot, *"nnnnnn")
        assert "8 of 8 differences" in screen(app)
        await press(pilot, "n")
        assert any("No next difference" in notice for notice in notices(app))


async def test_modes(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d")
        assert "⋯ 2 equal" in screen(app)
        await press(pilot, "a")
        assert "⋯" not in screen(app)
        assert '← {"customer_id": "C-2041"}' in screen(app)
        wrapped = diff_list(app).line_count()
        await press(pilot, "w")
        assert diff_list(app).line_count() < wrapped
        assert "lines cut" in screen(app)
        await press(pilot, "w", "u")
        shown = screen(app)
        assert "one column" in shown
        assert '!-   "amount": 84.5,' in shown
        assert '!+   "amount": "84.50",' in shown
        await pilot.resize_terminal(90, 30)
        await settle(pilot)
        assert '!-   "amount": 84.5,' in screen(app)
        await press(pilot, "u")
        assert line_with(app, '"amount": "84.50"').startswith(' !   "amount": 84.5,')


async def test_m_puts_all_models_beside_each_other_and_two_again(stored: Settings) -> None:
    app = MiloApp(stored)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", *TO_REFUND, "d", "m")
        shown = " ".join(screen(app).split())
        for text in (
            "Claude Sonnet 4.6: 3 calls in common; refund_order.order.lines[2] nothing against 3;",
            "MiniMax M2.7: 2 calls in common; its arguments of refund_order are no JSON object;",
            "1 of 11 differences",
        ):
            assert text in shown
        heading = line_with(app, "repeat 1 of 2 · 1/3")
        assert [name in heading for name in ("Qwen3.5-397B", "Claude Sonnet 4.6", "MiniMax M2.7")] == [
            True
        ] * 3
        amounts = line_with(app, '"amount": "84.50"')
        assert amounts.startswith(' !   "amount": 84.5,')
        assert '│!   "amount": "84.50",' in amounts
        assert "│- ╱╱╱╱" in line_with(app, "turn 2 │=")
        assert "property name enclosed in double quotes: line" in line_with(app, "quotes")
        await press(pilot, "n", "N", "w", "w", "a", "a", "o", "o", "y")
        assert "Qwen3.5-397B  against  MiniMax M2.7" in app.clipboard
        await press(pilot, "m")
        assert "8 differences" in screen(app)
        assert "MiniMax" not in screen(app)
        await press(pilot, *["escape"] * 3)
        assert isinstance(app.screen, RunsScreen)


@pytest.mark.parametrize(("width", "columns"), [(160, 4), (120, 3), (100, 2)])
async def test_as_many_columns_as_fit_and_a_note_on_the_others(
    stored: Settings, width: int, columns: int
) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(width, 36)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "m", "plus", "G", "enter")
        assert line_with(app, "find_customer").count("⚙") == columns
        assert "run 2" in screen(app)
        if columns == 4:
            assert "sides" not in screen(app)
            await press(pilot, "greater_than_sign")
            assert any("All sides are visible" in notice for notice in notices(app))
            return
        last = f"{6 - columns}–4" if columns == 3 else "4"
        assert f"< > sides {last} of 4" in screen(app)
        await press(pilot, "less_than_sign")
        assert f"< > sides {f'{5 - columns}–3' if columns == 3 else '3'} of 4" in screen(app)
        assert "run 2 · repeat" not in screen(app)
        await press(pilot, "greater_than_sign", "greater_than_sign")
        assert columns == 3 or "= no difference visible" in screen(app)
        await press(pilot, "left", "left", "left")
        assert "Claude Sonnet 4.6" in screen(app)
        assert any("No more sides there" in notice for notice in notices(app))
        await pilot.resize_terminal(160, 45)
        await settle(pilot)
        assert line_with(app, "find_customer").count("⚙") == 4
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "4 Qwen3.5-397B · run 2 · repeat 1 of 2" in screen(app)
        assert "sides" not in screen(app)


async def test_one_below_the_other_each_line_says_whose_it_is(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "m")
        shown = screen(app)
        for text in (
            "1 Qwen3.5-397B",
            "2 Claude Sonnet 4.6",
            "3 MiniMax M2.7",
            " =   ⚙ find_customer",
            "  12 ⚙ list_orders",
            " -3  ╱╱╱",
            " +2  ⚙ list_orders",
            ' ~3    {"order": {"id": "A-17"}, "amount": 84.5, ▶}',
        ):
            assert text in shown
        broken = shown[shown.index("✗ its arguments") :]
        assert broken.index("(char 42)") < broken.index('12   "order"')
        await press(pilot, "G")
        shown = screen(app)
        assert shown.index("  1    I refunded") < shown.index(" ~2    I have") < shown.index(" ~3    Sorry.")
        assert shown.index('!3    ← "no"') < shown.index(' ~2      "refund_id": "R-10"')


async def test_sides_are_added_and_taken_away(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "minus")
        assert any("A diff needs two sides" in notice for notice in notices(app))
        await press(pilot, "plus")
        assert "● Claude Sonnet 4.6" in screen(app)
        assert "Add or remove" in screen(app)
        await press(pilot, *"jj", "enter")
        assert line_with(app, "repeat 2 of 2").count("Qwen3.5-397B") == 2
        await press(pilot, "plus", "enter")
        assert "Claude" not in screen(app)
        assert "#2" not in screen(app)
        await press(pilot, "m", "plus", *"jj", "enter")
        assert "Qwen3.5-397B #2: same 3 calls, same answer" in " ".join(screen(app).split())
        await press(pilot, "plus", "G", "enter")
        assert any("at most 4 sides" in notice for notice in notices(app))
        await press(pilot, "minus", "minus")
        assert "MiniMax" not in screen(app)


async def test_tab_puts_the_next_side_first_and_b_exchanges_the_last(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "m", "tab")
        heading = line_with(app, "repeat 1 of 2")
        assert heading.index("Claude") < heading.index("MiniMax") < heading.index("Qwen")
        assert "Qwen3.5-397B: 3 calls in common" in " ".join(screen(app).split())
        await press(pilot, "b", "G", "enter")
        assert "Qwen" not in screen(app)
        assert "Claude Sonnet 4.6 (run 2): same 4 calls, same answer" in " ".join(screen(app).split())
        await press(pilot, "right_square_bracket")
        assert screen(app).count("repeat 2 of 2") == 3
        await press(pilot, "full_stop")
        assert IDS[1] in screen(app)
        assert "MiniMax M2.7: no calls in common; does not call tide" in screen(app)


async def test_a_model_without_an_attempt_is_named_and_the_others_are_compared(tmp_path: Path) -> None:
    await store_diff_run(settings(tmp_path), diff_run(), models=2)
    app = MiloApp(settings(tmp_path), run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "m")
        shown = " ".join(screen(app).split())
        assert "Claude Sonnet 4.6: 3 calls in common" in shown
        assert "MiniMax M2.7 has no attempt at multi_step/refund #1 in run 1" in shown
        assert '"84.50"' in shown


async def test_a_run_of_two_models_has_no_more(tmp_path: Path) -> None:
    await store_diff_run(settings(tmp_path), replace(diff_run(), models=MODELS[:2]), models=2)
    app = MiloApp(settings(tmp_path), run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "m")
        assert any("no other models" in notice for notice in notices(app))


async def test_a_long_comparison_says_that_it_goes_on_under_its_title(
    stored: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(*args: Any, **kwargs: Any) -> ConversationDiff:
        begun.set()
        go_on.wait(30)
        return diff(*args, **kwargs)

    monkeypatch.setattr("milo_tui.tui.side_comparison.diff", slow)
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND)
        await pilot.press("d")
        while not begun.is_set() or "comparing" not in screen(app):
            await pilot.pause(0.01)
        shown = screen(app)
        assert IDS[0] in shown
        assert "Claude Sonnet 4.6 · repeat 1 of 2" in shown
        go_on.set()
        await settle(pilot)
        assert "1 of 8 differences" in screen(app)
        assert "comparing" not in screen(app)


async def test_of_many_key_presses_the_last_one_counts(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d")
        await pilot.press("tab", "m", "a", "tab", "m", "u", "a", "u", "tab")
        await settle(pilot)
        diffed = diff_list(app)
        assert len(diffed.rows[0].cells) == 2
        heading = line_with(app, "repeat 1 of 2")
        assert heading.index("Qwen") < heading.index("MiniMax")
        assert "⚙ refund_order" in screen(app)


async def test_tab_swaps_and_brackets_step_both_repeats(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "tab")
        assert 'refund_order.amount "84.50" against 84.5' in screen(app)
        await press(pilot, "right_square_bracket")
        assert screen(app).count("repeat 2 of 2") == 2
        await press(pilot, "left_square_bracket")
        assert screen(app).count("repeat 1 of 2") == 2


async def test_full_stop_finds_the_prompts_that_differ(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "full_stop")
        assert IDS[2] in screen(app)
        assert "the answers' JSON differs in rooms[0].kind" in screen(app)
        await press(pilot, "full_stop")
        assert IDS[0] in screen(app)
        await press(pilot, "comma")
        assert IDS[2] in screen(app)


async def test_b_offers_models_repeats_the_reference_and_other_runs(stored: Settings) -> None:
    app = MiloApp(stored, run=2)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "b")
        shown = screen(app)
        assert isinstance(app.screen, SideList)
        for text in ("MiniMax M2.7", "repeat 2", "the author's solution", "run 1", "1/3 · 3.0 s"):
            assert text in shown
        await press(pilot, "down", "enter")
        assert isinstance(app.screen, DiffScreen)
        assert "MiniMax M2.7's arguments of refund_order" in screen(app)
        await press(pilot, "b", "G", "enter")
        assert "run 1 · repeat 1 of 2" in screen(app)
        assert "= no difference" in screen(app)
        await press(pilot, "escape", "d")
        # The chosen side holds in the diff that it was chosen in, and not in the next one.
        assert "run 1 · repeat 1 of 2" not in screen(app)
        await press(pilot, "b", "escape")
        assert isinstance(app.screen, DiffScreen)


async def test_two_repeats_of_one_model(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "b", "down", "down", "enter")
        assert "repeat 1 of 2" in screen(app)
        assert "repeat 2 of 2" in screen(app)
        await press(pilot, "right_square_bracket")
        assert any("No other repeat" in notice for notice in notices(app))


async def test_the_reference_is_a_side(tmp_path: Path) -> None:
    prompt = load_prompt(ROOT / "prompts/milo/single_tool/well_flow.yaml")
    definition = prompt.model_dump(mode="json", by_alias=True, exclude_unset=True)
    record = diff_run(prompts=(replace(prompts()[0], definition=definition), *prompts()[1:]))
    await store_diff_run(settings(tmp_path), record)
    app = MiloApp(settings(tmp_path), run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "b", *["down"] * 3, "enter")
        shown = screen(app)
        assert "reference · what the prompt's author expects" in shown
        assert "⚙ read_logger" in shown
        assert "reference alone calls read_logger" in " ".join(shown.split())
        await press(pilot, "right_square_bracket")
        assert "repeat 2 of 2" in screen(app)


async def test_a_side_without_an_attempt_says_what_helps(tmp_path: Path) -> None:
    await store_diff_run(settings(tmp_path), diff_run(), models=1)
    app = MiloApp(settings(tmp_path), run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d")
        assert "Claude" not in screen(app), "no other model has this attempt: the reference stands beside it"
        await press(pilot, "b", *["up"] * 9, "enter")
        shown = screen(app)
        assert "! Nothing to compare" in shown
        assert "Claude Sonnet 4.6 has no attempt at" in shown
        assert "b choose a side" in shown
        await press(pilot, "n", "full_stop", "y", "b", "down", "down", "enter")
        assert "= no difference" in screen(app)


async def test_from_the_table_d_leads_to_the_matrix(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "d")
        assert any("d compares it" in notice for notice in notices(app))
        await press(pilot, "d")
        assert isinstance(app.screen, DiffScreen)


async def test_copied_as_text(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, "d", "y")
        assert "Qwen3.5-397B  against  Claude Sonnet 4.6" in app.clipboard
        assert '! amount: 84.5  |  "84.50"' in app.clipboard


async def test_broken_json_shows_where_it_breaks(stored: Settings) -> None:
    app = MiloApp(stored, run=1)
    async with app.run_test(size=(160, 45)) as pilot:
        await settle(pilot)
        await press(pilot, *TO_REFUND, *"llll", "d", "tab")
        shown = screen(app)
        assert "▶}" in shown
        assert "not valid JSON" in shown


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_hostile_text_everywhere_neither_crashes_nor_acts(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    models = [replace(model, name=f"{ALL}{i}") for i, model in enumerate(MODELS)]
    asked = tuple(replace(prompt, title=STORABLE) for prompt in prompts())
    record = replace(diff_run(prompts=asked, note=ALL), models=tuple(models))
    store = await Store.open(settings(tmp_path).database)
    number = await store.create_run(record)
    for model in range(3):
        calls = (
            ToolCall.read("1", ALL, '{"a": "' + "b" * 80 + f'{model}"}}'),
            ToolCall.read("2", ALL, ALL * (model + 1)),
        )
        evil = replace(
            turn(),
            calls=calls,
            results=(ToolResult("1", {ALL: [ALL, model]}), ToolResult("2", ALL, is_error=True)),
        )
        attempt = replace(made(record, model, 0, 1), turns=(evil, turn(text=f"{model}{ALL}")))
        await store.add_attempt(number, attempt)
    await store.aclose()
    app = MiloApp(settings(tmp_path), run=number)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for key in (
            *TO_REFUND,
            "d",
            "m",
            "n",
            "a",
            "G",
            "tab",
            "w",
            "u",
            "full_stop",
            "b",
            "down",
            "enter",
            "y",
        ):
            await press(pilot, key)
            drawn = app.export_screenshot()
            assert not [character for character in FORBIDDEN if character in drawn]
        assert isinstance(app.screen, DiffScreen)
        assert diff_list(app).line_count() > 10
