"""Server-sent events, split by hand as the WHATWG's HTML standard says (section 9.2.6), and a little beyond."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name (empty where the server gave none), its data, and when its last byte came in ns."""

    name: str
    data: str
    at_ns: int


_ENDS = b"\r\n"


class Splitter:
    """Cuts a stream of bytes into events, wherever its chunks are cut: in a line, in a character, in CR LF.

    Beyond the standard, an event that ends with the stream instead of a blank line is an event too. Comments
    (keep-alives) are no events.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._name = ""
        self._data: list[str] = []
        self._skip_newline = False
        self._first = True

    def feed(self, chunk: bytes, at_ns: int) -> list[Event]:
        """The events that these bytes complete."""
        if self._is_usual(chunk):
            return [Event("", chunk[6:-2].decode("utf-8", "replace"), at_ns)]
        if self._skip_newline and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        if chunk:
            self._skip_newline = chunk.endswith(b"\r")
        events = []
        for piece in chunk.splitlines(keepends=True):
            self._line.append(piece)
            if piece[-1] in _ENDS and (event := self._end_of_line(at_ns)):
                events.append(event)
        return events

    def _is_usual(self, chunk: bytes) -> bool:
        """Whether a chunk is one event of one line of data and nothing else, as most are that servers write."""
        return (
            chunk.startswith(b"data: ")
            and chunk.find(b"\n") == len(chunk) - 2
            and chunk.endswith(b"\n\n")
            and b"\r" not in chunk
            and not (self._line or self._data or self._name or self._skip_newline or self._first)
        )

    def rest(self, at_ns: int) -> list[Event]:
        """The event that the end of the stream completes, if any."""
        events = [self._end_of_line(at_ns)] if self._line else []
        events.append(self._end_of_event(at_ns))
        return [event for event in events if event]

    def _end_of_line(self, at_ns: int) -> Event | None:
        line = b"".join(self._line).rstrip(b"\r\n").decode("utf-8", "replace")
        self._line.clear()
        if self._first:
            self._first, line = False, line.removeprefix("\ufeff")
        if not line:
            return self._end_of_event(at_ns)
        if line.startswith("data: "):
            self._data.append(line[6:])
            return None
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field == "error":
            # llama.cpp reports errors in lines of this name.
            return Event("error", value, at_ns)
        return None

    def _end_of_event(self, at_ns: int) -> Event | None:
        event = Event(self._name, "\n".join(self._data), at_ns) if self._data else None
        self._name = ""
        self._data.clear()
        return event
