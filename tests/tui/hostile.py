"""Text that tries to be more than text: what a model, a server or a prompt file may send."""

PAYLOADS = (
    "\x1b]52;c;cHduZWQ=\x1b\\",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]0;title\x07",
    "\x1b[31;5;7m red",
    "\x1b[?1049l",
    "\x9b31m \x9d0;t\x9c",
    "\x05\x0e\x00\x7f\x08\x0b\x0c\r",
    "\u202egnp.exe\u200b\u2066",
    "\ud83d half",
    "[/nope]",
    "[b]bold[/b] [@click=app.quit]press me[/]",
    "[link=https://example.org]x[/link]",
    "line\nbreak\ttab",
    "👩‍👩‍👧‍👦 ❤️ 日本語",
)
ALL = " | ".join(PAYLOADS)

STORABLE = ALL.replace("\ud83d", "")
"""For what comes from a suite's files alone, which are UTF-8."""

FORBIDDEN = [
    chr(code) for code in (*range(9), *range(11, 32), 127, *range(0x80, 0xA0), 0x202E, 0x200B, 0x2066)
]
"""Characters that must never reach a terminal."""
