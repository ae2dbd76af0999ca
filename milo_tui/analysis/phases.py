"""What a run and a model are doing, and how an attempt ended: each state with its word, sign and colour role.

A role is a name of the theme's colours, "success" for instance; views use it as `$success`.
"""

from enum import StrEnum


class RunPhase(StrEnum):
    """What a run as a whole is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    DONE = "done"
    INCOMPLETE = "incomplete"
    STOPPED = "stopped"

    @property
    def word(self) -> str:
        """The word that views show."""
        return "live" if self is RunPhase.RUNNING else self.value

    @property
    def sign(self) -> str:
        """One cell wide."""
        return _RUN_SIGNS[self][0]

    @property
    def role(self) -> str:
        """The colour role of sign and word."""
        return _RUN_SIGNS[self][1]

    def given(self, scored: int, planned: int) -> "RunPhase":
        """The phase of a run with so many scored attempts: without all of them it is not done."""
        return RunPhase.INCOMPLETE if self is RunPhase.DONE and scored < planned else self


_RUN_SIGNS = {
    RunPhase.RUNNING: ("●", "live"),
    RunPhase.PAUSED: ("‖", "warning"),
    RunPhase.STOPPING: ("■", "warning"),
    RunPhase.DONE: ("✓", "success"),
    RunPhase.INCOMPLETE: ("◐", "warning"),
    RunPhase.STOPPED: ("■", "error"),
}

ACTIVE = frozenset({RunPhase.RUNNING, RunPhase.PAUSED, RunPhase.STOPPING})
"""The phases in which a process is at work on the run."""
FINAL_PHASES = frozenset({RunPhase.DONE, RunPhase.INCOMPLETE, RunPhase.STOPPED})
"""The phases that last until the run is resumed."""


class ModelPhase(StrEnum):
    """What a model is doing in a run; the value is the word that views show."""

    WAITING = "waiting"
    LOADING = "loading"
    WARMING_UP = "warming up"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def sign(self) -> str:
        """One cell wide; blank for a model that runs, whose figures move."""
        return _MODEL_SIGNS[self][0]

    @property
    def role(self) -> str:
        """The colour role of sign and word."""
        return _MODEL_SIGNS[self][1]


_MODEL_SIGNS = {
    ModelPhase.WAITING: ("·", "dim"),
    ModelPhase.LOADING: ("↑", "dim"),
    ModelPhase.WARMING_UP: ("~", "dim"),
    ModelPhase.RUNNING: (" ", "dim"),
    ModelPhase.DONE: ("✓", "success"),
    ModelPhase.SKIPPED: ("»", "dim"),
    ModelPhase.FAILED: ("✗", "error"),
    ModelPhase.STOPPED: ("■", "error"),
}

MODEL_ENDED = frozenset({ModelPhase.DONE, ModelPhase.SKIPPED, ModelPhase.FAILED, ModelPhase.STOPPED})
"""The phases in which a model does nothing further in its run."""


class Origin(StrEnum):
    """Where a run comes from. An approved one was imported, and the user agreed to what resuming it contacts."""

    HERE = "here"
    IMPORTED = "imported"
    APPROVED = "approved"


class Outcome(StrEnum):
    """How an attempt ended. A server's loss is scored too, but marked; infrastructure never is."""

    SCORED = "scored"
    SERVER = "failed: server"
    INFRASTRUCTURE = "failed: infrastructure"
    STOPPED = "stopped"
