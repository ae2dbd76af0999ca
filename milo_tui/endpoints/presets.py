"""What `milo models add` puts into a milo.toml: one model of a well-known server or API.

Each says what Milo makes of the server: where it listens, which keys it understands, where thinking is echoed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from milo_tui.errors import MiloError


@dataclass(frozen=True, slots=True)
class Preset:
    """A model to begin with: what it is for, its keys in order, and the keys of its [model.server]."""

    about: str
    keys: dict[str, Any]
    server: dict[str, Any] | None = None
    needs_model: bool = True


_LOCAL: dict[str, Any] = {"protocol": "openai", "where": "local"}
_API: dict[str, Any] = {"where": "api"}

PRESETS = {
    "mlx": Preset(
        "Milo starts mlx_lm.server itself; --model names a folder or a Hugging Face repository.",
        {**_LOCAL, "temperature": 0.0, "max_tokens": 4096},
        server={"weights": ""},
    ),
    "mlx-running": Preset(
        "A mlx_lm.server that runs already.",
        {**_LOCAL, "base_url": "http://127.0.0.1:8080/v1", "temperature": 0.0},
        needs_model=False,
    ),
    "ollama": Preset(
        # Ollama takes temperature and top_p for 1.0 where they are not sent, and has no top_k on /v1.
        "Ollama. It knows no top_k on this API, and samples at 1.0 where nothing is said.",
        {**_LOCAL, "base_url": "http://127.0.0.1:11434/v1", "temperature": 0.0, "top_p": 1.0},
    ),
    "llama.cpp": Preset(
        "llama-server of llama.cpp; start it with --jinja for tool calls.",
        {
            **_LOCAL,
            "base_url": "http://127.0.0.1:8080/v1",
            "temperature": 0.0,
            "echo_reasoning": "reasoning_content",
        },
        needs_model=False,
    ),
    "vllm": Preset(
        "vLLM; start it with --enable-auto-tool-choice and a --tool-call-parser.",
        {**_LOCAL, "base_url": "http://127.0.0.1:8000/v1", "temperature": 0.0, "echo_reasoning": "both"},
    ),
    "lmstudio": Preset(
        "LM Studio's local server.",
        {**_LOCAL, "base_url": "http://127.0.0.1:1234/v1", "temperature": 0.0},
    ),
    "openrouter": Preset(
        "OpenRouter; pin a provider in its settings, or calls go to whichever is free.",
        {
            **_API,
            "protocol": "openai",
            "base_url": "https://openrouter.ai/api/v1",
            "api_key_env": "OPENROUTER_API_KEY",
            "temperature": 0.0,
        },
    ),
    "anthropic": Preset(
        "Anthropic. The API version of 2023 still takes a temperature; later ones refuse it.",
        {**_API, "protocol": "anthropic", "api_key_env": "ANTHROPIC_API_KEY", "temperature": 0.0},
    ),
    "openai": Preset(
        "OpenAI. Its newer models refuse a temperature, so none is sent.",
        {
            **_API,
            "protocol": "openai",
            "base_url": "https://api.openai.com/v1",
            "api_key_env": "OPENAI_API_KEY",
        },
    ),
}


class PresetError(MiloError):
    """The model cannot be added; one sentence."""


class FileInTheWay(PresetError):
    """milo.toml as it stands takes no further model; the sentence does not name the file."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for: the preset's name, and what goes before its own keys."""

    preset: str
    model: str | None = None
    id: str | None = None
    name: str | None = None
    base_url: str | None = None


def add_model(text: str, wanted: Wanted) -> str:
    """The text of a milo.toml with one model more; all that stood there stays, comments too. Raises PresetError."""
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise FileInTheWay(f"not valid TOML: {error}.") from None
    models = document.get("model")
    if models is not None and not isinstance(models, AoT):
        raise FileInTheWay("model must be a list of tables: write each model as [[model]].")
    table = _table(wanted)
    if any(str(other.get("id")) == table["id"] for other in models or ()):
        raise PresetError(f"{table['id']} is the id of a model already: give another with --id.")
    added = tomlkit.document()
    added.append("model", _list(table))
    separator = "" if not text or text.endswith("\n\n") else ("\n" if text.endswith("\n") else "\n\n")
    return text + separator + tomlkit.dumps(added)


def _list(table: Table) -> AoT:
    models = tomlkit.aot()
    models.append(table)
    return models


def _table(wanted: Wanted) -> Table:
    preset = PRESETS[wanted.preset]
    if preset.needs_model and not wanted.model:
        raise PresetError(f"The preset {wanted.preset} needs a model's name: give it with --model.")
    id = wanted.id or _id(wanted)
    table = tomlkit.table()
    table.comment(preset.about)
    table.append("id", id)
    table.append("name", wanted.name or id)
    for key, value in preset.keys.items():
        table.append(key, wanted.base_url if key == "base_url" and wanted.base_url else value)
    if wanted.model and preset.server is None:
        table.append("model", wanted.model)
    if preset.server is not None:
        server = tomlkit.table()
        for key, value in preset.server.items():
            server.append(key, wanted.model if key == "weights" else value)
        table.append("server", server)
    return table


def _id(wanted: Wanted) -> str:
    """An id made of the model's name: its last part, in letters that an id may have."""
    last = Path(wanted.model or wanted.preset).name.lower()
    kept = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in last
    )
    return kept.strip("._-")[:64] or wanted.preset
