"""Expressions of a prompt file's `vary`: arithmetic on decimals and dates, and nothing else.

simpleeval evaluates them; this module decides what they may hold. No loops, attributes, powers or imports, a bounded
size, and numbers that stay exact: 0.1 is the decimal 0.1, and a division gives a decimal.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

import simpleeval

LONGEST = 300
_MOST_PARTS = 120
_LARGEST = Decimal(10) ** 15
_ALLOWED = (
    ast.Expr, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Name, ast.Constant,
    ast.Subscript, ast.Load, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip
_REFUSED_OPERATORS = (ast.Pow, ast.LShift, ast.RShift)


class ExpressionError(ValueError):
    """An expression that cannot be evaluated; the message is one clause that says why."""


def evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression over named values: int, Decimal, bool, str, date, list or dict.

    Raises ExpressionError.
    """
    if len(expression) > LONGEST:
        raise ExpressionError(f"is longer than {LONGEST} characters; split it over several values")
    evaluator = simpleeval.SimpleEval(
        operators=_OPERATORS, functions=FUNCTIONS, names=dict(names), allowed_attrs={}
    )
    try:
        parsed = _exact(evaluator.parse(expression))
        value = evaluator.eval(expression, previously_parsed=parsed)
    except ExpressionError:
        raise
    except simpleeval.NameNotDefined as error:
        raise ExpressionError(f"uses {error.name}, which is no value of this file") from None
    except simpleeval.FunctionNotDefined as error:
        known = ", ".join(sorted(FUNCTIONS))
        raise ExpressionError(f"uses the function {error.func_name}; there are {known}") from None
    except (SyntaxError, simpleeval.InvalidExpression):
        raise ExpressionError("is no expression; write it as arithmetic over the file's values") from None
    except (ArithmeticError, DecimalException, TypeError, ValueError, LookupError, AttributeError) as error:
        raise ExpressionError(f"cannot be worked out ({error or type(error).__name__})") from None
    if not _is_plain(value):
        raise ExpressionError("gives no number, text, date, list or truth value")
    if isinstance(value, Decimal | int) and abs(Decimal(value)) > _LARGEST:
        raise ExpressionError("gives a number above 10^15")
    return value


def _is_plain(value: Any) -> bool:
    """Whether a value is one that a prompt can hold; a function's bare name is a value to Python, but not here."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(part) for key, part in value.items())
    return isinstance(value, bool | int | Decimal | str | date)


def _exact(node: ast.AST) -> Any:
    """The same tree with decimals for fractions, and only with parts that are allowed."""
    parts = list(ast.walk(node))
    if len(parts) > _MOST_PARTS:
        raise ExpressionError("is too large; split it over several values")
    for part in parts:
        refused = isinstance(part, ast.BinOp) and isinstance(part.op, _REFUSED_OPERATORS)
        if refused or not isinstance(part, _ALLOWED):
            found = ast.unparse(part)[:40]
            raise ExpressionError(
                f"may hold arithmetic, comparisons, items and functions alone (found {found})"
            )
        if isinstance(part, ast.Constant) and isinstance(part.value, float):
            part.value = Decimal(str(part.value))  # type: ignore[assignment]
    return node


def _multiplied(left: Any, right: Any) -> Any:
    if not all(isinstance(factor, int | Decimal) for factor in (left, right)):
        raise TypeError("only numbers can be multiplied")
    product = left * right
    if abs(product) > _LARGEST:
        raise ValueError("a product above 10^15")
    return product


def _added(left: Any, right: Any) -> Any:
    if isinstance(left, date) and isinstance(right, int):
        return left + timedelta(days=right)
    if isinstance(left, str) != isinstance(right, str):
        raise TypeError("text and numbers cannot be added; write text(x)")
    total = left + right
    if isinstance(total, str | list) and len(total) > 10_000:
        raise ValueError("a sum of over 10,000 characters")
    return total


def _subtracted(left: Any, right: Any) -> Any:
    if isinstance(left, date):
        return (left - right).days if isinstance(right, date) else left - timedelta(days=right)
    return left - right


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _added,
    ast.Sub: _subtracted,
    ast.Mult: _multiplied,
    ast.Div: lambda left, right: Decimal(left) / Decimal(right),
    ast.FloorDiv: operator.floordiv,
    ast.Mod: lambda left, right: _remainder(left, right),
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def _remainder(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        raise TypeError("text has no remainder")
    return left % right


def _round(number: Any, places: int = 0) -> Any:
    """Half away from zero, as people round."""
    exact = Decimal(number).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return int(exact) if places <= 0 else exact


def _fixed(number: Any, places: int) -> str:
    return f"{_round(number, places):.{places}f}"


def _grouped(number: Any, places: int = 0) -> str:
    return f"{_round(number, places):,.{places}f}"


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return 60 * int(hours) + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_TEENS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _words(number: int) -> str:
    """A number from 0 to 999 in words, as the British write it."""
    if not 0 <= number < 1000:
        raise ValueError("words takes a number from 0 to 999")
    if number < 20:
        return _TEENS[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_TEENS[number % 10]}" if number % 10 else "")
    rest = f" and {_words(number % 100)}" if number % 100 else ""
    return f"{_TEENS[number // 100]} hundred{rest}"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _months_on(day: date, months: int) -> date:
    """The first day of the month that comes so many months later."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def _continental(number: Any, places: int = 0) -> str:
    return _grouped(number, places).translate({ord(","): ".", ord("."): ","})


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "clock": _clock,
    "comma": lambda number, places: _fixed(number, places).replace(".", ","),
    "continental": _continental,
    "date": date.fromisoformat,
    "day": lambda day: day.day,
    "day_of_year": lambda day: day.timetuple().tm_yday,
    "fixed": _fixed,
    "grouped": _grouped,
    "iso": lambda day: day.isoformat(),
    "len": len,
    "long": lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    "lower": lambda text: str(text).lower(),
    "max": max,
    "min": min,
    "minutes": _minutes,
    "month": lambda day: _MONTHS[day.month - 1],
    "months_on": _months_on,
    "ordinal": _ordinal,
    "padded": lambda number, width: str(number).rjust(min(int(width), 40), "0"),
    "round": _round,
    "sum": sum,
    "text": lambda value: plain(value),
    "upper": lambda text: str(text).upper(),
    "weekday": lambda day: _WEEKDAYS[day.weekday()],
    "weekday_number": lambda day: day.weekday(),
    "words": _words,
    "year": lambda day: day.year,
}
"""What an expression may call.

`round(x, places)` half away from zero; `fixed(x, places)` the number as text, `comma` with a decimal comma, `grouped`
with commas between thousands, `continental` as 1.216,84; `padded(7, 3)` is "007", `words(35)` "thirty-five",
`ordinal(22)` "22nd"; `minutes("16:40")` since midnight and `clock(1000)` back; of a date: `day`, `month` (its name),
`year`, `weekday` (its name), `weekday_number` (Monday is 0), `day_of_year`, `iso`, `long` ("5 February 2027"),
`months_on(day, 2)` the first day of the month after next; a date plus or minus a number of days, and the days between
two dates.
"""


def plain(value: Any) -> str:
    """A value within text: numbers without an exponent, dates as ISO 8601. Raises ExpressionError for lists."""
    if isinstance(value, bool | list | dict):
        raise ExpressionError("is no text, number or date, and cannot stand within text")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)
