"""What scoring costs at its worst: a megabyte of answer, 200 calls, every prompt of Milo-Bench.

python -m benchmarks.scoring [--rounds 5]
"""

import time
from collections.abc import Callable

from benchmarks.measuring import Row, median, parser, print_table, say
from milo_tui.config import data_folder
from milo_tui.suite.conversation import Conversation, ToolCall, ToolResult, Turn
from milo_tui.suite.loading import load_suite
from milo_tui.suite.prompt import Prompt
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import play

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
    rounds = parser(__doc__).parse_args().rounds
    suite = load_suite(data_folder("prompts") / "milo")
    rows = []
    for name, make in CASES.items():
        times = []
        for prompt in suite.prompts:
            conversation = make(prompt)
            score(prompt, conversation)
            times.append(median(_timed(prompt, conversation) for _ in range(rounds)))
        rows.append(Row(name, [f"{median(times):.2f}", f"{max(times):.2f}"]))
    say(f"ms a score, medians of {rounds}; {len(suite.prompts)} prompts")
    print_table(("", "median prompt", "slowest prompt"), rows)


def _timed(prompt: Prompt, conversation: Conversation) -> float:
    start = time.perf_counter()
    score(prompt, conversation)
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
