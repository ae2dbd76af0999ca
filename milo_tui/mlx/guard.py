"""Runs a console script of the interpreter that runs this file, and ends with the process that started it.

Started by its path, so that an interpreter without Milo (one with another mlx-lm) can run it too. The starter
holds the other end of standard input and never writes: when it is gone, killed or not, the read end wakes, and
the whole process group goes with it.
"""

import os
import select
import signal
import sys
import threading
from importlib.metadata import entry_points
from pathlib import Path


def _end_with_the_starter() -> None:
    select.select([0], [], [])
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Run the script named first, with the arguments that follow."""
    here = Path(__file__).parent
    # No module beside this file may stand in for one of the script's.
    sys.path[:] = [path for path in sys.path if Path(path) != here]
    name = sys.argv[1]
    sys.argv[:] = sys.argv[1:]
    scripts = [script for script in entry_points(group="console_scripts") if script.name == name]
    if not scripts:
        sys.exit(f"{name} is not installed for {sys.executable}: install mlx-lm there.")
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    sys.exit(scripts[0].load()())


if __name__ == "__main__":
    main()
