"""How far a live run is: time left, and which model waits for which."""

from milo_tui.analysis.phases import MODEL_ENDED, Outcome
from milo_tui.runner.state import ModelState, RunState, cell_key


def category_keys(state: RunState, category: str) -> list[list[str]]:
    """The keys of a category's cells, a list for each prompt."""
    prompts = [row.id for row in state.prompts if row.category == category]
    return [[cell_key(prompt, repeat + 1) for repeat in range(state.repeats)] for prompt in prompts]


def finished(model: ModelState) -> int:
    """Attempts that ended in a score or a hole."""
    return sum(attempt.outcome is not Outcome.STOPPED for attempt in model.attempts.values())


def lane_of(state: RunState, model: str) -> list[str]:
    """The models that take turns with this one, itself among them."""
    return next((lane for lane in state.lanes if model in lane), [model])


def waits_for(state: RunState, model: ModelState) -> str:
    """On what a waiting model waits: the runner's own words, or who runs first in its lane."""
    if model.note:
        return model.note
    lane = lane_of(state, model.id)
    before = [state.models[other] for other in lane[: lane.index(model.id)] if other in state.models]
    running = [other for other in before if other.phase not in MODEL_ENDED]
    return f"{running[0].name} runs first" if running else "starting"


def time_left(state: RunState, now: float) -> float | None:
    """Seconds still to go, guessed from the pace so far; None while nothing is known."""
    paces = {model.id: pace for model in state.models.values() if (pace := model.figures.latency) is not None}
    if not paces:
        return None
    usual = sum(paces.values()) / len(paces)
    lanes = [*state.lanes, *([model] for model in state.models if lane_of(state, model) == [model])]
    return max(
        sum(_model_left(state, model, paces.get(model, usual), now) for model in lane) for lane in lanes
    )


def _model_left(state: RunState, name: str, pace: float, now: float) -> float:
    model = state.models.get(name)
    if model is None or model.phase in MODEL_ENDED:
        return 0.0
    spent = now - model.current.since if model.current else 0.0
    return max(0.0, (state.attempts_per_model - finished(model)) * pace - min(spent, pace))


def rounded(seconds: float) -> float:
    """A guess rounded as a person would: it should not tick."""
    step = 5 if seconds < 60 else 10 if seconds < 1200 else 60
    return max(step, round(seconds / step) * step)
