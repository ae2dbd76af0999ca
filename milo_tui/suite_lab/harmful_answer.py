"""Harmful mutations of the answer."""

from collections.abc import Iterator

from milo_tui.suite.prompt import Prompt
from milo_tui.suite_lab.script import Variant, answer_of, json_answer_of, with_answer


def prose_around_json(prompt: Prompt) -> Iterator[Variant]:
    """A sentence before the JSON, after it, and both."""
    text = _json_text(prompt)
    if text is not None:
        yield Variant(with_answer(prompt, f"Here is the JSON you asked for:\n\n{text}"), "a sentence before")
        yield Variant(with_answer(prompt, f"{text}\n\nLet me know if you need more."), "a sentence after")


def fenced_json(prompt: Prompt) -> Iterator[Variant]:
    """The JSON in a Markdown fence."""
    text = _json_text(prompt)
    if text is not None:
        yield Variant(with_answer(prompt, f"```json\n{text}\n```"), "fenced")


def trailing_comma(prompt: Prompt) -> Iterator[Variant]:
    """A comma before the last bracket."""
    text = _json_text(prompt)
    if text is not None and text[-1:] in ("}", "]"):
        yield Variant(with_answer(prompt, f"{text[:-1]},{text[-1]}"), "a comma before the last bracket")


def _json_text(prompt: Prompt) -> str | None:
    answer = answer_of(prompt)
    return answer.strip() if answer is not None and json_answer_of(prompt) is not None else None
