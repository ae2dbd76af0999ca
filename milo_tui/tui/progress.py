"""How far a live run is: time left, and which model waits for which."""

from milo_tui.analysis.phases import MODEL_ENDED, ModelPhase, Outcome
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


FEWEST = 5
"""Attempts of each running model from which on their pace says how long the rest will take."""


def time_left(state: RunState, now: float) -> float | None:
    """Seconds still to go, guessed from the pace so far; None while too little of that is known."""
    paces = {model.id: pace for model in state.models.values() if (pace := model.figures.latency) is not None}
    enough = min(FEWEST, state.attempts_per_model)
    running = [model for model in state.models.values() if model.phase is ModelPhase.RUNNING]
    if not paces or any(finished(model) < enough for model in running):
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


class SmoothedTimeLeft:
    """The time left as it is shown: it counts down, and follows a new guess half the way once that is far off."""

    FAR = 0.15
    """The part of a guess by which it may be off."""

    def __init__(self) -> None:
        self._end: float | None = None

    def shown(self, guess: float | None, now: float) -> float | None:
        """Seconds left to be shown for a guess made now; None for none."""
        if guess is None:
            self._end = None
            return None
        end = now + guess
        if self._end is None:
            self._end = end
        elif abs(end - self._end) > max(10.0, self.FAR * guess):
            self._end = (self._end + end) / 2
        return max(0.0, self._end - now)


def running_first(state: RunState) -> list[int]:
    """The places of the models: those at work, then those that wait, then those that ended."""

    def rank(place: int) -> int:
        phase = list(state.models.values())[place].phase
        return 2 if phase in MODEL_ENDED else phase is ModelPhase.WAITING

    return sorted(range(len(state.models)), key=rank)


def rounded(seconds: float) -> float:
    """A guess rounded as a person would: it should not tick."""
    step = 5 if seconds < 60 else 10 if seconds < 1200 else 60
    return max(step, round(seconds / step) * step)
