"""A prompt is found by its id, its short name, or the beginning of either."""

import pytest

from milo_tui.suite.prompt_names import PromptNameError, find_prompt_id

IDS = ["multi_step/refund", "multi_step/refund_twice", "single_tool/tide", "error_recovery/retry"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("multi_step/refund", "multi_step/refund"),
        ("refund", "multi_step/refund"),
        ("refund_", "multi_step/refund_twice"),
        ("ti", "single_tool/tide"),
        ("single", "single_tool/tide"),
    ],
)
def test_an_id_a_short_name_or_a_beginning_is_enough(wanted: str, found: str) -> None:
    assert find_prompt_id(wanted, IDS) == found


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ("ref", "ref could be multi_step/refund or multi_step/refund_twice."),
        ("tidr", "There is no prompt tidr; did you mean tide?"),
        ("xyz", "There is no prompt xyz; `milo prompts list` names them."),
    ],
)
def test_what_is_not_one_prompt_is_refused_with_what_is_near(wanted: str, problem: str) -> None:
    with pytest.raises(PromptNameError) as caught:
        find_prompt_id(wanted, IDS)
    assert str(caught.value) == problem
