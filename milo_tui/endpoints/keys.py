"""API keys: fetched by the name of their environment variable, never shown, never stored."""

import os
import re
from ipaddress import ip_address
from typing import Never
from urllib.parse import quote, urlsplit

from milo_tui.endpoints.endpoint import EndpointError

HIDDEN = "[key]"
"""What stands in the place of a key."""

_LOOKS_LIKE_A_KEY = re.compile(
    r"""\b(?:sk|pk|rk)-[A-Za-z0-9_*.-]{6,}                        # OpenAI, Anthropic (sk-ant-), OpenRouter
      | \bnvapi-[A-Za-z0-9_*.-]{6,}
      | \b(?:gsk|hf|xai)[-_][A-Za-z0-9_*.-]{12,}
      | \bAIza[A-Za-z0-9_-]{20,}
      | \beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?  # JWT
      | (?<=bearer\s)\s*[^\s"',;}]+
      | (?<=://)[^\s/@"']+(?=@)                                 # user:password@host
      | (?<=[?&]key=)[^\s&"']+ | (?<=api_key=)[^\s&"']+""",
    re.VERBOSE | re.IGNORECASE,
)


class Secret:
    """A key. Only `reveal` gives it away: not repr, str, format, comparison or pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself, for a request's header and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> Never:
        raise TypeError("a key is never written down")


def fetch_key(variable: str) -> Secret:
    """The key in an environment variable. Raises EndpointError where there is none, or nothing like one."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise _refused(f"The environment variable {variable} is not set: put the API key into it.")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise _refused(f"The environment variable {variable} holds something that is not an API key.")
    return Secret(value)


def redact(text: str, *secrets: Secret | None) -> str:
    """`text` without these keys and without anything that looks like a key."""
    return _LOOKS_LIKE_A_KEY.sub(HIDDEN, hide(text, *secrets))


def hide(text: str, *secrets: Secret | None) -> str:
    """`text` without these keys, otherwise as it was."""
    for secret in secrets:
        if secret is not None and secret.reveal():
            text = text.replace(secret.reveal(), HIDDEN).replace(quote(secret.reveal(), safe=""), HIDDEN)
    return text


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine itself."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def check_address(base_url: str, key: Secret | None) -> None:
    """Refuse an address that would give a key away. Raises EndpointError."""
    parts = urlsplit(base_url)
    if parts.username or parts.password:
        raise _refused("base_url holds a user name or a password: name the key's variable in api_key_env.")
    if key is not None and parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise _refused(f"A key is never sent to {parts.hostname} over plain http: use https://.")


def _refused(message: str) -> EndpointError:
    return EndpointError(message, kind="key", retryable=False)
