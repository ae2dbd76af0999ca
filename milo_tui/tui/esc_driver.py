"""The terminal's input, read so that a lone esc is told as soon as it is known to be one.

Arrows and the like begin with an esc, so after one Textual waits `ESCDELAY` (100 ms) for more; but it looks at the
clock only where its reading thread wakes, every 100 ms. Here the thread wakes when that wait is over, and the wait is
25 ms (tmux has 10, Neovim 50): far more than a terminal lets pass within a sequence.
"""

import os
import selectors
from codecs import getincrementaldecoder
from contextlib import suppress

from textual import constants
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

ESC = "\x1b"
IDLE = 0.1
"""Seconds after which the thread looks whether it is to end."""
TICK = 0.005


class EscDriver(LinuxDriver):
    """Textual's driver for Linux and macOS with a reading thread of our own."""

    def run_input_thread(self) -> None:
        """Read keys and the mouse until the application ends; at the input's end wait for that."""
        parser, decode = XTermParser(self._debug), getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            pending = 0
            while not self.exit_event.is_set():
                if selector.select(TICK if pending else IDLE):
                    data = os.read(self.fileno, 4096)
                    if not data:
                        self.exit_event.wait()
                        break
                    text = decode(data)
                    # An esc at the end may be alone: the parser is asked until its wait for more is over for certain.
                    pending = 2 + round(constants.ESCAPE_DELAY / TICK) if text.endswith(ESC) else 0
                    # Nothing is what it is fed at the end; half a letter comes out as nothing, too.
                    for message in parser.feed(text) if text else ():
                        self.process_message(message)
                pending = max(0, pending - 1)
                for message in parser.tick():
                    self.process_message(message)
        with suppress(EOFError, ParseError):
            list(parser.feed(""))
