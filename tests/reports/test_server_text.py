"""What is said of a model's server, and of calls lost with streaming and without."""

from dataclasses import replace

from milo_tui.analysis.phases import Outcome
from milo_tui.analysis.record import Attempt
from milo_tui.reports.server_text import Lost, lost_calls, server_words
from tests.factories import make_row

from .made import MINIMAX, QWEN, SONNET, run


def attempt(model: str, outcome: Outcome, points: int | None = 0) -> Attempt:
    """An attempt with an outcome."""
    return make_row(model, points=points, outcome=outcome)


def test_of_a_server_nothing_is_said_that_changes_no_figure() -> None:
    assert server_words(QWEN) == []


def test_what_of_a_server_changes_figures_is_said() -> None:
    managed = {
        "version": "0.31.2-0.31.1-macOS-26",
        "ranks": 2,
        "restarts": 1,
        "clamped": ["top_k 9 is not sent"],
    }
    model = replace(
        QWEN, entry=QWEN.entry.model_copy(update={"stream": False}), manifest={"managed": managed}
    )
    words = server_words(model)
    assert words[:4] == [
        "not streamed",
        "on 2 ranks (tensor)",
        "its server was restarted 1 times",
        "top_k 9 is not sent",
    ]
    assert words[4].startswith("mlx-lm 0.31.2 is older than 0.32: ")


def test_lost_calls_are_counted_for_each_model_streamed_and_not() -> None:
    whole = replace(QWEN, entry=QWEN.entry.model_copy(update={"stream": False}))
    lost, scored = Outcome.SERVER, Outcome.SCORED
    first = (
        run((QWEN, SONNET)),
        [
            attempt("qwen", lost),
            attempt("qwen", scored, 3),
            attempt("sonnet", scored, 3),
            attempt("qwen", Outcome.INFRASTRUCTURE, None),
        ],
    )
    second = (run((whole, MINIMAX)), [attempt("qwen", scored, 3), attempt("qwen", scored, 3)])
    found = lost_calls([first, second])
    assert found["Qwen3.5-397B"] == {True: Lost(2, 1), False: Lost(2, 0)}
    assert found["Claude Sonnet 4.6"] == {True: Lost(1, 0), False: Lost()}
    assert str(found["Qwen3.5-397B"][True]) == "1 of 2"
    assert str(found["MiniMax M2.7"][True]) == "–"
