"""Families of questions: how a prompt file varies, and the document of one of its variants.

Variant 0 is the prompt as its file stands. Variant k is the same task with other names, numbers, dates and orders. It
is decided by the family's id, the pool's seed and k alone: the draws are read off SHA-256, so that every platform and
every version of Python gives the same bytes.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from milo_tui.errors import MiloError
from milo_tui.suite.expressions import LONGEST, ExpressionError, evaluate, plain

PUBLIC_POOL = 1
"""The pool seed that everybody uses who names none, so that results can be compared."""

_MOST_TRIES = 200
_LONGEST_VALUE = 20_000
_MOST_TEXT = 1_000_000
"""Characters that the values of one variant may add to its document: a file may come from a stranger."""

_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9_]*)>")
_SHUFFLE = re.compile(r"<shuffle(?: ([a-z][a-z0-9_]*))?>")

ValueName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]


class VariantError(MiloError, ValueError):
    """A variant that cannot be made: where in the document, and one clause that says why."""

    def __init__(self, where: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.where = where
        self.message = message


class Variant(BaseModel):
    """Which variant of a family, and from which pool."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    number: int = Field(0, ge=0)
    pool_seed: int = PUBLIC_POOL


class ValueRule(BaseModel):
    """How one value of a family comes about: drawn by a generator, or worked out from others with `is`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    first: Any = Field(None, description="The value in variant 0; goes with every generator.")
    choice: list[Any] | None = Field(None, min_length=2, max_length=1000, description="One of these values.")
    integer: list[int] | None = Field(
        None, min_length=2, max_length=2, description="From the lowest to the highest."
    )
    step: int = Field(1, ge=1, description="The step of `integer`.")
    decimal: list[float | int] | None = Field(
        None,
        min_length=2,
        max_length=2,
        description="From the lowest to the highest, with `places` decimals.",
    )
    places: int = Field(2, ge=1, le=9)
    date: list[str] | None = Field(
        None, min_length=2, max_length=2, description="From the first ISO date to the last."
    )
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = Field(
        None, description="An id: # becomes a digit (the first never 0), @ a capital letter."
    )
    formula: Expression | None = Field(
        None, alias="is", description="An expression over the values above it."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.choice, self.integer, self.decimal, self.date, self.pattern, self.formula)
        if sum(source is not None for source in sources) != 1:
            raise ValueError("give one of choice, integer, decimal, date, pattern and is")
        if (self.formula is None) == (self.first is None):
            raise ValueError("first goes with every generator, and not with is")
        for name in ("integer", "decimal", "date"):
            bounds = getattr(self, name)
            if bounds is not None and not bounds[0] <= bounds[1]:
                raise ValueError(f"{name} goes from the lowest to the highest")
        for day in [*(self.date or []), *([self.first] if self.date else [])]:
            try:
                date.fromisoformat(day)
            except (ValueError, TypeError):
                raise ValueError(f"{day} is no ISO date, such as 2026-03-14") from None
        return self


class Vary(BaseModel):
    """`vary`: the values that differ between the variants, and what must hold between them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    values: dict[ValueName, ValueRule] = Field(min_length=1, max_length=200)
    require: list[Expression] = Field(
        default_factory=list, max_length=50, description="Conditions; drawn anew until all of them hold."
    )


def variant_document(template: Mapping[str, Any], vary: Vary, variant: Variant) -> dict[str, Any]:
    """A prompt's document with the values of one variant in all places, without `vary`. Raises VariantError."""
    values = variant_values(str(template.get("id", "")), vary, variant)
    filling = _Filling(values, _Draws(str(template.get("id", "")), variant, 0))
    return {key: filling.fill(value, (key,)) for key, value in template.items() if key != "vary"}


def variant_values(family: str, vary: Vary, variant: Variant) -> dict[str, Any]:
    """The named values of one variant. Raises VariantError."""
    for attempt in range(1 if variant.number == 0 else _MOST_TRIES):
        values = _drawn(vary, _Draws(family, variant, attempt), first=variant.number == 0)
        broken = next(
            (i for i, condition in enumerate(vary.require) if not _holds(condition, values, i)), None
        )
        if broken is None:
            return values
    where = ("vary", "require", broken or 0)
    if variant.number == 0:
        raise VariantError(where, "does not hold in variant 0; change it, or the values' first")
    raise VariantError(where, f"held in none of {_MOST_TRIES} draws; widen the generators")


class _Draws:
    """Numbers that follow from the family, the pool, the variant and a name alone."""

    def __init__(self, family: str, variant: Variant, attempt: int) -> None:
        self._key = f"milo variants 1/{family}/{variant.pool_seed}/{variant.number}/{attempt}"
        self.is_first = variant.number == 0

    def below(self, bound: int, name: str) -> int:
        """An even draw from 0 to bound - 1 (the bias of 256 bits is nothing)."""
        return int.from_bytes(hashlib.sha256(f"{self._key}/{name}".encode()).digest(), "big") % bound

    def shuffled(self, items: list[Any], name: str) -> list[Any]:
        """The items in an order of this variant's (Fisher and Yates); as they stand in variant 0."""
        if self.is_first:
            return items
        order = list(items)
        for i in range(len(order) - 1, 0, -1):
            j = self.below(i + 1, f"{name}/{i}")
            order[i], order[j] = order[j], order[i]
        return order


def _drawn(vary: Vary, draws: _Draws, *, first: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, rule in vary.values.items():
        if rule.formula is not None:
            try:
                values[name] = evaluate(rule.formula, values)
            except ExpressionError as error:
                raise VariantError(("vary", "values", name, "is"), str(error)) from None
        else:
            values[name] = _typed(rule, rule.first) if first else _generated(rule, name, draws)
        if len(str(values[name])) > _LONGEST_VALUE:
            raise VariantError(("vary", "values", name), f"is longer than {_LONGEST_VALUE:,} characters")
    return values


def _typed(rule: ValueRule, value: Any) -> Any:
    """A value of the file as expressions read it."""
    if rule.date is not None:
        return date.fromisoformat(value)
    return _exact(value)


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return {key: _exact(item) for key, item in value.items()} if isinstance(value, dict) else value


def _generated(rule: ValueRule, name: str, draws: _Draws) -> Any:
    if rule.choice is not None:
        return _exact(rule.choice[draws.below(len(rule.choice), name)])
    if rule.integer is not None:
        low, high = rule.integer
        return low + rule.step * draws.below((high - low) // rule.step + 1, name)
    if rule.decimal is not None:
        low_exact, high_exact = (Decimal(str(bound)) for bound in rule.decimal)
        unit = Decimal(1).scaleb(-rule.places)
        return low_exact + unit * draws.below(int((high_exact - low_exact) / unit) + 1, name)
    if rule.date is not None:
        earliest, latest = (date.fromisoformat(day) for day in rule.date)
        return earliest + timedelta(days=draws.below((latest - earliest).days + 1, name))
    return "".join(_pattern_characters(rule.pattern or "", name, draws))


def _pattern_characters(pattern: str, name: str, draws: _Draws) -> Iterator[str]:
    digits = 0
    for place, character in enumerate(pattern):
        if character == "#":
            yield str(draws.below(10, f"{name}/{place}") if digits else 1 + draws.below(9, f"{name}/{place}"))
            digits += 1
        elif character == "@":
            yield chr(ord("A") + draws.below(26, f"{name}/{place}"))
        else:
            yield character


def _holds(condition: str, values: Mapping[str, Any], place: int) -> bool:
    try:
        return bool(evaluate(condition, values))
    except ExpressionError as error:
        raise VariantError(("vary", "require", place), str(error)) from None


class _Filling:
    """Puts a variant's values in the places of a document."""

    def __init__(self, values: Mapping[str, Any], draws: _Draws) -> None:
        self._values = values
        self._draws = draws
        self._characters = 0

    def fill(self, value: Any, where: tuple[str | int, ...]) -> Any:
        """The value with `<name>` replaced and `<shuffle>` lists in the variant's order."""
        if isinstance(value, str):
            return self._filled_text(value, where)
        if isinstance(value, list):
            return [self.fill(item, (*where, place)) for place, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (shuffle := _SHUFFLE.fullmatch(str(next(iter(value))))):
            key, items = next(iter(value.items()))
            return self._shuffled(items, shuffle[1], (*where, key))
        return {self._key(key, where): self.fill(item, (*where, key)) for key, item in value.items()}

    def _key(self, key: Any, where: tuple[str | int, ...]) -> Any:
        return self._in_text(key, where) if isinstance(key, str) else key

    def _filled_text(self, text: str, where: tuple[str | int, ...]) -> Any:
        whole = _PLACEHOLDER.fullmatch(text)
        return _as_json(self._value(whole[1], where)) if whole else self._in_text(text, where)

    def _in_text(self, text: str, where: tuple[str | int, ...]) -> str:
        try:
            return _PLACEHOLDER.sub(lambda match: plain(self._value(match[1], where)), text)
        except ExpressionError as error:
            raise VariantError(where, f"a value {error}") from None

    def _value(self, name: str, where: tuple[str | int, ...]) -> Any:
        if name not in self._values:
            raise VariantError(
                where, f"<{name}> is no value of vary; add it there or write the text without < and >"
            )
        value = self._values[name]
        self._characters += len(str(value))
        if self._characters > _MOST_TEXT:
            raise VariantError(where, f"the values fill in more than {_MOST_TEXT:,} characters")
        return value

    def _shuffled(self, items: Any, name: str | None, where: tuple[str | int, ...]) -> list[Any]:
        if not isinstance(items, list):
            raise VariantError(where, "<shuffle> takes a list")
        filled = [self.fill(item, (*where, place)) for place, item in enumerate(items)]
        # Lists of one name are in one order, wherever they stand.
        return self._draws.shuffled(filled, f"shuffle/{name or '/'.join(map(str, where))}")


def _as_json(value: Any) -> Any:
    """A value as the file would hold it: decimals as JSON numbers, dates as ISO text."""
    if isinstance(value, Decimal):
        # 412.0 stays a decimal as the file wrote it; what a sum of whole numbers gives is whole.
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return {key: _as_json(item) for key, item in value.items()} if isinstance(value, dict) else value
