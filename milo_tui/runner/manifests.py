"""What a run finds out about a model's server, kept in the model's manifest."""

from collections.abc import Set
from dataclasses import replace

from milo_tui.analysis.record import AttemptDetail, ModelRecord
from milo_tui.endpoints.endpoint import Supervised


def with_repairs(model: ModelRecord, repairs: Set[str]) -> ModelRecord:
    """The model with one attempt more counted, and each repair that it needed: `{"attempts": 3, "by": {name: 1}}`."""
    counted = model.manifest.get("repairs", {"attempts": 0, "by": {}})
    by = dict(counted["by"]) | {repair: counted["by"].get(repair, 0) + 1 for repair in sorted(repairs)}
    return replace(
        model, manifest={**model.manifest, "repairs": {"attempts": counted["attempts"] + 1, "by": by}}
    )


def with_server(model: ModelRecord, record: AttemptDetail) -> ModelRecord:
    """The model with the name that the server last gave itself, and with each quirk of its protocol once."""
    found = dict(model.manifest)
    if servers := [turn.server for turn in record.turns if turn.server]:
        found["server"] = servers[-1]
    quirks = [*found.get("quirks", []), *(quirk for turn in record.turns for quirk in turn.quirks)]
    if quirks:
        found["quirks"] = list(dict.fromkeys(quirks))
    return replace(model, manifest=found)


def with_own_server(model: ModelRecord, endpoint: Supervised) -> ModelRecord:
    """The model with what is known of a server that Milo runs: its version, its restarts, its peak memory in GB."""
    peak = max(endpoint.peak_gb or 0.0, model.peak_gb or 0.0)
    manifest = {**model.manifest, "managed": dict(endpoint.server_facts())}
    return replace(model, manifest=manifest, peak_gb=round(peak, 2) or None)
