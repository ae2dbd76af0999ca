"""What a viewer looks at: a run's state, the events that go on changing it, and a way to ask for things."""

from collections.abc import AsyncIterator
from typing import Protocol

from milo_tui.runner.events import Command, Event
from milo_tui.runner.state import RunState


class Feed(Protocol):
    """A live run as a viewer sees it: over a Unix socket (channel.py), or in memory for tests.

    `state` is the snapshot got on joining. The viewer applies each event to it as it draws; the feed does not.
    """

    state: RunState

    def events(self) -> AsyncIterator[Event]:
        """The events after the snapshot, until the runner ends or goes away."""
        ...

    async def send(self, command: Command) -> None:
        """Ask the runner for something; what comes of it is seen in the events. Raises ConnectionError."""
        ...

    async def aclose(self) -> None:
        """Leave. The run goes on."""
        ...
