"""What an expression of `vary` may do, and what it must not."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from milo_tui.suite.expressions import ExpressionError, evaluate

NAMES = {
    "night": Decimal("21.87"),
    "count": 3,
    "day": date(2026, 3, 30),
    "code": "NOX-7",
    "rows": [{"price": Decimal("1.10"), "id": "A"}, {"price": Decimal("2.20"), "id": "B"}],
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("night / 100", Decimal("0.2187")),
        ("0.1 + 0.2", Decimal("0.3")),
        ("round(night * count, 1)", Decimal("65.6")),
        ("round(2.5)", 3),
        ("fixed(count, 2)", "3.00"),
        ("grouped(1234567.5, 2)", "1,234,567.50"),
        ("day + 2", date(2026, 4, 1)),
        ("(day + 2) - day", 2),
        ("weekday(day) + ' ' + text(day)", "Monday 2026-03-30"),
        ("month(day + 2)", "April"),
        ("months_on(day, 10) - 1", date(2026, 12, 31)),
        ("long(months_on(day, -2))", "1 January 2026"),
        ("weekday_number(day) + day_of_year(day)", 89),
        (
            "words(448) + ', ' + words(40) + ', ' + words(17)",
            "four hundred and forty-eight, forty, seventeen",
        ),
        ("ordinal(112) + ordinal(22) + ordinal(3)", "112th22nd3rd"),
        ("continental(1216.84, 2) + ' ' + comma(night, 1)", "1.216,84 21,9"),
        ("padded(count, 3)", "003"),
        ("clock(minutes('16:40') + 35)", "17:15"),
        ("rows[1]['price'] - rows[0]['price']", Decimal("1.10")),
        ("'low' if night < 22 else 'high'", "low"),
        ("upper(code) in 'NOX-7 LUX-1'", True),
        ("7 // 2 + 7 % 2", 4),
    ],
    ids=lambda value: str(value)[:30],
)
def test_arithmetic_is_exact(expression: str, value: Any) -> None:
    assert evaluate(expression, NAMES) == value


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("2 ** 99999999", "found 2 ** 99999999"),
        ("[x for x in rows]", "found [x for x in rows]"),
        ("(lambda: 1)()", "functions alone (found"),
        ("day.__class__", "found day.__class__"),
        ("day.day", "found day.day"),
        ("'a' * 1000000", "only numbers can be multiplied"),
        ("99999999 * 99999999 * 99999999", "a product above 10^15"),
        ("1 << 60", "found 1 << 60"),
        ("open('/etc/passwd')", "uses the function open"),
        ("__import__('os')", "uses the function __import__"),
        ("f'{night}'", "found f'{night}'"),
        ("nights + 1", "uses nights, which is no value of this file"),
        ("night / 0", "cannot be worked out"),
        ("rows[9]", "cannot be worked out"),
        ("sum(rows)", "cannot be worked out"),
        ("round(night, 99999)", "cannot be worked out"),
        ("words(1000)", "from 0 to 999"),
        ("months_on(day, 999999)", "cannot be worked out"),
        ("night +", "is no expression"),
        ("code + count", "write text(x)"),
        ("'%s' % night", "text has no remainder"),
        ("+".join(["1"] * 149), "is too large"),
        ("1 + " * 100 + "1", "is longer than 300 characters"),
        ("(" * 90 + "1" + ")" * 90 + "+ (x := 1)", "functions alone"),
        ("", "is no expression"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_nothing_else_is_evaluated(expression: str, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, NAMES)
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["len", "[round]", "...", "1j", "b'x'"])
def test_what_a_prompt_cannot_hold_is_no_value(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, {})
