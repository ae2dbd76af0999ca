"""What a person should know before a run begins: what waits for what, and what it will cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from milo_tui.cli.common import note

if TYPE_CHECKING:
    from milo_tui.analysis.prices import Prices
    from milo_tui.config import Settings
    from milo_tui.endpoints.entry import ModelEntry
    from milo_tui.suite.prompt import Prompt


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


def prices(where: "Settings") -> "Prices":
    """The prices that ship, the user's own before them. Raises PriceError."""
    from milo_tui.analysis.prices import load_prices

    return load_prices(where.config_folder / "prices.toml")
