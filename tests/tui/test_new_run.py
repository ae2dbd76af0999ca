"""New run: what is offered, what it would take, what is written down, and that it begins."""

import asyncio
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from milo_tui.analysis.phases import ACTIVE
from milo_tui.config import Settings, load_settings
from milo_tui.endpoints.discovery import Found
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.runner.channel import attach
from milo_tui.runner.events import Command
from milo_tui.store.queries import Reader
from milo_tui.tui import offers
from milo_tui.tui.app import MiloApp
from milo_tui.tui.screens.live import LiveScreen
from milo_tui.tui.screens.new_run import NewRunScreen
from tests.servers.fault_server import FaultServer, answer
from tests.tui.looking import notices, press, screen, settle
from tests.tui.runs_data import settings


def _entry(id: str, url: str) -> ModelEntry:
    return ModelEntry.model_validate(
        {"id": id, "name": f"Model {id}", "protocol": "openai", "where": "local", "base_url": f"{url}/v1"}
    )


@pytest.fixture(autouse=True)
def nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs on this machine is none of these tests' business."""

    async def nobody(ports: dict[int, str] | None = None) -> list[Found]:
        return []

    monkeypatch.setattr(offers, "find_servers", nobody)


async def test_says_which_models_answer_and_what_a_run_takes(tmp_path: Path) -> None:
    async with FaultServer((answer({"data": []}),)) as server:
        models = (_entry("on", server.url), _entry("off", "http://127.0.0.1:9"))
        app = MiloApp(replace(settings(tmp_path), models=models))
        async with app.run_test(size=(120, 36)) as pilot:
            await settle(pilot)
            await press(pilot, "n")
            shown = screen(app)
            lines = {
                line.split("Model ")[1][:3].strip(): line for line in shown.splitlines() if "] Model" in line
            }
            assert "[x] Model on" in lines["on"]
            assert "answers" in lines["on"]
            assert "[ ] Model off" in lines["off"]
            assert "no answer" in lines["off"]
            assert "60 attempts: 60 for each model" in shown
            await press(pilot, "down", "space", "b")
            assert any("Model off: no answer." in notice for notice in notices(app))
            shown = screen(app)
            assert "120 attempts: 60 for each model" in shown
            assert "One after another: Model on, then Model off" in shown
            await press(pilot, "d")
            assert "about 130 questions of each model, seldom more than 190, at most 400" in screen(app)
            await press(pilot, "d")
            await press(pilot, "minus", "minus", "tab", "space")
            assert "32 attempts: 16 for each model" in screen(app)


async def test_milo_toml_is_read_anew_and_a_mistake_in_it_told_where_models_are_chosen(
    tmp_path: Path,
) -> None:
    good = (
        '[[model]]\nid = "mine"\nname = "Mine"\nprotocol = "openai"\nwhere = "local"\n'
        'base_url = "http://127.0.0.1:9/v1"\n'
    )
    path = tmp_path / "milo.toml"
    path.write_text(good.replace("where", "were"), encoding="utf-8")
    app = MiloApp(replace(load_settings(config=path, models=False), database=tmp_path / "milo.db"))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        assert any(
            "milo.toml:5: model[0].were: unknown key (did you mean where?)" in notice
            for notice in notices(app)
        )
        assert "Steady" in screen(app)
        await press(pilot, "escape")
        path.write_text(good, encoding="utf-8")
        await press(pilot, "n")
        assert "[ ] Mine" in screen(app)


async def test_what_listens_here_is_offered_and_written_into_milo_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def someone(ports: dict[int, str] | None = None) -> list[Found]:
        return [
            Found("Ollama", "http://127.0.0.1:11434/v1", ("qwen3.5:27b", "[/nope] \x1b[31m")),
            Found("mlx_lm.server or llama.cpp", "http://127.0.0.1:8080/v1", ("Qwen3.5-397B",)),
        ]

    monkeypatch.setattr(offers, "find_servers", someone)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "CANARY-not-to-be-seen")
    path = Path("milo.toml")
    path.write_text('# mine\ntheme = "milo-light"\n', encoding="utf-8")
    app = MiloApp(replace(settings(tmp_path), config=path))
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "n")
        for name in ("qwen3.5", "Qwen3.5-397B", "Claude Sonnet 4.6", "Steady (simulated)"):
            assert name in screen(app)
        assert "CANARY" not in screen(app)
        await press(pilot, "space", "down", "space", "down", "space", "w")
        assert any("to milo.toml" in notice for notice in notices(app))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# mine")
    assert "CANARY" not in text
    names = {model.get("model") or model["name"] for model in tomllib.loads(text)["model"]}
    assert {"qwen3.5:27b", "Qwen3.5-397B", "claude-sonnet-4-6"} <= names


async def test_nothing_chosen_begins_nothing(tmp_path: Path) -> None:
    app = MiloApp(settings(tmp_path))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "n", "b")
        assert isinstance(app.screen, NewRunScreen)
        assert "Choose at least one model" in screen(app)
        await press(pilot, "escape")
        assert not isinstance(app.screen, NewRunScreen)


async def test_a_chosen_model_begins_a_run_of_its_own_process() -> None:
    where = load_settings()
    app = MiloApp(where)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "n", "space", "b")
        for _ in range(600):
            if isinstance(app.screen, LiveScreen):
                break
            await pilot.pause(0.05)
        assert isinstance(app.screen, LiveScreen), notices(app)
        assert list(app.screen.state.models) == ["steady"]
    await _end(where)


async def _end(where: Settings) -> None:
    """The run went on when the app left; stop it and wait until its process has ended."""
    feed = await attach(1, where.runtime)
    await feed.send(Command("stop", now=True))
    async for _ in feed.events():
        pass
    await feed.aclose()
    reader = await Reader.open(where.database)
    while (await reader.summary(1)).phase in ACTIVE:
        await asyncio.sleep(0.05)
    await reader.aclose()
