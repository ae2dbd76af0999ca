"""What waits, what is refused, and the plan of the published run in words."""

import tomllib
from typing import Any

import pytest

from milo_tui.cli.model_examples import example_text
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.runner.fitting import cannot_fit, plan_lines

MAC_GB = 549.8
"""A Mac Studio with 512 GiB, in gigabytes of 10^9 bytes."""


def published() -> list[ModelEntry]:
    """The three models of the published run."""
    return [ModelEntry.model_validate(entry) for entry in tomllib.loads(example_text("published"))["model"]]


def local(id: str, **server: Any) -> ModelEntry:
    """A model with a server of Milo's own."""
    fields = {"id": id, "name": id.upper(), "protocol": "openai", "where": "local"}
    return ModelEntry.model_validate({**fields, "server": {"weights": "w", **server}})


def test_the_plan_of_the_published_run_says_what_waits_and_why() -> None:
    assert plan_lines(published(), MAC_GB) == [
        "One after another: Qwen3.5-397B (416 GB), then MiniMax M2.7 (203 GB); together they need 619 GB, "
        "and this machine has 549.8 GB.",
        "Beside them: Claude Sonnet 4.6.",
    ]
    assert not cannot_fit(published(), MAC_GB)


def test_what_cannot_fit_is_refused_with_the_figures() -> None:
    sentences = cannot_fit(published(), 274.9)
    assert len(sentences) == 1
    assert sentences[0].startswith("Qwen3.5-397B needs 416 GB of memory and this machine has 274.9 GB: ")


def test_models_that_would_fit_together_still_share_the_machine() -> None:
    lines = plan_lines([local("a", memory_gb=10), local("b", memory_gb=20)], 64)
    assert lines == ["One after another: A (10 GB), then B (20 GB); they share a machine."]


def test_s9_models_of_an_api_that_share_a_lane_share_no_machine() -> None:
    entries = [
        ModelEntry.model_validate(
            {"id": id, "name": id.upper(), "protocol": "openai", "where": "api", "lane": "quota",
             "base_url": "https://model.invalid/v1", "model": id}
        )
        for id in ("a", "b")
    ]  # fmt: skip
    assert plan_lines(entries, 64) == ["One after another: A, then B; they share the lane quota."]


def test_a_server_that_runs_already_is_not_weighed() -> None:
    running = local("a", memory_gb=900).model_copy(update={"base_url": "http://127.0.0.1:8080/v1"})
    assert not cannot_fit([running], 64)


def test_of_a_model_spread_over_hosts_only_this_machines_part_is_weighed(tmp_path: Any) -> None:
    hosts = tmp_path / "hosts.json"
    hosts.write_text('[{"ssh": "127.0.0.1", "ips": ["10.0.0.1"]}, {"ssh": "mac-2", "ips": ["10.0.0.2"]}]')
    assert not cannot_fit([local("a", memory_gb=100, hosts=str(hosts))], 64)
    assert cannot_fit([local("a", memory_gb=200, hosts=str(hosts))], 64)


@pytest.mark.parametrize("models", [[], ["a"]])
def test_a_single_model_needs_no_plan(models: list[str]) -> None:
    assert plan_lines([local(id) for id in models], 64) == []


def test_models_on_hosts_of_their_own_run_beside_each_other() -> None:
    entries = [
        local("a").model_copy(update={"base_url": f"http://mac-{i}:8080/v1", "id": f"m{i}", "name": f"M{i}"})
        for i in (1, 2)
    ]
    assert plan_lines(entries, 64) == ["Beside each other: M1, M2."]
