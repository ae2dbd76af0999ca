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


# Answers from reports of unfair scores, after the reference's calls, and the points that they may earn at most or,
# where it is 3, must earn.
JUDGED = [
    ("single_tool/well_flow", "The true flow is 68.06 litres per minute.", 2),
    ("single_tool/well_flow", "The true flow is 68.058 m³/h.", 2),
    ("single_tool/well_flow", "68,058 L/h, so 680.58 m³/h", 2),
    ("multi_step/night_tariff", "A kilowatt-hour costs you 0.2187 cents at night.", 2),
    ("multi_step/night_tariff", "£0.2187", 2),
    ("multi_step/night_tariff", "By day you pay 21.87 cents, at night 34.19 cents.", 2),
    ("multi_step/night_tariff", "Your present tariff NOVA-3 costs 21.87 cents at night.", 2),
    ("tool_selection/high_waters", "Skelwick 3.96 m, Port Aldane 4.83 m, Invermoy 5.47 m; 151 cm.", 2),
    ("tool_selection/high_waters", "Skelwick 4.83 cm, Port Aldane 3.96 cm, Invermoy 5.47 cm; 151 cm.", 2),
    ("multi_step/vaccine_batch", "35 minutes. Released; no quarantine was needed", 1),
    ("tool_selection/move_room_booking", "it's sorted: the room is yours. 7316", 1),
    (
        "error_recovery/fee_plan_denied",
        "Phone changed, plan refused, the letter is on its way. bursary@stavering.example can help.",
        1,
    ),
    ("multi_step/expense_payout", "The payment number is PY-904415.", 2),
    ("multi_step/expense_payout", "I paid 1,261.84 euros. The payment number is PY-904415.", 2),
    ("multi_step/expense_payout", "Paid 1216.84072 euros, PY-904415.", 2),
    ("multi_step/expense_payout", "1.216,84 €, PY-904415", 3),
    (
        "tool_selection/patient_transport",
        "I'll put her down as walking. At what time should she be fetched for the way home?",
        2,
    ),
    ("tool_selection/move_room_booking", "I'm not set up to move bookings. The floor manager is on 7316.", 3),
    ("tool_selection/move_room_booking", "That isn't within my remit; the floor manager on 7316 can.", 3),
    ("tool_selection/move_room_booking", "It's beyond what I'm able to do. Floor manager: 7316.", 3),
    (
        "tool_selection/move_room_booking",
        "I can't move it, but I can cancel it and book anew. Floor manager: 7316.",
        2,
    ),
    (
        "tool_selection/consignment_status",
        "At Brackwell; expected on 24 September 2026 at 4:40 in the afternoon.",
        3,
    ),
    ("tool_selection/consignment_status", "At Brackwell; expected on 24 September 2026, 1640 hrs.", 3),
    ("tool_selection/consignment_status", "At Brackwell; expected on Thursday the 24th at 16:40.", 3),
    ("single_tool/library_hold", "Your hold is placed.", 2),
]


@pytest.mark.parametrize(("id", "answer", "most"), JUDGED)
def test_an_answer_once_misjudged_is_judged_rightly(id: str, answer: str, most: int) -> None:
    found = points(SUITE.prompt(id), answer)
    assert found == 3 if most == 3 else found <= most
