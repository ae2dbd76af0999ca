"""The published table's layout, derived from a run's attempts: category × model, `score/3 · latency`, totals."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

from milo_tui.analysis.figures import Figures, count_retries, latest_attempts
from milo_tui.analysis.record import Attempt, RunRecord
from milo_tui.analysis.stats import mean_interval
from milo_tui.suite.conversation import POINTS_PER_PROMPT


@dataclass(frozen=True, slots=True)
class CategoryFigures(Figures):
    """One cell of the table. `interval` is its mean points' 95 % interval over the category's prompts.

    The interval is None while attempts are missing.
    """

    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ModelTotal(Figures):
    """A model's bottom line.

    `score` is the sum over prompts of their mean points, of `score_of`, 3 × prompts (the published table's 60);
    None while a prompt has no score. `interval` is that sum's 95 % interval over prompts; None while attempts are
    missing.
    """

    score: float | None = None
    score_of: int = 0
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ResultTable:
    """The whole table. `cells[category id][model id]`, `totals[model id]`, `matrix[prompt id][model id]`.

    A matrix entry lists the repeats in order: points, or None for an attempt without a score or not yet made.
    """

    categories: tuple[tuple[str, str], ...]
    models: tuple[str, ...]
    cells: Mapping[str, Mapping[str, CategoryFigures]]
    totals: Mapping[str, ModelTotal]
    matrix: Mapping[str, Mapping[str, tuple[int | None, ...]]]
    uninformative: Mapping[str, str]


def result_table(run: RunRecord, attempts: Iterable[Attempt]) -> ResultTable:
    """Derive the table of a run from its attempts; retries count apart, never in a figure."""
    rows = list(attempts)
    last = latest_attempts(rows)
    retries = count_retries(rows)
    models = tuple(model.id for model in run.models)
    of_model: dict[str, list[Attempt]] = defaultdict(list)
    for row in last.values():
        of_model[row.model].append(row)
    by_category: dict[str, list[str]] = {id: [] for id, _ in run.categories}
    for prompt in run.prompts:
        by_category.setdefault(prompt.category, []).append(prompt.id)
    titles = dict(run.categories)
    categories = tuple((id, titles.get(id, id)) for id, prompts in by_category.items() if prompts)
    cells = {
        id: {
            model: _category(run, _of(of_model[model], by_category[id]), len(by_category[id]))
            for model in models
        }
        for id, _ in categories
    }
    ids = [prompt.id for prompt in run.prompts]
    totals = {model: _total(run, _of(of_model[model], ids), retries.get(model, 0)) for model in models}
    matrix = {
        id: {
            model: tuple(_points(last.get((model, id, repeat))) for repeat in range(1, run.repeats + 1))
            for model in models
        }
        for id in ids
    }
    return ResultTable(categories, models, cells, totals, matrix, _uninformative(run, matrix))


def _of(rows: list[Attempt], prompts: list[str]) -> list[Attempt]:
    wanted = set(prompts)
    return [row for row in rows if row.prompt in wanted]


def _points(row: Attempt | None) -> int | None:
    return None if row is None else row.points


def _category(run: RunRecord, rows: list[Attempt], prompts: int) -> CategoryFigures:
    means = _by_prompt(rows)
    planned = run.planned_of(prompts, len(rows))
    whole = sum(row.points is not None for row in rows) == planned
    return CategoryFigures.of(rows, planned, interval=_interval(means) if whole else None)


def _by_prompt(rows: list[Attempt]) -> list[float]:
    """The mean points of each prompt that has a score."""
    points: dict[str, list[int]] = {}
    for row in rows:
        if row.points is not None:
            points.setdefault(row.prompt, []).append(row.points)
    return [fmean(repeats) for repeats in points.values()]


def _interval(means: list[float], of: int = 1) -> tuple[float, float] | None:
    """The 95 % interval of the mean points of prompts, times `of`."""
    if not means:
        return None
    low, high = mean_interval(means, POINTS_PER_PROMPT)
    return of * low, of * high


def _total(run: RunRecord, rows: list[Attempt], retries: int) -> ModelTotal:
    means = _by_prompt(rows)
    planned = run.planned_of(len(run.prompts), len(rows))
    whole = sum(row.points is not None for row in rows) == planned
    return ModelTotal.of(
        rows,
        planned,
        retries=retries,
        score=sum(means) if means and len(means) == len(run.prompts) else None,
        score_of=POINTS_PER_PROMPT * len(run.prompts),
        interval=_interval(means, len(means)) if whole else None,
    )


def _uninformative(
    run: RunRecord, matrix: Mapping[str, Mapping[str, tuple[int | None, ...]]]
) -> dict[str, str]:
    """Prompts that tell the models apart in nothing: all perfect (no information) or all zero (suspect)."""
    found = {}
    for prompt, by_model in matrix.items():
        values = {points for repeats in by_model.values() for points in repeats}
        if run.margin is not None:
            values.discard(None)  # a question that the decision did not need
        if values == {POINTS_PER_PROMPT}:
            found[prompt] = "all pass"
        elif values == {0}:
            found[prompt] = "all fail"
    return found
