"""From an entry of milo.toml to the endpoint that it names."""

from milo_tui.endpoints.anthropic import AnthropicMessages
from milo_tui.endpoints.chat import ChatEndpoint
from milo_tui.endpoints.endpoint import Endpoint
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.endpoints.keys import fetch_key
from milo_tui.endpoints.openai import OpenAIChat

PROTOCOLS: dict[str, type[ChatEndpoint]] = {
    "openai": OpenAIChat,
    "anthropic": AnthropicMessages,
}
"""What speaks an entry's `protocol`."""


def make_endpoint(entry: ModelEntry, *, base_url: str | None = None, stream: bool | None = None) -> Endpoint:
    """The endpoint of an entry, with its key; `base_url` is that of a server that Milo started itself.

    `stream` is the entry's where it is not given.
    Raises EndpointError where the key is missing or would be sent in the clear. A simulated model needs none.
    """
    wanted = entry.api_key_env if not entry.is_simulated else None
    key = fetch_key(wanted) if wanted else None
    streams = entry.stream if stream is None else stream
    return PROTOCOLS[entry.protocol](entry, base_url=base_url, key=key, stream=streams)


def entry_problem(entry: ModelEntry) -> tuple[str, str] | None:
    """The key of an entry that its protocol cannot work with, and what to do about it; None where all is well."""
    protocol = PROTOCOLS.get(entry.protocol)
    if protocol is None:
        known = " or ".join(repr(name) for name in PROTOCOLS)
        return "protocol", f"must be {known}, found {entry.protocol!r}"
    if protocol.needs_model and not entry.model:
        return "model", "is missing: give the model's name on the wire, e.g. claude-sonnet-4-6"
    if not (entry.base_url or protocol.default_url or entry.server or entry.simulated):
        return "base_url", "is missing: give the server's address, or a [model.server] to start"
    return None
