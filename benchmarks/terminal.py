"""A terminal that only counts: a command on a pty of its own, and what it writes there."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ALTERNATE = b"\x1b[?1049h"
_ESCAPES = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\|\x1b.", re.DOTALL
)


class Terminal:
    """A command that takes this for its terminal; columns × lines."""

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._master, slave = pty.openpty()
        columns, lines = size
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        usual = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._last = b""
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env={**os.environ, **usual, **(env or {})},
            start_new_session=True,
        )
        os.close(slave)

    def read(self, until: float) -> bytes:
        """What came next, or nothing if that takes longer than `until` of perf_counter.

        Raises EOFError, with what came last, where the command has ended.
        """
        if not select.select([self._master], [], [], max(0.0, until - time.perf_counter()))[0]:
            return b""
        try:
            self._last = os.read(self._master, 65536)
        except OSError:
            raise EOFError(f"ended: {self._last!r}") from None
        return self._last

    def send(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)

    def read_for(self, seconds: float) -> int:
        """Bytes that come within so many seconds."""
        end, count = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            count += len(self.read(end))
        return count

    def drain(self) -> list[int]:
        """Read on in a thread, for as long as there is something; the sizes of what came."""
        sizes: list[int] = []

        def on() -> None:
            with contextlib.suppress(OSError):
                while data := os.read(self._master, 65536):
                    sizes.append(len(data))

        threading.Thread(target=on, daemon=True).start()
        return sizes

    def first_paint(
        self, characters: int = 200, text: bytes = b"", timeout: float = 20
    ) -> tuple[float, float]:
        """Seconds from spawn to so many characters after the alternate screen, and to `text` among them.

        Raises TimeoutError with what was seen instead.
        """
        seen, painted, until = b"", 0.0, self.started + timeout
        while data := self.read(until):
            at = time.perf_counter() - self.started
            seen += data
            drawn = _ESCAPES.sub(b"", seen.partition(ALTERNATE)[2])
            painted = painted or (at if len(drawn.decode("utf-8", "ignore")) >= characters else 0.0)
            if painted and text in drawn:
                return painted, at
        raise TimeoutError(f"no first paint; seen: {seen[-2000:]!r}")

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection would."""
        with contextlib.suppress(OSError):
            os.close(self._master)
        self._master = -1

    def end(self) -> None:
        """Be rid of the command."""
        self.process.kill()
        self.process.wait()
        if self._master >= 0:
            self.hang_up()
