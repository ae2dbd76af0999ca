"""Two runs compared: what sets them apart is told first, and only what was the same is paired."""

from dataclasses import replace
from typing import Any

import pytest

from milo_tui.analysis.comparison import Compared, Comparison, Measured, compare
from milo_tui.analysis.evidence import Evidence, ReplyDigest
from milo_tui.analysis.record import PromptRecord, RunRecord
from milo_tui.analysis.run_differences import model_differences, run_differences
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.reports import comparison as words
from tests.reports import made


def measured(run: RunRecord, points: made.Points = made.published_points, digests: str = "each") -> Measured:
    """A run with answers that are all different, or the same in all repeats."""
    rows = made.rows(run, points)
    answered = {
        row.id: ReplyDigest(f"{row.prompt} {row.points}" if digests == "same" else str(row.id))
        for row in rows
    }
    return Measured(run, rows, Evidence(answered=answered))


def perfect(model: int, prompt: int, repeat: int) -> int:
    return 3


def two_broken(model: int, prompt: int, repeat: int) -> int:
    return 0 if model == 0 and prompt < 2 else 3


def of_qwen(found: Comparison) -> Compared:
    return next(model for model in found.models if model.pair.a == "qwen")


def test_equal_runs_are_alike_and_show_no_difference() -> None:
    found = compare(measured(made.run(key="a")), measured(made.run(key="b", number=2)))
    assert found.alike
    assert words.alike_sentence(found).startswith("Same settings")
    assert [float(model.pair.gap) for model in found.models] == [0.0, 0.0]
    assert {model.pair.finding for model in found.models} == {"no evidence"}
    assert not any(model.worse for model in found.models)
    assert all(model.same == model.answers == 60 for model in found.models)


def test_what_sets_runs_apart_is_told_first() -> None:
    one = made.run(key="a", seed=5)
    other = replace(made.run(key="b", scorer_version=2, repeats=3), suite_version=2, machine={"cores": 4})
    sentence = words.alike_sentence(compare(measured(one), measured(other)))
    assert sentence == (
        "Settings differ: suite milo-bench 1 vs milo-bench 2; scored by different versions: 1 vs 2; "
        "seed 5 vs 7; system made-up vs none; cores 2 vs 4; milo-tui 0.1.0 vs none."
    )


def _entry(**changes: Any) -> ModelEntry:
    return made.QWEN.entry.model_copy(update=changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"manifest": {"server": "made-up 2.0", "sent": {"temperature": 0.0}}},
            "server version made-up 1.0 vs made-up 2.0",
        ),
        (
            {"manifest": {"server": "made-up 1.0", "sent": {"temperature": 1.0}}},
            "temperature 0.0 vs 1.0",
        ),
        ({"entry": _entry(quantization="4-bit")}, "quantization none vs 4-bit"),
        (
            {"entry": _entry(base_url="http://other.example:1/v1")},
            "host qwen.example vs other.example",
        ),
        ({"entry": _entry(base_url="http://qwen.example:9/v1")}, ""),
        ({"manifest": {**made.QWEN.manifest, "load_s": 3.2, "pid": 7, "quirks": ["odd"]}}, ""),
    ],
)
def test_server_quantisation_and_sampling_are_compared(changes: dict[str, Any], said: str) -> None:
    assert "; ".join(map(str, model_differences(made.QWEN, replace(made.QWEN, **changes)))) == said


def test_a_prompt_that_changed_is_left_out_and_named() -> None:
    other = made.run(key="b")
    first = other.prompts[0]
    other = replace(other, prompts=(replace(first, definition={"user": "Otherwise."}), *other.prompts[1:-1]))
    found = compare(measured(made.run(key="a")), measured(other))
    assert found.changed == ("single_tool/p1",)
    assert found.missing == ("error_recovery/p4",)
    assert len(found.prompts) == found.models[0].pair.prompts == 18
    assert not found.alike
    assert any("single_tool/p1" in sentence for sentence in words.before(found))


def test_runs_without_a_prompt_in_common_get_no_verdict() -> None:
    other = replace(made.run(key="b"), prompts=(PromptRecord("x/y", 1, "x", "Y", {}),))
    found = compare(measured(made.run(key="a")), measured(other))
    assert {model.pair.finding for model in found.models} == {"not judged"}


def test_two_prompts_that_broke_are_a_change_of_the_server() -> None:
    found = of_qwen(compare(measured(made.run(key="a"), two_broken), measured(made.run(key="b"), perfect)))
    assert found.pair.finding == "no evidence"
    assert found.rerun_test is not None
    assert found.rerun_test.p == pytest.approx(0.005)
    assert found.worse


def test_repeats_that_are_the_same_again_add_no_evidence() -> None:
    one, other = measured(made.run(key="a"), two_broken, "same"), measured(made.run(key="b"), perfect, "same")
    found = of_qwen(compare(one, other))
    assert found.rerun_test is not None
    assert found.rerun_test.p == found.pair.p == 0.5
    assert not found.worse


def test_better_is_not_worse() -> None:
    found = of_qwen(compare(measured(made.run(key="a"), perfect), measured(made.run(key="b"), two_broken)))
    assert found.rerun_test is not None
    assert found.rerun_test.p < 0.05
    assert not found.worse


def test_two_models_of_one_run_are_not_asked_anew() -> None:
    one = measured(made.run())
    found = compare(one, one, [("qwen", "sonnet")])
    assert found.models[0].rerun_test is None
    assert found.models[0].pair.gap == 3
    assert words.heading(found).startswith("Two models of run 1")


def test_runs_of_other_repeats_are_paired_by_their_means() -> None:
    found = of_qwen(compare(measured(made.run(key="a")), measured(made.run(key="b", repeats=2))))
    assert found.pair.gap == 0
    assert found.pair.possible == 180
    assert "repeats 3 vs 2" in map(str, run_differences(made.run(key="a"), made.run(key="b", repeats=2)))


def test_models_without_a_counterpart_are_named() -> None:
    found = compare(
        measured(made.run((made.QWEN, made.SONNET), key="a")), measured(made.run((made.QWEN,), key="b"))
    )
    assert found.unpaired == ("Claude Sonnet 4.6",)
    assert [model.pair.a for model in found.models] == ["qwen"]


def test_the_data_for_scripts_says_what_the_words_say() -> None:
    data = words.as_data(
        compare(measured(made.run(key="a"), two_broken), measured(made.run(key="b"), perfect))
    )
    assert data["alike"] is True
    assert data["models"][0]["gap"] == -18.0
    assert data["models"][0]["worse"] is True
    assert data["models"][0]["differing"] == {"single_tool/p1": -9.0, "single_tool/p2": -9.0}
