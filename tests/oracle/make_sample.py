"""Makes tests/suite/bfcl_sample.jsonl: a few hundred answers with the verdicts of BFCL's own checker.

`PYTHONPATH=DIR python -m tests.oracle.make_sample`; DIR is where bfcl-eval is installed.
"""

import json
from itertools import islice
from pathlib import Path
from typing import Any

from milo_tui.suite_lab.bfcl import Record, typed
from tests.oracle.bfcl_checker import records, verdict
from tests.oracle.spoiling import answers

SAMPLE = Path(__file__).parents[1] / "suite" / "bfcl_sample.jsonl"
_EVERY = 47
_ALWAYS = {"parallel_178", "live_multiple_964-207-0", "live_simple_106-63-0"}
_ANSWERS = 9


def compact(record: Record, number: int) -> dict[str, Any]:
    """A record with what the checker looks at, its gold calls and some changes, each with the verdict."""
    called = {name for call in record.accepted or [] for name in call}
    functions = [
        {"name": function["name"], "parameters": typed(function["parameters"])}
        for function in record.functions
        if function["name"] in called
    ]
    all_answers = list(answers(record))
    # From one record to the next other changes are taken, so that the sample holds every kind of them.
    step = max(1, len(all_answers) // _ANSWERS)
    chosen = [all_answers[0], *islice(all_answers, 1 + number % step, None, step)]
    return {
        "id": record.id,
        "functions": functions,
        "accepted": record.accepted,
        "answers": [[kind, calls, verdict(record, calls)[0]] for kind, calls in chosen],
    }


def main() -> None:
    """Write the sample."""
    chosen = [record for i, record in enumerate(records()) if i % _EVERY == 0 or record.id in _ALWAYS]
    lines = [
        json.dumps(compact(record, number), ensure_ascii=False, separators=(",", ":"))
        for number, record in enumerate(chosen)
    ]
    SAMPLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
