"""Harmful mutations of the answer: its facts in prose, and its form where JSON is asked for."""

import re
from collections.abc import Iterator

from milo_tui.suite.prompt import Prompt, Step
from milo_tui.suite_lab.script import (
    Variant,
    answer_of,
    json_answer_of,
    with_answer,
)

_TOKEN = re.compile(r"[A-Za-z]*-?\d[\w.,:/-]*\d|\d")
"""A number, a date, a time or an id."""
_OTHER_UNITS = {
    "m³/h": "l/min",
    "cents": "euros",
    "cm": "m",
    "m": "cm",
    "euros": "dollars",
    "minutes": "hours",
    "copies": "sheets",
}
_UNIT = re.compile(rf"(?<=\d) ({'|'.join(map(re.escape, _OTHER_UNITS))})(?![\w³/])")
_NEGATION = re.compile(r"\b(?:not|cannot|no|none|nothing|never)\b|n't\b", re.IGNORECASE)
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|can|will|costs?|exceeds|needs|paid|ordered|put)\b")


def changed_digits(prompt: Prompt) -> Iterator[Variant]:
    """Each group of digits in the answer is another one."""
    for match in re.finditer(r"\d+", _prose(prompt)):
        yield _replaced(prompt, match.start(), match.end(), _other(match[0]))


def swapped_values(prompt: Prompt) -> Iterator[Variant]:
    """Each two values of one form have changed places in the answer."""
    for text, what in _swapped(_prose(prompt)):
        yield Variant(with_answer(prompt, text), what)


def _swapped(answer: str) -> Iterator[tuple[str, str]]:
    tokens = list(_TOKEN.finditer(answer))
    for i, first in enumerate(tokens):
        for second in tokens[i + 1 :]:
            if first[0] != second[0] and _shape(first[0]) == _shape(second[0]):
                text = answer[: first.start()] + second[0] + answer[first.end() : second.start()]
                text += first[0] + answer[second.end() :]
                yield text, f"{first[0]} and {second[0]} swapped in the answer"


def changed_detail(prompt: Prompt) -> Iterator[Variant]:
    """Each group of digits in the other right answers is another one: a detail may be left out, but not be wrong."""
    for steps, answer in _right_answers(prompt):
        for match in re.finditer(r"\d+", answer):
            text = answer[: match.start()] + _other(match[0]) + answer[match.end() :]
            yield Variant([*steps, Step(say=text)], f"“{_around(text, match.start())}”")


def swapped_details(prompt: Prompt) -> Iterator[Variant]:
    """Each two values of one form have changed places in the other right answers."""
    for steps, answer in _right_answers(prompt):
        for text, what in _swapped(answer):
            yield Variant([*steps, Step(say=text)], what)


def _right_answers(prompt: Prompt) -> Iterator[tuple[list[Step], str]]:
    """The answers in words of the right ways, each with the steps before it."""
    for way in prompt.right if _prose(prompt) else ():
        *before, last = prompt.steps_of(way)
        if last.say and not last.made:
            yield before, last.say


def _around(text: str, place: int) -> str:
    """The words around a place in a text."""
    return " ".join(text[max(0, place - 30) : place + 30].split())


def changed_unit(prompt: Prompt) -> Iterator[Variant]:
    """Each unit in the answer is another one."""
    for match in _UNIT.finditer(_prose(prompt)):
        yield _replaced(prompt, match.start(1), match.end(1), _OTHER_UNITS[match[1]])


def dropped_unit(prompt: Prompt) -> Iterator[Variant]:
    """Each unit in the answer is left out."""
    for match in _UNIT.finditer(_prose(prompt)):
        yield _replaced(prompt, match.start(), match.end(), "")


def negated(prompt: Prompt) -> Iterator[Variant]:
    """Each statement of the answer is negated."""
    answer = _prose(prompt)
    for match in _VERB.finditer(answer):
        sentence = re.split(r"[.!?:]\s", answer[: match.start()])[-1]
        if not _NEGATION.search(sentence) and not answer[match.end() :].startswith((" not", "n't")):
            if match[0] in ("is", "are", "was", "were", "has", "have", "can", "will"):
                yield _replaced(prompt, match.start(), match.end(), f"{match[0]} not")
            else:
                yield _replaced(prompt, match.start(), match.end(), f"did not {match[0]}")


def dropped_fact(prompt: Prompt) -> Iterator[Variant]:
    """Each value of the answer is left out."""
    for match in _TOKEN.finditer(_prose(prompt)):
        yield _replaced(prompt, match.start(), match.end(), "")


def rival_value(prompt: Prompt) -> Iterator[Variant]:
    """Each value is followed by another one for the same thing."""
    answer = _prose(prompt)
    for sentence in re.split(r"(?<=[.?!])\s+", answer):
        for match in _TOKEN.finditer(sentence):
            other = sentence[: match.start()] + _other(match[0]) + sentence[match.end() :]
            yield Variant(with_answer(prompt, f"{answer} Correction: {other}"), f"{other} as a correction")


def other_conclusion(prompt: Prompt) -> Iterator[Variant]:
    """The answer's values are kept, and a false claim stands beside them, or alone."""
    answer = _prose(prompt)
    for claim in prompt.false_claims:
        steps = list(prompt.reference)
        if claim.unless is not None:
            name = next(iter(claim.unless))
            steps = [step for step in steps if not any(made == name for made, _ in step.made)]
        for example in claim.examples:
            for text in (f"{answer} {example}", example):
                yield Variant([*steps[:-1], Step(say=text)], f"“{example}” claimed")


def _shape(token: str) -> str:
    return re.sub(r"\d", "0", token)


def _prose(prompt: Prompt) -> str:
    """The reference's answer in words; empty where it is JSON, or where there is none."""
    return "" if json_answer_of(prompt) is not None else answer_of(prompt) or ""


def _replaced(prompt: Prompt, start: int, end: int, text: str) -> Variant:
    answer = _prose(prompt)
    what = f"“{text}” instead of “{answer[start:end]}”" if text else f"“{answer[start:end]}” left out"
    return Variant(with_answer(prompt, answer[:start] + text + answer[end:]), f"{what} in the answer")


def _other(token: str) -> str:
    """The token with its last digit changed."""
    place = max(i for i, character in enumerate(token) if character.isdigit())
    return f"{token[:place]}{(int(token[place]) + 1) % 10}{token[place + 1 :]}"


def prose_around_json(prompt: Prompt) -> Iterator[Variant]:
    """A sentence before the JSON, and one after it."""
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
