"""A shared report, with private things planted in every field: they are in none of the formats."""

import getpass
import platform
from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.endpoints.entry import ModelEntry
from milo_tui.reports.formats import REPORTS
from milo_tui.suite.conversation import ToolCall, ToolResult
from tests.factories import make_attempt, make_row, make_turn, store_attempts
from tests.reports import made
from tests.reports.rendering import rendered

HOST, IDN, ASCII = "gpu-box.example", "bücher.example", "xn--bcher-kva.example"
SECRETS = (
    HOST,
    HOST.upper(),
    IDN,
    ASCII,
    "kim-s-mac",
    "/Users/Kim Smith",
    "Kim Smith",
    "kimsmith",
    "only for me",
)
PLANTED = f"{HOST} {HOST.upper()}. {IDN}. {ASCII} kim-s-mac.fritz.box /Users/Kim Smith/models/Qwen kimsmith"
NAME = f"ask_{HOST}"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are shared on the machine of Kim Smith."""
    monkeypatch.setattr(platform, "node", lambda: "kim-s-mac.fritz.box")
    monkeypatch.setattr(getpass, "getuser", lambda: "kimsmith")
    monkeypatch.setattr(Path, "home", lambda: Path("/Users/Kim Smith"))


def _entry(id: str, address: str) -> ModelEntry:
    return ModelEntry.read_back(
        {
            "id": id,
            "name": id,
            "protocol": "openai",
            "where": "local",
            "base_url": f"http://{address}:8080/v1",
            "server": {"weights": "/Users/Kim Smith/models/Qwen", "args": [PLANTED], "python": PLANTED},
        }
    )


async def _store(database: Path) -> int:
    models = [
        replace(
            model,
            entry=_entry(model.id, address),
            manifest={"server": PLANTED, "host": HOST, "sent": {NAME: PLANTED}},
            note=PLANTED,
            sampling=f"temperature 0, {PLANTED}",
        )
        for model, address in ((made.QWEN, HOST), (made.SONNET, IDN))
    ]
    run = made.run(
        models, note=f"only for me {PLANTED}", machine={"system": PLANTED, "versions": {HOST: "1"}}
    )
    call = ToolCall.read(HOST, NAME, f'{{"{HOST}": "{PLANTED}", "list": ["{PLANTED}"]}}')
    broken = ToolCall.read(f"{HOST}-2", NAME, f'{{"{PLANTED}')
    turn = make_turn(
        PLANTED,
        PLANTED,
        (call, broken),
        (ToolResult(call.id, {HOST: [PLANTED]}), ToolResult(broken.id, PLANTED, True)),
        finish_reason=HOST,
        server=PLANTED,
        quirks=(PLANTED,),
        headers={"server": PLANTED, HOST: PLANTED},
        request=PLANTED.encode(),
        response=PLANTED.encode(),
    )
    prompt = run.prompts[0].id
    attempts = [
        make_attempt(
            make_row("qwen", prompt, repeat, points, error=f"cannot reach {PLANTED}", lost=PLANTED),
            (turn,),
            (PLANTED,) * 3,
            (PLANTED,) * 3,
        )
        for repeat, points in ((1, 1), (2, 2), (3, None))
    ]
    return await store_attempts(database, run, attempts)


@pytest.mark.parametrize("name", REPORTS)
async def test_nothing_private_is_in_a_shared_report(tmp_path: Path, name: str) -> None:
    number = await _store(tmp_path / "milo.db")
    assert HOST in await rendered(name, tmp_path / "milo.db", number)
    shared = await rendered(name, tmp_path / "milo.db", number, share=True)
    found = shared.encode().decode("unicode_escape", "replace") if name == "json" else shared
    assert [secret for secret in SECRETS if secret in shared or secret in found] == []
    assert "qwen" in shared.lower()
