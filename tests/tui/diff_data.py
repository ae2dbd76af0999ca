"""A run made for diffs: what two models do with a refund, with parallel calls and with structured output."""

from dataclasses import replace
from typing import Any

from milo_tui.analysis.record import AttemptDetail, PromptRecord, RunRecord, TurnRecord
from milo_tui.config import Settings
from milo_tui.suite.conversation import ToolCall, ToolResult
from tests.factories import NOVEMBER, store_attempts
from tests.tui.runs_data import MODELS, attempt, run, turn_with_answer

Call = tuple[str, str, Any]
"""A tool's name, its arguments' text, and its result."""

CUSTOMER = ("find_customer", '{"email": "dana.whitfield@example.org"}', {"customer_id": "C-2041"})
ORDERS = ("list_orders", '{"customer_id": "C-2041"}', [{"order_id": "A-17", "total": 84.5}])
REASON = "The parcel arrived damaged on Monday, the customer sent photographs and asks for the money back"

REFUND = (
    "refund_order",
    '{"order": {"id": "A-17", "lines": [1, 2]}, "amount": 84.5, "reason": "' + REASON + '", "notify": true}',
    {"refund_id": "R-9", "amount": 84.5},
)
OTHER_REFUND = (
    "refund_order",
    '{"reason": "'
    + REASON.replace("damaged on Monday", "broken on Tuesday")
    + '", "amount": "84.50", "order": {"lines": [1, 2, 3], "id": "A-17"}, "currency": "EUR"}',
    {"refund_id": "R-10", "amount": 84.5},
)
TIDES = [("tide", f'{{"port": "{port}"}}', {"high": "09:10"}) for port in ("Brest", "Dover", "Vigo")]


def turn(*calls: Call, text: str = "") -> TurnRecord:
    """A turn that makes these calls, or says something."""
    made = tuple(ToolCall.read(f"{n}", name, arguments) for n, (name, arguments, _) in enumerate(calls))
    results = tuple(ToolResult(f"{n}", result) for n, (_, _, result) in enumerate(calls))
    return replace(turn_with_answer(), text=text, calls=made, results=results)


QWEN = (
    (
        turn(CUSTOMER),
        turn(ORDERS),
        turn(REFUND),
        turn(text="I refunded 84.50 EUR for order A-17.\nAll the best."),
    ),
    (turn(*TIDES), turn(text="High water is at 09:10 in all three.")),
    (turn(text='{"city": "Porto", "nights": 3, "rooms": [{"kind": "double", "price": 90}]}'),),
    (turn(CUSTOMER), turn(text="Found.")),
)
SONNET = (
    (
        turn(CUSTOMER),
        turn(ORDERS),
        turn(ORDERS),
        turn(OTHER_REFUND),
        turn(text="I have refunded €84.50 for order A-17.\nAll the best."),
    ),
    (turn(TIDES[2], *TIDES[:2]), turn(text="High water is at 09:10 in all three.")),
    (turn(text='{"nights": 3.0, "city": "Porto", "rooms": [{"kind": "twin", "price": 90}]}'),),
    (turn(CUSTOMER), turn(text="Found.")),
)
BROKEN = (
    (
        turn(CUSTOMER),
        turn(("refund_order", '{"order": {"id": "A-17"}, "amount": 84.5, }', "no")),
        turn(text="Sorry."),
    ),
    (turn(text="I cannot know the tides."),),
    (turn(text="Porto, three nights."),),
    (turn(CUSTOMER), turn(text="Found.")),
)

IDS = ("multi_step/refund", "multi_step/tides", "structured_output/room", "single_tool/lookup")


def prompts() -> tuple[PromptRecord, ...]:
    """Four prompts; the first has a reference that can be played."""
    return tuple(
        PromptRecord(id=id, version=1, category=id.split("/")[0], title=f"About {id}", definition={"id": id})
        for id in IDS
    )


def diff_run(created: float = NOVEMBER, **changes: object) -> RunRecord:
    """Three models, four prompts, two repeats."""
    return replace(run(MODELS, created, repeats=2, prompts=prompts()), **changes)  # type: ignore[arg-type]


def made(record: RunRecord, model: int, prompt: int, repeat: int) -> AttemptDetail:
    """What a model did with a prompt."""
    turns = (QWEN, SONNET, BROKEN)[model][prompt]
    return replace(attempt(record, model, prompt, repeat, 3 - model), turns=turns)


async def store_diff_run(settings: Settings, record: RunRecord | None = None, models: int = 3) -> int:
    """Store the run with all attempts of its first models."""
    record = record or diff_run()
    attempts = [
        made(record, model, prompt, repeat)
        for model in range(models)
        for prompt in range(len(record.prompts))
        for repeat in (1, 2)
    ]
    return await store_attempts(settings.database, record, attempts)
