"""Textual's driver, which a paste without an end would leave deaf: every later key would count as pasted text."""

import os
import select
import threading
import time

from textual.drivers.linux_driver import LinuxDriver

START, END = b"\x1b[200~", b"\x1b[201~"
SILENCE = 3.0
"""Seconds without a byte after which a paste that has not ended is ended."""
_WAIT = 0.1


class PasteGuard:
    """Follows what a terminal sends, and says when a paste must be ended for it. Times are in seconds."""

    def __init__(self) -> None:
        self._tail = b""
        self._since: float | None = None

    def feed(self, data: bytes, now: float) -> None:
        """Take in what came; a marker may be cut anywhere."""
        seen = self._tail + data
        start, end = seen.rfind(START), seen.rfind(END)
        if start != end:
            self._since = now if start > end else None
        elif self._since is not None:
            self._since = now
        # What is left of a whole marker must not be seen twice.
        self._tail = seen[max(start, end) + len(START) if max(start, end) >= 0 else 0 :][-(len(START) - 1) :]

    def is_overdue(self, now: float) -> bool:
        """Whether a paste has been silent for so long that its end will not come; asked once for each paste."""
        overdue = self._since is not None and now - self._since >= SILENCE
        if overdue:
            self._since = None
        return overdue


class TerminalDriver(LinuxDriver):
    """Reads the terminal through a pipe, into which the end of a paste is written that never came."""

    def run_input_thread(self) -> None:
        terminal = self.fileno
        source, sink = os.pipe()
        pump = threading.Thread(target=self._pump, args=(terminal, sink), name="terminal-input", daemon=True)
        self.fileno = source
        pump.start()
        try:
            super().run_input_thread()
        finally:
            self.fileno = terminal
            pump.join()
            os.close(source)

    def _pump(self, terminal: int, sink: int) -> None:
        guard, is_open = PasteGuard(), True
        while not self.exit_event.is_set():
            ready = select.select([terminal] if is_open else [], [], [], _WAIT)[0]
            if ready:
                try:
                    data = os.read(terminal, 4096)
                except OSError:
                    data = b""
                is_open = bool(data)
                guard.feed(data, time.monotonic())
                os.write(sink, data)
            elif guard.is_overdue(time.monotonic()):
                os.write(sink, END)
        os.close(sink)
