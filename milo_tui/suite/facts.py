"""Facts in an answer's text, in any form that a person would accept.

Where a form has two readings, both count: a right answer must never fail for its wording, and the values of a
suite are unusual enough that a wrong answer rarely holds them by chance.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from milo_tui.suite.number_words import spelled_out

_GROUPED = r"""[1-9]\d{0,2}(?P<gap>[,. '_])\d{3}(?>(?:(?P=gap)\d{3})*)(?!\d)(?>(?:[.,]\d++)?)"""
_INDIAN = r"\d{1,2}(?>(?:,\d{2}(?=,))+),\d{3}(?>(?:\.\d++)?)"
_PLAIN = r"\d++(?>(?:[.,]\d++)?)|\.\d++"
_NUMBER = re.compile(
    # What is glued to the front makes it part of something else: B12, 1.2.3; a currency sign does not.
    rf"""(?<![\w.,])(?>(?P<sign>(?:[-+]|minus\b|negative\b)\s?)?)(?>(?:[$€£¥]\s?)?)(?P<inner>-)?+
    (?P<digits>{_GROUPED}|{_INDIAN}|{_PLAIN})
    # So does what follows: a further digit behind letters or a point. Square metres don't.
    (?![.,]?\d|[^\W\d_]{{1,9}}-?\d(?<!m[23]))
    (?>(?P<scale>\s?(?:million|billion|thousand|bn|k|m)\b)?)""",
    re.VERBOSE | re.IGNORECASE,
)
_SCALES = {"thousand": 10**3, "k": 10**3, "million": 10**6, "m": 10**6, "billion": 10**9, "bn": 10**9}
_LIST = re.compile(r"(?<![\w.,])\d{1,9}(?>(?:,\d{1,9}){2,})(?![\w.])")
"""Three or more numbers with bare commas, such as 1,2,3: a list, unless all groups have three digits."""
_NO_NUMBER = re.compile(
    r"(?<!\w)[^\W\d_]+[-/]\d[\w/.-]*+"  # ORD-5512 is not the number 5512
    r"|(?<![\w-])\d{4}-\d\d-\d\d(?:t[\d:.]++z?)?(?!\w)"  # nor is 2026-03-14 the number 14
)
_MOST_DIGITS = 40
"""Longer runs of digits state no number that a prompt could ask for."""


@lru_cache(maxsize=64)
def plain(text: str) -> str:
    """Text without Markdown's signs, case, and the many kinds of spaces, dashes and quotes."""
    text = unicodedata.normalize("NFC", text).translate(_ALIKE)
    text = re.sub(r"\\([!-/:-@\[-`{-~])|\{(,)\}", r"\1\2", text)
    text = re.sub(r"(?<![^\W_])[*`~]+|[*`~]+(?![^\W_])", "", text)
    text = re.sub(r"(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])", "", text)
    return " ".join(text.casefold().split())


_ALIKE = {
    **dict.fromkeys(map(ord, "‘’ʼ′"), "'"),
    **dict.fromkeys(map(ord, "“”„″"), '"'),
    **dict.fromkeys(map(ord, "‐‑‒–−"), "-"),
    ord("—"): " - ",
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"), None),
}


def has_phrase(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text as whole words, whatever its case, spacing and Markdown."""
    return any(True for _ in phrase_places(plain(text), phrase))


def phrase_places(text: str, phrase: str) -> Iterator[int]:
    """Where the phrase stands in a `plain` text as whole words."""
    wanted = plain(phrase)
    # Found as a substring first: a pattern that begins with a look-behind is tried at every character.
    place = text.find(wanted)
    while place >= 0:
        end = place + len(wanted)
        if not _is_word(text[max(0, place - 1) : place]) and not _is_word(text[end : end + 1]):
            yield place
        place = text.find(wanted, place + 1)


def _is_word(character: str) -> bool:
    """Whether it is a letter, a digit or an underscore, as `\\w` counts them; nothing is not."""
    return character.isalnum() or character == "_"


def has_number(text: str, number: float, tolerance: float = 0.0) -> bool:
    """Whether the number stands in the text: 84.5 as 84.50, $84.50, 84,50 or 84.5 kWh; 12 as twelve too."""
    wanted = Decimal(str(number))
    # A hair above the tolerance, so that 0.30000000000000004 is found where 0.3 is written.
    margin = Decimal(str(tolerance)) + max(abs(wanted), Decimal(1)) * Decimal("1e-9")
    return any(abs(value - wanted) <= margin for value in numbers_in(text))


@lru_cache(maxsize=8)
def numbers_in(text: str) -> frozenset[Decimal]:
    """Every number that the text may be read to state; `1,234` is both 1234 and, as some write, 1.234."""
    text = plain(text)
    found = {value for _, _, values in number_mentions(text) for value in values}
    for listed in set(_LIST.findall(_NO_NUMBER.sub(" ", text))):
        found |= {Decimal(item) for item in listed.split(",")}
    return frozenset(found)


def number_mentions(text: str) -> list[tuple[int, int, frozenset[Decimal]]]:
    """The numbers in a `plain` text in their order, as (start, end of the digits, every possible value)."""
    text = _NO_NUMBER.sub(lambda match: " " * len(match[0]), text)
    mentions = [(start, end, frozenset({Decimal(number)})) for start, end, number in spelled_out(text)]
    for match in _NUMBER.finditer(text):
        parts = (part or "" for part in match.group("sign", "inner", "digits", "scale"))
        mentions.append((match.start(), match.end("digits"), _meanings(*parts)))
    return sorted(mentions, key=lambda mention: mention[0])


@lru_cache(maxsize=1000)
def _meanings(sign: str, inner: str, digits: str, scale: str) -> frozenset[Decimal]:
    negative = bool(inner) or sign[:1] in ("-", "m", "n")
    # "- 84.5" may be an item of a list, "30 minus 5" a sum; "-84.5" is a negative number and nothing else.
    signs = {-1} if negative and not sign.endswith(" ") else {1, -1} if negative else {1}
    # "12 345" may be one number or two, and "3 m" be metres.
    readings = {reading for item in {digits, *digits.split()} for reading in _readings(item)}
    scales = {1, _SCALES.get(scale.strip(), 1)}
    return frozenset(sign * scale * reading for sign in signs for scale in scales for reading in readings)


def _readings(digits: str) -> list[Decimal]:
    digits = re.sub(r"[\s'_]", "", digits)
    if len(digits) > _MOST_DIGITS:
        return []
    marks = re.findall(r"[.,]", digits)
    without = re.sub(r"[.,]", "", digits)
    if not marks:
        return [Decimal(digits)]
    whole, _, fraction = digits.replace(",", ".").rpartition(".")
    as_fraction = Decimal(f"{whole.replace('.', '') or '0'}.{fraction}")
    if len(set(marks)) > 1:
        return [as_fraction]
    if len(marks) > 1:
        return [Decimal(without)]
    is_group = re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", digits) is not None
    return [as_fraction, Decimal(without)] if is_group else [as_fraction]
