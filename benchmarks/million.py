"""A database of a million attempts, made up: 20 prompts × 3 repeats × 16,700 model runs, in Milo's own schema.

    python -m benchmarks.million FILE [--model-runs 16700]

Runs have one to four of eight models and follow one another over three years. What models say is drawn from a
vocabulary in which words are as unequal as in a language (Zipf), and every attempt names a number of its own, so
that searches find common words, rare ones and single places. Everything follows from the seed.
"""

import argparse
import asyncio
import json
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.measuring import say
from milo_tui.analysis.phases import ModelPhase, Outcome, RunPhase
from milo_tui.analysis.record import Attempt, ModelRecord, PromptRecord, RunRecord, TurnRecord
from milo_tui.config import data_folder
from milo_tui.endpoints.endpoint import Clock, Usage
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.runner.plan import new_run
from milo_tui.store import rows
from milo_tui.store.database import connect
from milo_tui.store.store import writing
from milo_tui.suite.loading import load_suite

MODEL_RUNS = 16_700
REPEATS = 3
MODELS = 8
FIRST = 1_690_000_000.0
DAY = 86_400.0
COMMON, RARE, ABSENT = "model", "quartz", "unheardof"
"""Words of the vocabulary: in nearly every attempt, in about one of 4,000, and in none."""

_POOL = 512
_SYLLABLES = [a + b for a in "bcdfglmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "in")]


def make(path: Path, model_runs: int = MODEL_RUNS, seed: int = 1) -> None:
    """Write the database; `path` must not exist yet."""
    chance = random.Random(seed)
    words = _Words(chance)
    runs = list(_runs(model_runs, words, chance))
    numbers = asyncio.run(_create(path, runs))
    db = connect(path, write=True)
    db.execute("PRAGMA synchronous = OFF")
    pool = [_turns(chance, i) for i in range(_POOL)]
    attempt = 0
    for place, (number, run) in enumerate(zip(numbers, runs, strict=True), 1):
        db.execute("BEGIN")
        attempt = _attempts(db, number, run, attempt, pool, words, chance)
        db.execute("COMMIT")
        if place % 1000 == 0:
            say(f"  {place:,} of {len(runs):,} runs")
    say("  summaries and full text")
    db.execute("INSERT INTO run_summary SELECT * FROM summed")
    db.execute("INSERT INTO attempt_search (rowid, answer, reasoning, calls) SELECT * FROM attempt_text")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _runs(model_runs: int, words: "_Words", chance: random.Random) -> Iterator[RunRecord]:
    """Runs of one to four models, so many model runs in all."""
    template = _run()
    made = 0
    while made < model_runs:
        models = chance.sample(range(MODELS), min(chance.choice((1, 2, 2, 3, 4)), model_runs - made))
        created = FIRST + made * 3 * 365 * DAY / model_runs
        yield replace(
            template,
            key=f"{chance.getrandbits(64):016x}",
            created=created,
            finished=created + 900,
            note=f"note {made}: {words.some(4)}" if chance.random() < 0.2 else "",
            models=tuple(_model(i) for i in models),
        )
        made += len(models)


async def _create(path: Path, runs: Sequence[RunRecord]) -> list[int]:
    async with writing(path) as store:
        return [await store.create_run(run) for run in runs]


class _Words:
    """Text as a model says it, cheap to make: sentences are drawn ready, words of a language within them."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        vocabulary = [
            COMMON,
            *("".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(20_000)),
        ]
        weights = [1 / rank for rank in range(1, len(vocabulary) + 1)]
        drawn = chance.choices(vocabulary, weights, k=400_000)
        self._sentences = [" ".join(drawn[i : i + 20]) for i in range(0, len(drawn), 20)]

    def some(self, words: int) -> str:
        """About that many words."""
        sentence = " ".join(self._chance.choices(self._sentences, k=max(1, words // 20)))
        return sentence if self._chance.random() > 1 / 4000 else f"{sentence} {RARE}"


def _run() -> RunRecord:
    suite = load_suite(data_folder("prompts") / "milo")
    run = new_run(
        suite,
        [ModelEntry(id="m", name="m", protocol="openai", where="local", base_url="http://h:1")],
        REPEATS,
        1,
    )
    return replace(run, phase=RunPhase.DONE)


def _model(index: int) -> ModelRecord:
    api = index % 2 == 1
    return ModelRecord(
        id=f"model-{index}",
        name=f"Model {index} {'Sonnet' if api else '397B'}",
        where="api" if api else "local",
        protocol="anthropic" if api else "openai",
        simulated=False,
        memory_gb=None if api else 203.0,
        sampling="temperature 0",
        entry=ModelEntry(
            id=f"model-{index}",
            name=f"Model {index}",
            protocol="anthropic" if api else "openai",
            where="api" if api else "local",
            model=f"weights/of-model-{index}",
            base_url="http://h:1",
            temperature=0.0,
        ),
        manifest={"sent": {"temperature": 0, "max_tokens": 4096}, "server": "0.32.2", "host": "127.0.0.1"},
        phase=ModelPhase.DONE,
        cold_start=12.0,
    )


def _turns(chance: random.Random, number: int) -> list[tuple[Any, ...]]:
    """An attempt's two turns as rows, without their text: about 6 KB of JSON, deflated as Milo stores it."""
    found = []
    for position in range(2):
        deltas = "".join(
            f'data: {{"id":"chatcmpl-{number}","object":"chat.completion.chunk","choices":[{{"index":0,'
            f'"delta":{{"content":"{chance.choice(_SYLLABLES)} "}}}}]}}\n\n'
            for _ in range(16)
        )
        request = {
            "model": "m",
            "messages": [{"role": "user", "content": "".join(chance.choices(_SYLLABLES, k=300))}],
        }
        first = chance.randint(80, 900) * 1_000_000
        turn = TurnRecord(
            text="", reasoning="", finish_reason="stop", complete=True, loss=None, calls=(), results=(),
            sent_at=FIRST,
            clock=Clock(
                0, first - 5_000_000, first, first, first + 40_000_000, None, first + 400_000_000,
                first + 401_000_000, 16, [first + i * 25_000_000 for i in range(16)],
            ),
            usage=Usage(700, 60, 512), quirks=(), server="0.32.2", status=200,
            headers={"content-type": "text/event-stream", "server": "BaseHTTP/0.6 Python/3.12"},
            request=json.dumps(request).encode(), response=deltas.encode(),
        )  # fmt: skip
        found.append((0, position, *rows.turn_values(turn)))
    return found


def _attempts(
    db: sqlite3.Connection,
    run: int,
    record: RunRecord,
    last: int,
    pool: Sequence[Sequence[tuple[Any, ...]]],
    words: _Words,
    chance: random.Random,
) -> int:
    """Insert all attempts of a run; the id of the last."""
    attempts, turns, calls, checks = [], [], [], []
    for repeat in range(1, REPEATS + 1):
        for prompt in range(len(record.prompts)):
            for model in range(len(record.models)):
                last += 1
                points = min(3, int(chance.triangular(0, 4, 3.9)))
                attempts.append((last, *_values(run, model, prompt, repeat, points, record.created, chance)))
                for row in pool[last % _POOL]:
                    turns.append((last, row[1], words.some(20), words.some(20), *row[4:]))
                arguments = json.dumps({"order": f"C-{last}", "note": words.some(5)[:40]})
                calls.append(
                    (
                        last,
                        0,
                        0,
                        "call_1",
                        _tool(record.prompts[prompt]),
                        arguments,
                        '{"customer_id":"C-2041"}',
                        0,
                    )
                )
                checks += [
                    (last, 1, i, f"check {i}", i < points, "found what was expected") for i in range(3)
                ]
    for table, columns, values in (
        ("attempt", f"id, run, model, prompt, ended, {rows.ATTEMPT.sql}", attempts),
        ("turn", f"attempt, position, {rows.TURN_SQL}", turns),
        ("tool_call", "attempt, turn, position, call_id, name, arguments, result, is_error", calls),
        ("check_result", "attempt, scorer_version, position, title, passed, reason", checks),
    ):
        marks = ", ".join("?" * len(values[0]))
        db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)
    return last


def _tool(prompt: PromptRecord) -> str:
    tools = prompt.definition.get("tools") or [{"name": prompt.id.partition("/")[2]}]
    return str(tools[0]["name"])


def _values(
    run: int, model: int, prompt: int, repeat: int, points: int, created: float, chance: random.Random
) -> tuple[Any, ...]:
    row = Attempt(
        0, "", "", repeat, 1, Outcome.SCORED, points, chance.uniform(0.8, 6), chance.uniform(0.1, 1.2),
        chance.uniform(15, 80), 1400, 120, 512, "", "", created,
    )  # fmt: skip
    return (run, model, prompt, "answer", *rows.ATTEMPT.values(row))


def attempt_text(number: int) -> str:
    """What an attempt alone says: its order's number."""
    return f"C-{number}"


def sizes(path: Path) -> Iterator[str]:
    """Lines about a database: rows and bytes."""
    db = connect(path, write=False)
    for table in ("run", "run_model", "attempt", "turn", "tool_call", "check_result"):
        yield f"{table}: {db.execute(f'SELECT count(*) FROM {table}').fetchone()[0]:,}"
    db.close()
    yield f"{path.stat().st_size / 1e9:.2f} GB"


def main() -> None:
    """Make one where the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--model-runs", type=int, default=MODEL_RUNS)
    given = parser.parse_args()
    if given.file.exists():
        parser.error(f"{given.file} exists; it is left as it is")
    start = time.perf_counter()
    make(given.file, given.model_runs)
    say(f"made in {time.perf_counter() - start:.0f} s; " + "; ".join(sizes(given.file)))


if __name__ == "__main__":
    main()
