"""Plain progress: a line on stderr for each attempt, and for each change of a model, a server or the run."""

from milo_tui.analysis.phases import ModelPhase
from milo_tui.analysis.record import Attempt
from milo_tui.cli.options import note
from milo_tui.reports import decision_text
from milo_tui.reports.formatting import seconds
from milo_tui.runner.events import AttemptFinished, Event, ModelChanged, PairNarrowed, RunChanged, ServerNoted
from milo_tui.runner.state import RunState

_LOADING_INTERVAL = 15.0
"""Seconds between two lines about one model's loading."""


class Progress:
    """Print the events of a run. Call it after the state has applied the event."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._total = len(state.models) * state.attempts_per_model
        self._loading: dict[str, float] = {}
        self._decided = {(pair.a, pair.b) for pair in state.pairs if pair.is_decided}

    def __call__(self, event: Event) -> None:
        """Print the event's line, if it has one."""
        if line := self._line(event):
            note(line)

    def _line(self, event: Event) -> str | None:
        match event:
            case RunChanged():
                suffix = f" {event.note}" if event.note else ""
                return f"run {self._state.run}: {event.phase.value}{suffix}"
            case ModelChanged(phase=ModelPhase.LOADING) if self._is_repetition(event):
                return None
            case ModelChanged():
                cold = f" (cold start {seconds(event.cold_start)})" if event.cold_start is not None else ""
                suffix = f": {event.note}" if event.note else ""
                return f"{self._name(event.model)}: {event.phase.value}{cold}{suffix}"
            case ServerNoted():
                return f"{self._name(event.model)}: {event.text}"
            case PairNarrowed(pair=pair) if (pair.a, pair.b) not in self._decided and pair.is_decided:
                self._decided.add((pair.a, pair.b))
                models = list(self._state.models.values())
                return decision_text.headline(pair, models, self._state.margin or 0)
            case AttemptFinished():
                return self._attempt(event.attempt)
            case _:
                return None

    def _is_repetition(self, event: ModelChanged) -> bool:
        """Whether a line said so within the last seconds: a loading model reports every second."""
        last = self._loading.get(event.model, 0.0)
        if event.note and event.at - last < _LOADING_INTERVAL:
            return True
        self._loading[event.model] = event.at
        return False

    def _attempt(self, attempt: Attempt) -> str:
        done = sum(len(model.attempts) for model in self._state.models.values())
        score = attempt.outcome.value if attempt.points is None else f"{attempt.points}/3"
        problem = attempt.lost or attempt.error
        lost = f"  [{problem}]" if problem else ""
        place = f"{done:>{len(str(self._total))}}/{self._total}"
        prompt = f"{attempt.prompt} #{attempt.repeat}"
        return f"{place}  {self._name(attempt.model)}  {prompt}  {score}  {seconds(attempt.latency)}{lost}"

    def _name(self, model: str) -> str:
        return self._state.models[model].name if model in self._state.models else model
