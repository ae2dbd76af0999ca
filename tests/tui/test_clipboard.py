"""Copying: the best way first, a file always, and words that say where it went."""

import stat
from pathlib import Path

import pytest

from milo_tui.tui import clipboard
from milo_tui.tui.clipboard import ClipboardAccess, commands, copy

EVERYTHING = frozenset({"tmux", "pbcopy"})


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (ClipboardAccess(tmux=True, ssh=True, tools=EVERYTHING), ["tmux"]),
        (ClipboardAccess(tmux=True, ssh=False, tools=EVERYTHING), ["tmux", "pbcopy"]),
        (ClipboardAccess(tmux=False, ssh=False, tools=EVERYTHING), ["pbcopy"]),
        (ClipboardAccess(tmux=False, ssh=True, tools=EVERYTHING), []),
        (ClipboardAccess(tmux=True, ssh=True, tools=frozenset()), []),
    ],
)
def test_over_ssh_the_other_machines_clipboard_is_never_used(
    place: ClipboardAccess, expected: list[str]
) -> None:
    assert [command[0] for _, command in commands(place)] == expected


def use(monkeypatch: pytest.MonkeyPatch, *found: list[str]) -> None:
    """Let these commands be the ways there are."""
    ways = [(f"way {i}", command) for i, command in enumerate(found)]
    monkeypatch.setattr(clipboard, "commands", lambda place: ways)


PLACE = ClipboardAccess(tmux=False, ssh=True, tools=frozenset())


async def test_a_command_takes_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    use(monkeypatch, ["dd", f"of={target}"])
    said = await copy("grün\n", tmp_path, pytest.fail, PLACE)
    assert target.read_text("utf-8") == "grün\n"
    assert said.startswith("to way 0; also in ")


async def test_what_fails_gives_way_to_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, ["false"], ["a-command-that-there-is-not"])
    sent: list[str] = []
    said = await copy("text", tmp_path, sent.append, PLACE)
    assert sent == ["text"]
    assert said.startswith("through the terminal (OSC 52)")


async def test_the_file_is_private_and_holds_harmless_text(tmp_path: Path) -> None:
    await copy("a\x1b[31m", tmp_path / "new", lambda text: None, PLACE)
    file = tmp_path / "new" / clipboard.CLIP_FILE
    assert file.read_text("utf-8") == "a␛[31m"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_what_is_too_long_for_the_terminal_stands_in_the_file_alone(tmp_path: Path) -> None:
    said = await copy("x" * 100_000, tmp_path, pytest.fail, PLACE)
    assert said == f"to {tmp_path / clipboard.CLIP_FILE}: it is too long for the terminal's clipboard"


async def test_without_any_place_it_says_nowhere(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert await copy("x" * 100_000, tmp_path / "file", pytest.fail, PLACE) == (
        "to nowhere: it is too long for the terminal's clipboard"
    )
