"""Facts in an answer's text, in any form that a person would accept."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

# A number as people write it: an optional sign, digits with or without groups, an optional fraction. Letters,
# digits or a point glued to it make it part of something else (ORD-5512, 1.2.3, B12).
_NUMBER = re.compile(
    r"""(?<![\w.,])(?<![A-Za-z]-)(?P<sign>[-−–+]\s?)?(?:[$€£¥]\s?)?
    (?P<digits>\d{1,3}(?:[,. \u00a0\u202f'’_]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)
    (?P<scale>\s?(?:million|billion|thousand|k|m)\b)?(?![\w]*\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_SCALES = {"thousand": 10**3, "k": 10**3, "million": 10**6, "m": 10**6, "billion": 10**9}
_WORDS = tuple(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty".split()
)
MONTHS = tuple(
    "january february march april may june july august september october november december".split()
)


def fold(text: str) -> str:
    """Case, spacing, typographic quotes and dashes made alike."""
    text = text.translate(
        {0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x2010: "-", 0x2011: "-", 0x00A0: " "}
    )
    text = text.translate({0x202F: " ", 0x2009: " "})
    return " ".join(text.casefold().split())


def has_phrase(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text as whole words, whatever its case and spacing."""
    return re.search(rf"(?<!\w){re.escape(fold(phrase))}(?!\w)", fold(text)) is not None


def has_number(text: str, number: float, tolerance: float = 0.0) -> bool:
    """Whether the number stands in the text: 84.5 as 84.50, $84.50 or 84,50; small integers as words."""
    wanted, margin = Decimal(str(number)), Decimal(str(tolerance))
    if any(abs(value - wanted) <= margin for value in numbers_in(text)):
        return True
    return wanted == int(wanted) and 0 <= wanted < len(_WORDS) and has_phrase(text, _WORDS[int(wanted)])


def numbers_in(text: str) -> set[Decimal]:
    """Every number that the text may be read to state; `1,234` is both 1234 and, as some write, 1.234."""
    found: set[Decimal] = set()
    for match in _NUMBER.finditer(text):
        sign = -1 if match["sign"] and match["sign"].strip() in "-−–" else 1
        scale = _SCALES.get((match["scale"] or "").strip().casefold(), 1)
        # "12 345" may be one number or two.
        for digits in {match["digits"], *match["digits"].split()}:
            for reading in _readings(digits):
                found.add(sign * reading * scale)
                # "3 m" may be metres and "2-5" a range: the bare number is a reading too.
                found.add(reading)
    return found


def _readings(digits: str) -> list[Decimal]:
    digits = re.sub(r"[\s'’_]", "", digits)
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        decimal_mark = max(digits.rfind("."), digits.rfind(","))
        whole, fraction = digits[:decimal_mark], digits[decimal_mark + 1 :]
        candidates = [f"{re.sub('[.,]', '', whole)}.{fraction}"]
    elif points + commas > 1:
        candidates = [re.sub("[.,]", "", digits)]
    elif points or commas:
        candidates = [digits.replace(",", ".")]
        if re.fullmatch(r"\d{1,3}[.,]\d{3}", digits):
            candidates.append(re.sub("[.,]", "", digits))
    else:
        candidates = [digits]
    readings = []
    for candidate in candidates:
        try:
            readings.append(Decimal(candidate))
        except InvalidOperation:
            continue
    return readings


def has_date(text: str, iso: str) -> bool:
    """Whether the day `iso` (2026-03-14) stands in the text: ISO, in words, with slashes or with dots."""
    day = date.fromisoformat(iso)
    month = MONTHS[day.month - 1]
    name = rf"(?:{month}|{month[:3]}\.?)" if month != "may" else "may"
    number = rf"0?{day.day}(?:st|nd|rd|th)?"
    year = rf"(?:,?\s+{day.year})?"
    d, m, y = rf"0?{day.day}", rf"0?{day.month}", rf"(?:{day.year}|{day.year % 100:02})"
    forms = (
        rf"{day.year}[-/.]{m}[-/.]{d}",
        rf"{number}(?:\s+of)?\s+{name}{year}",
        rf"{name}\s+(?:the\s+)?{number}{year}",
        rf"{d}[./-]{m}[./-]{y}",
        rf"{m}[./-]{d}[./-]{y}",
    )
    return any(re.search(rf"(?<![\w-]){form}(?![\w])", fold(text)) for form in forms)
