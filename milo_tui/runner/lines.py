"""A run's state, its events and the commands to it as lines of JSON, as they go over its socket.

The runner writes them and reads commands without pydantic: to build its schemas takes tens of milliseconds, in which
no time stamp could be taken. A viewer reads with it.
"""

import json
from dataclasses import fields
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from milo_tui.runner.events import ACTIONS, Command, Event
from milo_tui.runner.state import RunState


def state_line(state: RunState) -> bytes:
    """The snapshot that a newcomer gets first."""
    return _line({"state": state})


def event_line(event: Event) -> bytes:
    """An event."""
    return _line({"event": event})


def command_line(command: Command) -> bytes:
    """A command."""
    return _line(command)


def _line(value: object) -> bytes:
    """A line of JSON. A lone surrogate (legal in a model's JSON, not in UTF-8) becomes a question mark."""
    text = json.dumps(value, default=_fields, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def read_state(line: bytes) -> RunState:
    """The snapshot of a line. Raises ValueError."""
    return _state().validate_python(json.loads(line)["state"])


def read_event(line: bytes) -> Event:
    """The event of a line. Raises ValueError."""
    return _event().validate_python(json.loads(line)["event"])


def read_command(line: bytes) -> Command:
    """The command of a line. Raises ValueError."""
    try:
        value = json.loads(line)
    except RecursionError:
        raise ValueError("not a command") from None
    match value:
        case {"action": str(action), "model": str(model), "now": bool(now)} if action in ACTIONS:
            return Command(action, model, now)  # type: ignore[arg-type]
    raise ValueError("not a command")


@cache
def _state() -> "TypeAdapter[RunState]":
    return TypeAdapter(RunState)


@cache
def _event() -> "TypeAdapter[Event]":
    return TypeAdapter(Annotated[Event, Field(discriminator="type")])
