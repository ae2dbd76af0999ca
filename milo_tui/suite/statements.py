"""What an answer states: quantities with their units, which value belongs to which name, and claims.

A statement that is negated ("not 67.64 m³/h") states nothing. Where an answer gives several values for one
quantity, the last one is taken for its answer and those before it for its working.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from milo_tui.suite.facts import number_mentions, phrase_places, plain

_NEGATED = re.compile(
    r"(?:\bnot|n't|\bnever|\bno longer|\bcannot|\binstead of|\brather than)(?! (?:only|just|hesitate|forget|worry))"
    r"(?:(?!\b(?:but|however|so|please|yet|though|because|only|and)\b)[^.,;:!?|]){0,25}$"
)
_NEGATION = re.compile(
    r"\b(?:not|cannot|never|no|none|nor|neither|nothing|nobody|unable|without|refus\w+|denie[ds]|declin\w+"
    r"|reject\w+|fail\w*|unsuccessful\w*|impossible|unavailable|blocked|prevent\w*|forbidden|lacks?|lacking"
    r"|skipp\w+|unsent|unchanged|pending|outstanding|beyond|outside|instead of|stopp?ed|held back|on hold)\b"
    r"|n't\b|❌|✗|✘"
)
_HYPOTHETICAL = re.compile(
    r"\b(?:if|would|could|can|may|might|should|shall|once|until|unless|as soon as|to be|to get|please|let me"
    r"|happy to|want me|like me|whether|before|so that|in order to|needs?|have to|must)\b|\?"
)
_CONDITION = re.compile(r"\b(?:if|once|unless|as soon as|whether)\b|\?")
"""What makes the words before it no statement."""
_CLAUSES = re.compile(
    r"(?<=[.!?;])\s+|\n+|[;\u2014]|\s[-–]\s|,?\s(?=(?:but|however|although|though|yet)\b)|,\s*(?=(?:since|because)\b)"
    r"|,\s*(?=(?:so|and|then)\s+(?:i|it|your?|the|we|there)\b)|\band (?=i(?:'ve|\s))"
    r"|,\s*(?=no (?:trouble|worr|problem|issue|need))|,\s*(?=the (?:\w+ ){1,2}(?:is|was|has)(?:n't)?\b)",
    re.IGNORECASE,
)


_MOST_SEARCHED = 20_000
"""How much of an answer is searched: beyond that, both ends of it."""


_PARAGRAPHS = re.compile(r"\n\s*(?:\n|(?=[-*•#|✅❌]|\d{1,2}[.)] ))")


def searched(text: str) -> str:
    """As much of a text as is searched for statements, in `plain` form, with a semicolon before each paragraph,
    item of a list and row of a table: what is negated in one of them is not in the next."""
    if len(text) > _MOST_SEARCHED:
        text = f"{text[: _MOST_SEARCHED // 2]}\n{text[-_MOST_SEARCHED // 2 :]}"
    return plain(_PARAGRAPHS.sub(" ; ", text))


def is_negated(text: str, start: int) -> bool:
    """Whether what begins at `start` of a `plain` text is negated by the words before it."""
    return _NEGATED.search(text, max(0, start - 45), start) is not None


_CONCLUSION = re.compile(
    r"\b(?:so|therefore|thus|hence|accordingly|consequently|actual(?:ly)?|in fact|in reality|correct(?:ion|ly)?"
    r"|please expect|you (?:will )?(?:really )?pay)\b"
    r"(?!.*\b(?:than|average|compared|versus|vs|rather|instead|old|ended|earlier|previous(?:ly)?|planned"
    r"|original(?:ly)?|not|as of|from|above|asked)\b)"
)
"""A word that introduces a conclusion, with no comparison between it and the value that follows."""


def is_conclusion(text: str, start: int) -> bool:
    """Whether what begins at `start` of a `plain` text is given as the answer's conclusion."""
    sentence = re.split(r"[.!?;](?=\s)", text[max(0, start - 120) : start])[-1]
    return _CONCLUSION.search(sentence) is not None


def has_statement(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text as whole words, and is not negated wherever it does."""
    text = searched(text)
    return any(not is_negated(text, place) for place in phrase_places(text, phrase))


@dataclass(frozen=True)
class Quantity:
    """A value in units: `units` maps a regular expression for a unit's spellings to its factor.

    With `bare`, the number alone states it too. `beside` are values that an answer may give as well, `rivals`
    those that it may give as well, but not conclude with.
    """

    value: Decimal
    tolerance: Decimal
    units: Mapping[str, Decimal]
    bare: bool
    beside: frozenset[Decimal]
    rivals: frozenset[Decimal] = frozenset()

    @classmethod
    def read(cls, argument: Mapping[str, Any]) -> "Quantity":
        """Make a quantity from a prompt's `$quantity`."""
        return cls(
            _decimal(argument["value"]),
            _decimal(argument.get("tolerance", 0)),
            {unit: _decimal(factor) for unit, factor in argument.get("units", {}).items()},
            argument.get("bare", False),
            frozenset(map(_decimal, argument.get("beside", ()))),
            frozenset(map(_decimal, argument.get("rivals", ()))),
        )

    def is_stated(self, text: str) -> bool:
        """Whether the text gives this value, and no other one after it."""
        stated, text = False, searched(text)
        for start, end, values, bare in self.mentions(text):
            if self._equals(values):
                stated = True
            elif values & self.rivals:
                stated = stated and not is_conclusion(text, start)
            elif not bare and not values & self.beside and not _DIFFERENCE.match(text, end):
                stated = False
        return stated

    def is_contradicted(self, text: str) -> bool:
        """Whether the text gives some value with one of the units that is neither this nor `beside` it."""
        text = searched(text)
        return any(
            not bare
            and not any(self._equals(values, known) for known in {self.value, *self.beside})
            and not _DIFFERENCE.match(text, end)
            and not _ABOUT.search(text, max(0, start - 20), start)
            for start, end, values, bare in self.mentions(text)
        )

    def _equals(self, values: frozenset[Decimal], wanted: Decimal | None = None) -> bool:
        wanted = self.value if wanted is None else wanted
        margin = self.tolerance + Decimal("1e-9") * max(Decimal(1), abs(wanted))
        return any(abs(value - wanted) <= margin for value in values)

    def mentions(self, text: str) -> Iterator[tuple[int, int, frozenset[Decimal], bool]]:
        """Every number of this quantity: start and end, its readings in the first unit, whether it has no unit."""
        for start, end, values in number_mentions(text):
            if is_negated(text, start):
                continue
            factor = next((f for unit, f in self.units.items() if _has_unit(text, start, end, unit)), None)
            if factor is not None:
                yield start, end, frozenset(value * factor for value in values), False
            elif self.bare and not _OTHER_UNIT.match(text, end):
                yield start, end, frozenset(values), True


_DIFFERENCE = re.compile(
    r"[^.;|\d]{0,25}\b(?:less|more|cheaper|dearer|below|under|lower|higher|difference|saved|later|earlier)\b"
)
"""What follows a number that says how far two values lie apart, and so states neither."""

_ABOUT = re.compile(
    r"(?:\b(?:under|over|about|around|nearly|almost|roughly|approximately|some|circa|less|more|than|just|half)|[~≈½])\s?$"
)
"""What stands before a number that is not meant exactly."""

# A number with one of these behind it, where the prompt does not list the unit, is of another quantity.
_OTHER_UNIT = re.compile(
    r"\s?-?(?:%|°|[$€£]|[kcm]?m[²³23]?(?:/|\b)|l/|(?:cubic|square|lit(?:re|er)s?|met(?:re|er)s?|centimet(?:re|er)s?|inch(?:es)?"
    r"|f(?:ee)?t|miles?|pounds?|dollars?|euros?|eur|usd|gbp|chf|francs?|cents?|ct|pence|seconds?|sec|minutes?|mins?"
    r"|sheets?|pages?|hours?|hrs?|days?|months?|years?|kilograms?|grams?|kg|lbs?|[kmg]?wh?|percent)\b)"
)


def _has_unit(text: str, start: int, end: int, unit: str) -> bool:
    if re.compile(rf"\s?-?(?:{unit})(?![^\W\d_])", re.IGNORECASE).match(text, end):
        return True
    # A currency stands before its number; the sign may be a part of the number's match.
    before = re.compile(rf"(?<![^\W\d_])(?:{unit})\s?[-+:]?\s?$", re.IGNORECASE)
    digits = re.compile(r"\d").search(text, start, end)
    return digits is not None and before.search(text, max(0, start - 12), digits.start()) is not None


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))


def has_pairs(text: str, argument: Mapping[str, Any]) -> bool:
    """Whether every name is given its value, in a sentence, a list or a table, and no name another's value.

    `argument` is a prompt's `$pairs`: `values` maps a regular expression for a name to its value; `units`, `bare` and
    `beside` are as in `$quantity`.
    """
    text = searched(text)
    wanted = {name: _decimal(value) for name, value in argument["values"].items()}
    quantity = Quantity.read({**argument, "value": 0})
    known = frozenset(wanted.values())
    numbers: list[tuple[int, Decimal]] = []
    for start, _, values, bare in quantity.mentions(text):
        if meant := values & known:
            numbers.append((start, next(iter(meant))))
        elif not bare and not values & quantity.beside:
            return False
    names = sorted(
        (match.start(), name)
        for name in wanted
        for match in re.finditer(rf"(?<!\w)(?:{name})(?!\w)", text, re.IGNORECASE)
        if not is_negated(text, match.start())
    )
    if _respectively(names, numbers, wanted):
        return True
    after = [(max((n for n in names if n[0] < at), default=None), value) for at, value in numbers]
    before = [(min((n for n in names if n[0] > at), default=None), value) for at, value in numbers]
    return _agree(after, wanted) or _agree(before, wanted)


def _agree(owned: list[tuple[tuple[int, str] | None, Decimal]], wanted: Mapping[str, Decimal]) -> bool:
    """Whether each name has its own value at its first mention that has one, and is given no other's."""
    first: dict[str, Decimal] = {}
    for owner, value in owned:
        if owner is not None:
            first.setdefault(owner[1], value)
    return first == dict(wanted)


def _respectively(
    names: list[tuple[int, str]], numbers: list[tuple[int, Decimal]], wanted: Mapping[str, Decimal]
) -> bool:
    """Whether all names stand first and their values then follow in the same order."""
    order = list(dict.fromkeys(name for _, name in names))
    if len(order) != len(wanted) or not numbers:
        return False
    last_first = max(next(at for at, name in names if name == wanted_name) for wanted_name in order)
    values = [value for _, value in numbers][: len(order)]
    return last_first < numbers[0][0] and values == [wanted[name] for name in order]


def has_claim(text: str, patterns: Sequence[str]) -> bool:
    """Whether a clause states one of the patterns as a fact: not negated, not a wish, an offer or a question."""
    return any(
        end is not None
        and not _NEGATION.search(clause[: end + 20])
        and not _HYPOTHETICAL.search(clause[:end])
        and not _CONDITION.search(clause[end:])
        for clause in clauses(text)
        for end in [_end_of(clause, patterns)]
    )


def has_denial(text: str, patterns: Sequence[str]) -> bool:
    """Whether a clause denies one of the patterns."""
    return any(_end_of(clause, patterns) is not None and _NEGATION.search(clause) for clause in clauses(text))


def _end_of(clause: str, patterns: Sequence[str]) -> int | None:
    """Where the last match of the patterns ends; None where none matches."""
    found = (re.search(pattern, clause, re.IGNORECASE) for pattern in patterns)
    return max((match.end() for match in found if match), default=None)


def clauses(text: str) -> Iterator[str]:
    """The clauses of a text, in lower case and without Markdown's signs."""
    for part in _CLAUSES.split(text[:_MOST_SEARCHED]):
        if part and (clause := plain(part)):
            yield clause


_ID_TOKEN = re.compile(r"(?<![\w.-])(?=[\w.-]*[a-z])(?=[\w.-]*\d)[a-z][\w.-]{3,}\w(?![\w-])")


def invented_id(text: str, known: str) -> str | None:
    """The first id of a text that is none of those in the `known` text, but has the form of one; None without any.

    The form is the letters and signs; digits may be others: DT-11 has the form of DT-14.
    """
    ids = _ids(known)
    forms = {_form(id) for id in ids}
    return next((id for id in sorted(_ids(text) - ids) if _form(id) in forms), None)


@lru_cache(maxsize=256)
def _ids(text: str) -> frozenset[str]:
    return frozenset(_ID_TOKEN.findall(plain(text)))


def _form(id: str) -> str:
    return re.sub(r"\d", "0", id)


def has_id(text: str, id: str) -> bool:
    """Whether an id such as PY-904415 is given, and no other of its form after it."""
    text, wanted = searched(text), plain(id)
    # Letters stay, digits may be others: what has this form and is not the id is a rival.
    form = "".join(r"\d" if character.isdigit() else re.escape(character) for character in wanted)
    found = [
        match[0]
        for match in re.finditer(rf"(?<!\w){form}(?!\w)", text)
        if not is_negated(text, match.start())
    ]
    return bool(found) and found[-1] == wanted
