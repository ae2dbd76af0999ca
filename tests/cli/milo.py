"""`milo` as a process of its own, as a person starts it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

MILO = (sys.executable, "-m", "milo_tui")


def milo(*words: str, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and require its exit status."""
    done = subprocess.run(
        [*MILO, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    assert done.returncode == status, f"exit {done.returncode}, not {status}:\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done


def milo_json(*words: str) -> Any:
    """The JSON that a command prints."""
    return json.loads(milo(*words).stdout)


def demo(*words: str, seed: int = 3, repeats: int = 1, status: int = 0) -> subprocess.CompletedProcess[str]:
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
