"""`milo diff`: two to four sides of a prompt as text."""

from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.suite.loading import load_prompt
from tests.cli.milo import milo
from tests.tui.diff_data import IDS, diff_run, prompts, store_diff_run
from tests.tui.runs_data import MODELS, settings

ROOT = Path(__file__).parents[2]
REFUND = ("--prompt", IDS[0], "--models")
QWEN, SONNET, MINIMAX = (model.id for model in MODELS)


@pytest.fixture
async def stored(home: Path) -> None:
    """Two runs of three models, the first one's first prompt with a reference."""
    prompt = load_prompt(ROOT / "prompts/milo/single_tool/well_flow.yaml")
    definition = prompt.model_dump(mode="json", by_alias=True, exclude_unset=True)
    asked = (replace(prompts()[0], definition=definition), *prompts()[1:])
    await store_diff_run(settings(home), diff_run(prompts=asked))
    await store_diff_run(settings(home), diff_run(2e9))


@pytest.mark.usefixtures("stored")
def test_two_models_and_what_differs_between_them() -> None:
    lines = milo("diff", "1", *REFUND, f"{QWEN},{SONNET}").stdout.splitlines()
    assert lines[0] == "Qwen3.5-397B #1  against  Claude Sonnet 4.6 #1"
    assert lines[1].startswith("3 calls on both sides; refund_order.order.lines[2] nothing against 3;")
    assert "= find_customer" in lines
    assert '+ list_orders({"customer_id": "C-2041"})   only Claude Sonnet 4.6 #1, turn 3' in lines
    assert '    ! amount: 84.5  |  "84.50"' in lines
    assert "    + order.lines[2]: 3" in lines
    assert any("arrived ⟦damaged⟧ on ⟦Monday⟧" in line for line in lines)
    assert "    + I have refunded €84.50 for order A-17." in "\n".join(lines)


@pytest.mark.usefixtures("stored")
def test_up_to_four_sides_each_against_the_first() -> None:
    sides = f"{QWEN},{SONNET},{MINIMAX},2:{QWEN}#2"
    printed = milo("diff", "1", *REFUND, sides).stdout
    headings = [line for line in printed.splitlines() if "  against  " in line]
    assert headings == [
        f"Qwen3.5-397B #1 (run 1)  against  {other}"
        for other in ("Claude Sonnet 4.6 #1 (run 1)", "MiniMax M2.7 #1 (run 1)", "Qwen3.5-397B #2 (run 2)")
    ]
    assert "not valid JSON (Expecting property name" in printed
    assert printed.count("same 3 calls") == 1


@pytest.mark.usefixtures("stored")
def test_the_reference_and_another_repeat_are_sides() -> None:
    printed = milo("diff", "1", *REFUND, f"{QWEN},{QWEN}#2,reference").stdout
    assert "Qwen3.5-397B #1  against  Qwen3.5-397B #2\nsame 3 calls" in printed
    assert "Qwen3.5-397B #1  against  reference" in printed
    assert "reference alone calls read_logger" in printed


@pytest.mark.usefixtures("stored")
def test_a_parallel_call_in_another_order_is_moved_and_differs_where_order_matters() -> None:
    words = ("diff", "1", "--prompt", IDS[1], "--models", f"{QWEN},{SONNET}")
    printed = milo(*words).stdout
    assert "same 3 calls; tide moved" in printed
    assert "> tide   moved: turn 1, call 3 against turn 1, call 1" in printed
    assert "~ tide" not in printed
    assert "> tide   moved" in milo(*words, "--ordered").stdout


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("sides", [QWEN, ",".join([QWEN] * 5)])
def test_one_side_or_five_are_refused_in_a_sentence(sides: str) -> None:
    told = " ".join(milo("diff", "1", *REFUND, sides, status=2).stderr.split())
    assert "Give two to four sides with --models" in told
    assert f"The models of run 1: {QWEN}, {SONNET}, {MINIMAX}." in told


@pytest.mark.usefixtures("stored")
def test_what_is_not_there_is_named() -> None:
    assert "Run 1 has no model nobody (there: qwen3.5-397b," in _refused(f"{QWEN},nobody")
    assert "has no attempt at multi_step/refund #7 in run 1" in _refused(f"{QWEN},{SONNET}#7")
    assert ":# is not a side" in _refused(f"{QWEN},:#")


def _refused(sides: str) -> str:
    return milo("diff", "1", *REFUND, sides, status=2).stderr
