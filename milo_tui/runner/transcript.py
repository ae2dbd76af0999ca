"""The pieces of an attempt in order, those that belong together joined: in a run's state, on the way to the viewers,
and in the app.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from milo_tui.endpoints.endpoint import StreamPiece
from milo_tui.runner.events import Event, ServerNoted, Streamed, ToolAnswered

INTERVAL = 1 / 30
"""Seconds between two pieces of one attempt on their way to the viewers."""


@dataclass(slots=True)
class Transcript:
    """Pieces, and how many characters they have; `dropped` counts those that were forgotten at the beginning."""

    pieces: list[StreamPiece] = field(default_factory=list)
    size: int = 0
    dropped: int = 0

    def add(self, piece: StreamPiece) -> None:
        """Add a piece, joined to the last one where it goes on with that."""
        last = self.pieces[-1] if self.pieces else None
        if last is not None and piece.goes_on(last):
            # At each token: dataclasses.replace would take twenty times as long.
            text, name = last.text + piece.text, last.name or piece.name
            self.pieces[-1] = StreamPiece(last.kind, text, last.call, name, last.turn, last.at_ns)
        else:
            self.pieces.append(piece)
        self.size += len(piece.text)

    def keep(self, most: int) -> None:
        """Forget the oldest, so that at most so many characters stay."""
        while self.size > most and len(self.pieces) > 1:
            self._forget(len(self.pieces[0].text))
            del self.pieces[0]
        if self.size > most:
            surplus = self.size - most // 2
            self.pieces[0] = replace(self.pieces[0], text=self.pieces[0].text[surplus:])
            self._forget(surplus)

    def _forget(self, characters: int) -> None:
        self.size -= characters
        self.dropped += characters

    def take(self) -> list[StreamPiece]:
        """All pieces; none of them stays."""
        pieces, self.pieces, self.size = self.pieces, [], 0
        return pieces


def piece_of(event: Event) -> StreamPiece | None:
    """What an event adds to its attempt's transcript, if anything."""
    match event:
        case Streamed():
            return event.piece
        case ToolAnswered():
            return StreamPiece(
                "tool error" if event.is_error else "tool result", event.content, name=event.name
            )
        case ServerNoted():
            return StreamPiece("note", event.text)
    return None


class Coalescer:
    """Joins an attempt's pieces to at most 30 a second. Other events pass at once, after the pieces before them."""

    def __init__(self, publish: Callable[[Event], None], interval: float = INTERVAL) -> None:
        self._publish = publish
        self._interval = interval
        self._model = ""
        self._held = Transcript()
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, event: Event) -> None:
        """Take an event in; a piece is held for at most the interval."""
        if not isinstance(event, Streamed):
            self.flush()
            self._publish(event)
            return
        self._model = event.model
        self._held.add(event.piece)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._interval, self.flush)

    def flush(self) -> None:
        """Publish what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for piece in self._held.take():
            self._publish(Streamed(self._model, piece))
