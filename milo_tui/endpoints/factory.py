"""From an entry of milo.toml to the endpoint that it names."""

from typing import TYPE_CHECKING

from milo_tui.endpoints.endpoint import Endpoint
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.keys import fetch_key

if TYPE_CHECKING:
    from milo_tui.endpoints.anthropic import AnthropicMessages
    from milo_tui.endpoints.openai import OpenAIChat


def make_endpoint(entry: ModelEntry, *, base_url: str | None = None, stream: bool | None = None) -> Endpoint:
    """The endpoint of an entry, with its key; `base_url` is that of a server that Milo started itself.

    `stream` is the entry's where it is not given.
    Raises EndpointError where the key is missing or would be sent in the clear. A simulated model needs none.
    """
    wanted = entry.api_key_env if not entry.is_simulated else None
    key = fetch_key(wanted) if wanted else None
    streams = entry.stream if stream is None else stream
    return endpoint_class(entry)(entry, base_url=base_url, key=key, stream=streams)


def endpoint_class(entry: ModelEntry) -> "type[OpenAIChat | AnthropicMessages]":
    """What speaks an entry's protocol: imported once a model speaks it."""
    if entry.protocol == "anthropic":
        from milo_tui.endpoints.anthropic import AnthropicMessages

        return AnthropicMessages
    from milo_tui.endpoints.openai import OpenAIChat

    return OpenAIChat
