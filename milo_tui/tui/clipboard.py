"""Copy text to the user's clipboard, over SSH and through tmux, and say which way it went."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from milo_tui.config import in_tmux, ssh_session
from milo_tui.sanitise import sanitise

CLIP_FILE = "clip.txt"
OSC52_LIMIT = 74_000
"""Characters: base64 of more than this is cut or dropped by many terminals."""


@dataclass(frozen=True, slots=True)
class ClipboardAccess:
    """What lies between this process and the user's clipboard."""

    tmux: bool
    ssh: bool
    tools: frozenset[str]

    @classmethod
    def detect(cls) -> "ClipboardAccess":
        """Read the environment."""
        return cls(in_tmux(), ssh_session(), frozenset(t for t in ("tmux", "pbcopy") if shutil.which(t)))


def commands(place: ClipboardAccess) -> list[tuple[str, list[str]]]:
    """Return the commands that take the text on stdin, best first, each with where it goes."""
    found = []
    if place.tmux and "tmux" in place.tools:
        found.append(("tmux, which passes it to your terminal", ["tmux", "load-buffer", "-w", "-"]))
    if not place.ssh and "pbcopy" in place.tools:
        found.append(("the clipboard", ["pbcopy"]))
    return found


async def copy(text: str, folder: Path, osc52: Callable[[str], None], place: ClipboardAccess) -> str:
    """Copy by the best way there is and keep a file; return where it went, in words."""
    text = sanitise(text)
    file = await asyncio.to_thread(_keep, text, folder)
    kept = f"; also in {file}" if file else ""
    for words, command in commands(place):
        if await _feed(command, text):
            return f"to {words}{kept}"
    if len(text) > OSC52_LIMIT:
        return f"to {file or 'nowhere'}: it is too long for the terminal's clipboard"
    osc52(text)
    return f"through the terminal (OSC 52){kept}"


async def _feed(command: list[str], text: str) -> bool:
    """Return whether the command took the text."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(5):
            await process.communicate(text.encode())
    except (TimeoutError, OSError):
        process.kill()
        await process.wait()
        return False
    return process.returncode == 0


def _keep(text: str, folder: Path) -> Path | None:
    """Write the text to a file; None where that fails."""
    file = folder / CLIP_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
    except OSError:
        return None
    return file
