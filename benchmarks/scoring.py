"""What scoring costs at its worst: a megabyte of answer, 200 calls, every prompt of Milo-Bench.

python -m benchmarks.scoring [--rounds 5]
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

from milo_tui.settings import data_folder
from milo_tui.suite.conversation import Conversation, ToolCall, ToolResult, Turn
from milo_tui.suite.loading import load_suite
from milo_tui.suite.playing import play
from milo_tui.suite.prompt import Prompt
from milo_tui.suite.scoring import score

MEGABYTE = 1_000_000


def _reference(prompt: Prompt) -> Conversation:
    return play(prompt, prompt.reference)


def _long_words(prompt: Prompt) -> Conversation:
    return Conversation(
        (*_reference(prompt).turns[:-1], Turn(text="so it is, 84.5 of 100; " * (MEGABYTE // 23)))
    )


def _long_brackets(prompt: Prompt) -> Conversation:
    return Conversation((*_reference(prompt).turns[:-1], Turn(text="[{" * (MEGABYTE // 2))))


def _many_calls(prompt: Prompt) -> Conversation:
    name = prompt.tools[0].name if prompt.tools else "none"
    calls = tuple(
        ToolCall.read(f"c{i}", name, f'{{"number": {i}, "text": "{"x" * 200}"}}') for i in range(200)
    )
    results = tuple(ToolResult(call.id, {"ok": True}) for call in calls)
    return Conversation((Turn(calls=calls, results=results), Turn(text="Done.")))


CASES: dict[str, Callable[[Prompt], Conversation]] = {
    "the reference": _reference,
    "1 MB of words": _long_words,
    "1 MB of brackets": _long_brackets,
    "200 calls": _many_calls,
}


def main() -> None:
    """Print the table: milliseconds a score, the median over prompts and the slowest prompt."""
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    suite = load_suite(data_folder("prompts") / "milo")
    print(f"{platform.platform()}, Python {platform.python_version()}; ms a score, median of {rounds}")  # noqa: T201
    print(f"{'':20}{'median':>10}{'slowest':>10}")  # noqa: T201
    for name, make in CASES.items():
        times = []
        for prompt in suite.prompts:
            conversation = make(prompt)
            score(prompt, conversation)
            times.append(statistics.median(_timed(prompt, conversation) for _ in range(rounds)))
        print(f"{name:20}{statistics.median(times):10.2f}{max(times):10.2f}")  # noqa: T201


def _timed(prompt: Prompt, conversation: Conversation) -> float:
    start = time.perf_counter()
    score(prompt, conversation)
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
