"""No text from outside can do anything to a terminal, whatever it holds and wherever a stream is cut."""

import sqlite3
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milo_tui.sanitise import one_line, sanitise
from milo_tui.tui.content import ContentStatic, safe_content, safe_line, styled

PAYLOADS = {
    "clipboard, ST": ("\x1b]52;c;ZXZpbA==\x1b\\", "␛]52;c;ZXZpbA==␛\\"),
    "clipboard, BEL": ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
    "title": ("\x1b]0;owned\x07", "␛]0;owned␇"),
    "colours": ("\x1b[31;5;7mred", "␛[31;5;7mred"),
    "alternate screen": ("\x1b[?1049l", "␛[?1049l"),
    "C1": ("\x9b31m \x9d52;c;x\x9c", "<009B>31m <009D>52;c;x<009C>"),
    "ENQ, SO, NUL": ("\x05\x0e\x00", "␅␎␀"),
    "delete": ("a\x7fb", "a␡b"),
    "carriage return": ("100 %\rdone", "100 %␍done"),
    "backspaces": ("safe\x08\x08\x08\x08evil", "safe␈␈␈␈evil"),
    "bidirectional": ("\u202egnp.exe", "<202E>gnp.exe"),
    "isolates": ("\u2066x\u2069", "<2066>x<2069>"),
    "zero width": ("pass\u200bword\ufeff", "pass<200B>word<FEFF>"),
    "line separators": ("a\u2028b\u2029c", "a<2028>b<2029>c"),
    "tags": ("\U000e0041", "<E0041>"),
    "surrogate": ("\ud83d", "\ufffd"),
    "joined emoji": ("👩\u200d💻", "👩<200D>💻"),
    "presentation": ("⚠\ufe0f", "⚠"),
    "skin tone": ("👍🏽", "👍"),
    "flag": ("🇩🇪", "DE"),
    "soft hyphen": ("co\xadop", "co<00AD>op"),
    "markup": ("[b]bold[/b] [/nope] [@click=app.quit]x[/]", "[b]bold[/b] [/nope] [@click=app.quit]x[/]"),
    "plain": ("Grüße, 漢字, नमस्ते, e\u0301\n\tend", "Grüße, 漢字, नमस्ते, e\u0301\n\tend"),
}
UNTIMED = settings(deadline=None)
FORBIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(("raw", "shown"), PAYLOADS.values(), ids=PAYLOADS.keys())
def test_payload_is_made_visible(raw: str, shown: str) -> None:
    assert sanitise(raw) == shown


def test_nothing_that_a_terminal_obeys_or_hides_is_left_of_all_of_unicode() -> None:
    left = sanitise("".join(chr(code) for code in range(sys.maxunicode + 1) if chr(code) not in "\n\t"))
    assert {character for character in left if unicodedata.category(character) in FORBIDDEN} == set()


@UNTIMED
@given(st.text(st.characters(), max_size=60), st.integers(0, 60))
def test_where_a_stream_is_cut_does_not_matter(text: str, cut: int) -> None:
    assert sanitise(text[:cut]) + sanitise(text[cut:]) == sanitise(text)


@UNTIMED
@given(st.text(st.characters()))
def test_sanitised_text_can_be_encoded_stored_and_sanitised_again(text: str) -> None:
    clean = sanitise(text)
    assert sanitise(clean) == clean
    with sqlite3.connect(":memory:") as base:
        assert base.execute("select ?", (clean,)).fetchone() == (clean,)
    base.close()


@UNTIMED
@given(st.text(st.characters()))
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
    assert len(safe_line(text).split()) == 1


@pytest.mark.parametrize("raw", ["[red]x[/red]", "[/nope]", "[@click=app.bell]x[/]", "\\[x]"])
def test_markup_is_taken_literally(raw: str) -> None:
    for content in (safe_content(raw), safe_line(raw), styled(raw)):
        assert content.plain == raw
        assert content.spans == []


@pytest.mark.parametrize("raw", [raw for raw, _ in PAYLOADS.values()])
def test_every_constructor_of_content_sanitises(raw: str) -> None:
    shown = sanitise(raw)
    assert styled(raw).plain == styled((raw, "bold")).plain == styled("", (raw, "bold")).plain == shown
    assert safe_content(raw).plain == shown


def test_a_widget_takes_no_plain_string() -> None:
    with pytest.raises(TypeError, match="take Content"):
        ContentStatic("[b]raw[/b]")  # type: ignore[arg-type]


def test_the_command_line_gets_the_sanitiser_without_textual() -> None:
    code = "import sys, milo_tui.sanitise; sys.exit(any(name.startswith(('textual', 'rich')) for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
