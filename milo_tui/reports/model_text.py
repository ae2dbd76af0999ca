"""The models of milo.toml as a table, with the order in which a run asks them."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table

from milo_tui.endpoints.entry import ModelEntry
from milo_tui.mlx.launch import rank_count
from milo_tui.mlx.memory import machine_gb
from milo_tui.reports.rich_tables import plain
from milo_tui.runner.fitting import cannot_fit, plan_lines
from milo_tui.runner.plan import sampling_text


def render(entries: Sequence[ModelEntry]) -> RenderableType:
    """A line for each model, then the plan of a run, and what this machine cannot hold."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("Id", "Name", "Where", "Protocol", "Address", "Key from", "Sampling"):
        grid.add_column(column, overflow="fold")
    for entry in entries:
        grid.add_row(
            plain(entry.id),
            plain(entry.name),
            _where(entry),
            entry.protocol,
            plain(_address(entry), "bold red" if entry.server and entry.server.trust_remote_code else ""),
            plain(entry.api_key_env or "–"),
            plain(sampling_text(entry)),
        )
    lines = [*plan_lines(entries, machine_gb()), *cannot_fit(entries, machine_gb())]
    return Group(grid, *map(plain, lines))


def _where(entry: ModelEntry) -> str:
    if entry.where == "api":
        return "API"
    return f"local, {entry.memory:g} GB" if entry.memory else "local"


def _address(entry: ModelEntry) -> str:
    if entry.base_url:
        return entry.base_url
    if entry.server:
        trust = (
            " (trust_remote_code: runs code from the weights' folder)"
            if entry.server.trust_remote_code
            else ""
        )
        ranks = f" on {rank_count(entry.server)} ranks" if entry.server.is_distributed else ""
        return f"mlx_lm.server with {entry.server.weights}{ranks}{trust}"
    return "the provider's"
