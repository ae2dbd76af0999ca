"""Sentences about cost, always with the date of the prices."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from milo_tui.analysis.estimate import Estimate
from milo_tui.analysis.prices import Cost
from milo_tui.analysis.record import RunRecord


def dollars(value: Decimal) -> str:
    """An amount: cents above a dollar, two significant digits below."""
    if value >= 1:
        return f"${value:.2f}"
    return f"${value:.2g}" if value >= Decimal("0.0001") or not value else "less than $0.0001"


def cost_lines(run: RunRecord, costs: Mapping[str, Cost]) -> list[str]:
    """A sentence for each model that has a price."""
    names = {model.id: model.name for model in run.models}
    return [_cost(names[id], cost) for id, cost in costs.items()]


def _cost(name: str, cost: Cost) -> str:
    each = "" if cost.per_attempt is None else f", {dollars(cost.per_attempt)} per attempt"
    missing = f"; {cost.uncounted} attempts without token counts are not included" if cost.uncounted else ""
    return f"{name} cost {dollars(cost.dollars)}{each}{missing} (prices as of {cost.price.as_of})."


def estimate_lines(estimates: Iterable[Estimate]) -> list[str]:
    """A sentence for each model that has a price."""
    return [
        f"{estimate.model} will cost about {dollars(estimate.dollars)} (prices as of {estimate.price.as_of}; "
        "retries and long answers cost more)."
        for estimate in estimates
    ]
