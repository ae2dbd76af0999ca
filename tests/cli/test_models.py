"""models list, add, losses; doctor; and what `milo run` says and refuses before it begins."""

import asyncio
from pathlib import Path

from milo_tui.cli.options import BELOW, INCOMPLETE
from milo_tui.mlx.memory import machine_gb
from tests.servers.fault_server import FaultServer, Recorded, Step, answer

from .milo import milo, write_config

MANAGED = """
[[model]]
id = "big"
name = "Big"
protocol = "openai"
where = "local"
[model.server]
weights = "nobody/nothing"
"""
API = """
[[model]]
id = "s"
name = "Sonnet"
protocol = "anthropic"
where = "api"
model = "claude-sonnet-4-6"
api_key_env = "ANTHROPIC_API_KEY"
"""


def test_the_published_example_is_listed_with_its_plan() -> None:
    milo("models", "init", "--example", "published")
    printed = milo("models", "list").stdout
    assert "One after another: Qwen3.5-397B (416 GB), then MiniMax M2.7 (203 GB); " in printed
    assert "Beside them: Claude Sonnet 4.6." in printed
    assert "trust_remote_code: runs code from" in " ".join(printed.split())


def test_a_model_that_cannot_fit_is_refused_before_anything_starts(home: Path) -> None:
    Path("milo.toml").write_text(f"{MANAGED}memory_gb = {2 * machine_gb():.0f}\n")
    said = milo("run", "--plain", status=2).stderr
    assert f"Big needs {2 * machine_gb():.0f} GB of memory and this machine has" in said
    assert not (home / "logs").exists()
    assert not milo("runs").stdout


def test_an_estimate_is_told_before_a_run() -> None:
    Path("milo.toml").write_text(API)
    said = milo("run", "--plain", "--prompt", "single_tool/well_flow", status=2).stderr
    assert "Sonnet will cost about $" in said
    assert "prices as of 20" in said


def test_prices_of_the_users_own_that_cannot_be_read_are_one_sentence(home: Path) -> None:
    Path("milo.toml").write_text(API)
    home.mkdir()
    (home / "prices.toml").write_text("[[price]]\nmodel = 1\n")
    assert "prices.toml: price.0.model" in milo("run", "--plain", status=2).stderr


async def test_s9_a_refused_name_is_told_with_the_names_that_there_are() -> None:
    def play(request: Recorded) -> list[Step]:
        if request.path == "/v1/models":
            return [answer({"data": [{"id": "org/one:8b"}]})]
        return [answer({"error": {"message": "model 'default_model' not found"}}, 404)]

    async with FaultServer(play) as server:
        write_config({"id": "m", "name": "M", "protocol": "openai", "where": "local", "base_url": server.url})
        checked = await asyncio.to_thread(milo, "models", "check", status=BELOW)
        words = ("run", "--plain", "--prompt", "single_tool/well_flow")
        ran = await asyncio.to_thread(milo, *words, status=INCOMPLETE)
    for said in (checked.stdout, ran.stderr):
        assert "model 'default_model' not found. The server lists org/one:8b: give one as `model`." in said


def test_add_keeps_what_is_there_and_lists_its_presets() -> None:
    assert "ollama" in milo("models", "add").stdout
    Path("milo.toml").write_text("# mine\n")
    milo("models", "add", "ollama", "--model", "qwen3:8b")
    assert Path("milo.toml").read_text().startswith("# mine\n")
    assert "qwen3-8b" in milo("models", "list").stdout
    milo("models", "add", "ollama", "--model", "qwen3:8b", status=2)
    assert "milo.toml" not in milo("models", "add", "ollama", status=2).stderr
    milo("models", "add", "nothing", status=2)


def test_losses_of_no_run_is_a_sentence() -> None:
    assert "milo run --no-stream" in milo("models", "losses").stderr


def test_doctor_names_what_is_missing_and_how_to_mend_it() -> None:
    Path("milo.toml").write_text(API + MANAGED + f"memory_gb = {2 * machine_gb():.0f}\n")
    printed = milo("doctor", status=1).stdout
    assert "The environment variable ANTHROPIC_API_KEY is not set: put the API key into it." in printed
    assert "✗ Big needs" in printed
    assert "mlx-lm 0." in printed


def test_doctor_reports_a_broken_milo_toml_and_goes_on() -> None:
    Path("milo.toml").write_text("[[model]\nid = 'a'\n")
    printed = milo("doctor", status=1).stdout
    assert "✗" in printed.partition("Models")[2].partition("Servers")[0]
    assert "milo.toml" in printed.partition("Models")[2]
    assert "names none" not in printed
    assert "Database" in printed


def test_doctor_is_content_and_shows_no_key() -> None:
    Path("milo.toml").write_text(API)
    done = milo("doctor", ANTHROPIC_API_KEY="sk-ant-canary-1234567890")
    assert "ANTHROPIC_API_KEY is set" in done.stdout
    assert "canary" not in done.stdout + done.stderr


def test_f27_s9_doctor_names_every_model_and_what_its_folder_lacks(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    Path("milo.toml").write_text(
        '[[model]]\nid = "plain"\nname = "Plain"\nprotocol = "openai"\nwhere = "local"\n'
        'base_url = "http://127.0.0.1:9/v1"\n'
        + "".join(
            f'[[model]]\nid = "{name}"\nname = "{name}"\nprotocol = "openai"\nwhere = "local"\n'
            f'[model.server]\nweights = "{tmp_path / name}"\n'
            for name in ("empty", "absent")
        )
    )
    printed = milo("doctor", status=1).stdout
    assert "Plain: http://127.0.0.1:9/v1" in printed
    assert f"empty: {tmp_path / 'empty'} holds nothing" in printed
    assert f"absent: there is no folder {tmp_path / 'absent'}" in printed


def test_doctor_tells_of_a_damaged_database(home: Path) -> None:
    home.mkdir()
    (home / "milo.db").write_bytes(b"no database " * 400)
    assert "no Milo database" in milo("doctor", status=1).stdout
