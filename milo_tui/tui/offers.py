"""The models that New run offers: those of milo.toml, else of servers on this machine and of keys; simulated ones."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from milo_tui.config import is_set
from milo_tui.endpoints.discovery import Found, find_servers
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.presets import PresetError, Wanted, add_model
from milo_tui.runner.demo import demo_entries

SONNET = "claude-sonnet-4-6"
MOST_MODELS = 6
"""How many models of one server are offered."""

_PRESETS = {8080: "mlx-running", 8000: "vllm", 1234: "lmstudio", 11434: "ollama"}


@dataclass(frozen=True)
class Offer:
    """A model that can be run; `wanted` is what to write into milo.toml where it is not there yet."""

    entry: ModelEntry
    wanted: Wanted | None = None


def known_offers(configured: Iterable[ModelEntry]) -> list[Offer]:
    """Return the models of milo.toml, or without any those that have a key; last the simulated ones."""
    named = [Offer(entry) for entry in configured] or _of_keys()
    return [*named, *(Offer(entry) for entry in demo_entries("real"))]


async def server_offers() -> list[Offer]:
    """Return the models of the servers that listen on this machine."""
    return _of_servers(await find_servers())


def _of_servers(servers: Iterable[Found]) -> list[Offer]:
    wishes = []
    for server in servers:
        port = int(server.base_url.rsplit(":", 1)[1].split("/")[0])
        preset = _PRESETS.get(port, "mlx-running")
        if preset == "mlx-running":
            wishes.append(Wanted(preset, name=server.models[0] if server.models else server.kind))
        else:
            wishes += [Wanted(preset, model=name) for name in server.models[:MOST_MODELS]]
    return _offered(wishes)


def _of_keys() -> list[Offer]:
    return _offered(
        [Wanted("anthropic", model=SONNET, name="Claude Sonnet 4.6")] if is_set("ANTHROPIC_API_KEY") else []
    )


def _offered(wishes: Iterable[Wanted]) -> list[Offer]:
    """Make entries as milo.toml would; a name that milo.toml cannot hold is left out."""
    found = []
    for wanted in wishes:
        try:
            entry = ModelEntry.model_validate(tomllib.loads(add_model("", wanted))["model"][0])
        except (PresetError, ValidationError):
            continue
        found.append(Offer(entry, wanted))
    return found


def written(text: str, chosen: Iterable[Offer]) -> str:
    """The text of a milo.toml with the chosen offers that it does not hold yet. Raises PresetError."""
    for offer in chosen:
        if offer.wanted is not None:
            text = add_model(text, offer.wanted)
    return text
