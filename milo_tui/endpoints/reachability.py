"""Whether a model can be asked right now, found out without asking it anything that costs."""

import httpx

from milo_tui.endpoints.endpoint import EndpointError
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.keys import fetch_key

_TIMEOUT = 3.0


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
        async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=entry.where == "api") as client:
            await client.get(f"{entry.base_url.rstrip('/').removesuffix('/v1')}/v1/models")
    except httpx.ReadTimeout:
        # A server that works on a long answer may do one thing at a time.
        return True, "busy"
    except httpx.HTTPError:
        return False, "no answer"
    return True, "answers"
