"""The table of `milo prompts check`: every cell in any width, every fault, counts where there are too many columns."""

import pytest
from rich.console import Console

from milo_tui.reports.suite_check import render
from milo_tui.suite.prompt import Prompt
from milo_tui.suite_lab.checking import SuiteCheck, check_suite
from milo_tui.suite_lab.mutations import MUTATIONS
from tests.suite.samples import PORTS, REFUND, RETRY, prompt_of, suite_of


def printed(check: SuiteCheck, width: int = 80) -> list[str]:
    """The report's lines in a terminal of this width."""
    console = Console(width=width, highlight=False, markup=False, color_system=None)
    with console.capture() as captured:
        console.print(render(check))
    return captured.get().splitlines()


def many(count: int) -> SuiteCheck:
    """The check of a suite with so many prompts, in two categories."""
    prompts = [prompt_of(PORTS, id=f"{'ab'[i % 2]}/ports_{i}") for i in range(count)]
    prompts.sort(key=lambda prompt: prompt.category)
    one = check_suite(suite_of(prompts[0])).table[prompts[0].id]
    return SuiteCheck(table={prompt.id: one for prompt in prompts})


def _marks(line: str) -> str:
    return "".join(line[22:].split())


@pytest.mark.parametrize("width", [40, 60, 80, 120, 160])
def test_every_cell_is_printed_in_any_width(width: int) -> None:
    check = many(24)
    lines = printed(check, width)
    assert all(len(line) <= width for line in lines)
    for name in MUTATIONS:
        cells = "".join(_marks(line) for line in lines if line.startswith(f"{name.ljust(22)} "))
        assert cells == "".join(row[name].verdict.sign for row in check.table.values())


def test_columns_are_numbered_and_the_numbers_are_told() -> None:
    lines = printed(many(12))
    assert lines[0].split() == ["1"] * 3
    assert "".join(lines[1].split()) == "123456789012"
    assert "a: 1:ports_0, 2:ports_2, 3:ports_4, 4:ports_6, 5:ports_8, 6:ports_10" in lines
    assert "b: 7:ports_1, 8:ports_3, 9:ports_5, 10:ports_7, 11:ports_9, 12:ports_11" in lines


def test_faults_and_reasons_are_told() -> None:
    lax = REFUND.replace("    order: relative\n    before: refund_order\n", "")
    why = prompt_of(lax, id="shop/excused", harmless={"swapped_order": "Order is\n  free here."})
    lines = printed(check_suite(suite_of(prompt_of(lax), why)), 200)
    assert "harmless: shop/excused: swapped_order: Order is free here." in lines
    assert any(line.startswith("error: shop/refund: swapped_order survived") for line in lines)
    assert lines[-1].startswith("The suite is not sound: 2 errors: 2 prompts, 2 known-bad conversations, ")


def test_one_of_each_is_singular() -> None:
    assert (
        "1 prompt, 1 known-bad conversation, " in printed(check_suite(suite_of(prompt_of(REFUND))), 200)[-1]
    )


def test_many_prompts_are_counted() -> None:
    lines = printed(many(61))
    assert all(len(line) <= 80 for line in lines)
    (row,) = [line.split() for line in lines if line.startswith("wrong_value")]
    assert row == ["wrong_value", "61", "0", "0", "0", "0", "0"]


def test_hostile_text_stays_text() -> None:
    bad: Prompt = prompt_of(RETRY, title="x", harmless={"endless_retry": "\x1b[2Jgone [bold]"})
    text = "\n".join(printed(check_suite(suite_of(bad)), 200))
    assert "\x1b" not in text
