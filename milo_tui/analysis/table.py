"""The published table's layout, derived from a run's attempts: category × model, `score/3 · latency`, totals."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

from milo_tui.analysis.figures import mean_of
from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt, RunRecord
from milo_tui.analysis.stats import mean_interval
from milo_tui.suite.score import POINTS_PER_PROMPT


@dataclass(frozen=True, slots=True)
class CategoryFigure:
    """One cell of the table: mean points of an attempt (of 3) and mean latency in seconds.

    `interval` is the score's 95 % interval over the category's prompts; None while attempts are missing.
    """

    score: float | None
    latency: float | None
    scored: int
    planned: int
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ModelTotal:
    """A model's bottom line.

    `points` are those earned of `possible` (3 an attempt that is scored); `score` is the sum over prompts of
    their mean points, of 3 × prompts (the published table's 60), and None while a prompt has no score.
    `interval` is that sum's 95 % interval over prompts; None while attempts are missing.
    """

    points: int
    possible: int
    score: float | None
    score_of: int
    latency: float | None
    p95_latency: float | None
    ttft: float | None
    tokens_per_second: float | None
    scored: int
    planned: int
    holes: int
    lost_by_server: int
    retries: int
    input_tokens: int
    output_tokens: int
    interval: tuple[float, float] | None = None

    @property
    def share(self) -> float | None:
        """Points earned as a fraction of those possible so far."""
        return self.points / self.possible if self.possible else None

    @property
    def complete(self) -> bool:
        """Whether every planned attempt has a score."""
        return self.scored == self.planned


@dataclass(frozen=True, slots=True)
class ResultTable:
    """The whole table. `cells[category id][model id]`, `totals[model id]`, `matrix[prompt id][model id]`.

    A matrix entry lists the repeats in order: points, or None for an attempt without a score or not yet made.
    """

    categories: tuple[tuple[str, str], ...]
    models: tuple[str, ...]
    cells: Mapping[str, Mapping[str, CategoryFigure]]
    totals: Mapping[str, ModelTotal]
    matrix: Mapping[str, Mapping[str, tuple[int | None, ...]]]
    uninformative: Mapping[str, str]


def counted(attempts: Iterable[Attempt]) -> dict[tuple[str, str, int], Attempt]:
    """The attempt that counts for each model, prompt and repeat: the last one made."""
    last: dict[tuple[str, str, int], Attempt] = {}
    for row in sorted(attempts, key=lambda row: row.number):
        last[row.model, row.prompt, row.repeat] = row
    return last


def result_table(run: RunRecord, attempts: Iterable[Attempt]) -> ResultTable:
    """Derive the table of a run from its attempts; retries count apart, never in a figure."""
    rows = list(attempts)
    last = counted(rows)
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
            model: _figure(_of(of_model[model], by_category[id]), len(by_category[id]) * run.repeats)
            for model in models
        }
        for id, _ in categories
    }
    ids = [prompt.id for prompt in run.prompts]
    totals = {model: _total(run, model, _of(of_model[model], ids), rows) for model in models}
    matrix = {
        id: {
            model: tuple(_points(last.get((model, id, repeat))) for repeat in range(1, run.repeats + 1))
            for model in models
        }
        for id in ids
    }
    return ResultTable(categories, models, cells, totals, matrix, _uninformative(matrix))


def _of(rows: list[Attempt], prompts: list[str]) -> list[Attempt]:
    wanted = set(prompts)
    return [row for row in rows if row.prompt in wanted]


def _points(row: Attempt | None) -> int | None:
    return None if row is None else row.points


def _figure(rows: list[Attempt], planned: int) -> CategoryFigure:
    scored = [row for row in rows if row.points is not None]
    points = [row.points for row in scored if row.points is not None]
    return CategoryFigure(
        score=fmean(points) if points else None,
        latency=mean_of([row.latency for row in scored]),
        scored=len(scored),
        planned=planned,
        interval=_interval(_by_prompt(scored)) if len(scored) == planned else None,
    )


def _by_prompt(scored: list[Attempt]) -> list[float]:
    """Each prompt's mean points."""
    points: dict[str, list[int]] = {}
    for row in scored:
        points.setdefault(row.prompt, []).append(row.points or 0)
    return [fmean(repeats) for repeats in points.values()]


def _interval(means: list[float], of: int = 1) -> tuple[float, float] | None:
    """The 95 % interval of the mean points of prompts, times `of`."""
    if not means:
        return None
    low, high = mean_interval(means, POINTS_PER_PROMPT)
    return of * low, of * high


def _total(run: RunRecord, model: str, rows: list[Attempt], everything: list[Attempt]) -> ModelTotal:
    scored = [row for row in rows if row.points is not None]
    means = _by_prompt(scored)
    planned = len(run.prompts) * run.repeats
    latencies = sorted(row.latency for row in scored if row.latency is not None)
    return ModelTotal(
        points=sum(row.points or 0 for row in scored),
        possible=POINTS_PER_PROMPT * len(scored),
        score=sum(means) if means and len(means) == len(run.prompts) else None,
        score_of=POINTS_PER_PROMPT * len(run.prompts),
        latency=fmean(latencies) if latencies else None,
        p95_latency=latencies[-(-95 * len(latencies) // 100) - 1] if latencies else None,
        ttft=mean_of([row.ttft for row in scored]),
        tokens_per_second=mean_of([row.tokens_per_second for row in scored]),
        scored=len(scored),
        planned=planned,
        holes=sum(row.outcome is Outcome.INFRASTRUCTURE for row in rows),
        lost_by_server=sum(row.outcome is Outcome.SERVER for row in rows),
        retries=_superseded(rows, [row for row in everything if row.model == model]),
        input_tokens=sum(row.input_tokens or 0 for row in rows),
        output_tokens=sum(row.output_tokens or 0 for row in rows),
        interval=_interval(means, len(means)) if len(scored) == planned else None,
    )


def _superseded(rows: list[Attempt], everything: list[Attempt]) -> int:
    """How many attempts the infrastructure failed that were made again: the retries."""
    final = {row.id for row in rows}
    return sum(row.outcome is Outcome.INFRASTRUCTURE and row.id not in final for row in everything)


def _uninformative(matrix: Mapping[str, Mapping[str, tuple[int | None, ...]]]) -> dict[str, str]:
    """Prompts that tell the models apart in nothing: all perfect (no information) or all zero (suspect)."""
    found = {}
    for prompt, by_model in matrix.items():
        values = {points for repeats in by_model.values() for points in repeats}
        if values == {POINTS_PER_PROMPT}:
            found[prompt] = "all pass"
        elif values == {0}:
            found[prompt] = "all fail"
    return found
