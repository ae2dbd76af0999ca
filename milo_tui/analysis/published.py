"""The published run as data: aggregates only, to stand beside a user's own run; no total of it is stored.

Its attempts were never published. So that its totals come out of the same code as everyone else's, each category
mean is laid out as attempts that have it; nothing but means, totals and latencies may be read from these.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from milo_tui.analysis.phases import ModelPhase, Outcome, RunPhase
from milo_tui.analysis.record import Attempt, ModelRecord, PromptRecord, RunRecord
from milo_tui.analysis.table import ResultTable, result_table
from milo_tui.endpoints.entry import ModelEntry

SUITE = "milo-bench"
"""The suite beside which it is shown: the one that follows its categories, with prompts of its own."""

KIND = "published, aggregates only"
CAUTION = (
    "Its prompts were never published; ours are our own. So no score here can be compared with one there, and "
    "nothing can be tested: it shows what such a table looked like on that machine."
)


@dataclass(frozen=True, slots=True)
class Published:
    """The published table: `run` names models and machine, `table` holds every figure that there is."""

    run: RunRecord
    table: ResultTable
    machine: str


def load_published(path: Path) -> Published:
    """Read the data file that ships. Raises OSError, ValueError."""
    data = json.loads(path.read_text(encoding="utf-8"))
    run = _run(data)
    return Published(run, result_table(run, _rows(data, run)), data["machine"])


def _run(data: dict[str, Any]) -> RunRecord:
    categories = tuple((category["id"], category["title"]) for category in data["categories"])
    return RunRecord(
        number=0,
        key="published",
        suite="published",
        suite_title=data["title"],
        suite_version=1,
        suite_digest="",
        scorer_version=0,
        categories=categories,
        repeats=data["repeats"],
        seed=0,
        simulated=False,
        phase=RunPhase.DONE,
        created=0.0,
        finished=None,
        note=data["kind"],
        models=tuple(_model(model) for model in data["models"]),
        prompts=tuple(
            PromptRecord(f"{id}/{i}", 1, id, title, {})
            for id, title in categories
            for i in range(1, data["prompts_per_category"] + 1)
        ),
    )


def _model(model: dict[str, Any]) -> ModelRecord:
    # The report names no protocol; what was reached, and how, is not known.
    entry = ModelEntry.read_back({**model, "protocol": "openai"})
    return ModelRecord(
        id=model["id"],
        name=model["name"],
        where=model["where"],
        protocol=entry.protocol,
        simulated=False,
        memory_gb=model["memory_gb"],
        sampling=model["sampling"],
        entry=entry,
        phase=ModelPhase.DONE,
    )


def _rows(data: dict[str, Any], run: RunRecord) -> Iterator[Attempt]:
    """Attempts with each category's points and mean latency; a mean to two decimals is of whole points."""
    attempts = data["prompts_per_category"] * data["repeats"]
    for position, model in enumerate(run.models):
        for category in data["categories"]:
            points = round(float(category["score"][position]) * attempts)
            for i in range(attempts):
                prompt, repeat = divmod(i, data["repeats"])
                yield _row(
                    model.id,
                    f"{category['id']}/{prompt + 1}",
                    repeat + 1,
                    points * (i + 1) // attempts - points * i // attempts,
                    float(category["latency_s"][position]),
                )


def _row(model: str, prompt: str, repeat: int, points: int, latency: float) -> Attempt:
    return Attempt(
        id=0,
        model=model,
        prompt=prompt,
        repeat=repeat,
        number=1,
        outcome=Outcome.SCORED,
        points=points,
        latency=latency,
        ttft=None,
        tokens_per_second=None,
        input_tokens=None,
        output_tokens=None,
        cached_tokens=None,
        lost="",
        error="",
        started=0.0,
    )
