"""Makes text from outside fit to be shown: whatever a terminal could obey, or measure differently, is made visible.

Models, servers and prompt files can send anything: escape sequences that write the clipboard, bidirectional
overrides that disguise a name, half a surrogate pair that no encoder takes. It works character by character, so
where a stream is cut does not matter. The raw text is what gets stored; this is for eyes alone.
"""

import re

_HOSTILE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, C0 (but newline and tab) and C1
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufeff\uffa0"  # they show nothing
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2"  # Arabic and Syriac signs that reach over their neighbours
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidirectional controls
    "\ufe00-\ufe0f\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff"  # flags and skin tones: terminals disagree on their width
    "\U000e0000-\U000e0fff"  # tags
    "]"
)
_PRESENTATION = frozenset("\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_REPLACEMENT = "\ufffd"


def sanitise(text: str) -> str:
    """The text with a visible stand-in for every character that is not plain text, newline or tab."""
    return _HOSTILE.sub(_stand_in, text)


def one_line(text: str) -> str:
    """The sanitised text on one line: for names, titles and table cells."""
    return sanitise(text).replace("\n", "␊").replace("\t", " ")


def _stand_in(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if character in _PRESENTATION:
        return ""
    if 0x1F1E6 <= code <= 0x1F1FF:
        return chr(ord("A") + code - 0x1F1E6)
    if 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
        return _REPLACEMENT
    return f"<{code:04X}>"
