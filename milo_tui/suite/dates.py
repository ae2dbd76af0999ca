"""Days and times of day in an answer's text, in any form that a person would accept."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from milo_tui.suite.statements import is_conclusion, is_negated, searched

MONTHS = tuple(
    "january february march april may june july august september october november december".split()
)
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTH = "|".join(
    rf"{name}|{'sept?' if name == 'september' else name[:3]}\.?" if name != "may" else name for name in MONTHS
)
_WEEKDAY = "|".join(_WEEKDAYS)
_DAY = r"(?P<{}>0?[1-9]|[12]\d|3[01])"
_ORDINAL = r"(?:st|nd|rd|th|\.)?"
_DATE = re.compile(
    rf"(?<![\w-])(?:(?:(?P<weekday>{_WEEKDAY}),? (?:the )?)?(?:"
    rf"(?P<y1>\d{{4}})[-/.](?P<m1>\d\d?)[-/.]{_DAY.format('d1')}(?:(?!\w)|(?=t\d))"
    rf"|{_DAY.format('d2')}{_ORDINAL}(?: of|-| the)? ?(?P<m2>{_MONTH})(?:,?[ -](?P<y2>(?:19|20)\d\d)(?!\d))?(?!\w)"
    rf"|(?P<m3>{_MONTH})[ -](?:the )?{_DAY.format('d3')}{_ORDINAL}(?:,?[ -](?P<y3>(?:19|20)\d\d)(?!\d))?(?!\w)"
    rf"|(?P<a>\d\d?)(?P<mark>[./-])(?P<b>\d\d?)(?P=mark)(?P<y4>\d{{4}}|\d\d)(?!\w))"
    rf"|(?P<alone>{_WEEKDAY}),? (?:the )?{_DAY.format('d5')}(?:st|nd|rd|th|\.)?(?! ?(?:of )?(?:{_MONTH}|\d))(?!\w))"
)
"""What reads as a date in a `plain` text. A day alone is one behind its weekday only: Thursday the 24th."""


@dataclass(frozen=True)
class DateMention:
    """A date in a text: `readings` are (year, month, day), with None for what is not said."""

    start: int
    readings: tuple[tuple[int | None, int | None, int], ...]
    weekday: int | None

    def can_be(self, day: date) -> bool:
        """Whether the mention can mean this day. 03/04/2026 is both the 3rd of April and March 4th."""
        return self.weekday in (None, day.weekday()) and any(
            year in (None, day.year) and month in (None, day.month) and number == day.day
            for year, month, number in self.readings
        )


_ORDINAL_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
).split()
_ORDINAL_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(reversed(_ORDINAL_WORDS))})(?= of)")


def _in_figures(text: str) -> str:
    """The text with "nineteenth of" as "19th of"."""
    return _ORDINAL_WORD.sub(lambda match: f"{_ORDINAL_WORDS.index(match[0]) + 1}th", searched(text))


def date_mentions(text: str) -> Iterator[DateMention]:
    """Every date in a `plain` text, in its order."""
    for match in _DATE.finditer(text):
        weekday = match["weekday"] or match["alone"]
        readings = tuple(reading for reading in _readings(match) if _is_possible(*reading))
        if readings:
            yield DateMention(match.start(), readings, _WEEKDAYS.index(weekday) if weekday else None)


def _is_possible(year: int | None, month: int | None, day: int) -> bool:
    """Whether it can be a day of our time: 1966.90.1 is the number of an exhibit."""
    return (year is None or 2000 <= year < 2100) and (month is None or 1 <= month <= 12) and 1 <= day <= 31


def _readings(match: re.Match[str]) -> tuple[tuple[int | None, int | None, int], ...]:
    if match["y1"]:
        return ((int(match["y1"]), int(match["m1"]), int(match["d1"])),)
    if match["d5"]:
        return ((None, None, int(match["d5"])),)
    if match["mark"]:
        first, second, year = int(match["a"]), int(match["b"]), int(match["y4"])
        year += 2000 if year < 100 else 0
        return ((year, second, first), (year, first, second))
    name, day, year_text = (
        (match["m2"], match["d2"], match["y2"]) if match["m2"] else (match["m3"], match["d3"], match["y3"])
    )
    month = next(i for i, full in enumerate(MONTHS, 1) if full.startswith(name[:3]))
    return ((int(year_text) if year_text else None, month, int(day)),)


def has_date(text: str, iso: str) -> bool:
    """Whether the day `iso` (2026-03-14) is stated: ISO, in words, with slashes or with dots, and not negated.

    In words the year may be left out, but not be another; a weekday may stand before it, if it is the right one.
    """
    day, text = date.fromisoformat(iso), _in_figures(text)
    return any(mention.can_be(day) and not is_negated(text, mention.start) for mention in date_mentions(text))


def has_other_date(text: str, known: Sequence[str]) -> bool:
    """Whether a day is named that is none of those `known`."""
    days = [date.fromisoformat(iso) for iso in known]
    return any(not any(map(mention.can_be, days)) for mention in date_mentions(_in_figures(text)))


_WORDS = "- one two three four five six seven eight nine ten eleven twelve".split()
_MINUTES = {5: "five", 10: "ten", 15: "(?:a )?quarter", 20: "twenty", 25: "twenty-five"}
_AFTERNOON = r"p\.?m\b|(?:in the )?(?:afternoon|evening)|at night"
_MORNING = r"a\.?m\b|(?:in the )?morning"
_TIME = re.compile(
    r"(?<![\w:.,])(?:\d{4}-\d\d-\d\dt)?(?P<hour>[01]?\d|2[0-3])[:h](?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:])"
    rf"(?: ?(?P<half>{_AFTERNOON}|{_MORNING}))?"
)


def has_time(text: str, time: str, rivals: Sequence[str] = ()) -> bool:
    """Whether the time of day (16:40) is stated, on a clock of 24 hours or of 12.

    It is not where the answer concludes with one of the `rivals` after it.
    """
    text = searched(text)
    own = [place for place in _time_places(text, time) if not is_negated(text, place)]
    others = [place for rival in rivals for place in _time_places(text, rival) if is_conclusion(text, place)]
    return bool(own) and max(own) > max(others, default=-1)


def has_other_time(text: str, known: Sequence[str]) -> bool:
    """Whether a time of day, written with a colon or an h, is none of those `known`."""
    allowed = {_minute_of_day(time) for time in known}
    return any(not _times(match) & allowed for match in _TIME.finditer(searched(text)))


def _times(match: re.Match[str]) -> set[int]:
    """What a match can mean, in minutes of the day."""
    minute = _minute_of_day(f"{match['hour']}:{match['minute']}")
    if match["half"] is None:
        return {minute, minute + 720} if minute < 780 else {minute}
    return {minute % 720 + (720 if re.match(_AFTERNOON, match["half"]) else 0)}


def _minute_of_day(time: str) -> int:
    hour, minute = map(int, time.split(":"))
    return 60 * hour + minute


def _time_places(text: str, time: str) -> list[int]:
    hour, minute = map(int, time.split(":"))
    half = _AFTERNOON if hour >= 12 else _MORNING
    spoken = [rf"0?{hour % 12 or 12}[:.]{minute:02}"]
    if minute == 0:
        spoken.append(str(hour % 12 or 12))
    if minute > 30:
        left, following = 60 - minute, hour % 12 + 1
        number = rf"(?:{left}|{_MINUTES.get(left, left)})"
        spoken.append(rf"{number}(?: minutes)? to (?:{following}|{_WORDS[following]})")
    forms = [
        rf"\d{{4}}-\d\d-\d\dt{time}",
        rf"0?{hour}[:.h]{minute:02}(?! ?[ap]\.?m)",
        rf"{hour:02}{minute:02} ?(?:h\b|hrs|hours|local)",
        *(rf"{form},? ?(?:{half})" for form in spoken),
    ]
    if 0 < hour <= 12:
        # On a clock of twelve hours the same figures are another time after noon.
        forms[1] += r"(?! ?(?:in the )?(?:afternoon|evening))"
    return [match.start() for form in forms for match in re.finditer(rf"(?<![\w:.]){form}(?![\d:])", text)]
