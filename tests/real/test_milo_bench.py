"""Milo-Bench itself, through `milo run`, against three unmodified mlx_lm.servers at once."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import NAMES, Server


@pytest.fixture
def raw(home: Path, servers: Callable[[str], Server]) -> dict[str, Any]:
    """The raw JSON of a whole run: 20 prompts, 1 repeat, all three models beside each other."""
    entries = []
    for name in NAMES:
        entries += [
            "[[model]]",
            *(f'id = "{name}"', f'name = "{name}"', 'protocol = "openai"', 'where = "local"'),
            *(f'base_url = "{servers(name).url}/v1"', f'lane = "{name}"'),
            *("temperature = 0.0", "thinking = true", "max_tokens = 600"),
        ]
    Path("milo.toml").write_text("\n".join(entries) + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "milo_tui", "run", "--plain", "--repeats", "1", "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    print(done.stdout)  # noqa: T201 - the table of a real run, shown with -s
    (path,) = Path("bench_results").glob("*.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_all_three_models_run_the_whole_suite(raw: dict[str, Any]) -> None:
    attempts = raw["attempts"]
    assert len(attempts) == 60
    assert {row["outcome"] for row in attempts} <= {"scored", "failed: server"}
    for name in NAMES:
        of_model = [row for row in attempts if row["model"] == name]
        whole = [row for row in of_model if row["points"] == 3]
        assert whole, f"{name} solved nothing: what it was taught no longer fits the prompts; see README.md"
        _two_turn_call_was_measured(whole)
    models = {model["id"]: model for model in raw["run"]["models"]}
    assert all("0.32" in models[name]["manifest"]["server"] for name in NAMES)


def _two_turn_call_was_measured(attempts: list[dict[str, Any]]) -> None:
    called = [row for row in attempts if len(row["turns"]) >= 2 and row["turns"][0]["calls"]]
    assert called, "no attempt called a tool and then answered"
    for row in called:
        first, second = row["turns"][:2]
        assert first["reasoning"].strip()
        assert first["finish_reason"] == "tool_calls"
        assert row["turns"][-1]["text"].strip()
        for turn in (first, second):
            assert turn["complete"]
            assert turn["input_tokens"] > 0
            assert turn["output_tokens"] > 0
            assert 0 < turn["headers_ns"] <= turn["first_event_ns"] <= turn["last_delta_ns"] <= turn["end_ns"]
        assert first["first_reasoning_ns"] <= first["first_tool_call_ns"]
        assert second["cached_tokens"] > 0, "the echoed turn was not found in the server's prefix cache"
        assert row["ttft"] == pytest.approx(first["first_reasoning_ns"] / 1e9, abs=2e-6)
        assert row["latency"] == pytest.approx(sum(turn["end_ns"] for turn in row["turns"]) / 1e9, abs=2e-6)
