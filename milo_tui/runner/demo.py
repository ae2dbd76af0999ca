"""What the simulated models of `milo demo` play: a prompt's reference, spoilt by a seeded mix of mutations."""

import json
import random
from collections.abc import Sequence

from milo_tui.analysis.questions import question
from milo_tui.analysis.record import RunRecord
from milo_tui.endpoints.entry import ModelEntry, SimulatedEntry
from milo_tui.errors import MiloError
from milo_tui.runner.plan import Task
from milo_tui.simulated.models import PROFILES
from milo_tui.simulated.script import Pace, Script, ScriptedTurn, SimulatedModel
from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite_lab.mutations import mutate


class UnknownPart(MiloError):
    """A run asks for a simulated model that this Milo does not have; one sentence."""


def demo_entries(pace: Pace) -> list[ModelEntry]:
    """The three models that ship, as if milo.toml named them."""
    return [
        ModelEntry(
            id=id,
            name=profile.name,
            protocol=profile.protocol,
            where=profile.where,
            model=wire_name(id),
            temperature=0.0,
            thinking=profile.thinks,
            simulated=SimulatedEntry(profile=id, pace=pace),
        )
        for id, profile in PROFILES.items()
    ]


def wire_name(profile: str) -> str:
    """The name by which a simulated model is asked for."""
    return f"simulated-{profile}"


def script(run: RunRecord, entries: Sequence[ModelEntry]) -> Script:
    """All parts of a run's simulated models: the run's seed alone decides them, so a resume plays the same."""
    models = {}
    questions = {
        (prompt.id, repeat): question(run, prompt, repeat)
        for prompt in run.prompts
        for repeat in range(1, run.repeats + 1)
    }
    for entry in entries:
        if entry.simulated is None:
            continue
        profile = entry.simulated.profile
        if profile not in PROFILES:
            raise UnknownPart(f"There is no simulated model {profile}; there are {', '.join(PROFILES)}.")
        parts = {
            Task(prompt, repeat).name: tuple(map(_played, _steps(run, profile, asked, repeat)))
            for (prompt, repeat), asked in questions.items()
        }
        models[wire_name(profile)] = SimulatedModel(PROFILES[profile], parts, entry.simulated.pace)
    return Script(models, run.seed)


def _steps(run: RunRecord, profile: str, prompt: Prompt, repeat: int) -> Sequence[Step]:
    """The reference, or with the mix's chances one mutation of it; what does not apply leaves it as it is."""
    rng = random.Random(f"{run.seed}/{profile}/{prompt.id}/{repeat}")
    draw = rng.random()
    for mutation, chance in PROFILES[profile].mix.items():
        draw -= chance
        if draw < 0:
            return mutate(prompt, mutation, rng) or prompt.reference
    return prompt.reference


def _played(step: Step) -> ScriptedTurn:
    calls = [(name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in step.made]
    calls += (step.call_text or {}).items()
    return ScriptedTurn(text=step.say or "", calls=tuple(calls), broken=step.broken)
