"""BFCL's rules in Milo against BFCL's own checker: gold, and every change of it, of all records with gold calls.

Needs bfcl-eval (tests/oracle/__init__.py); takes some minutes.
"""

from collections import Counter
from functools import cache
from typing import Any

import pytest

from milo_tui.suite.bfcl_rules import accepts
from milo_tui.suite_lab.bfcl import CATEGORIES, Record, Report, convert, read, suite_files
from tests.oracle.bfcl_checker import folder, records, verdict
from tests.oracle.spoiling import answers, gold
from tests.suite.test_bfcl_rules import judged
from tests.suite_lab.bfcl_differences import NAMES, OPTIMAL

EXPLAINED: dict[tuple[str, bool], set[str]] = {
    ("marks count", True): {"with an underscore", "with a hyphen and a full stop", "a letter less"},
    ("spaces between words count", True): {"without spaces", "spaced out"},
    ("quotes are told apart", True): {"other quotes"},
    ("5.0 is 5", False): {
        "a fraction for a whole number",
        "fractions for whole numbers",
        "a whole number for a fraction",
        "whole numbers for fractions",
    },
    ("true is not 1", True): {"a number for a truth", "a truth for a number"},
    ("text is text, wherever it stands", False): {"in capitals", "spaced out"},
    ("blank is not 0 nor text of another type", True): {"blank"},
    (OPTIMAL, False): {"the calls the other way round", "calls turned by one"},
}
"""(the name of the difference, BFCL's verdict) → the changes that show it; see tests/suite_lab/bfcl_differences.py."""


def explained(kind: str, verdict: bool) -> bool:
    """Whether a change at which we differ from this verdict of BFCL's is one of those listed."""
    change = kind.rpartition(": ")[2]
    return any(change in changes for (_, said), changes in EXPLAINED.items() if said is verdict)


def test_each_listed_difference_is_met() -> None:
    assert {name for name, _ in EXPLAINED} == set(NAMES)


@cache
def all_records() -> list[Record]:
    return records()


def test_every_verdict_is_bfcls() -> None:
    verdicts: Counter[bool] = Counter()
    for record in all_records():
        given = list(answers(record))
        assert len(given) > 10, record.id
        for kind, calls in given:
            found, why = verdict(record, calls)
            assert accepts(record.functions, record.accepted or [], calls) is found, (record.id, kind, why)
            verdicts[found] += 1
    assert verdicts.total() > 20_000
    assert min(verdicts.values()) > 10_000


def test_bfcl_refuses_some_of_its_own_gold() -> None:
    refused = {record.id for record in all_records() if not verdict(record, gold(record))[0]}
    assert refused == {
        "live_simple_106-63-0",
        "live_simple_112-68-0",
        "live_multiple_862-181-3",
        "live_multiple_964-207-0",
    }
    literally = {record.id for record in all_records() if not verdict(record, _literally(record))[0]}
    assert literally - refused == {
        "parallel_multiple_12",
        "parallel_multiple_26",
        "live_multiple_507-149-4",
    }


def _literally(record: Record) -> list[dict[str, Any]]:
    """The first accepted value that is not blank for each argument, even for one that the function has not."""
    calls: list[dict[str, Any]] = []
    for call in record.accepted or []:
        ((name, options),) = call.items()
        first = {key: [value for value in values if value != ""][:1] for key, values in options.items()}
        with_gold = gold(record)[len(calls)][name]
        calls.append({name: {key: with_gold.get(key, value[0]) for key, value in first.items() if value}})
    return calls


def test_all_that_can_be_brought_in_is() -> None:
    report = Report()
    for _ in suite_files(folder(), "native", report):
        pass
    assert sum(report.imported.values()) == 3_477
    assert set(report.imported) == set(CATEGORIES)
    assert len(report.refused) == 14 + 150


@pytest.mark.parametrize("category", [name for name in CATEGORIES if "relevance" not in name])
def test_our_own_rules_differ_where_the_list_says_and_nowhere_else(category: str) -> None:
    for record in read(folder(), category):
        try:
            convert(record)
        except ValueError:
            continue
        for kind, calls in answers(record):
            bfcl = accepts(record.functions, record.accepted or [], calls)
            native = judged(record, calls)
            assert native is bfcl or explained(kind, bfcl), (record.id, kind, bfcl)
