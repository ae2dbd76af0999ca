"""What an API model's tokens cost: a dated table, the user's own before it; a local model costs nothing here.

A price belongs to a host and a name on the wire: the same name behind another host costs something else.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from milo_tui.analysis.record import Attempt, AttemptDetail, RunRecord
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.errors import MiloError

PER = Decimal(1_000_000)

_Dollars = Annotated[Decimal, Field(ge=0)]


class PriceError(MiloError):
    """The user's prices cannot be used; one sentence."""


class Price(BaseModel):
    """US dollars per million tokens. `since` is the day from which it holds; `as_of` the day it was looked up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    host: str = ""
    input: _Dollars
    output: _Dollars
    cache_read: _Dollars | None = None
    cache_write: _Dollars | None = None
    since: date = Field(date.min, alias="from")
    as_of: date = date.min

    def cost(self, tokens: "Tokens") -> Decimal:
        """What these tokens cost, in dollars."""
        plain = max(0, tokens.input - tokens.cache_read - tokens.cache_write)
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        total = (
            plain * self.input
            + tokens.cache_read * read
            + tokens.cache_write * write
            + tokens.output * self.output
        )
        return total / PER


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    as_of: date
    source: str = ""
    price: list[Price] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens as they are billed: `input` is all of the prompt, what was read from or written to a cache within."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
        )


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices, the first that fits first."""

    prices: Sequence[Price]

    def of(self, entry: ModelEntry, day: date | None = None) -> Price | None:
        """The price of an entry's model on a day (today without one); None for a local or simulated model."""
        if entry.where == "local" or entry.is_simulated or entry.model is None:
            return None
        today = day or datetime.now(UTC).date()
        host = _host(entry)
        for price in self.prices:
            if price.model == entry.model and price.host in ("", host) and price.since <= today:
                return price
        return None


def _host(entry: ModelEntry) -> str:
    if entry.base_url:
        return urlsplit(entry.base_url).hostname or ""
    return "api.anthropic.com" if entry.protocol == "anthropic" else ""


def load_prices(override: Path | None = None) -> Prices:
    """The table that ships, and before it the user's own where `override` is a file. Raises PriceError."""
    shipped = _read(files("milo_tui.analysis").joinpath("prices.toml").read_text(encoding="utf-8"))
    own: list[Price] = []
    if override is not None and override.is_file():
        try:
            own = _read(override.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise PriceError(f"{override}: cannot be read: {error}.") from None
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise PriceError(f"{override}: {where}: {problem['msg']}.") from None
    return Prices([*own, *shipped])


def _read(text: str) -> list[Price]:
    data: dict[str, Any] = tomllib.loads(text)
    file = _File.model_validate({"as_of": datetime.now(UTC).date(), **data})
    newest_first = sorted(file.price, key=lambda price: price.since, reverse=True)
    return [price.model_copy(update={"as_of": file.as_of}) for price in newest_first]


def tokens_of(row: Attempt) -> Tokens | None:
    """An attempt's tokens by its narrow row, which counts cache writes as plain input; None if not counted."""
    if row.input_tokens is None and row.output_tokens is None:
        return None
    return Tokens(row.input_tokens or 0, row.output_tokens or 0, row.cached_tokens or 0)


def tokens_of_attempt(attempt: AttemptDetail) -> Tokens | None:
    """An attempt's tokens, summed over its turns; None if the server counted none."""
    if tokens_of(attempt.attempt) is None:
        return None
    total = Tokens()
    for turn in attempt.turns:
        total += Tokens(
            turn.usage.input_tokens or 0,
            turn.usage.output_tokens or 0,
            turn.usage.cached_tokens or 0,
            turn.usage.cache_write_tokens or 0,
        )
    return total


@dataclass(frozen=True, slots=True)
class Cost:
    """What a model cost in a run, retries within, in dollars. `uncounted` attempts told no tokens."""

    dollars: Decimal
    attempts: int
    uncounted: int
    price: Price

    @property
    def per_attempt(self) -> Decimal | None:
        """Dollars an attempt, of those that were counted."""
        return self.dollars / self.attempts if self.attempts else None


def run_costs(run: RunRecord, attempts: Iterable[Attempt], prices: Prices) -> dict[str, Cost]:
    """What each model that was asked and has a price cost, by its id, at the prices of the day the run began."""
    rows = list(attempts)
    day = datetime.fromtimestamp(run.created, UTC).date()
    found = {}
    for model in run.models:
        price = prices.of(model.entry, day)
        counts = [tokens_of(row) for row in rows if row.model == model.id]
        if price is not None and counts:
            counted = [tokens for tokens in counts if tokens is not None]
            dollars = sum((price.cost(tokens) for tokens in counted), Decimal(0))
            found[model.id] = Cost(dollars, len(counted), len(counts) - len(counted), price)
    return found
