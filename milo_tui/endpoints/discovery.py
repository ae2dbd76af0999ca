"""Which model servers answer right now, found out without asking anything that costs."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx

from milo_tui.endpoints.endpoint import LOOPBACK, EndpointError
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.failures import cause_of, is_certificate_problem
from milo_tui.endpoints.keys import fetch_key, is_loopback
from milo_tui.endpoints.stamping import StampingTransport

USUAL_PORTS = {
    8080: "mlx_lm.server or llama.cpp",
    8000: "vLLM",
    1234: "LM Studio",
    11434: "Ollama",
}
_TIMEOUT, REACH_TIMEOUT = 1.0, 3.0
_MOST_BYTES, _MOST_MODELS, _MOST_NAME = 1_000_000, 1_000, 200


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
        async with asyncio.timeout(REACH_TIMEOUT):
            body = await fetch(client, httpx.URL(f"{base_url}/models"))
    except (httpx.HTTPError, TimeoutError):
        return None
    if body is None:
        return None
    names = listed_models(body)
    return Found(kind, base_url, tuple(name.rsplit("/", 1)[-1][:_MOST_NAME] for name in names))


def listed_models(body: str | bytes) -> list[str]:
    """The names in an answer to GET /models, as the server gives them; none where it cannot be read."""
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        # mlx_lm.server answers with an empty body where the Hugging Face cache has no folder yet.
        data = {}
    listed = data.get("data") if isinstance(data, dict) else None
    items = listed[:_MOST_MODELS] if isinstance(listed, list) else []
    return [item["id"] for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]


async def fetch(
    client: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str] = MappingProxyType({})
) -> bytes | None:
    """What a server answers, up to a bound and as it was sent: any program may listen at a usual port."""
    async with client.stream("GET", url, headers={"accept-encoding": "identity", **headers}) as answer:
        if not answer.is_success:
            return None
        body = bytearray()
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > _MOST_BYTES:
                return b""
        return bytes(body)


async def check_reachable(entry: ModelEntry) -> tuple[bool, str]:
    """Whether the entry's server answers or its key is there, and that in a few words.

    A server that answers `GET /v1/models` with any status is there; a cloud is taken to be, given its key.
    """
    if entry.is_simulated:
        return True, "built in"
    if entry.api_key_env is not None:
        try:
            fetch_key(entry.api_key_env)
        except EndpointError:
            return False, f"{entry.api_key_env} is not set"
    if entry.base_url is None:
        return (True, "Milo starts it") if entry.server else (True, "key is set")
    try:
        url = httpx.URL(f"{entry.base_url.rstrip('/').removesuffix('/v1')}/v1/models")
        transport = StampingTransport(url, trust_env=not is_loopback(url.host))
        async with (
            asyncio.timeout(REACH_TIMEOUT),
            httpx.AsyncClient(transport=transport, timeout=REACH_TIMEOUT, trust_env=False) as client,
            client.stream("GET", url),
        ):
            pass
    except (httpx.ReadTimeout, TimeoutError):
        # A server that works on a long answer may do one thing at a time.
        return True, "busy"
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        return False, cause_of(error) if is_certificate_problem(error) else "no answer"
    return True, "answers"
