"""What fits into this machine's memory: what is refused, what waits for what, and the plan in words."""

from collections.abc import Sequence

from milo_tui.endpoints.entry import ModelEntry
from milo_tui.mlx.launch import local_share
from milo_tui.runner.plan import lanes


def needed_gb(entry: ModelEntry) -> float | None:
    """Gigabytes of this machine that a model's own server takes; None where that is not known or not here.

    Raises EndpointError where its host file cannot be read.
    """
    if not entry.is_managed or entry.server is None or entry.server.memory_gb is None:
        return None
    return entry.server.memory_gb * local_share(entry.server)


def cannot_fit(entries: Sequence[ModelEntry], machine_gb: float) -> list[str]:
    """A sentence for every model that this machine can never hold. Raises EndpointError."""
    return [
        f"{entry.name} needs {needed:.4g} GB of memory and this machine has {machine_gb:.4g} GB: leave it out with "
        "--models, take a smaller quantisation, or give hosts or base_url."
        for entry in entries
        if (needed := needed_gb(entry)) is not None and needed > machine_gb
    ]


def plan_lines(entries: Sequence[ModelEntry], machine_gb: float) -> list[str]:
    """The plan in sentences: what runs one after another and why, what runs beside. Raises EndpointError."""
    by_id = {entry.id: entry for entry in entries}
    shared = [[by_id[id] for id in lane] for lane in lanes(entries)]
    rows = [lane for lane in shared if len(lane) > 1]
    alone = [lane[0].name for lane in shared if len(lane) == 1]
    lines = [_in_a_row(lane, machine_gb) for lane in rows]
    if alone and len(shared) > 1:
        lines.append(f"{'Beside them' if rows else 'Beside each other'}: {', '.join(alone)}.")
    return lines


def _in_a_row(lane_entries: list[ModelEntry], machine_gb: float) -> str:
    named = ", then ".join(entry.name + _size(entry) for entry in lane_entries)
    sizes = [needed for entry in lane_entries if (needed := needed_gb(entry)) is not None]
    lane = next((entry.lane for entry in lane_entries if entry.lane), None)
    why = "they share a machine" if lane is None else f"they share the lane {lane}"
    if len(sizes) > 1 and sum(sizes) > machine_gb:
        why = f"together they need {sum(sizes):.4g} GB, and this machine has {machine_gb:.4g} GB"
    return f"One after another: {named}; {why}."


def _size(entry: ModelEntry) -> str:
    return f" ({entry.memory:g} GB)" if entry.memory else ""
