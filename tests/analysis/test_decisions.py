"""The decisions of a run: the same whatever the order in which answers come, and never from holes."""

import random
from dataclasses import replace
from typing import Any

import pytest

from milo_tui.analysis.deciding import Decision
from milo_tui.analysis.decisions import Deciding, decisions, pairs_to_decide, question_order
from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt, PromptRecord, RunRecord
from tests.factories import make_model, make_row, make_run

PROMPTS = [PromptRecord(f"one/p{i}", 1, "one", f"P{i}", {}) for i in range(10)]
MODELS = [make_model("local", "Local", memory_gb=4), make_model("api", "API")]


def deciding_run(**changes: object) -> RunRecord:
    """A run over a pool of 200 questions."""
    fields: dict[str, Any] = {"repeats": 20, "pool_seed": 1, "margin": 0.05, "confidence": 0.95}
    return make_run(MODELS, PROMPTS, **{**fields, **changes})


def answered(run: RunRecord, failing: dict[str, float]) -> list[Attempt]:
    """Attempts of every model at the whole pool, each failing at its own rate."""
    rng = random.Random(3)
    return [
        make_row(model, prompt, repeat, 0 if rng.random() < rate else 3, id=place)
        for place, (prompt, repeat) in enumerate(question_order(run))
        for model, rate in failing.items()
    ]


def test_all_models_go_through_the_whole_pool_in_one_random_order() -> None:
    order = question_order(deciding_run())
    assert len(set(order)) == len(order) == 200
    assert order == question_order(deciding_run()) != question_order(deciding_run(seed=8))
    assert len({prompt for prompt, _ in order[:20]}) > 5


@pytest.mark.parametrize(
    ("failing", "decision"),
    [
        ({"local": 0.0, "api": 0.0}, Decision.AS_GOOD),
        ({"local": 0.4, "api": 0.02}, Decision.WORSE),
        ({"local": 0.02, "api": 0.4}, Decision.BETTER),
    ],
)
def test_a_pair_is_frozen_at_the_question_that_decides(failing: dict[str, float], decision: Decision) -> None:
    run = deciding_run()
    rows = answered(run, failing)
    (whole,) = decisions(run, rows)
    assert whole.decision is decision
    assert whole.answered == len(whole.history) < 200
    assert whole.more == 0
    shuffled = random.Random(1).sample(rows, len(rows))
    assert decisions(run, shuffled) == [whole]
    # Whoever ran ahead or was interrupted: what lies beyond the decision does not count, nor do broken-off attempts.
    needed = set(question_order(run)[: whole.answered])
    cut = [row for row in rows if (row.prompt, row.repeat) in needed or row.model == "api"]
    stopped = make_row("api", *question_order(run)[3], None, outcome=Outcome.STOPPED, number=2)
    assert decisions(run, cut) == [whole]
    live = Deciding(run)
    for row in rows:
        live.add(row)
    assert live.results() == [whole]
    assert decisions(run, [*cut, stopped]) != []


def test_holes_hold_the_decision_up_until_few_enough_are_left() -> None:
    run = deciding_run()
    rows = answered(run, {"local": 0.0, "api": 0.0})
    (whole,) = decisions(run, rows)
    order = question_order(run)

    def with_holes(count: int) -> list[Attempt]:
        lost = set(order[:count])
        return [
            replace(row, points=None, outcome=Outcome.INFRASTRUCTURE)
            if row.model == "api" and (row.prompt, row.repeat) in lost
            else row
            for row in rows
        ]

    (few,) = decisions(run, with_holes(1))
    assert few.decision is Decision.AS_GOOD
    assert few.holes == 1
    (many,) = decisions(run, with_holes(20))
    assert many.decision is Decision.UNDECIDED
    assert many.is_blocked
    assert many.holes == 20
    # Filled later, a hole counts as though it had never been one.
    again = [make_row("api", prompt, repeat, 3, number=2) for prompt, repeat in order[:20]]
    assert decisions(run, [*with_holes(20), *again]) == [whole]


def test_local_models_are_paired_with_apis() -> None:
    local, api = MODELS
    other = make_model("other", "Other", memory_gb=4)
    assert pairs_to_decide([local, other, api]) == [("local", "api"), ("other", "api")]
    assert pairs_to_decide([local, other]) == [("local", "other")]
    assert pairs_to_decide([api]) == []


def test_several_pairs_share_the_chance_of_a_miss() -> None:
    run = deciding_run()
    other = make_model("other", "Other", memory_gb=4)
    rows = answered(run, {"local": 0.05, "api": 0.05, "other": 0.05})
    (alone,) = decisions(run, [row for row in rows if row.model != "other"])
    both = decisions(replace(run, models=(*run.models, other)), rows)
    assert len(both) == 2
    assert both[0].answered >= alone.answered
