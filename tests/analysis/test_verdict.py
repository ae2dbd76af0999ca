"""Verdicts: what may be said of two models, and when nothing may be."""

from dataclasses import replace
from fractions import Fraction

import pytest

from milo_tui.analysis.evidence import Evidence, FailedCheck, ReplyDigest, digest
from milo_tui.analysis.verdict import Answer, Pair, answer
from milo_tui.reports import verdict_text as words
from tests.reports import made


def only_pair(found: Answer) -> Pair:
    (pair,) = found.local_to_api
    return pair


def test_the_published_gap_decides_nothing() -> None:
    run = made.run()
    pair = only_pair(answer(run, made.rows(run)))
    assert words.verdict(pair) == (
        "Qwen3.5-397B − Claude Sonnet 4.6 = +3/180; they differ on 1 prompt; exact p = 1.0: "
        "no evidence of a difference. Fewer than six differing prompts can never show one."
    )
    assert words.points(pair) == "174 vs 171 of 180: 101.8 % of Claude Sonnet 4.6"
    assert words.differing(pair) == "structured_output: p1 +3"
    assert pair.smallest_gap == 23
    assert pair.interval is None


def test_the_local_model_comes_first_whatever_the_order() -> None:
    run = made.run((made.SONNET, made.QWEN))
    pair = only_pair(answer(run, made.rows(run)))
    assert (pair.a, pair.b) == ("qwen", "sonnet")


def six_worse(model: int, prompt: int, repeat: int) -> int:
    return 3 if model == 1 or prompt >= 6 else 2


def test_six_prompts_one_way_are_evidence() -> None:
    run = made.run()
    pair = only_pair(answer(run, made.rows(run, six_worse)))
    assert pair.p == pair.p_adjusted == 0.03125
    assert pair.finding == "worse"
    assert pair.interval is not None
    assert pair.interval.low <= pair.gap == -18 <= pair.interval.high < 0
    assert "exact p = 0.0312: Qwen3.5-397B is worse." in words.verdict(pair)


def test_holm_takes_evidence_back_that_three_pairs_cannot_bear() -> None:
    run = made.run((made.QWEN, made.SONNET, made.MINIMAX))
    found = answer(run, made.rows(run, lambda m, p, k: 2 if m == 0 and p < 6 else 3))
    (pair,) = (pair for pair in found.pairs if (pair.a, pair.b) == ("qwen", "sonnet"))
    assert pair.p == 0.03125
    assert pair.p_adjusted == pytest.approx(0.09375)
    assert pair.finding == "no evidence"
    assert "(0.0938 by Holm over 3 pairs)" in words.verdict(pair)


def one_hole(model: int, prompt: int, repeat: int) -> int | None:
    return None if (model, prompt, repeat) == (0, 3, 2) else 3


def test_no_verdict_comes_from_holes() -> None:
    run = made.run()
    pair = only_pair(answer(run, made.rows(run, one_hole)))
    assert pair.finding == "not judged"
    assert pair.share is None
    assert words.verdict(pair) == (
        "No verdict: 1 of 60 attempts of Qwen3.5-397B have no score (1 infrastructure failures)."
    )


def test_a_hole_in_one_model_leaves_the_others_their_verdict() -> None:
    run = made.run((made.QWEN, made.SONNET, made.MINIMAX))
    found = answer(run, made.rows(run, one_hole))
    judged = [pair for pair in found.pairs if not pair.blocked]
    assert [(pair.a, pair.b, pair.pairs) for pair in judged] == [("minimax", "sonnet", 1)]


def test_a_hole_that_was_mended_by_a_retry_is_none() -> None:
    run = made.run()
    attempts = made.rows(run, one_hole)
    hole = next(row for row in attempts if row.points is None)
    mended = replace(hole, id=9999, number=2, points=3, outcome=attempts[0].outcome, latency=2.0)
    assert only_pair(answer(run, [*attempts, mended])).finding == "no evidence"


def test_simulated_models_have_simulated_verdicts() -> None:
    fake = made.model("fake", "Fake", memory=1, simulated=True)
    run = made.run((fake, made.SONNET))
    assert "Fake is worse (simulated)" in words.verdict(only_pair(answer(run, made.rows(run, six_worse))))
    assert "(simulated)" in words.verdict(only_pair(answer(run, made.rows(run))))


def test_a_run_without_an_api_model_says_that_it_cannot_say() -> None:
    run = made.run((made.QWEN, made.MINIMAX))
    found = answer(run, made.rows(run))
    assert words.no_pair(found) == "No API model in this run, so there is nothing to compare with."
    assert len(words.also_compared(found)) == 1


def test_other_repeats_are_counted_in_the_larger_scale() -> None:
    run = made.run(repeats=2)
    pair = only_pair(answer(run, made.rows(run, six_worse)))
    assert pair.gap == Fraction(-12)
    assert pair.possible == 120


def test_models_that_earn_nothing_have_no_share() -> None:
    run = made.run()
    assert only_pair(answer(run, made.rows(run, lambda m, p, k: 0))).share is None


def test_a_standing_counts_what_was_solved_every_time() -> None:
    run = made.run()
    result = answer(run, made.rows(run)).result("qwen")
    assert (result.solved, result.prompts) == (18, 20)
    assert words.solved(result) == "18/20 (70–97 %)"
    assert result.pass_hat == result.pass_at == 0.9


def test_latency_is_told_as_a_ratio_with_its_n() -> None:
    run = made.run()
    pair = only_pair(answer(run, made.rows(run)))
    assert words.latency(pair) == "0.69 × that of Claude Sonnet 4.6 (medians over 20 prompts: 2.2 s, 3.2 s)"


def test_without_a_warm_up_on_record_the_first_request_is_left_out() -> None:
    cold = replace(made.QWEN, cold_start=None)
    run = made.run((cold, made.SONNET))
    attempts = [
        replace(row, latency=90.0) if row.started == made.STARTED + 1 else row for row in made.rows(run)
    ]
    pair = only_pair(answer(run, attempts))
    assert pair.latency is not None
    assert pair.latency.a == pytest.approx(2.2)


def test_lost_points_name_prompt_and_point() -> None:
    run = made.run()
    attempts = made.rows(run)
    failed = {row.id: [FailedCheck(3, "the right end", "why")] for row in attempts if row.points == 2}
    result = answer(run, attempts, Evidence(failed)).result("qwen")
    assert words.lost_cell(result, "multi_step/p1") == "③×3"
    assert words.lost_by_point(result) == "6 points lost on 2 prompts (6 third)"


def test_repeats_that_are_the_same_again_are_said_to_add_nothing() -> None:
    run = made.run()
    attempts = made.rows(run)
    answered = {
        row.id: ReplyDigest(row.prompt if row.prompt != "multi_step/p1" else str(row.id)) for row in attempts
    }
    result = answer(run, attempts, Evidence(answered=answered)).result("qwen")
    assert words.same_sentence(result) == (
        "on 19 of 20 prompts the repeats are identical byte for byte: they add no evidence"
    )


def test_latency_is_split_where_the_server_tells_of_its_cache() -> None:
    run = made.run()
    attempts = made.rows(run)
    answered = {row.id: ReplyDigest(str(row.id), 400, 0 if row.repeat == 1 else 300) for row in attempts}
    result = answer(run, attempts, Evidence(answered=answered)).result("qwen")
    assert words.cache_sentence(result) == (
        "50.0 % of the prompt tokens were cached; latency 2.1 s for conversations with a cold cache (20), "
        "2.2 s with a warm one (40)"
    )
    silent = [replace(row, cached_tokens=None) for row in attempts]
    assert words.cache_sentence(answer(run, silent).result("qwen")) is None


def test_a_digest_is_of_what_was_written_and_where_it_ends() -> None:
    assert digest([("", "ab", [])]) == digest([("", "ab", [])])
    others = [
        [("a", "b", [])],
        [("", "a", []), ("", "b", [])],
        [("", "", [("a", "b")])],
        [("", "ab\ud83d", [])],
    ]
    assert len({digest(turns) for turns in [*others, [("", "ab", [])]]}) == 5  # type: ignore[arg-type]


@pytest.mark.parametrize("lost", [6, 7, 8])
def test_interval_and_corrected_verdict_never_disagree(lost: int) -> None:
    run = made.run((made.QWEN, made.SONNET, made.MINIMAX))
    found = answer(run, made.rows(run, lambda m, p, k: 2 if m == 0 and p < lost else 3))
    for pair in found.pairs:
        holds_zero = pair.interval is None or pair.interval.low <= 0 <= pair.interval.high
        assert holds_zero == (pair.finding == "no evidence")


def test_many_prompts_get_an_interval_too() -> None:
    base = made.run()
    prompts = tuple(
        replace(base.prompts[0], id=f"single_tool/q{i}", category="single_tool") for i in range(400)
    )
    run = replace(base, prompts=prompts, repeats=1)
    pair = only_pair(answer(run, made.rows(run, lambda m, p, k: 2 if m == 0 and p % 3 == 0 else 3)))
    assert pair.gap == -134
    assert pair.interval is not None
    assert pair.interval.low < -134 < pair.interval.high < 0
