"""What sets two runs apart before any score does: suite, scorer, machine, and how each model was served and sampled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from milo_tui.analysis.record import ModelRecord, RunRecord

_NOT_OF_THE_MODEL = frozenset({"id", "name", "api_key_env", "lane", "base_url"})
"""Keys of an entry that change no figure; of the address only the host counts."""

_NOT_OF_THE_SERVER = frozenset({"quirks", "repairs", "pid", "port", "log"})
"""Keys of a manifest that tell what happened, not what was measured."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that differs, as a person would name it, and its two values."""

    what: str
    a: str
    b: str

    def __str__(self) -> str:
        return f"{self.what} {self.a} vs {self.b}"


def run_differences(a: RunRecord, b: RunRecord) -> tuple[Difference, ...]:
    """What differs between two runs as a whole. Prompts are compared one by one elsewhere."""
    return _differing(_run_facts(a), _run_facts(b))


def model_differences(a: ModelRecord, b: ModelRecord) -> tuple[Difference, ...]:
    """What differs between the ways that two models were served and sampled."""
    return _differing(_model_facts(a), _model_facts(b))


def _differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Difference, ...]:
    names = dict.fromkeys([*a, *b])
    return tuple(
        Difference(name, _value(a.get(name)), _value(b.get(name)))
        for name in names
        if a.get(name) != b.get(name)
    )


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _run_facts(run: RunRecord) -> dict[str, Any]:
    return {
        "suite": f"{run.suite} {run.suite_version}",
        "scored by different versions:": run.scorer_version,
        "repeats": run.repeats,
        "pool": run.pool_seed,
        "seed": run.seed,
        "simulated": run.simulated,
        **_flat(run.machine),
    }


def _model_facts(model: ModelRecord) -> dict[str, Any]:
    """Entry and manifest as one list; a key that was really sent stands for the entry's own."""
    entry = {key: value for key, value in model.entry.as_dict().items() if key not in _NOT_OF_THE_MODEL}
    manifest = {key: value for key, value in model.manifest.items() if key not in _NOT_OF_THE_SERVER}
    sent = manifest.pop("sent", {})
    told = {key: value for key, value in _flat(manifest).items() if not isinstance(value, float)}
    facts = {
        "host": urlsplit(model.entry.base_url or "").hostname,
        "protocol": model.protocol,
        **_flat(entry),
        **{("server version" if key == "server" else key): value for key, value in told.items()},
        **(_flat(sent) if isinstance(sent, Mapping) else {}),
    }
    return _host(facts)


def _host(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with the host alone of an address: servers that Milo starts get another port each time."""
    if not isinstance(host := facts.get("host"), str):
        return dict(facts)
    return {**facts, "host": urlsplit(f"//{host}").hostname}


def _flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested values by their own names; the names of those above go before where they say more."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{above} {key}".strip() if above not in ("versions", "") else key
        if isinstance(value, Mapping):
            found.update(_flat(value, name))
        else:
            found[name] = value
    return found
