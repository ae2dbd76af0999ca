"""What a model and a run are doing, and how an attempt ended."""

from enum import StrEnum


class Phase(StrEnum):
    """What a model is doing in a run."""

    WAITING = "waiting"
    LOADING = "loading"
    WARMING_UP = "warming up"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    STOPPED = "stopped"


class Outcome(StrEnum):
    """How an attempt ended. A server's loss is scored too, but marked; infrastructure never is."""

    SCORED = "scored"
    SERVER = "failed: server"
    INFRASTRUCTURE = "failed: infrastructure"
    STOPPED = "stopped"


class RunPhase(StrEnum):
    """What a run as a whole is doing; the last three are final until it is resumed."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    DONE = "done"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"


GOING_ON = frozenset({RunPhase.RUNNING, RunPhase.PAUSED, RunPhase.STOPPING})
"""The phases in which a process is at work on the run."""
