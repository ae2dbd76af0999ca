"""From an entry of milo.toml to the endpoint that it names."""

from milo_tui.endpoints.anthropic_messages import AnthropicMessages
from milo_tui.endpoints.endpoint import Endpoint
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.keys import fetch_key
from milo_tui.endpoints.openai_chat import OpenAIChat


def make_endpoint(entry: ModelEntry, *, base_url: str | None = None, stream: bool | None = None) -> Endpoint:
    """The endpoint of an entry, with its key; `base_url` is that of a server that Milo started itself.

    `stream` is the entry's where it is not given.
    Raises EndpointError where the key is missing or would be sent in the clear. A simulated model needs none.
    """
    wanted = entry.api_key_env if not entry.is_simulated else None
    key = fetch_key(wanted) if wanted else None
    speaks = AnthropicMessages if entry.protocol == "anthropic" else OpenAIChat
    return speaks(entry, base_url=base_url, key=key, stream=entry.stream if stream is None else stream)
