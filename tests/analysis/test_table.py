"""The published table's arithmetic, and what holes do to it."""

from milo_tui.analysis.record import Attempt, PromptRecord, RunRecord
from milo_tui.analysis.table import result_table
from tests.factories import make_model, make_row, make_run


def _run(prompts: int, repeats: int) -> RunRecord:
    asked = [PromptRecord(f"{'ab'[i % 2]}/{i}", 1, "ab"[i % 2], "", {}) for i in range(prompts)]
    return make_run([make_model("m")], asked, categories=(("a", "A"), ("b", "B")), repeats=repeats)


def _row(
    id: int, prompt: str, repeat: int, points: int | None, latency: float = 1.0, number: int = 1
) -> Attempt:
    return make_row("m", prompt, repeat, points, id=id, number=number, latency=latency)


def test_the_score_is_the_sum_of_the_prompts_means() -> None:
    rows = [_row(1, "a/0", 1, 3), _row(2, "a/0", 2, 2), _row(3, "b/1", 1, 1, 4.0), _row(4, "b/1", 2, 0, 2.0)]
    table = result_table(_run(2, 2), rows)
    total = table.totals["m"]
    assert (total.score, total.score_of, total.points, total.possible) == (3.0, 6, 6, 12)
    assert total.share == 0.5
    assert table.cells["a"]["m"].mean_points == 2.5
    assert table.cells["b"]["m"].latency == 3.0
    assert total.complete


def test_a_prompt_without_a_score_leaves_the_total_open_and_is_counted() -> None:
    table = result_table(_run(2, 1), [_row(1, "a/0", 1, 3), _row(2, "b/1", 1, None)])
    total = table.totals["m"]
    assert total.score is None
    assert (total.points, total.possible, total.missing, total.scored, total.planned) == (3, 3, 1, 1, 2)
    assert not total.complete
    assert table.matrix["b/1"]["m"] == (None,)


def test_a_retry_replaces_what_failed_and_its_time_counts_nowhere() -> None:
    rows = [_row(1, "a/0", 1, None, 60.0), _row(2, "a/0", 1, 3, 1.0, number=2), _row(3, "b/1", 1, 3)]
    total = result_table(_run(2, 1), rows).totals["m"]
    assert (total.latency, total.retries, total.missing) == (1.0, 1, 0)


def test_prompts_that_tell_nothing_are_marked() -> None:
    rows = [_row(1, "a/0", 1, 3), _row(2, "b/1", 1, 0), _row(3, "a/2", 1, 2)]
    assert result_table(_run(3, 1), rows).uninformative == {"a/0": "all pass", "b/1": "all fail"}


def test_p95_is_the_nearest_rank() -> None:
    rows = [_row(i, "a/0", i, 3, float(i)) for i in range(1, 21)]
    assert result_table(_run(1, 20), rows).totals["m"].p95_latency == 19.0


def test_intervals_are_over_prompts_and_of_whole_parts_alone() -> None:
    """Repeats that agree add nothing: four prompts of three repeats are four, not twelve."""
    run = _run(8, 3)
    rows = [
        _row(10 * i + repeat, prompt.id, repeat, 3)
        for i, prompt in enumerate(run.prompts)
        for repeat in (1, 2, 3)
    ]
    table = result_table(run, rows)
    low, high = table.cells["a"]["m"].interval or (0.0, 0.0)
    assert (round(low, 2), high) == (1.53, 3.0)
    low, high = table.totals["m"].interval or (0.0, 0.0)
    assert (round(low, 1), high) == (16.2, 24.0)
    holed = result_table(run, rows[:-1])
    assert holed.cells["a"]["m"].interval is not None
    assert holed.cells["b"]["m"].interval is None
    assert holed.totals["m"].interval is None
