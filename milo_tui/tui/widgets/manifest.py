"""Everything about a run and its models that could change a figure, as plain lines."""

from collections.abc import Iterator, Mapping
from typing import Any

from textual.content import Content

from milo_tui.analysis.phases import Origin
from milo_tui.analysis.record import ModelRecord, RunRecord
from milo_tui.tui.content import fit, safe_content, safe_line, styled
from milo_tui.tui.words import moment, span

KEY = 26
DEEPEST = 12


def manifest_lines(run: RunRecord, width: int) -> list[Content]:
    """The run's own facts, the machine's, then each model's entry and manifest."""
    lines = [_title(f"Run {run.number}"), *_facts(_run_facts(run))]
    if run.machine:
        lines += [Content(""), _title("Machine"), *_facts(run.machine)]
    for model in run.models:
        lines += [Content(""), _title(model.name), *_facts(_model_facts(model))]
    return [row for line in lines for row in line.wrap(width)]


def _run_facts(run: RunRecord) -> dict[str, Any]:
    return {
        "suite": f"{run.suite_title} ({run.suite} {run.suite_version})",
        "suite digest": run.suite_digest,
        "scorer version": run.scorer_version,
        "repeats": run.repeats,
        "seed": run.seed,
        "key": run.key,
        "simulated": run.simulated,
        "began": moment(run.created),
        "took": span(run.finished - run.created) if run.finished else None,
        "origin": None if run.origin is Origin.HERE else run.origin.value,
        "note": run.note or None,
    }


def _model_facts(model: ModelRecord) -> dict[str, Any]:
    return {
        "id": model.id,
        "where": model.where,
        "protocol": model.protocol,
        "sampling": model.sampling,
        "simulated": model.simulated or None,
        "stated memory, GB": model.memory_gb,
        "measured peak, GB": model.peak_gb,
        "cold start, s": model.cold_start,
        "phase": f"{model.phase.value}{f': {model.note}' if model.note else ''}",
        "found and sent": model.manifest or None,
        "entry": model.entry.as_dict(),
    }


def _title(text: str) -> Content:
    return safe_line(text, "bold $accent")


def _facts(facts: Mapping[str, Any]) -> list[Content]:
    return [_line(depth, key, value) for depth, key, value in _walk(facts, 0) if value is not None]


def _walk(facts: Mapping[str, Any], depth: int) -> Iterator[tuple[int, str, Any]]:
    """Depth, key and value of each line; a mapping's own line has the value ""."""
    for key, value in facts.items():
        if isinstance(value, Mapping) and value and depth < DEEPEST:
            yield depth, str(key), ""
            yield from _walk(value, depth + 1)
        else:
            yield depth, str(key), value


def _line(depth: int, key: str, value: Any) -> Content:
    style = "bold $error" if key == "trust_remote_code" and value is True else ""
    shown = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
    name = fit(styled("  " * (depth + 1)) + safe_line(key, style or "$dim"), KEY)
    return name + " " + safe_content(str(shown), style)
