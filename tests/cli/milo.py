"""`milo` as a person starts it: a process of its own where a run is started, else the same `main` in this process."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from milo_tui.cli import main
from milo_tui.cli.options import USAGE

MILO = (sys.executable, "-m", "milo_tui")

Done = subprocess.CompletedProcess[str]

IN_A_PROCESS = {"demo", "run", "resume", "watch", "stop"}
"""Commands with signals and processes in them, unless they are refused; of others a process shows no more, slowly."""


def milo(*words: str, status: int = 0, **environment: str) -> Done:
    """Run a command to its end and require its exit status."""
    call = _call_process if IN_A_PROCESS & set(words) and status != USAGE else _call_main
    with patch.dict(os.environ, environment):
        done = call(*words)
    assert done.returncode == status, f"exit {done.returncode}, not {status}:\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done


def _call_process(*words: str) -> Done:
    return subprocess.run([*MILO, *words], capture_output=True, text=True, check=False, timeout=120)


def _call_main(*words: str) -> Done:
    """In a thread, since a test may have an event loop in this one."""
    out, err = StringIO(), StringIO()
    with (
        patch.object(sys, "argv", ["milo", *words]),
        patch.object(sys, "stdin", StringIO()),
        redirect_stdout(out),
        redirect_stderr(err),
        ThreadPoolExecutor(1) as thread,
    ):
        status = thread.submit(_status_of_main).result()
    return Done(words, status, out.getvalue(), err.getvalue())


def _status_of_main() -> int:
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def milo_json(*words: str) -> Any:
    """The JSON that a command prints."""
    return json.loads(milo(*words).stdout)


def demo(*words: str, seed: int = 3, repeats: int = 1, status: int = 0) -> Done:
    """Run `milo demo` as fast as it goes: 60 attempts for each repeat."""
    usual = ("--plain", "--pace", "instant", "--seed", str(seed), "--repeats", str(repeats))
    return milo("demo", *usual, *words, status=status)


def start(*words: str) -> subprocess.Popen[bytes]:
    """Start a command and leave it running."""
    return subprocess.Popen([*MILO, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def write_config(*models: dict[str, object]) -> Path:
    """Write milo.toml into the working directory."""
    lines: list[str] = []
    for model in models:
        lines.append("[[model]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in model.items()]
    path = Path("milo.toml")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
