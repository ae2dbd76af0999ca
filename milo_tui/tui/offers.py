"""What can be run where no milo.toml says so: servers that listen here, keys that are set, simulated models."""

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
    """A model that may be run; `wanted` is how it would be written into milo.toml, where it is not yet."""

    entry: ModelEntry
    wanted: Wanted | None = None


async def offers(configured: Iterable[ModelEntry]) -> list[Offer]:
    """The models of milo.toml; without any, what is found on this machine; last the simulated ones."""
    named = [Offer(entry) for entry in configured]
    found = named or [*_of_servers(await find_servers()), *_of_keys()]
    return [*found, *(Offer(entry) for entry in demo_entries("real"))]


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
    """Entries as milo.toml would give them; a name that no milo.toml could hold is left out."""
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
