"""Plain progress: a line on stderr for each attempt and for whatever else a person should know."""

import click

from milo_tui.analysis.phases import ModelPhase
from milo_tui.analysis.record import Attempt
from milo_tui.reports.figures import seconds
from milo_tui.runner.events import AttemptFinished, Event, ModelChanged, RunChanged, ServerNoted
from milo_tui.runner.state import RunState
from milo_tui.sanitise import sanitise

_LOADING_EVERY = 15.0
"""Seconds between two lines about one model's loading."""


class Progress:
    """Prints events of a run. Call it after the state has taken the event in."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        total = len(state.models) * state.attempts_per_model
        self._width = len(str(total))
        self._total = total
        self._loading: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Print the event's line, if it has one."""
        if line := self._line(event):
            click.echo(sanitise(line), err=True)

    def _line(self, event: Event) -> str | None:
        match event:
            case RunChanged():
                return f"run {self._state.run}: {event.phase.value}" + (
                    f" {event.note}" if event.note else ""
                )
            case ModelChanged(phase=ModelPhase.LOADING) if self._told_lately(event):
                return None
            case ModelChanged():
                cold = f" (cold start {seconds(event.cold_start)})" if event.cold_start is not None else ""
                return f"{self._name(event.model)}: {event.phase.value}{cold}" + (
                    f": {event.note}" if event.note else ""
                )
            case ServerNoted():
                return f"{self._name(event.model)}: {event.text}"
            case AttemptFinished():
                return self._attempt(event.attempt)
            case _:
                return None

    def _told_lately(self, event: ModelChanged) -> bool:
        """Whether a line said so within the last seconds: loading tells of itself every second."""
        lately = event.note != "" and event.at - self._loading.get(event.model, 0.0) < _LOADING_EVERY
        if not lately:
            self._loading[event.model] = event.at
        return lately

    def _attempt(self, attempt: Attempt) -> str:
        done = sum(len(model.attempts) for model in self._state.models.values())
        score = attempt.outcome.value if attempt.points is None else f"{attempt.points}/3"
        problem = attempt.lost or attempt.error
        lost = f"  [{problem}]" if problem else ""
        place = f"{done:>{self._width}}/{self._total}"
        what = f"{attempt.prompt} #{attempt.repeat}"
        return f"{place}  {self._name(attempt.model)}  {what}  {score}  {seconds(attempt.latency)}{lost}"

    def _name(self, model: str) -> str:
        return self._state.models[model].name if model in self._state.models else model
