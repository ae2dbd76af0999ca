"""Costs: by hand where they can be, never of a local model, always with the day of the prices."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from milo_tui.analysis.estimate import estimates
from milo_tui.analysis.prices import Price, PriceError, Prices, Tokens, load_prices, run_costs, tokens_of
from milo_tui.analysis.record import Attempt
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.reports.cost_text import cost_lines, dollars, estimate_lines
from milo_tui.runner.plan import new_run
from tests.factories import make_row

from ..runner.suite import small_suite

DAY = date(2026, 11, 23)


def model(**fields: Any) -> ModelEntry:
    """Claude Sonnet 4.6 at Anthropic, unless said otherwise."""
    usual = {
        "id": "s",
        "name": "Sonnet",
        "protocol": "anthropic",
        "where": "api",
        "model": "claude-sonnet-4-6",
    }
    return ModelEntry.model_validate({**usual, **fields})


def row(**fields: Any) -> Attempt:
    """An attempt of `s`."""
    return make_row(
        **{"model": "s", "input_tokens": 1000, "output_tokens": 200, "cached_tokens": 0, **fields}
    )


def test_cache_reads_and_writes_have_prices_of_their_own() -> None:
    """1000 plain, 2000 written and 4000 read tokens in, 500 out, of Sonnet 4.6: by hand."""
    price = load_prices().of(model(), DAY)
    assert price is not None
    found = price.cost(Tokens(input=7000, output=500, cache_read=4000, cache_write=2000))
    by_hand = 1000 * Decimal(3) + 2000 * Decimal("3.75") + 4000 * Decimal("0.30") + 500 * Decimal(15)
    assert found == by_hand / 1_000_000 == Decimal("0.0192")


def test_a_price_without_cache_prices_takes_all_for_input() -> None:
    price = Price(model="m", input=Decimal(2), output=Decimal(8))
    assert price.cost(Tokens(1_000_000, 0, 400_000, 100_000)) == 2


def test_more_from_the_cache_than_there_was_of_the_prompt_costs_no_less_than_nothing() -> None:
    price = Price(model="m", input=Decimal(2), output=Decimal(8), cache_read=Decimal(1))
    assert price.cost(Tokens(10, 0, 1_000_000)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"where": "local"},
        {"base_url": "https://openrouter.ai/api"},
        {"model": "claude-unheard-of"},
        {"simulated": {"profile": "careless"}},
        {"protocol": "openai", "base_url": "https://api.openai.com/v1", "model": "MiniMax-M2.7"},
    ],
    ids=["local", "another host", "unknown", "simulated", "a local model's name"],
)
def test_what_has_no_price_has_none(fields: dict[str, Any]) -> None:
    assert load_prices().of(model(**fields), DAY) is None


def test_a_price_holds_from_its_day_on() -> None:
    prices, entry = load_prices(), model(model="claude-sonnet-5-5")
    before, after = prices.of(entry, date(2026, 10, 6)), prices.of(entry, date(2026, 10, 7))
    assert before is not None
    assert after is not None
    assert (before.cache_read, after.cache_read) == (Decimal("0.20"), Decimal("0.10"))


def test_every_price_that_ships_is_dated_and_costs_something() -> None:
    for price in load_prices().prices:
        assert price.as_of >= date(2026, 11, 23)
        assert 0 < price.input < price.output
        assert price.cache_read is None or price.cache_read < price.input
        assert price.cache_write is None or price.cache_write > price.input


def test_the_users_own_prices_go_before_those_that_ship(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('as_of = 2027-01-02\n[[price]]\nmodel = "claude-sonnet-4-6"\ninput = "1"\noutput = "2"\n')
    price = load_prices(own).of(model(base_url="https://proxy.example/"), DAY)
    assert price is not None
    assert (price.input, price.as_of) == (Decimal(1), date(2027, 1, 2))


@pytest.mark.parametrize(
    "text", ["[[price]]\n", "as_of = 1\n", "=", '[[price]]\nmodel = "m"\ninput = "-1"\noutput = "1"\n']
)
def test_prices_that_cannot_be_read_are_one_sentence_with_the_file(tmp_path: Path, text: str) -> None:
    own = tmp_path / "prices.toml"
    own.write_text(text)
    with pytest.raises(PriceError, match=r"prices\.toml: ") as caught:
        load_prices(own)
    assert "\n" not in str(caught.value)


def test_a_runs_cost_is_that_of_all_its_attempts_and_says_what_was_not_counted(
    tmp_path: Path,
) -> None:
    run = new_run(small_suite(tmp_path), [model(), model(id="l", name="Local", where="local")], 1, 7)
    run = replace(run, created=1795423381.0)
    rows = [
        row(),
        row(number=2, cached_tokens=500),
        row(input_tokens=None, output_tokens=None),
        row(model="l"),
    ]
    costs = run_costs(run, rows, load_prices())
    by_hand = (1000 * 3 + 200 * 15 + 500 * 3 + 500 * Decimal("0.30") + 200 * 15) / Decimal(1_000_000)
    assert list(costs) == ["s"]
    assert costs["s"].dollars == by_hand
    assert cost_lines(run, costs) == [
        "Sonnet cost $0.011, $0.0053 per attempt; 1 attempts without token counts are not included "
        "(prices as of 2026-11-23)."
    ]


def test_tokens_that_no_server_counted_are_not_zero() -> None:
    assert tokens_of(row(input_tokens=None, output_tokens=None)) is None


def test_the_estimate_grows_with_repeats_and_is_of_api_models_alone(tmp_path: Path) -> None:
    prompts = small_suite(tmp_path).prompts
    one = estimates([model(), model(id="l", where="local")], prompts, 1, load_prices())
    three = estimates([model()], prompts, 3, load_prices())
    assert [estimate.model for estimate in one] == ["Sonnet"]
    assert three[0].dollars == 3 * one[0].dollars > 0
    assert estimate_lines(one)[0].startswith("Sonnet will cost about $0.0")
    assert "prices as of 2026-11-23" in estimate_lines(one)[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "$0"),
        ("0.00001", "less than $0.0001"),
        ("0.00123", "$0.0012"),
        ("0.5", "$0.5"),
        ("12.346", "$12.35"),
    ],
)
def test_amounts_as_they_are_written(value: str, text: str) -> None:
    assert dollars(Decimal(value)) == text


def test_no_prices_cost_nothing() -> None:
    assert Prices([]).of(model()) is None
