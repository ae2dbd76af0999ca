"""Facts in an answer, in the forms in which models write them, and in none that states something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from milo_tui.suite.dates import has_date
from milo_tui.suite.facts import has_number, has_phrase, numbers_in, plain


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("It is 84.5.", 84.5),
        ("**84.50**", 84.5),
        ("__84.50__", 84.5),
        ("`84.5`", 84.5),
        ("| 84.50|", 84.5),
        ("$84.50", 84.5),
        (r"\$84.50", 84.5),
        ("US$84.50", 84.5),
        ("EUR 84,50", 84.5),
        ("84,50€", 84.5),
        ("84.50USD", 84.5),
        ("84.5kWh", 84.5),
        ("84.5m2", 84.5),
        ("84.5\u00a0°C", 84.5),
        ("84.5%", 84.5),
        ("84.5/kWh", 84.5),
        ("=84.50", 84.5),
        ("Total:84.50", 84.5),
        ("Total—84.50", 84.5),
        ("- 84.50", 84.5),
        ("84.5, 3", 3),
        ("0.845", 0.845),
        (".5", 0.5),
        ("1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("1 234,50", 1234.5),
        ("1\u202f234,50 €", 1234.5),
        ("1’234.5", 1234.5),
        ("1_234", 1234),
        ("1{,}234.50", 1234.5),
        ("1,23,456.50", 123456.5),
        ("1.234.567,89", 1234567.89),
        ("12 345", 345),
        ("12k", 12000),
        ("12k", 12),
        ("1.5 million", 1_500_000),
        ("$1.5bn", 1_500_000_000),
        ("-84.5", -84.5),
        ("−84.5", -84.5),
        ("**−84.5**", -84.5),
        ("-$84.50", -84.5),
        ("$-84.50", -84.5),
        ("minus 4", -4),
        ("2-5", 5),
        ("5.47 − 3.96", 3.96),
        ("[12,45,7]", 45),
        ("7/8", 8),
        ("12.", 12),
        ("twelve", 12),
        ("Twenty-five of them", 25),
        ("three hundred and four", 304),
        ("two thousand and one", 2001),
        ("one two", 2),
        ("zero", 0),
        ("#5512", 5512),
        ("ORD-5512: 84.50", 84.5),
        ("151cm", 151),
    ],
)
def test_a_number_is_found_in_any_form(text: str, number: float) -> None:
    assert has_number(text, number), numbers_in(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ORD-5512", 5512),
        ("ORD\u20115512", 5512),
        ("ORD–5512", 5512),
        ("ORD_5512", 5512),
        ("C-20-41", 41),
        ("INV/2024/17", 17),
        ("B12", 12),
        ("12AB34", 12),
        ("2026-03-14", 14),
        ("2026-03-14T10:15:00Z", 10),
        ("1.2.3", 1.2),
        ("1.2.3", 2.3),
        ("192.168.1.10", 192.168),
        ("-84.5", 84.5),
        ("0.845", 845),
        ("84.5", 845),
        ("84.55", 84.5),
        ("184.5", 84.5),
        ("1,234.5", 234.5),
        ("twenty-five", 5),
        ("someone wrote often", 1),
        ("three hundred and four", 4),
        ("84.5", 84.6),
    ],
)
def test_another_number_is_not_taken_for_it(text: str, number: float) -> None:
    assert not has_number(text, number), numbers_in(text)


def test_a_tolerance_is_a_tolerance() -> None:
    assert has_number("about 84.4", 84.5, 0.1)
    assert not has_number("about 84.39", 84.5, 0.1)
    assert has_number("0.3", 0.1 + 0.2)


@given(st.decimals(-(10**9), 10**9, places=2))
def test_a_number_is_found_however_its_groups_are_written(number: object) -> None:
    value = float(str(number))
    for text in (
        f"{value:.2f}",
        f"{value:,.2f}",
        f"{value:,.2f}".translate({44: 46, 46: 44}),
        f"{value:_.2f}",
    ):
        assert has_number(f"It is {text}.", value), text


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-14",
        "2026/03/14",
        "2026-03-14T10:00:00Z",
        "on 2026\u201103\u201114.",
        "14 March",
        "14 March 2026",
        "14th of March, 2026",
        "the 14th of March",
        "14. March 2026",
        "14-Mar-2026",
        "14 Mar. 2026",
        "Saturday, March 14",
        "March 14th, 2026",
        "March the 14th",
        "Mar 14",
        "**March 14, 2026**",
        "March\u00a014",
        "14.03.2026",
        "3/14/26",
        "14/3/2026",
        "March 14 at 1000 hours",
    ],
)
def test_a_date_is_found_in_any_form(text: str) -> None:
    assert has_date(text, "2026-03-14")


@pytest.mark.parametrize(
    "text",
    [
        "14 March 2025",
        "March 14, 2025",
        "March 1",
        "March 140",
        "114 March",
        "2026-03-140",
        "2026-04-14",
        "14.04.2026",
        "3/14/25",
        "the 14th",
    ],
)
def test_another_date_is_not_taken_for_it(text: str) -> None:
    assert not has_date(text, "2026-03-14")


def test_months_have_the_abbreviations_that_people_use() -> None:
    assert has_date("Sept. 5", "2026-09-05")
    assert has_date("5 Sep", "2026-09-05")
    assert has_date("May 5", "2026-05-05")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("**ORD-5512**", "ORD-5512"),
        ("***ORD-5512***:", "ORD-5512"),
        ("`ord-5512`.", "ORD-5512"),
        ("_ORD-5512_", "ORD-5512"),
        ("[ORD-5512](https://example.com)", "ORD-5512"),
        ("ORD\u20115512", "ORD-5512"),
        ("ORD\\_5512", "ORD_5512"),
        ("ORD-\u200b5512", "ORD-5512"),
        ("**Dana** Whitfield", "Dana Whitfield"),
        ("Dana\n WHITFIELD's order", "dana whitfield"),
        ("“Main St”", '"main st"'),
        ("cafe\u0301", "café"),
        ("C++", "C++"),
        ("the __init__ file", "__init__"),
        ("a*b*c", "a*b*c"),
        ("Straße", "STRASSE"),
    ],
)
def test_a_phrase_is_found_whatever_its_dress(text: str, phrase: str) -> None:
    assert has_phrase(text, phrase), plain(text)


@pytest.mark.parametrize("text", ["ORD-55123", "XORD-5512", "ORD5512", "ORD 5512", ""])
def test_another_phrase_is_not_taken_for_it(text: str) -> None:
    assert not has_phrase(text, "ORD-5512")


@pytest.mark.parametrize(
    "piece",
    ["1", "1,", "111,", "a1", "12 ", "1.1.", "-", "*_", "\\", "one ", "1 111 ", "{,}", "\ud800 5 ", "$"],
)
def test_a_long_text_of_anything_is_read_in_linear_time(piece: str) -> None:
    # In quadratic time the run would not come to an end.
    text = piece * (300_000 // len(piece))
    has_number(text, 84.5)
    has_date(text, "2026-03-14")
    has_phrase(text, "ORD-5512")


def test_more_digits_than_arithmetic_takes_are_no_number() -> None:
    assert numbers_in("9" * 1_100_000) == numbers_in("no number")


@given(st.text(st.characters(exclude_categories=[])), st.floats(allow_nan=False, allow_infinity=False))
def test_no_text_makes_it_raise(text: str, number: float) -> None:
    has_number(text, number)
    has_date(text, "2026-03-14")
    has_phrase(text, "a")
