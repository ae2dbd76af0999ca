"""Text as SQLite can hold it."""


def text(value: str) -> str:
    """Text that SQLite can hold: a lone surrogate (legal in JSON) becomes its escape, such as \\ud83d.

    Nothing is lost by it: the response's bytes are stored as they came.
    """
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
