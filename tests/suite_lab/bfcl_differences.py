"""Where a suite that is imported with our native rules judges otherwise than BFCL does, on purpose.

Each difference with one call that shows it: BFCL's verdict and ours. docs/bfcl.md tells them to users, by these
names; tests/oracle finds no others among all mutations of BFCL's data.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One argument `x` of a type, what is accepted for it, what was sent, and the two verdicts."""

    name: str
    parameter: dict[str, Any]
    accepted: list[Any]
    sent: Any
    bfcl: bool
    native: bool


STRING = {"type": "string"}

DIFFERENCES = (
    Difference("marks count", STRING, ["Apple Inc."], "Apple Inc", True, False),
    Difference("marks count", STRING, ["cm"], "_cm", True, False),
    Difference("marks count", STRING, ["2022-01-01"], "20220101", True, False),
    Difference("spaces between words count", STRING, ["New York"], "NewYork", True, False),
    Difference("quotes are told apart", STRING, ["McDonald's"], 'McDonald"s', True, False),
    Difference("5.0 is 5", {"type": "integer"}, [5], 5.0, False, True),
    Difference(
        "5.0 is 5", {"type": "array", "items": {"type": "integer"}}, [[1, 2]], [1.0, 2.0], False, True
    ),
    Difference("5.0 is 5", {"type": "array", "items": {"type": "float"}}, [[1.0, 2.0]], [1, 2], False, True),
    Difference("true is not 1", {"type": "dict"}, [{"on": [True]}], {"on": 1}, True, False),
    Difference(
        "text is text, wherever it stands", {"type": "integer"}, ["dontcare"], "DontCare", False, True
    ),
    Difference(
        "text is text, wherever it stands",
        {"type": "dict"},
        [{"a": [["Rice"]]}],
        {"a": ["rice"]},
        False,
        True,
    ),
    Difference(
        "blank is not 0 nor text of another type", {"type": "integer"}, ["", "dontcare"], "", True, False
    ),
)
"""All but one: that calls are assigned optimally takes several calls to show (`parallel_178`)."""

OPTIMAL = "calls are assigned optimally"

NAMES = (*dict.fromkeys(difference.name for difference in DIFFERENCES), OPTIMAL)
