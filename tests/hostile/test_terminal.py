"""Closed and narrow streams, odd arguments and environments, and bugs: always one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from milo_tui.cli import crash
from milo_tui.reports.csv_report import cell
from milo_tui.reports.markdown import escape

MILO = f"{sys.executable} -m milo_tui"


def shell(command: str, **environment: str) -> tuple[int, bytes, bytes]:
    """Run a line of shell, in which `milo` is the command."""
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("milo ", f"{MILO} ", 1)],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("command", "environment", "status"),
    [
        ("milo runs >&-", {}, 0),
        ("milo runs <&-", {}, 0),
        ("milo runs 2>&-", {}, 0),
        ("milo <&- >&- 2>&-", {}, 0),
        ("milo --help | head -1", {"PYTHONIOENCODING": "latin-1"}, 0),
        ("milo models", {"PYTHONIOENCODING": "ascii"}, 2),
        (r"""milo show "$(printf '\377\033[31m')" """, {}, 2),
        ("milo show 99999999999999999999999", {}, 2),
        ("milo runs --before 99999999999999999999999", {}, 2),
        ("milo --db '~nobody-here/milo.db' runs", {}, 2),
        ("milo runs", {"MILO_HOME": "~nobody-here"}, 2),
        ("milo --db /dev/null/x runs", {}, 2),
    ],
)
def test_a_sentence_and_no_traceback(
    home: Path, command: str, environment: dict[str, str], status: int
) -> None:
    found, output, errors = shell(command, **environment)
    assert (found, b"Traceback" in errors + output, b"unexpectedly" in errors) == (status, False, False), (
        errors
    )
    assert b"\x1b" not in errors


def test_nothing_is_printed_into_a_file_that_is_opened_later(home: Path) -> None:
    shell("milo demo --plain --pace instant --repeats 1 --db milo.db >&- 2>&-")
    assert Path("milo.db").read_bytes().startswith(b"SQLite format 3\0")
    assert shell("milo --db milo.db runs")[0] == 0


def test_a_bug_is_one_sentence_and_a_report(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        raise ValueError("\x1b]52;c;x\x07 of sk-ant-abcdefghijk\nsecond line")
    except ValueError as error:
        sentence = crash.crash_sentence(error)
    assert "\n" not in sentence
    assert "\x1b" not in sentence
    assert "sk-ant" not in sentence
    [report] = home.glob("**/crash-*.log")
    text = report.read_text(encoding="utf-8")
    assert str(report) in sentence
    assert "Traceback" in text
    assert "\x1b" not in text
    assert "sk-ant" not in text


@pytest.mark.parametrize("text", ["＝1+1", "＋1", "－1", "＠a", " =1", "\r=1"])
def test_full_width_signs_make_no_formula(text: str) -> None:
    assert cell(text).startswith("'")


@pytest.mark.parametrize("text", ["see https://evil.example/x", "www.evil.example", "kim@evil.example"])
def test_markdown_links_no_bare_address(text: str) -> None:
    assert "<!-- -->evil" in escape(text)
