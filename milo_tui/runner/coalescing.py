"""Text deltas joined to at most 30 a second for each attempt, in order with every other event."""

import asyncio
from collections.abc import Callable

from milo_tui.runner.events import Event, Streamed

INTERVAL = 1 / 30
"""Seconds between two deltas of one model."""


class Coalescer:
    """Sits between an attempt and the viewers. Other events pass at once, after the deltas before them."""

    def __init__(self, publish: Callable[[Event], None], interval: float = INTERVAL) -> None:
        self._publish = publish
        self._interval = interval
        self._held: list[Streamed] = []
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, event: Event) -> None:
        """Take an event in; a delta is held for at most the interval."""
        if not isinstance(event, Streamed):
            self.flush()
            self._publish(event)
            return
        self._hold(event)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._interval, self.flush)

    def _hold(self, event: Streamed) -> None:
        last = self._held[-1] if self._held else None
        if last and (last.kind, last.turn, last.call) == (event.kind, event.turn, event.call):
            self._held[-1] = Streamed(
                event.model,
                event.kind,
                last.text + event.text,
                event.turn,
                event.call,
                last.name or event.name,
            )
        else:
            self._held.append(event)

    def flush(self) -> None:
        """Publish what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        for event in held:
            self._publish(event)
