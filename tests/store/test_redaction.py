"""`--share`: host names, addresses, paths and notes stay at home, in every format."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.analysis.record import RunRecord
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.store.redaction import Redaction
from tests.cli.milo import milo
from tests.reports import made

PRIVATE = (
    "gpu-box.example",
    "qwen.example",
    "/home/kim",
    "weights-of-kim",
    "only for me",
    "10.0.0.7",
    "SECRET_KEY_NAME",
)


def private_run() -> RunRecord:
    entry = {
        "id": "qwen",
        "name": "Qwen3.5-397B",
        "protocol": "openai",
        "where": "local",
        "base_url": "http://qwen.example:8080/v1",
        "api_key_env": "SECRET_KEY_NAME",
        "server": {"weights": "/home/kim/weights-of-kim/Qwen-8bit", "args": ["--log", "/home/kim/x"]},
    }
    qwen = replace(
        made.QWEN,
        entry=ModelEntry.read_back(entry),
        manifest={"server": "made-up 1.0", "host": "10.0.0.7:8080"},
    )
    return made.run((qwen, made.SONNET), note="only for me, on gpu-box.example:8080")


def holes(model: int, prompt: int, repeat: int) -> int | None:
    return None if (model, prompt, repeat) == (0, 0, 1) else 3


@pytest.mark.parametrize("form", ["table", "md", "html", "csv", "json", "junit"])
async def test_what_is_private_is_left_out(home: Path, form: str) -> None:
    await made.store(home / "milo.db", private_run(), holes)
    shared = milo("show", "--format", form, "--share").stdout
    assert [word for word in PRIVATE if word in shared] == []
    assert "Qwen3.5-397B" in shared


async def test_without_it_the_note_is_told(home: Path) -> None:
    await made.store(home / "milo.db", private_run(), holes)
    assert "only for me" in milo("show", "--format", "md").stdout


async def test_shared_json_is_still_valid_and_keeps_the_model(home: Path) -> None:
    from tests.reports.test_formats import schema_faults

    await made.store(home / "milo.db", private_run(), holes)
    exported = milo("show", "--format", "json", "--share").stdout
    assert schema_faults(exported) == []
    server = json.loads(exported)["run"]["models"][0]["entry"]["server"]
    assert server == {"weights": "…/Qwen-8bit"}


@pytest.mark.parametrize(
    ("given", "shared"),
    [
        ("POST http://a.example:80/v1 failed", "POST [address] failed"),
        ("cannot reach mac-studio.local", "cannot reach [host]"),
        ("connection to 192.168.1.5:8080 refused", "connection to [host] refused"),
        ("see ~/models/x/Qwen3 and /var/log/milo.log", "see …/Qwen3 and …/milo.log"),
        ("see /Users/Kim Smith/logs/milo.log, line 3", "see …/milo.log, line 3"),
        (r"C:\Users\kim\models\Qwen3", "…/Qwen3"),
        ("mlx-community/Qwen3.5-397B-A17B-8bit", "mlx-community/Qwen3.5-397B-A17B-8bit"),
        ("2/3 of 84.5 at 10:30", "2/3 of 84.5 at 10:30"),
        ("mlx_lm.server 0.31.2", "mlx_lm.server 0.31.2"),
    ],
)
def test_places_are_taken_out_of_messages(given: str, shared: str) -> None:
    assert Redaction(made.run()).message(given) == shared
