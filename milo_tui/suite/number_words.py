"""Whole numbers written as English words: twelve, twenty-five, three hundred and four thousand."""

import re
from collections.abc import Iterator

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = {"thousand": 10**3, "million": 10**6}
_VALUES = {word: value for value, word in enumerate(_UNITS)} | {
    word: 10 * tens for tens, word in enumerate(_TENS, 2)
}
_WORD = "|".join(sorted([*_VALUES, "hundred", *_SCALES], key=len, reverse=True))
_NUMBER = re.compile(rf"(?<!\w)(?:{_WORD})(?>(?:(?: and |-| )(?:{_WORD}))*)(?!\w)")


def spelled_out(text: str) -> Iterator[tuple[int, int, int]]:
    """Every number that a lower-case text spells out, as (start, end, number).

    Words that add up to none are read one by one.
    """
    for match in _NUMBER.finditer(text):
        words = [word for word in re.split(r"[ -]", match[0]) if word != "and"]
        for number in _numbers(words):
            yield match.start(), match.end(), number


def _numbers(words: list[str]) -> Iterator[int]:
    """Split a row of number words wherever the next cannot belong to the number before: `one two` is two."""
    start = 0
    for end in range(1, len(words) + 1):
        if end == len(words) or not _continues(words[end - 1], words[end]):
            yield _value(words[start:end])
            start = end


def _continues(word: str, following: str) -> bool:
    if following in _SCALES or following == "hundred":
        return word != following
    if word in _TENS:
        return 1 <= _VALUES[following] <= 9
    return word in _SCALES or word == "hundred"


def _value(words: list[str]) -> int:
    total, part = 0, 0
    for word in words:
        if word in _SCALES:
            total += (part or 1) * _SCALES[word]
            part = 0
        elif word == "hundred":
            part = (part or 1) * 100
        else:
            part += _VALUES[word]
    return total + part
