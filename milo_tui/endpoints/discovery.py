"""Model servers that run on this machine already, found by asking at their usual ports."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from milo_tui.endpoints.endpoint import LOOPBACK

USUAL_PORTS = {
    8080: "mlx_lm.server or llama.cpp",
    8000: "vLLM",
    1234: "LM Studio",
    11434: "Ollama",
}
_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """A server: what it is by its port, its address, and the models that it names (their last path part)."""

    kind: str
    base_url: str
    models: tuple[str, ...]


async def find_servers(ports: dict[int, str] | None = None) -> list[Found]:
    """Ask GET /v1/models at each port; nothing is loaded or changed by it."""
    asked = USUAL_PORTS if ports is None else ports
    async with httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT) as client:
        answers = await asyncio.gather(*(_ask(client, port, kind) for port, kind in asked.items()))
    return [found for found in answers if found is not None]


async def _ask(client: httpx.AsyncClient, port: int, kind: str) -> Found | None:
    base_url = f"http://{LOOPBACK}:{port}/v1"
    try:
        answer = await client.get(f"{base_url}/models")
    except httpx.HTTPError:
        return None
    if not answer.is_success:
        return None
    try:
        data: Any = answer.json()
    except ValueError:
        # mlx_lm.server answers with an empty body where the Hugging Face cache has no folder yet.
        data = {}
    listed = data.get("data") if isinstance(data, dict) else None
    names = [str(item["id"]) for item in listed or [] if isinstance(item, dict) and "id" in item]
    return Found(kind, base_url, tuple(name.rsplit("/", 1)[-1] for name in names))
