"""Where a check judges wording, right and wrong formulations are told apart, and no asked-for fact goes unchecked."""

from pathlib import Path

import pytest
import yaml

from milo_tui.suite.loading import load_suite
from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import play

SUITE = load_suite(Path(__file__).parents[2] / "prompts" / "milo")
PHRASINGS = yaml.safe_load((Path(__file__).parent / "phrasings.yaml").read_text(encoding="utf-8"))


def points(prompt: Prompt, answer: str) -> int:
    """What the reference's calls earn with another answer."""
    calls = [step for step in prompt.reference if step.made]
    return score(prompt, play(prompt, [*calls, Step(say=answer)])).points


@pytest.mark.parametrize("id", PHRASINGS)
def test_formulations_are_told_apart(id: str) -> None:
    right, wrong = PHRASINGS[id]["right"], PHRASINGS[id]["wrong"]
    assert min(len(right), len(wrong)) >= 30
    assert [answer for answer in right if points(SUITE.prompt(id), answer) < 3] == []
    assert [answer for answer in wrong if points(SUITE.prompt(id), answer) == 3] == []


@pytest.mark.parametrize("prompt", SUITE.prompts, ids=lambda prompt: prompt.id)
def test_each_prompt_carries_eight_right_ways(prompt: Prompt) -> None:
    assert len(prompt.right) >= 8
    assert len(prompt.wrong) >= 5


# What system or user asks to be told: the words that ask, and an answer that lacks that fact alone.
REQUESTED = [
    ("single_tool/library_hold", "its hold number", "You are at position 17 in the queue."),
    ("single_tool/library_hold", "its position in the queue", "Your hold number is HLD-507731."),
    ("single_tool/deicing_shift", "the shift's reference", "The shift is open."),
    ("single_tool/museum_loan", "the loan number", "The loan is registered."),
    ("single_tool/well_flow", "cubic metres per hour", "The true flow is 1134.3 L/min."),
    ("single_tool/well_flow", "Two decimals", "The true flow is 68.1 m³/h."),
    (
        "tool_selection/consignment_status",
        "Where is our consignment",
        "Expected on 24 September 2026 at 16:40.",
    ),
    ("tool_selection/consignment_status", "on which day", "At Brackwell, expected at 16:40."),
    ("tool_selection/consignment_status", "at what time", "At Brackwell, expected on 24 September 2026."),
    (
        "tool_selection/high_waters",
        "Skelwick (SKW)",
        "Port Aldane 3.96 m, Invermoy 5.47 m, difference 151 cm.",
    ),
    (
        "tool_selection/high_waters",
        "Port Aldane (PAL)",
        "Skelwick 4.83 m, Invermoy 5.47 m, difference 151 cm.",
    ),
    (
        "tool_selection/high_waters",
        "Invermoy (IVM)",
        "Skelwick 4.83 m, Port Aldane 3.96 m, difference 151 cm.",
    ),
    (
        "tool_selection/high_waters",
        "how many centimetres",
        "Skelwick 4.83 m, Port Aldane 3.96 m, Invermoy 5.47 m.",
    ),
    (
        "tool_selection/high_waters",
        "in metres",
        "Skelwick 483 cm, Port Aldane 396 cm, Invermoy 547 cm; 151 cm.",
    ),
    ("tool_selection/move_room_booking", "you cannot do it", "The floor manager is on extension 7316."),
    ("tool_selection/move_room_booking", "extension 7316", "I cannot move a booking; ask the floor manager."),
    ("tool_selection/patient_transport", "ask the user for all of them", "At what time does she go home?"),
    ("tool_selection/patient_transport", "ask the user for all of them", "How does she travel, walking?"),
    ("multi_step/night_tariff", "How many cents", "The tariff is DUSK-7B."),
    ("multi_step/paprika_order", "the order number", "I ordered 8 packs."),
    ("multi_step/expense_payout", "the amount", "The payment number is PY-904415."),
    ("multi_step/expense_payout", "the payment", "I paid 1,216.84 euros."),
    ("multi_step/vaccine_batch", "the total of minutes", "I put the batch into quarantine."),
    ("multi_step/vaccine_batch", "what you did", "The batch was too warm for 35 minutes."),
    ("error_recovery/permit_renewal", "the receipt number", "Your permit is valid until 2027-02-19."),
    ("error_recovery/permit_renewal", "the new last day", "The receipt number is RC-730562."),
    ("error_recovery/leaflet_print", "the job number", "There will be 448 copies."),
    ("error_recovery/leaflet_print", "the number of copies", "The job number is JN-58213."),
    ("error_recovery/tow_truck", "the job number", "Depot DT-14 sends a truck."),
    (
        "error_recovery/fee_plan_denied",
        "which tasks are done",
        "Plan and letter not done: bursary@stavering.example",
    ),
    (
        "error_recovery/fee_plan_denied",
        "which are not",
        "The phone number is changed: bursary@stavering.example",
    ),
    (
        "error_recovery/fee_plan_denied",
        "bursary@stavering.example",
        "Phone done, plan denied, letter not sent.",
    ),
]


@pytest.mark.parametrize(
    ("id", "asked", "answer"), REQUESTED, ids=[f"{row[0]}-{row[1]}" for row in REQUESTED]
)
def test_a_fact_that_is_asked_for_is_checked(id: str, asked: str, answer: str) -> None:
    prompt = SUITE.prompt(id)
    assert asked in " ".join(f"{prompt.system} {prompt.user}".split())
    assert points(prompt, answer) < 3


def test_every_prompt_that_is_answered_in_words_has_its_facts_listed() -> None:
    in_words = {prompt.id for prompt in SUITE.prompts if prompt.category != "structured_output"}
    assert in_words == {row[0] for row in REQUESTED}
