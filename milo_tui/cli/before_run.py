"""What a person should know before a run begins: what waits for what, and what it will cost."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from milo_tui.cli.common import note
from milo_tui.errors import MiloError

if TYPE_CHECKING:
    from milo_tui.analysis.prices import Prices
    from milo_tui.config import Settings
    from milo_tui.endpoints.entry import ModelEntry
    from milo_tui.suite.prompt import Prompt


class UnreachableError(MiloError):
    """A model of the run cannot be asked."""


def announce(
    where: "Settings", entries: "Sequence[ModelEntry]", prompts: "Sequence[Prompt]", repeats: int
) -> None:
    """Print the plan and the estimate on stderr. Raises EndpointError, PriceError."""
    from milo_tui.analysis.estimate import estimates
    from milo_tui.mlx.memory import machine_gb
    from milo_tui.reports.cost_text import estimate_lines
    from milo_tui.runner.fitting import plan_lines

    found = estimates(entries, prompts, repeats, prices(where))
    for line in [*plan_lines(entries, machine_gb()), *estimate_lines(found)]:
        note(line)


async def check_reachable(entries: "Sequence[ModelEntry]") -> None:
    """Raise UnreachableError for models whose key is missing or whose server does not answer."""
    from milo_tui.endpoints.reachability import reach

    found = await asyncio.gather(*map(reach, entries))
    problems = [f"{entry.name}: {why}" for entry, (fine, why) in zip(entries, found, strict=True) if not fine]
    if problems:
        raise UnreachableError(f"Not started: {'; '.join(problems)}. `milo doctor` checks the set-up.")


def prices(where: "Settings") -> "Prices":
    """The prices that ship, the user's own before them. Raises PriceError."""
    from milo_tui.analysis.prices import load_prices

    return load_prices(where.prices)
