"""What a command prints and keeps of an error that nobody expected: one sentence, and a report in the log folder."""

import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

from milo_tui import __version__
from milo_tui.config import load_settings
from milo_tui.endpoints.keys import redact
from milo_tui.errors import MiloError
from milo_tui.sanitise import one_line, sanitise


def crash_sentence(error: BaseException) -> str:
    """Write the report; the sentence that names it. Neither holds anything that a terminal obeys, nor a key."""
    what = one_line(redact(f"{type(error).__name__}: {error}"))
    what = what if len(what) <= 200 else f"{what[:200]}…"
    try:
        return f"Milo failed unexpectedly ({what}). The report is {_write_report(error)}; please report it."
    except OSError as problem:
        return f"Milo failed unexpectedly ({what}); its report could not be written ({problem.strerror})."


def _write_report(error: BaseException) -> Path:
    try:
        folder = load_settings(models=False).logs
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (MiloError, OSError):
        folder = Path(tempfile.mkdtemp(prefix="milo-"))
    name = time.strftime("crash-%Y%m%d-%H%M%S")
    system = f"milo {__version__}, Python {platform.python_version()}, {platform.platform()}"
    arguments = " ".join(map(repr, sys.argv[1:]))
    text = "".join([f"{system}\narguments: {arguments}\n\n", *traceback.format_exception(error)])
    for number in range(100):
        path = folder / f"{name}{f'-{number}' if number else ''}.log"
        try:
            with path.open("x", encoding="utf-8", errors="replace") as file:
                file.write(sanitise(redact(text)))
        except FileExistsError:
            continue
        return path
    raise FileExistsError(17, "too many reports")
