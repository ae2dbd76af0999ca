"""What the simulated models of `milo demo` play: a prompt's reference, spoilt by a seeded mix of mutations."""

import json
import random
from collections.abc import Mapping, Sequence

from milo_tui.analysis.record import RunRecord
from milo_tui.endpoints.entry import ModelEntry, SimulatedEntry
from milo_tui.runner.plan import Task
from milo_tui.simulated.models import MANNERS, Pace, Playbook, PlayedTurn, SimulatedModel
from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite_lab.mutations import mutate


def demo_entries(pace: Pace) -> list[ModelEntry]:
    """The three models that ship, as if milo.toml named them."""
    return [
        ModelEntry(
            id=profile,
            name=manner.name,
            protocol=manner.protocol,
            where=manner.where,
            model=wire_name(profile),
            temperature=0.0,
            thinking=manner.thinks,
            simulated=SimulatedEntry(profile=profile, pace=pace),
        )
        for profile, manner in MANNERS.items()
    ]


def wire_name(profile: str) -> str:
    """The name by which a simulated model is asked for."""
    return f"simulated-{profile}"


def playbook(run: RunRecord, prompts: Mapping[str, Prompt], entries: Sequence[ModelEntry]) -> Playbook:
    """All parts of a run's simulated models: the run's seed alone decides them, so a resume plays the same."""
    models = {}
    for entry in entries:
        if entry.simulated is None:
            continue
        profile = entry.simulated.profile
        parts = {
            Task(prompt.id, repeat).name: tuple(map(_played, _steps(run, profile, prompt, repeat)))
            for prompt in prompts.values()
            for repeat in range(1, run.repeats + 1)
        }
        models[wire_name(profile)] = SimulatedModel(MANNERS[profile], parts, entry.simulated.pace)
    return Playbook(models, run.seed)


def _steps(run: RunRecord, profile: str, prompt: Prompt, repeat: int) -> Sequence[Step]:
    """The reference, or with the mix's chances one mutation of it; what does not apply leaves it as it is."""
    rng = random.Random(f"{run.seed}/{profile}/{prompt.id}/{repeat}")
    draw = rng.random()
    for mutation, chance in MANNERS[profile].mix.items():
        draw -= chance
        if draw < 0:
            return mutate(prompt, mutation, rng) or prompt.reference
    return prompt.reference


def _played(step: Step) -> PlayedTurn:
    calls = [(name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in step.made]
    calls += (step.call_text or {}).items()
    return PlayedTurn(text=step.say or "", calls=tuple(calls), broken=step.broken)
