"""How a run was made, in a few lines: machine, versions, and how each model was served and sampled."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from milo_tui.analysis.phases import Origin
from milo_tui.analysis.prices import Cost
from milo_tui.analysis.record import ModelRecord, RunRecord
from milo_tui.reports.cost_text import cost_lines
from milo_tui.reports.server_text import server_words
from milo_tui.reports.verdict_text import Fact


def conditions(run: RunRecord, costs: Mapping[str, Cost] | None = None) -> list[Fact]:
    """Label and text: the machine, then a line for each model, then what those with a price cost."""
    found = [Fact("Machine", machine(run.machine))] if run.machine else []
    found += [Fact(model.name, model_line(model)) for model in run.models]
    found += [Fact("Cost", line) for line in cost_lines(run, costs or {})]
    if run.origin is not Origin.HERE:
        found.append(Fact("Origin", "imported"))
    if run.note:
        found.append(Fact("Note", run.note))
    return found


def machine(facts: Mapping[str, Any]) -> str:
    """`Darwin 25.1, Apple M3 Ultra, 32 cores, 549.8 GB; milo-tui 0.1.0, mlx-lm 0.32.2`."""
    parts = [str(facts[key]) for key in ("system", "processor") if facts.get(key)]
    if facts.get("cores"):
        parts.append(f"{facts['cores']} cores")
    if facts.get("memory_gb"):
        parts.append(f"{facts['memory_gb']:g} GB")
    versions = facts.get("versions")
    named = (
        ", ".join(f"{name} {value}" for name, value in versions.items())
        if isinstance(versions, Mapping)
        else ""
    )
    return "; ".join(part for part in (", ".join(parts), named) if part)


def model_line(model: ModelRecord) -> str:
    """Weights, quantisation, server, host and sampling, as far as they are known."""
    entry, server = model.entry, model.entry.server
    host = urlsplit(entry.base_url or "").hostname
    parts = [
        "simulated" if model.simulated else "",
        (server.weights if server else entry.model) or "",
        entry.quantization or "",
        f"served by {model.manifest['server']}" if model.manifest.get("server") else "",
        f"at {host}" if host else "",
        model.sampling,
        "runs code that came with the weights" if server and server.trust_remote_code else "",
        *server_words(model),
    ]
    return "; ".join(part for part in parts if part)
