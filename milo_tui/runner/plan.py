"""Suite × models × repeats → who asks what, in which order, and what must happen one after another.

Order: repeat-major, so that a drift of the machine over the hours falls on every prompt alike; within a
repeat the prompts are shuffled by the run's recorded seed, the same for every model.

Lanes: local models on one host share its accelerator and its memory, so they run one after another; every
API runs beside them, and so does every simulated model, which shares nothing.
"""

import random
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from milo_tui.analysis.decisions import decisions, question_order
from milo_tui.analysis.figures import count_retries, latest_attempts
from milo_tui.analysis.phases import Outcome, RunPhase
from milo_tui.analysis.record import Attempt, ModelRecord, PromptRecord, RunRecord
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.errors import MiloError
from milo_tui.runner.machine import machine
from milo_tui.runner.state import QUESTION_CHARACTERS, ModelState, PromptRow, RunState, cell_key
from milo_tui.suite.conversation import SCORER_VERSION
from milo_tui.suite.loading import digest
from milo_tui.suite.prompt import Prompt, Suite

THIS_MACHINE = "this machine"


@dataclass(frozen=True, slots=True)
class Task:
    """One asking: a prompt and a repeat (from 1); `number` is the attempt's, past those stored already."""

    prompt: str
    repeat: int
    number: int = 1

    @property
    def name(self) -> str:
        """The attempt's name, the same for every try: "prompt id#repeat"."""
        return cell_key(self.prompt, self.repeat)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a run decides by: a margin as a share of the points, and the chance that no interval ever misses."""

    margin: float = 0.05
    confidence: float = 0.95


class PlanError(MiloError):
    """A run that cannot be planned; one sentence."""


def new_run(
    suite: Suite,
    models: Sequence[ModelEntry],
    repeats: int,
    seed: int | None,
    note: str = "",
    *,
    pool_seed: int | None = None,
    rule: Rule | None = None,
) -> RunRecord:
    """The record of a run that is about to begin; the store gives it its number.

    With a `pool_seed` each repeat asks another variant of every prompt; with a `rule` the run asks until it has
    decided. Raises PlanError.
    """
    if pool_seed is not None:
        _require_variants(suite, repeats)
    if rule is not None and len(models) < 2:
        raise PlanError("A decision is between models: name two or more.")
    return RunRecord(
        number=0,
        key=secrets.token_hex(8),
        suite=suite.file.name,
        suite_title=suite.file.title,
        suite_version=suite.file.version,
        suite_digest=suite.digest if pool_seed is None else digest(suite.prompts, families=True),
        scorer_version=SCORER_VERSION,
        categories=tuple((category.id, category.title) for category in suite.file.categories),
        repeats=repeats,
        seed=secrets.randbelow(2**31) if seed is None else seed,
        simulated=any(model.is_simulated for model in models),
        phase=RunPhase.RUNNING,
        created=time.time(),
        finished=None,
        note=note,
        models=tuple(model_record(model) for model in models),
        prompts=tuple(
            PromptRecord(prompt.id, prompt.version, prompt.category, prompt.title, _definition(prompt))
            for prompt in suite.prompts
        ),
        machine=machine(),
        pool_seed=pool_seed,
        margin=None if rule is None else rule.margin,
        confidence=None if rule is None else rule.confidence,
    )


def _require_variants(suite: Suite, repeats: int) -> None:
    plain = [prompt.id for prompt in suite.prompts if prompt.family is None]
    if plain and repeats > 1:
        more = f" and {len(plain) - 1} more" if len(plain) > 1 else ""
        raise PlanError(
            f"{plain[0]}{more} has no variants; say how it varies (vary: in its file), or leave it out."
        )


def part_of(suite: Suite, categories: Sequence[str], prompts: Sequence[str]) -> Suite:
    """The prompts of these categories and these ids; all of them where neither is given."""
    if not categories and not prompts:
        return suite
    chosen = tuple(
        prompt for prompt in suite.prompts if prompt.category in categories or prompt.id in prompts
    )
    return Suite(file=suite.file, prompts=chosen, digest=digest(chosen))


def _definition(prompt: Prompt) -> dict[str, object]:
    return prompt.model_dump(mode="json", by_alias=True, exclude_unset=True)


def model_record(entry: ModelEntry) -> ModelRecord:
    """A milo.toml entry as a run remembers it; it names its key's variable and holds no key."""
    return ModelRecord(
        id=entry.id,
        name=entry.name,
        where=entry.where,
        protocol=entry.protocol,
        simulated=entry.is_simulated,
        memory_gb=entry.memory,
        sampling=sampling_text(entry),
        entry=entry,
    )


def sampling_text(entry: ModelEntry) -> str:
    """The sampling that an entry asks for, as tables print it: "temperature 1.0, top_p 0.95, top_k 40"."""
    keys = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "repetition_penalty", "seed")
    parts = [f"{key} {value}" for key in keys if (value := getattr(entry, key)) is not None]
    if entry.thinking is not None:
        parts.append("thinking on" if entry.thinking else "thinking off")
    return ", ".join(parts) or "server's default"


def lane_of(entry: ModelEntry) -> str:
    """The lane that a model runs in: see this module's docstring; `lane` of milo.toml wins."""
    if entry.lane is not None:
        return entry.lane
    if entry.where == "api" or entry.is_simulated:
        return f"alone: {entry.id}"
    host = urlsplit(entry.base_url).hostname if entry.base_url else None
    return THIS_MACHINE if host in (None, "localhost", "127.0.0.1", "::1") else str(host)


def lanes(entries: Iterable[ModelEntry]) -> list[list[str]]:
    """The models' ids by lane, in their order."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        found.setdefault(lane_of(entry), []).append(entry.id)
    return list(found.values())


def prompt_order(run: RunRecord, repeat: int) -> list[str]:
    """The prompts' ids in the order of a repeat (from 1)."""
    ids = [prompt.id for prompt in run.prompts]
    random.Random(f"{run.seed}/{repeat}").shuffle(ids)
    return ids


def tasks_left(run: RunRecord, model: str, attempts: Iterable[Attempt]) -> list[Task]:
    """What a model still has to be asked, in order: all that has no score yet, nothing twice."""
    last = {key: row for key, row in latest_attempts(attempts).items() if key[0] == model}
    left = []
    for prompt, repeat in _order(run):
        row = last.get((model, prompt, repeat))
        if row is None or row.outcome in (Outcome.INFRASTRUCTURE, Outcome.STOPPED):
            left.append(Task(prompt, repeat, 1 if row is None else row.number + 1))
    return left


def _order(run: RunRecord) -> list[tuple[str, int]]:
    if run.margin is not None:
        return question_order(run)
    return [(prompt, repeat) for repeat in range(1, run.repeats + 1) for prompt in prompt_order(run, repeat)]


def state_of(run: RunRecord, attempts: Iterable[Attempt]) -> RunState:
    """The state of a run as its stored attempts give it: where a runner begins, or begins again."""
    state = RunState(
        run=run.number,
        suite=f"{run.suite_title} {run.suite_version}",
        repeats=run.repeats,
        categories=list(run.categories),
        prompts=[_prompt_row(prompt) for prompt in run.prompts],
        models={model.id: _model_state(model) for model in run.models},
        started=run.created,
        phase=run.phase,
        finished=run.finished,
        lanes=lanes(model.entry for model in run.models),
        margin=run.margin,
    )
    rows = list(attempts)
    state.pairs = [replace(pair, history=()) for pair in decisions(run, rows)]
    for (model, prompt, repeat), row in latest_attempts(rows).items():
        state.models[model].attempts[cell_key(prompt, repeat)] = row
    retries = count_retries(rows)
    for id, model_state in state.models.items():
        model_state.retries = retries.get(id, 0)
        model_state.planned = state.attempts_per_model
        model_state.recount()
    return state


def _prompt_row(prompt: PromptRecord) -> PromptRow:
    question = str(prompt.definition.get("user", ""))[:QUESTION_CHARACTERS]
    return PromptRow(prompt.id, prompt.category, prompt.title, question)


def _model_state(model: ModelRecord) -> ModelState:
    return ModelState(
        id=model.id,
        name=model.name,
        where=model.where,
        simulated=model.simulated,
        memory_gb=model.memory_gb,
        sampling=model.sampling,
        phase=model.phase,
        note=model.note,
        cold_start=model.cold_start,
    )
